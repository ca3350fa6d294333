"""When a training run saves, what stays on disk, and how the next run goes on from it."""

import json
import os
import time

import numpy as np
import pytest
from iris_like import classifier, input_fn, state_of, steps_of, tree_of, without_events
from line_model import line, line_data

import holdfast as tf
from holdfast import _core, errors
from holdfast.estimator import EstimatorSpec, RunConfig

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


def test_seconds_between_checkpoints_count_from_the_restored_one(tmp_path):
    line(tmp_path, save_checkpoints_steps=10).train(line_data, steps=1)
    time.sleep(0.3)
    later = line(tmp_path, save_checkpoints_secs=0.25, keep_checkpoint_max=0)
    later.train(line_data, steps=2)  # in no time, yet 0.3 seconds after the last save
    assert steps_of(tmp_path) == [0, 1, 2, 3]
    line(tmp_path, save_checkpoints_secs=60, keep_checkpoint_max=0).train(line_data, steps=2)
    assert steps_of(tmp_path) == [0, 1, 2, 3, 5]


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
    config = {"save_summary_steps": 0, "log_step_count_steps": None}
    line(tmp_path / "none", save_checkpoints_steps=None, **config).train(line_data, steps=2)
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


def test_a_listener_cannot_stop_a_run_before_it_has_begun(tmp_path):
    listener = Listener(tmp_path, stop_at=0)
    estimator = line(tmp_path, save_checkpoints_steps=1)
    estimator.train(line_data, steps=3, saving_listeners=[listener])
    assert estimator.get_variable_value("global_step") == 3


def test_listeners_without_checkpoints_are_refused(tmp_path):
    estimator = line(tmp_path, save_checkpoints_secs=None)
    with pytest.raises(ValueError, match="saving_listeners need checkpoints"):
        estimator.train(line_data, steps=1, saving_listeners=[Listener(tmp_path)])


def test_a_saver_hook_of_ones_own_takes_the_place_of_the_estimators(tmp_path):
    hook = tf.estimator.CheckpointSaverHook(str(tmp_path / "mine"), save_steps=2)
    line(tmp_path / "model").train(line_data, steps=3, hooks=[hook])
    assert steps_of(tmp_path / "mine") == [0, 2, 3]
    assert not without_events(tree_of(tmp_path / "model"))


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
