"""holdfast.estimator.Estimator: its construction and its three calls."""

import logging
import os
import pathlib
import signal
import threading
import time

import numpy as np
import pytest
from iris_like import classifier, input_fn, steps_of, tree_of, without_events
from line_model import X, line, line_data, line_model

import holdfast as tf
from holdfast import _core, errors
from holdfast.estimator import Estimator, RunConfig

# Construction


def test_a_temporary_directory_is_made_and_logged(caplog):
    estimator = Estimator(lambda features: None)
    assert os.path.isdir(estimator.model_dir)
    assert f"Using temporary folder as model directory: {estimator.model_dir}" in caplog.text
    assert Estimator(lambda features: None, "").model_dir != estimator.model_dir


def test_a_given_directory_appears_with_the_first_checkpoint(tmp_path):
    estimator = line(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    estimator.train(line_data, steps=1)
    assert steps_of(tmp_path / "a" / "b") == [0, 1]


@pytest.mark.parametrize(
    ("argument", "config", "expected"),
    [("A", None, "A"), (None, "B", "B"), ("A", "A", "A"), (pathlib.Path("A"), None, "A")],
)
def test_model_dir(argument, config, expected):
    estimator = Estimator(line_model, argument, RunConfig(config), params={})
    assert estimator.model_dir == estimator.config.model_dir == expected


@pytest.mark.parametrize(("argument", "config"), [("A", "B"), ("x/", "x"), ("", "B")])
def test_different_model_dirs_are_refused(argument, config):
    with pytest.raises(
        ValueError, match=f"In constructor: '{argument}', in `RunConfig`: '{config}'"
    ):
        Estimator(line_model, argument, RunConfig(config), params={})


@pytest.mark.parametrize(
    ("model_fn", "more", "words"),
    [
        (None, {}, "model_fn must be provided"),
        (lambda labels: None, {}, "must include features argument"),
        (lambda features, rate: None, {}, r"not expected args: \['rate'\]"),
        (lambda features: None, {"params": {"a": 1}}, "does not include params argument"),
        (line_model, {"config": {"model_dir": "x"}}, "must be an instance of RunConfig"),
        (line_model, {"warm_start_from": 7}, "warm_start_from must be a string"),
    ],
)
def test_constructor_rules(model_fn, more, words):
    with pytest.raises(ValueError, match=words):
        Estimator(model_fn, "dir", **more)


def test_subclasses_cannot_override_members():
    class Mine(Estimator):
        def train(self):
            return None

    with pytest.raises(ValueError, match=r"Mine does override \['train'\]"):
        Mine(line_model, "dir", params={})


def test_params_are_copied_in_and_out():
    params = {"units": [1]}
    estimator = Estimator(line_model, "dir", params=params)
    params["units"].append(2)
    estimator.params["units"].append(3)
    assert estimator.params == {"units": [1]}


def test_eval_dir():
    estimator = Estimator(line_model, "dir", params={})
    assert estimator.eval_dir() == os.path.join("dir", "eval")
    assert estimator.eval_dir("test") == os.path.join("dir", "eval_test")


# Training


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": 1, "max_steps": 1}, "Can not provide both steps and max_steps"),
        ({"steps": 0}, "Must specify steps > 0, given: 0"),
        ({"max_steps": -1}, "Must specify max_steps > 0, given: -1"),
    ],
)
def test_train_arguments(tmp_path, arguments, words):
    with pytest.raises(ValueError, match=words):
        line(tmp_path).train(line_data, **arguments)


def test_wrong_hooks_and_listeners_are_type_errors(tmp_path):
    with pytest.raises(TypeError, match="All hooks must be SessionRunHook instances"):
        line(tmp_path).train(line_data, hooks=[print])
    with pytest.raises(TypeError, match="list of CheckpointSaverListener"):
        line(tmp_path).train(line_data, saving_listeners=[print])


def test_a_model_of_ones_own_learns_a_line(tmp_path):
    estimator = line(tmp_path)
    assert estimator.train(line_data, steps=300) is estimator
    np.testing.assert_allclose(estimator.get_variable_value("w:0"), [2.0], atol=1e-3)
    np.testing.assert_allclose(estimator.get_variable_value("b"), [1.0], atol=3e-3)
    results = estimator.evaluate(lambda: line_data(1))
    assert list(results) == ["error", "loss", "global_step"]
    assert results["global_step"] == 300
    assert results["loss"] < 1e-4


def test_one_step_is_the_arithmetic_it_says(tmp_path):
    # d loss / d w = mean(2 (y - t) x) at w = b = 0, t = 2x + 1: -2 * mean((2x + 1) x) = -17;
    # d loss / d b = -2 * mean(2x + 1) = -8.
    estimator = line(tmp_path).train(line_data, steps=1)
    np.testing.assert_allclose(estimator.get_variable_value("w"), [1.7], rtol=1e-6)
    np.testing.assert_allclose(estimator.get_variable_value("b"), [0.8], rtol=1e-6)


def test_steps_count_from_here_and_max_steps_from_the_first(tmp_path):
    estimator = line(tmp_path)
    estimator.train(line_data, steps=3)
    estimator.train(line_data, steps=3)
    assert estimator.get_variable_value("global_step") == 6
    estimator.train(line_data, max_steps=8)
    assert estimator.get_variable_value("global_step") == 8


def test_max_steps_reached_touches_nothing(tmp_path, caplog):
    estimator = line(tmp_path).train(line_data, steps=3)
    before = tree_of(tmp_path)

    def never():
        raise AssertionError

    with caplog.at_level(logging.INFO, "holdfast"):
        assert estimator.train(never, max_steps=3) is estimator
    assert tree_of(tmp_path) == before
    assert "Skipping training since max_steps has already saved." in caplog.text


def test_the_end_of_the_input_ends_training(tmp_path):
    line(tmp_path).train(lambda: line_data(5))
    assert steps_of(tmp_path) == [0, 5]


def test_an_input_that_had_ended_starts_over(tmp_path):
    estimator = line(tmp_path)
    estimator.train(lambda: line_data(5))
    estimator.train(lambda: line_data(5))
    assert estimator.get_variable_value("global_step") == 10


def test_two_hundred_steps_through_the_estimator_are_one_call(tmp_path, monkeypatch):
    calls = []
    run = _core.Trainer.run
    monkeypatch.setattr(
        _core.Trainer,
        "run",
        lambda self, steps, *rest: calls.append(steps) or run(self, steps, *rest),
    )
    classifier(tmp_path).train(input_fn(), steps=200)
    assert calls == [200]


def test_the_model_is_built_anew_with_the_mode_of_the_call(tmp_path):
    modes = []

    def model_fn(features, labels, mode, params):
        modes.append(mode)
        return line_model(features, labels, mode, params)

    estimator = line(tmp_path, model_fn)
    estimator.train(line_data, steps=1)
    estimator.evaluate(line_data, steps=1)
    next(estimator.predict(line_data))
    assert modes == ["train", "eval", "infer"]


def test_input_fn_gets_what_it_declares(tmp_path):
    seen = []

    def data(mode, params, config):
        seen.append((mode, params, config.model_dir))
        return line_data()

    line(tmp_path).train(data, steps=1)
    assert seen == [("train", {"rate": 0.1}, str(tmp_path))]


def test_a_model_fn_must_return_a_spec_of_its_mode(tmp_path):
    with pytest.raises(ValueError, match="should return an EstimatorSpec"):
        line(tmp_path, lambda features, labels, mode, params: None).train(line_data, steps=1)
    assert not list(tmp_path.iterdir())


# Evaluating and predicting


def test_evaluate_adds_its_notes_and_changes_nothing_else_on_disk(tmp_path):
    estimator = line(tmp_path).train(line_data, steps=2)
    before = without_events(tree_of(tmp_path))
    estimator.evaluate(line_data, steps=3, name="again")
    after = without_events(tree_of(tmp_path))
    assert after.pop("eval_again/metrics.jsonl")
    assert after == before


def test_evaluate_of_an_older_checkpoint(tmp_path):
    estimator = line(tmp_path).train(line_data, steps=2)
    results = estimator.evaluate(line_data, steps=1, checkpoint_path=str(tmp_path / "model.ckpt-0"))
    assert results["global_step"] == 0
    assert results["loss"] == np.mean((2 * X + 1) ** 2)


def test_evaluate_steps(tmp_path):
    estimator = line(tmp_path).train(line_data, steps=1)
    batches = []

    class Counter(tf.estimator.SessionRunHook):
        def after_run(self, run_context, run_values):
            batches.append(run_context.session.iteration)

    estimator.evaluate(line_data, steps=3, hooks=[Counter()])
    assert batches == [1, 2, 3]
    estimator.evaluate(lambda: line_data(2), steps=5)  # a shorter input ends it silently
    with pytest.raises(ValueError, match="Must specify steps > 0, given: 0"):
        estimator.evaluate(line_data, steps=0)


@pytest.mark.parametrize("name", ["loss", "global_step"])
def test_metrics_named_as_the_estimators_own_are_refused(tmp_path, name):
    def model_fn(features, labels, mode, params):
        spec = line_model(features, labels, mode, params)
        return spec._replace(eval_metric_ops={name: tf.metrics.mean(spec.loss)})

    line(tmp_path).train(line_data, steps=1)
    with pytest.raises(ValueError, match=f"Metric with name '{name}' is not allowed"):
        line(tmp_path, model_fn).evaluate(line_data, steps=1)


def test_predict_does_nothing_before_the_first_row_is_asked_for(tmp_path):
    rows = line(tmp_path / "none").predict(line_data)
    with pytest.raises(errors.NoCheckpointError):
        next(rows)


def test_predict_keys_and_whole_batches(tmp_path):
    line(tmp_path).train(line_data, steps=1)
    estimator = line(tmp_path)
    assert [row["y"].shape for row in estimator.predict(lambda: line_data(1))] == [()] * 4
    batches = list(estimator.predict(lambda: line_data(2), yield_single_examples=False))
    assert [batch["y"].shape for batch in batches] == [(4,), (4,)]
    assert list(next(estimator.predict(line_data, predict_keys=["y", "z"]))) == ["y"]
    with pytest.raises(ValueError, match=r"at least one output from \['y'\], got \['z'\]"):
        next(estimator.predict(line_data, predict_keys=["z"]))


def test_two_live_predictions_do_not_disturb_each_other(tmp_path):
    estimator = line(tmp_path).train(line_data, steps=1)
    alone = [row["y"] for row in estimator.predict(lambda: line_data(1))]
    first, second = (estimator.predict(lambda: line_data(1)) for _ in range(2))
    pairs = list(zip(first, second, strict=True))
    assert [a["y"] for a, _ in pairs] == alone
    assert [b["y"] for _, b in pairs] == alone


# Logs and signals


def test_log_lines_of_training(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "holdfast"):
        line(tmp_path, log_step_count_steps=5).train(line_data, steps=11)
    lines = [record.getMessage() for record in caplog.records]
    losses = [text.split(" (")[0] for text in lines if text.startswith("loss = ")]
    assert [text.split(", ")[1] for text in losses] == ["step = 0", "step = 5", "step = 10"]
    assert losses[0] == f"loss = {np.mean((2 * X + 1) ** 2):.8g}, step = 0"
    assert sum(text.startswith("global_step/sec: ") for text in lines) == 2
    assert any(text.startswith("Saving checkpoints for 0 into ") for text in lines)
    assert lines[-1].startswith("Loss for final step: 0.")


def test_nothing_is_logged_by_default(tmp_path, caplog):
    caplog.set_level(logging.WARNING, "holdfast")
    line(tmp_path).train(line_data, steps=3)
    assert not caplog.records


def test_ctrl_c_ends_training_soon_and_leaves_the_checkpoints_whole(tmp_path):
    estimator = line(tmp_path)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        estimator.train(line_data)
    assert time.monotonic() - began < 2.0
    assert steps_of(tmp_path) == [0]
