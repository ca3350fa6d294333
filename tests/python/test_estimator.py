"""holdfast.estimator.Estimator: its calls, its directory, and that nothing is ever lost."""

import json
import logging
import os
import pathlib
import signal
import threading
import time

import numpy as np
import pytest
from iris_like import classifier, input_fn, state_of, steps_of, tree_of

import holdfast as tf
from holdfast import _core, errors
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
        (line_model, {"warm_start_from": "dir"}, "warm_start_from is not supported"),
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


# Checkpoints


def test_checkpoints_by_steps_count_from_the_start_of_the_call(tmp_path):
    estimator = line(tmp_path, save_checkpoints_steps=3, keep_checkpoint_max=0)
    estimator.train(line_data, steps=7)
    assert steps_of(tmp_path) == [0, 3, 6, 7]
    estimator.train(line_data, steps=4)
    assert steps_of(tmp_path) == [0, 3, 6, 7, 10, 11]


def test_the_newest_are_kept_and_a_lowered_limit_takes_effect_at_once(tmp_path):
    line(tmp_path, save_checkpoints_steps=1).train(line_data, steps=8)
    assert steps_of(tmp_path) == [4, 5, 6, 7, 8]
    line(tmp_path, save_checkpoints_steps=10, keep_checkpoint_max=2).train(line_data, steps=1)
    assert steps_of(tmp_path) == [8, 9]


class Pause(tf.estimator.CheckpointSaverListener):
    """Waits after every save."""

    def __init__(self, seconds):
        self._seconds = seconds

    def after_save(self, session, global_step_value):
        time.sleep(self._seconds)


def test_one_checkpoint_for_every_span_of_hours_stays_over_restarts(tmp_path):
    often = {"save_checkpoints_steps": 1, "keep_checkpoint_max": 1}
    # 3.6 ms: with 5 ms between two saves, every checkpoint after the first begins a new span.
    spans = line(tmp_path, keep_checkpoint_every_n_hours=1e-6, **often)
    spans.train(line_data, steps=3, saving_listeners=[Pause(0.005)])
    assert steps_of(tmp_path) == [1, 2, 3]
    line(tmp_path, **often).train(line_data, steps=2)
    assert steps_of(tmp_path) == [1, 2, 3, 5]


def test_checkpoints_by_seconds(tmp_path):
    class Slow(tf.estimator.SessionRunHook):
        def after_run(self, run_context, run_values):
            time.sleep(0.02)

    estimator = line(tmp_path, save_checkpoints_secs=0.1, keep_checkpoint_max=0)
    estimator.train(line_data, hooks=[Slow()], steps=20)  # 0.4 seconds at the least
    steps = steps_of(tmp_path)
    assert steps[0] == 0
    assert steps[-1] == 20
    assert 4 <= len(steps) <= 8


def test_no_interval_writes_nothing(tmp_path):
    line(tmp_path / "none", save_checkpoints_steps=None).train(line_data, steps=2)
    assert not (tmp_path / "none").exists()


def test_the_start_is_not_written_again(tmp_path):
    line(tmp_path).train(line_data, steps=2)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "model.ckpt-2").iterdir()}
    line(tmp_path).train(line_data, steps=2)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "model.ckpt-2").iterdir()}
    assert before == after


class Listener(tf.estimator.CheckpointSaverListener):
    def __init__(self, model_dir, stop_at=None):
        self.calls, self._dir, self._stop_at = [], model_dir, stop_at

    def begin(self):
        self.calls.append("begin")

    def before_save(self, session, global_step_value):
        self.calls.append(("before", global_step_value))

    def after_save(self, session, global_step_value):
        newest = tf.train.latest_checkpoint(str(self._dir))
        self.calls.append(("after", global_step_value, os.path.basename(newest)))
        return global_step_value == self._stop_at

    def end(self, session, global_step_value):
        self.calls.append(("end", global_step_value))


def test_listeners_see_checkpoints_that_are_on_disk(tmp_path):
    listener = Listener(tmp_path)
    estimator = line(tmp_path, save_checkpoints_steps=2)
    estimator.train(line_data, steps=3, saving_listeners=[listener])
    assert listener.calls == [
        "begin",
        ("before", 0),
        ("after", 0, "model.ckpt-0"),
        ("before", 2),
        ("after", 2, "model.ckpt-2"),
        ("before", 3),
        ("after", 3, "model.ckpt-3"),
        ("end", 3),
    ]


def test_a_listener_may_stop_the_run(tmp_path):
    listener = Listener(tmp_path, stop_at=2)
    estimator = line(tmp_path, save_checkpoints_steps=1)
    estimator.train(line_data, steps=9, saving_listeners=[listener])
    assert estimator.get_variable_value("global_step") == 2


def test_listeners_without_checkpoints_are_refused(tmp_path):
    estimator = line(tmp_path, save_checkpoints_secs=None)
    with pytest.raises(ValueError, match="saving_listeners need checkpoints"):
        estimator.train(line_data, steps=1, saving_listeners=[Listener(tmp_path)])


def test_a_saver_hook_of_ones_own_takes_the_place_of_the_estimators(tmp_path):
    hook = tf.estimator.CheckpointSaverHook(str(tmp_path / "mine"), save_steps=2)
    line(tmp_path / "model").train(line_data, steps=3, hooks=[hook])
    assert steps_of(tmp_path / "mine") == [0, 2, 3]
    assert not (tmp_path / "model").exists()


def test_an_exception_saves_nothing_more(tmp_path):
    class Breaker(tf.estimator.SessionRunHook):
        def after_run(self, run_context, run_values):
            if run_context.session.global_step == 3:
                raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        line(tmp_path).train(line_data, steps=9, hooks=[Breaker()])
    assert steps_of(tmp_path) == [0]


def diverging(features, labels, mode, params):
    """Its weights become infinite in step 1, its loss NaN in step 2."""
    w = tf.get_variable("w", initializer=np.float32([1.0]))
    loss = tf.reduce_sum(w - w + 1.0)
    step = tf.train.get_global_step()
    grown = tf.assign(w, w * np.float32(1e30))
    return EstimatorSpec(mode, loss=loss, train_op=tf.group(grown, tf.assign_add(step, 1)))


def test_nonfinite_values_are_warned_of_and_the_newest_finite_checkpoint_stays(tmp_path, caplog):
    estimator = line(tmp_path, diverging, save_checkpoints_steps=1, keep_checkpoint_max=1)
    with pytest.raises(errors.NanLossDuringTrainingError, match="the loss of step 2 is NaN"):
        estimator.train(line_data, steps=9)
    assert steps_of(tmp_path) == [1, 2]
    assert "model.ckpt-2 holds 1 NaN or infinite values" in caplog.text


def test_a_nan_in_a_float64_loss_is_found_before_the_save(tmp_path):
    def model_fn(features, labels, mode, params):
        spec = diverging(features, labels, mode, params)
        return spec._replace(loss=tf.cast(spec.loss, tf.float64))

    estimator = line(tmp_path, model_fn, save_checkpoints_steps=1, nonfinite="allow")
    with pytest.raises(errors.NanLossDuringTrainingError, match="the loss of step 2 is NaN"):
        estimator.train(line_data, steps=9)
    assert steps_of(tmp_path) == [0, 1, 2]


def test_nonfinite_values_are_refused_on_request(tmp_path):
    estimator = line(tmp_path, diverging, save_checkpoints_steps=1, nonfinite="error")
    with pytest.raises(errors.CheckpointSaveError, match=r"step 2 is refused.*'w' holds 1 NaN"):
        estimator.train(line_data, steps=9)
    assert steps_of(tmp_path) == [0, 1]


@pytest.fixture
def failing_saves(monkeypatch):
    from holdfast.train import _saver

    failures = []

    def write(self, session, step):
        if step in failures:
            raise errors.CheckpointSaveError(f"no space for step {step}")
        return real(self, session, step)

    real = _saver.Saver._write
    monkeypatch.setattr(_saver.Saver, "_write", write)
    return failures


def test_a_failed_save_is_logged_and_training_goes_on(tmp_path, failing_saves, caplog):
    failing_saves[:] = [1, 2]
    line(tmp_path, save_checkpoints_steps=1).train(line_data, steps=4)
    assert steps_of(tmp_path) == [0, 3, 4]
    assert "Saving the checkpoint of step 2 failed (2 of 2 in a row are allowed)" in caplog.text


def test_three_failed_saves_in_a_row_end_training(tmp_path, failing_saves):
    failing_saves[:] = [2, 3, 4]
    with pytest.raises(errors.CheckpointSaveError, match="no space for step 4"):
        line(tmp_path, save_checkpoints_steps=1).train(line_data, steps=9)
    assert steps_of(tmp_path) == [0, 1]


def test_a_failed_last_save_is_raised(tmp_path, failing_saves):
    failing_saves[:] = [5]
    with pytest.raises(errors.CheckpointSaveError, match="no space for step 5"):
        line(tmp_path).train(line_data, steps=5)
    assert steps_of(tmp_path) == [0]


def test_a_checkpoint_of_arrays_is_continued_from(tmp_path):
    tensors = {"w": np.float32([5.0]), "b": np.float32([6.0])}
    path = tf.train.write_checkpoint(tmp_path, tensors, 40)
    assert os.path.basename(path) == "model.ckpt-40"
    row = next(line(tmp_path).predict(lambda: line_data(1)))
    assert row["y"] == 6.0
    assert line(tmp_path).train(line_data, steps=2).get_variable_value("global_step") == 42


# Resuming


def test_the_seed_of_the_checkpoint_wins(tmp_path):
    data = input_fn(batch=7, shuffle=True)
    fresh = RunConfig(durability="process")  # a new random seed for every run
    once = classifier(tmp_path / "once").train(data, steps=20)
    classifier(tmp_path / "twice").train(data, steps=10)
    classifier(tmp_path / "twice", config=fresh).train(data, steps=10)
    assert state_of(once.model_dir) == state_of(tmp_path / "twice")


def test_runs_without_a_seed_differ(tmp_path):
    for name in "ab":
        config = RunConfig(durability="process")
        classifier(tmp_path / name, config=config).train(input_fn(), steps=1)
    assert state_of(tmp_path / "a") != state_of(tmp_path / "b")


def test_other_data_start_from_the_beginning_with_a_warning(tmp_path, caplog):
    classifier(tmp_path).train(input_fn(batch=7), steps=2)
    classifier(tmp_path).train(input_fn(batch=9), steps=2)
    assert "The input differs from the one of the checkpoint" in caplog.text
    state = json.loads(_core.CheckpointReader(tf.train.latest_checkpoint(str(tmp_path))).state_json)
    assert state["input"]["consumed"] == 2


def test_input_resume_error_and_restart(tmp_path):
    classifier(tmp_path).train(input_fn(batch=7), steps=2)
    strict = RunConfig(tf_random_seed=7, durability="process", input_resume="error")
    before = tree_of(tmp_path)
    with pytest.raises(errors.FailedPreconditionError, match=r"input_resume='error'\) refuses"):
        classifier(tmp_path, config=strict).train(input_fn(batch=9), steps=2)
    assert tree_of(tmp_path) == before
    restart = RunConfig(tf_random_seed=7, durability="process", input_resume="restart")
    classifier(tmp_path, config=restart).train(input_fn(batch=7), steps=1)
    state = json.loads(_core.CheckpointReader(tf.train.latest_checkpoint(str(tmp_path))).state_json)
    assert state["input"]["consumed"] == 1


def test_a_generator_is_replayed_to_where_it_was(tmp_path):
    def rows():
        for i in range(100):
            yield {"x": np.float32(i % 4)}, np.float32(i)

    types, shapes = ({"x": tf.float32}, tf.float32), ({"x": ()}, ())
    data = lambda: tf.data.Dataset.from_generator(rows, types, shapes).batch(5)  # noqa: E731
    line(tmp_path / "once").train(data, steps=10)
    line(tmp_path / "twice").train(data, steps=4)
    line(tmp_path / "twice").train(data, steps=6)
    assert state_of(tmp_path / "once") == state_of(tmp_path / "twice")


# Evaluating and predicting


def test_evaluate_changes_nothing_on_disk(tmp_path):
    estimator = line(tmp_path).train(line_data, steps=2)
    before = tree_of(tmp_path)
    estimator.evaluate(line_data, steps=3, name="again")
    assert tree_of(tmp_path) == before


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
