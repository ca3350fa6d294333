"""Training runs of tf.compat.v1.estimator.DNNClassifier, repeated: golden/tf_v1.

From the same initial weights and the same batches: every loss, the final weights and accumulators,
the metrics and the predictions.
"""

import pytest
from golden_run import (
    STEPS,
    Golden,
    Losses,
    assert_losses,
    assert_metrics,
    assert_predictions,
    assert_weights,
)
from iris_like import columns

import holdfast as tf


@pytest.fixture(
    scope="module",
    params=[
        ("v1_dnn_classifier", {"n_classes": 3}),
        ("v1_dnn_binary_weighted", {"n_classes": 2, "weight_column": "w"}),
    ],
    ids=lambda param: param[0],
)
def run(request, tmp_path_factory):
    """(golden, estimator after 50 steps, its losses)"""
    name, arguments = request.param
    golden = Golden(name)
    model_dir = str(tmp_path_factory.mktemp(name))
    tf.train.write_checkpoint(model_dir, golden.part("init"), 0)
    config = tf.estimator.RunConfig(tf_random_seed=1, durability="process")
    estimator = tf.estimator.DNNClassifier(
        [10, 10], columns(), model_dir, config=config, **arguments
    )
    losses = Losses()
    estimator.train(golden.input_fn("train", True), hooks=[losses], steps=STEPS)
    return golden, estimator, losses.values


def test_every_loss_is_that_of_tensorflow(run):
    golden, _, losses = run
    assert_losses(golden, losses)


def test_weights_and_accumulators_are_those_of_tensorflow(run):
    golden, estimator, _ = run
    assert_weights(golden, estimator)


def test_metrics_are_those_of_tensorflow(run):
    golden, estimator, _ = run
    assert_metrics(golden, estimator)


def test_predictions_are_those_of_tensorflow(run):
    golden, estimator, _ = run
    assert_predictions(golden, estimator)
