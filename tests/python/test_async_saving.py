"""Saving in the background: what training, listeners and readers see of it, and what they do not.

The writer of these tests waits at a gate, so that a save lasts as long as a test wants.
"""

import logging
import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from iris_like import classifier, input_fn, steps_of
from line_model import Untrained, line, line_data
from test_saving import Listener, diverging

import holdfast as tf
from holdfast import _core, errors
from holdfast.train import _save_attempts
from holdfast.train._background_save import BackgroundSave
from holdfast.train._saver import Saver
from holdfast.train._saver_options import SavedState, SaverOptions
from holdfast.train._schedule import SaveSchedule


class Gate:
    """Lets saves in the background pass, or fail, or wait."""

    def __init__(self):
        self.opened = threading.Event()
        self.opened.set()
        self.errors = []  # raised by the next saves, in this order
        self.threads = []  # of each write and each deletion


@pytest.fixture
def gate(monkeypatch):
    found = Gate()

    class Writer(_core.CheckpointWriter):
        def save_staged(self, staged):
            found.threads.append(threading.current_thread())
            assert found.opened.wait(20), "nobody has opened the gate"
            if found.errors:
                raise found.errors.pop(0)
            return super().save_staged(staged)

        def remove(self, path):
            found.threads.append(threading.current_thread())
            super().remove(path)

    monkeypatch.setattr(_core, "CheckpointWriter", Writer)
    monkeypatch.setattr(_save_attempts, "WAITS", (0.0, 0.0))
    yield found
    found.opened.set()


class At(tf.estimator.SessionRunHook):
    """Calls a function once, after a step."""

    def __init__(self, step, call):
        self._step, self._call = step, call

    def after_run(self, run_context, run_values):
        if run_context.session.global_step == self._step:
            self._call()


def background(model_dir, model_fn=None, **config):
    config = {"async_save": True, "keep_checkpoint_max": 0, **config}
    return line(model_dir, model_fn, **config) if model_fn else line(model_dir, **config)


def tensors(path):
    values = _core.CheckpointReader(str(path)).read_all()
    return {name: value.tobytes() for name, value in values.items()}


def save_error():
    return errors.CheckpointSaveError("the disk says no")


def error_lines(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]


def test_saved_bytes_are_those_of_the_step_whatever_training_does_meanwhile(tmp_path):
    for name, in_background in (("a", False), ("b", True)):
        config = tf.estimator.RunConfig(
            tf_random_seed=7,
            durability="process",
            save_checkpoints_steps=1,
            keep_checkpoint_max=0,
            async_save=in_background,
        )
        classifier(tmp_path / name, (64, 64), config=config).train(input_fn(), steps=12)
    assert steps_of(tmp_path / "b") == list(range(13))
    for step in range(13):
        path = f"model.ckpt-{step}"
        assert tensors(tmp_path / "a" / path) == tensors(tmp_path / "b" / path)
        states = [_core.CheckpointReader(str(tmp_path / n / path)).state_json for n in "ab"]
        assert states[0].split('"schedule"')[0] == states[1].split('"schedule"')[0]


def test_training_goes_on_while_a_checkpoint_is_written(tmp_path, gate):
    gate.opened.clear()
    seen = []

    class Watch(Listener):
        def after_save(self, session, global_step_value):
            seen.append((global_step_value, session.global_step))
            return super().after_save(session, global_step_value)

    def nothing_is_there_yet():
        assert tf.train.latest_checkpoint(str(tmp_path)) is None
        assert seen == []
        gate.opened.set()

    listener = Watch(tmp_path)
    estimator = background(tmp_path, save_checkpoints_steps=10_000_000)
    estimator.train(
        line_data,
        steps=20_000,
        hooks=[At(50, nothing_is_there_yet)],
        saving_listeners=[listener],
    )
    # Told soon after the gate was opened, not at the next save.
    assert [step for step, _ in seen] == [0, 20_000]
    assert 50 < seen[0][1] < 20_000
    assert [call[2] for call in listener.calls if call[0] == "after"] == [
        "model.ckpt-0",
        "model.ckpt-20000",
    ]


def test_writing_and_deleting_are_the_background_threads(tmp_path, gate):
    background(tmp_path, save_checkpoints_steps=1, keep_checkpoint_max=1).train(line_data, steps=3)
    assert len(gate.threads) == 7  # four writes, three deletions
    assert {thread.name for thread in gate.threads} == {"holdfast-save"}
    assert steps_of(tmp_path) == [3]


def test_a_save_waits_for_the_one_before(tmp_path, gate):
    gate.opened.clear()
    threading.Timer(0.2, gate.opened.set).start()
    listener = Listener(tmp_path)
    estimator = background(tmp_path, save_checkpoints_steps=2)
    estimator.train(line_data, steps=5, saving_listeners=[listener])
    assert steps_of(tmp_path) == [0, 2, 4, 5]
    names = [call[:2] for call in listener.calls[1:-1]]
    assert names == [
        (when, step) for step in (0, 2, 4, 5) for when in ("before", "after")
    ]  # never two at a time


def test_a_save_is_skipped_on_request_while_another_is_written(tmp_path, gate, caplog):
    caplog.set_level(logging.INFO)
    gate.opened.clear()
    estimator = background(tmp_path, save_checkpoints_steps=2, async_on_busy="skip")
    estimator.train(line_data, steps=6, hooks=[At(6, gate.opened.set)])
    assert "The checkpoint of step 2 is skipped, as RunConfig(async_on_busy='skip')" in caplog.text
    assert "The checkpoint of step 4 is skipped" in caplog.text
    assert steps_of(tmp_path) == [0, 6]  # the last one is never skipped


def test_three_failed_saves_in_a_row_are_raised(tmp_path, gate, caplog):
    estimator = background(tmp_path, save_checkpoints_steps=1, save_retries=1)
    gate.errors[:] = [save_error() for _ in range(6)]
    with pytest.raises(errors.CheckpointSaveError, match="the disk says no There is no durable"):
        estimator.train(line_data, steps=1000)
    assert steps_of(tmp_path) == []
    assert [line.split(", training")[0] for line in error_lines(caplog)] == [
        f"Saving the checkpoint of step {step} failed ({step + 1} in a row, max_failed_saves=3)"
        for step in range(3)
    ]


def test_a_failed_save_is_no_end(tmp_path, gate, caplog):
    listener = Listener(tmp_path)
    gate.errors[:] = [save_error()]
    estimator = background(tmp_path, save_checkpoints_steps=2, save_retries=0)
    estimator.train(line_data, steps=4, saving_listeners=[listener])
    assert steps_of(tmp_path) == [2, 4]
    assert [call[1] for call in listener.calls if call[0] == "after"] == [2, 4]
    assert len(error_lines(caplog)) == 1


def test_a_failed_save_of_the_last_step_is_tried_once_more_at_the_end(tmp_path, gate):
    estimator = background(tmp_path, save_checkpoints_steps=3, save_retries=0)
    fail = lambda: gate.errors.append(save_error())  # noqa: E731
    estimator.train(line_data, steps=3, hooks=[At(2, fail)])
    assert steps_of(tmp_path) == [0, 3]
    assert not gate.errors


def test_the_last_save_raises(tmp_path, gate, monkeypatch):
    class Trainer(_core.Trainer):
        def save(self, *args):
            raise save_error()

    monkeypatch.setattr(_core, "Trainer", Trainer)
    with pytest.raises(errors.CheckpointSaveError, match="the disk says no"):
        background(tmp_path).train(line_data, steps=3)
    assert steps_of(tmp_path) == [0]


def test_a_mistake_in_the_background_is_raised(tmp_path, gate):
    gate.errors[:] = [ZeroDivisionError("mine")]
    with pytest.raises(ZeroDivisionError, match="mine"):
        background(tmp_path).train(line_data, steps=3)


def test_an_exception_waits_for_what_is_being_written_and_hides_nothing(tmp_path, gate, caplog):
    def break_it():
        gate.opened.set()
        raise RuntimeError("mine")

    for directory, mistakes in (("good", []), ("bad", [ZeroDivisionError("another")])):
        gate.opened.clear()
        gate.errors[:] = mistakes
        with pytest.raises(RuntimeError, match="mine"):
            background(tmp_path / directory).train(line_data, steps=9, hooks=[At(3, break_it)])
    assert steps_of(tmp_path / "good") == [0]
    assert "A save in the background has failed" in caplog.text
    assert "ZeroDivisionError: another" in caplog.text
    background(tmp_path / "bad").train(line_data, steps=1)  # the lock is free


def test_a_listener_may_stop_the_run(tmp_path, gate):
    listener = Listener(tmp_path, stop_at=2)
    estimator = background(tmp_path, save_checkpoints_steps=1)
    estimator.train(line_data, steps=1000, saving_listeners=[listener])
    assert 2 <= estimator.get_variable_value("global_step") < 10


def test_nonfinite_values_are_refused_on_request(tmp_path):
    estimator = background(tmp_path, diverging, save_checkpoints_steps=1, nonfinite="error")
    with pytest.raises(errors.CheckpointSaveError, match=r"step 2 is refused.*'w' holds 1 NaN"):
        estimator.train(line_data, steps=9)
    assert steps_of(tmp_path) == [0, 1]


def test_nonfinite_values_are_warned_of(tmp_path, caplog):
    estimator = background(tmp_path, diverging, save_checkpoints_steps=1)
    with pytest.raises(errors.NanLossDuringTrainingError):
        estimator.train(line_data, steps=9)
    assert "model.ckpt-2 holds 1 NaN or infinite values" in caplog.text


def test_too_little_memory_for_the_copy_is_a_failed_save(tmp_path, monkeypatch, caplog):
    class Trainer(_core.Trainer):
        def stage(self, *args):
            if self.global_step == 2:
                raise errors.CheckpointSaveError("4096 bytes of memory are needed")
            if self.global_step == 6:
                raise MemoryError("std::bad_alloc")
            super().stage(*args)

    monkeypatch.setattr(_core, "Trainer", Trainer)
    background(tmp_path, save_checkpoints_steps=2).train(line_data, steps=8)
    assert steps_of(tmp_path) == [0, 4, 8]
    assert "Saving the checkpoint of step 2 failed (1 in a row" in error_lines(caplog)[0]
    assert "4096 bytes of memory are needed" in error_lines(caplog)[0]
    assert "model.ckpt-6: memory is used up" in error_lines(caplog)[1]


def test_a_program_can_wait_for_its_saves(tmp_path, gate):
    saver = tf.estimator.CheckpointSaverHook(str(tmp_path), save_steps=10)

    class Wait(tf.estimator.SessionRunHook):
        def after_run(self, run_context, run_values):
            if run_context.session.global_step == 3:
                assert tf.train.latest_checkpoint(str(tmp_path)) is None
                gate.opened.set()
                saver.wait_for_saves(run_context.session)
                assert steps_of(tmp_path) == [0]

    gate.opened.clear()
    background(tmp_path).train(line_data, steps=5, hooks=[saver, Wait()])
    assert steps_of(tmp_path) == [0, 5]


@pytest.mark.parametrize("in_background", [False, True])
def test_an_interruption_ends_the_waits_between_tries(tmp_path, gate, monkeypatch, in_background):
    monkeypatch.setattr(_save_attempts, "WAITS", (20.0, 20.0))
    told, main = threading.Event(), threading.current_thread()
    saver = Saver(
        str(tmp_path),
        SaveSchedule(save_steps=1),
        SaverOptions(async_save=in_background),
        SavedState(),
        interrupted=lambda: told.is_set() and threading.current_thread() is main,
    )
    session = Untrained([save_error()])
    gate.errors[:] = [save_error()] if in_background else []
    began = time.monotonic()
    threading.Timer(0.2, told.set).start()
    saver.start(session)
    saver.wait_for_saves(session)
    saver.close()
    assert time.monotonic() - began < 15
    assert steps_of(tmp_path) == [0]


# The thread


def run_script(text, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def test_a_normal_exit_of_the_interpreter_waits(tmp_path):
    script = """
        import pathlib, sys, time
        from holdfast.train._background_save import BackgroundSave

        def write():
            time.sleep(0.5)
            pathlib.Path(sys.argv[1]).write_text("whole")

        BackgroundSave().start(write)
    """
    run_script(script, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "whole"


def test_a_forked_child_has_nothing_to_wait_for(tmp_path):
    script = """
        import os, threading
        from holdfast.train._background_save import BackgroundSave

        gate, save, closed = threading.Event(), BackgroundSave(), []
        save.start(gate.wait)
        child = os.fork()
        if child == 0:
            assert not save.pending and not save.finished
            save.wait(lambda: None)
            save.when_idle(lambda: closed.append(1))
            os._exit(0 if closed == [1] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert save.pending
        gate.set()
        save.wait(lambda: None)
        assert save.take() is True
    """
    run_script(script)


def test_closing_while_something_runs_is_left_to_the_thread():
    gate, order = threading.Event(), []
    save = BackgroundSave()
    save.start(lambda: (gate.wait(20), order.append("saved")))
    save.when_idle(lambda: order.append("closed"))
    assert order == []
    gate.set()
    save.wait(lambda: None)
    assert order == ["saved", "closed"]


def test_waiting_looks_around_and_can_be_left():
    gate, looks = threading.Event(), []

    def look():
        looks.append(1)
        if len(looks) == 3:
            raise KeyboardInterrupt

    save = BackgroundSave()
    save.start(lambda: gate.wait(20))
    with pytest.raises(KeyboardInterrupt):
        save.wait(look)
    gate.set()
    save.wait(lambda: None)
    assert save.take() is True


def test_without_a_thread_to_be_had_the_save_is_made_at_once(monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    save = BackgroundSave()
    save.start(lambda: np.int64(7))
    assert save.finished
    assert save.take() == 7
    assert not save.pending


def test_no_threads_are_left(tmp_path):
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    background(tmp_path, save_checkpoints_steps=1).train(line_data, steps=20)
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
