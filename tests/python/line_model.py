"""An Estimator that fits a line, and a session without one, for tests of what every run does."""

import numpy as np

import holdfast as tf
from holdfast import _core
from holdfast._graph import Graph
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


class Untrained:
    """What a Saver sees of a session: here a trainer with nothing but a global step.

    Args:
      errors: Raised by the first synchronous saves, in this order.
    """

    def __init__(self, errors=(), global_step=0):
        graph = Graph()
        with graph.as_default():
            tf.train.create_global_step()
        self.trainer, self._errors = self, list(errors)
        self._core = _core.Trainer(graph.core, 1)
        self.go_to(global_step)

    @property
    def global_step(self):
        return self._core.global_step

    def go_to(self, step):
        self._core.write_variable("global_step", np.array(step, np.int64))

    def stage(self, *args):
        self._core.stage(*args)

    def save(self, *args):
        if self._errors:
            raise self._errors.pop(0)
        return self._core.save(*args)


def line(model_dir, model_fn=line_model, **config):
    config.setdefault("tf_random_seed", 1)
    config.setdefault("durability", "process")
    return Estimator(model_fn, str(model_dir), RunConfig(**config), params={"rate": 0.1})
