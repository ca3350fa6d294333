"""The recorded training runs of golden/tf_v1, and what a test needs to repeat one."""

import pathlib

import numpy as np

import holdfast as tf

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "tf_v1"
STEPS, BATCH = 50, 30


class Golden:
    def __init__(self, name):
        self._file = np.load(GOLDEN / f"{name}.npz")

    def part(self, prefix):
        """Arrays whose name starts with `prefix:`, by the rest of the name."""
        start = f"{prefix}:"
        return {
            k.removeprefix(start): self._file[k] for k in self._file.files if k.startswith(start)
        }

    def __getitem__(self, name):
        return self._file[name]

    def input_fn(self, which, repeat, input_of=lambda features: features):
        features = input_of(self.part(f"{which}_x"))
        if which == "pred":
            return lambda: tf.data.Dataset.from_tensor_slices(features).batch(10)
        labels = self[f"{which}_y"]

        def read():
            dataset = tf.data.Dataset.from_tensor_slices((features, labels))
            return (dataset.repeat() if repeat else dataset).batch(BATCH)

        return read


class Losses(tf.estimator.SessionRunHook):
    def __init__(self):
        self.values = []

    def before_run(self, run_context):
        return tf.estimator.SessionRunArgs(run_context.original_args.fetches[1])

    def after_run(self, run_context, run_values):
        self.values.append(run_values.results)


def assert_losses(golden, losses):
    """Of every one of STEPS steps."""
    assert len(losses) == STEPS
    np.testing.assert_allclose(losses, golden["loss_per_step"], rtol=1e-5)


def assert_weights(golden, estimator):
    """Accumulators included, after STEPS steps."""
    expected = golden.part("final")
    assert estimator.get_variable_names() == sorted(expected)
    for name, value in expected.items():
        got = estimator.get_variable_value(name)
        np.testing.assert_allclose(got, value, rtol=1e-4, atol=1e-5, err_msg=name)


def assert_metrics(golden, estimator, input_of=lambda features: features):
    """`input_of` turns recorded features into the estimator's."""
    expected = golden.part("eval")
    results = estimator.evaluate(golden.input_fn("eval", False, input_of))
    assert list(results) == [*sorted(set(expected) - {"global_step"}), "global_step"]
    for name, value in expected.items():
        np.testing.assert_allclose(results[name], value, rtol=1e-4, err_msg=name)


def assert_predictions(golden, estimator, input_of=lambda features: features):
    """`input_of` as above."""
    expected = golden.part("pred")
    rows = list(estimator.predict(golden.input_fn("pred", False, input_of)))
    assert len(rows) == 10
    assert sorted(rows[0]) == sorted(expected)
    for name, value in expected.items():
        got = np.stack([row[name] for row in rows])
        if value.dtype.kind == "U":
            assert np.char.decode(got.astype("S")).tolist() == value.tolist()
        else:
            assert got.dtype == value.dtype, name
            np.testing.assert_allclose(got, value, rtol=1e-4, atol=1e-4, err_msg=name)


def assert_repeats(golden, estimator, losses, input_of=lambda features: features):
    """All of the above."""
    assert_losses(golden, losses)
    assert_weights(golden, estimator)
    assert_metrics(golden, estimator, input_of)
    assert_predictions(golden, estimator, input_of)
