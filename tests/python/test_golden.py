"""Training runs of tf.compat.v1.estimator.DNNClassifier, repeated: golden/tf_v1.

From the same initial weights and the same batches: every loss, the final weights and accumulators,
the metrics and the predictions.
"""

import numpy as np
import pytest
from golden_run import STEPS, Golden, Losses
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
    assert len(losses) == STEPS
    np.testing.assert_allclose(losses, golden["loss_per_step"], rtol=1e-5)


def test_weights_and_accumulators_are_those_of_tensorflow(run):
    golden, estimator, _ = run
    expected = golden.part("final")
    assert estimator.get_variable_names() == sorted(expected)
    for name, value in expected.items():
        got = estimator.get_variable_value(name)
        np.testing.assert_allclose(got, value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_metrics_are_those_of_tensorflow(run):
    golden, estimator, _ = run
    expected = golden.part("eval")
    results = estimator.evaluate(golden.input_fn("eval", False))
    assert list(results) == [*sorted(set(expected) - {"global_step"}), "global_step"]
    for name, value in expected.items():
        np.testing.assert_allclose(results[name], value, rtol=1e-4, err_msg=name)


def test_predictions_are_those_of_tensorflow(run):
    golden, estimator, _ = run
    expected = golden.part("pred")
    rows = list(estimator.predict(golden.input_fn("pred", False)))
    assert len(rows) == 10
    assert sorted(rows[0]) == sorted(expected)
    for name, value in expected.items():
        got = np.stack([row[name] for row in rows])
        if value.dtype.kind == "U":
            assert np.char.decode(got.astype("S")).tolist() == value.tolist()
        else:
            assert got.dtype == value.dtype, name
            np.testing.assert_allclose(got, value, rtol=1e-4, atol=1e-4, err_msg=name)
