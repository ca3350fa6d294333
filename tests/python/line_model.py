"""An Estimator that fits a line, for tests of what every Estimator does."""

import numpy as np

import holdfast as tf
from holdfast.estimator import Estimator, EstimatorSpec, ModeKeys, RunConfig


def line_model(features, labels, mode, params):
    """Y = w * x + b by gradient descent on the mean squared error."""
    w = tf.get_variable("w", initializer=np.float32([0.0]))
    b = tf.get_variable("b", initializer=np.float32([0.0]))
    y = features["x"] * w + b
    if mode == ModeKeys.PREDICT:
        return EstimatorSpec(mode, predictions={"y": y})
    loss = tf.losses.mean_squared_error(labels, y)
    metrics = {"error": tf.metrics.mean_absolute_error(labels, y)}
    optimizer = tf.train.GradientDescentOptimizer(params["rate"])
    train_op = optimizer.minimize(loss, global_step=tf.train.get_global_step())
    return EstimatorSpec(mode, loss=loss, train_op=train_op, eval_metric_ops=metrics)


X = np.float32([0, 1, 2, 3])


def line_data(repeat=None):
    dataset = tf.data.Dataset.from_tensor_slices(({"x": X}, 2 * X + 1))
    return dataset.repeat(repeat).batch(4)


def line(model_dir, model_fn=line_model, **config):
    config.setdefault("tf_random_seed", 1)
    config.setdefault("durability", "process")
    return Estimator(model_fn, str(model_dir), RunConfig(**config), params={"rate": 0.1})
