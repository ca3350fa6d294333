"""Saves that fail: retries, what is logged, what ends the training, what is never deleted."""

import errno
import logging
import os
import subprocess
import sys
import textwrap

import pytest
from iris_like import steps_of
from line_model import line, line_data

import holdfast as tf
from holdfast import _core, errors
from holdfast.train import _save_attempts
from holdfast.train._save_attempts import DurableCheckpoint, final_error, write_with_retries
from holdfast.train._saver_options import Clock


class FakeClock:
    """A clock that only its own sleep moves."""

    def __init__(self, now=1000.0):
        self.now, self.slept = now, []
        self.clock = Clock(
            seconds=lambda: self.now, unix_seconds=lambda: self.now, sleep=self._sleep
        )

    def _sleep(self, seconds):
        assert 0 < seconds <= 0.05  # so often an interruption is looked for
        self.slept.append(seconds)
        self.now += seconds


def save_error(number=errno.EIO, call="fsync", published=False, **details):
    """What the core raises for a save of 5000 bytes with 1200 free."""
    full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    facts = {"bytes_needed": "5000", "bytes_free": "1200", "errno": str(number), **details}
    facts["published"] = "true" if published else "false"
    return errors.CheckpointSaveError._from_core(
        f"checkpoint dir/model.ckpt-7: {call} it: error {number}.",
        errors.RESOURCE_EXHAUSTED if full else errors.UNAVAILABLE,
        facts,
    )


class Flaky:
    """A write that fails so often; `calls` holds the time of each."""

    def __init__(self, failures, time=None, error=None):
        self.failures, self.time, self.error, self.calls = failures, time, error, []

    def __call__(self):
        self.calls.append(self.time.now if self.time else 0.0)
        if len(self.calls) <= self.failures:
            raise self.error or save_error()
        return "path"


def attempt(write, time, retries=2, hurried=lambda: False):
    return write_with_retries(write, step=7, retries=retries, clock=time.clock, hurried=hurried)


# One save


def test_a_save_is_begun_anew_after_1_and_5_seconds(caplog):
    time = FakeClock()
    write = Flaky(2, time)
    assert attempt(write, time) == "path"
    assert write.calls == pytest.approx([1000.0, 1001.0, 1006.0])
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "step 7 failed (try 1 of 3), trying again in 1 s: checkpoint" in caplog.text
    assert "step 7 failed (try 2 of 3), trying again in 5 s: checkpoint" in caplog.text


@pytest.mark.parametrize("retries", [0, 1, 2, 4])
def test_the_last_error_is_raised_after_all_retries(retries):
    time = FakeClock()
    write = Flaky(99, time)
    with pytest.raises(errors.CheckpointSaveError, match=r"fsync it: error 5"):
        attempt(write, time, retries)
    assert len(write.calls) == retries + 1
    assert time.now == pytest.approx(1000 + [0, 1, 6, 11, 16][retries])


def test_an_interruption_ends_the_waiting_and_not_the_tries():
    time = FakeClock()
    write = Flaky(2, time)
    assert attempt(write, time, hurried=lambda: time.now > 1000.3) == "path"
    assert write.calls[1] < 1000.4
    assert write.calls[2] == write.calls[1]


def test_a_mistake_is_not_tried_again():
    write = Flaky(1, error=errors.InvalidArgumentError(None, None, "mine"))
    with pytest.raises(errors.InvalidArgumentError, match="mine"):
        attempt(write, FakeClock())
    assert len(write.calls) == 1


def test_the_error_says_what_there_is_to_fall_back_on():
    newest = DurableCheckpoint(path="dir/model.ckpt-3", unix_seconds=937.0)
    told = final_error(save_error(), newest, FakeClock().clock)
    assert str(told) == (
        "checkpoint dir/model.ckpt-7: fsync it: error 5. The newest durable checkpoint, "
        "model.ckpt-3, is 63 s old."
    )
    assert told.details["newest_durable"] == "dir/model.ckpt-3"
    assert told.details["newest_durable_age_secs"] == "63"
    assert told.details["errno"] == "5"
    assert not isinstance(told, errors.ResourceExhaustedError)


def test_the_error_of_a_full_disk_says_how_much_is_missing():
    told = final_error(save_error(errno.ENOSPC), None, FakeClock().clock)
    assert str(told).endswith(
        "3800 bytes are missing. There is no durable checkpoint in this model_dir yet."
    )
    assert isinstance(told, errors.CheckpointSaveError)
    assert isinstance(told, errors.ResourceExhaustedError)
    assert isinstance(told, errors.UnavailableError)


def test_a_checkpoint_from_the_future_has_no_negative_age():
    newest = DurableCheckpoint(path="dir/model.ckpt-3", unix_seconds=2000.0)
    assert "is 0 s old" in str(final_error(save_error(), newest, FakeClock().clock))


# Saves of a run


@pytest.fixture
def failing(monkeypatch):
    """Step -> how many saves of it fail; a negative number: they fail once published."""
    left = {}

    class Trainer(_core.Trainer):
        def save(self, writer, *documents):
            step = self.global_step
            if left.get(step, 0) > 0:
                left[step] -= 1
                raise save_error()
            path = super().save(writer, *documents)
            if left.get(step, 0) < 0:
                left[step] += 1
                raise save_error(published=True)
            return path

    monkeypatch.setattr(_core, "Trainer", Trainer)
    monkeypatch.setattr(_save_attempts, "WAITS", (0.0, 0.0))
    return left


class Listener(tf.estimator.CheckpointSaverListener):
    def __init__(self):
        self.saved = []

    def after_save(self, session, global_step_value):
        self.saved.append(global_step_value)


def error_lines(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]


def test_a_save_that_succeeds_in_the_end_is_a_save(tmp_path, failing, caplog):
    failing.update({1: 2})
    line(tmp_path, save_checkpoints_steps=1).train(line_data, steps=2)
    assert steps_of(tmp_path) == [0, 1, 2]
    assert not error_lines(caplog)


def test_a_failed_save_is_one_error_line_and_training_goes_on(tmp_path, failing, caplog):
    failing.update({1: 3, 2: 3})
    listener = Listener()
    estimator = line(tmp_path, save_checkpoints_steps=1)
    estimator.train(line_data, steps=4, saving_listeners=[listener])
    assert steps_of(tmp_path) == [0, 3, 4]
    assert listener.saved == [0, 3, 4]
    lines = error_lines(caplog)
    assert len(lines) == 2
    assert lines[1].startswith(
        "Saving the checkpoint of step 2 failed (2 in a row, max_failed_saves=3), training goes "
        "on: checkpoint dir/model.ckpt-7: fsync it: error 5."
    )
    assert "The newest durable checkpoint, model.ckpt-0, is " in lines[1]


def test_save_retries_0_tries_once(tmp_path, failing):
    failing.update({1: 1})
    line(tmp_path, save_checkpoints_steps=1, save_retries=0).train(line_data, steps=2)
    assert steps_of(tmp_path) == [0, 2]


def test_three_failed_saves_in_a_row_end_training(tmp_path, failing, caplog):
    failing.update({2: 3, 3: 3, 4: 3})
    with pytest.raises(errors.CheckpointSaveError, match=r"error 5\. The newest durable .*ckpt-1"):
        line(tmp_path, save_checkpoints_steps=1).train(line_data, steps=9)
    assert steps_of(tmp_path) == [0, 1]
    assert "(3 in a row, max_failed_saves=3), training ends: " in error_lines(caplog)[-1]


def test_a_save_between_failures_starts_the_count_anew(tmp_path, failing):
    failing.update({1: 3, 2: 3, 4: 3, 5: 3})
    line(tmp_path, save_checkpoints_steps=1).train(line_data, steps=6)
    assert steps_of(tmp_path) == [0, 3, 6]


def test_a_failed_last_save_is_raised(tmp_path, failing):
    failing.update({5: 3})
    with pytest.raises(errors.CheckpointSaveError, match="error 5"):
        line(tmp_path).train(line_data, steps=5)
    assert steps_of(tmp_path) == [0]


def test_a_failed_save_of_the_last_step_is_tried_once_more_at_the_end(tmp_path, failing):
    failing.update({2: 3})
    line(tmp_path / "a", save_checkpoints_steps=2).train(line_data, steps=2)
    assert steps_of(tmp_path / "a") == [0, 2]
    failing.update({2: 6})
    with pytest.raises(errors.CheckpointSaveError):
        line(tmp_path / "b", save_checkpoints_steps=2).train(line_data, steps=2)


def test_what_is_published_but_not_durable_deletes_nothing(tmp_path, failing, caplog):
    failing.update({2: -3})
    listener = Listener()
    estimator = line(tmp_path, save_checkpoints_steps=1, keep_checkpoint_max=1)

    class Look(tf.estimator.SessionRunHook):
        def after_run(self, run_context, run_values):
            if run_context.session.global_step == 2:
                assert steps_of(tmp_path) == [1, 2]

    estimator.train(line_data, steps=3, hooks=[Look()], saving_listeners=[listener])
    assert listener.saved == [0, 1, 3]
    assert "The newest durable checkpoint, model.ckpt-1, is " in error_lines(caplog)[0]
    assert steps_of(tmp_path) == [3]


def test_no_memory_for_a_save_is_a_failed_save(tmp_path, monkeypatch, caplog):
    class Trainer(_core.Trainer):
        def save(self, *args):
            if self.global_step == 2:
                raise MemoryError("std::bad_alloc")
            return super().save(*args)

    monkeypatch.setattr(_core, "Trainer", Trainer)
    line(tmp_path, save_checkpoints_steps=2, save_retries=0).train(line_data, steps=4)
    assert steps_of(tmp_path) == [0, 4]
    assert "model.ckpt-2: memory is used up. Earlier checkpoints are" in error_lines(caplog)[0]


FULL = """
import resource
import sys

import numpy as np

import holdfast as tf
from holdfast.train import _save_attempts

_save_attempts.WAITS = (0.0, 0.0)
LIMIT = resource.getrlimit(resource.RLIMIT_FSIZE)
sys.path.insert(0, sys.argv[2])
from line_model import line, line_data


class Full(tf.estimator.CheckpointSaverListener):
    def before_save(self, session, step):
        soft = 100 if step >= 2 else LIMIT[0]
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, LIMIT[1]))


try:
    line(sys.argv[1], save_checkpoints_steps=1).train(
        line_data, steps=9, saving_listeners=[Full()]
    )
except tf.errors.ResourceExhaustedError as error:
    assert isinstance(error, tf.errors.CheckpointSaveError)
    print(error)
"""


def test_no_more_space_on_a_real_file_system(tmp_path):
    here = os.path.dirname(__file__)
    command = [sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path / "model"), here]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "fallocate " in done.stdout
    assert "File too large; needs " in done.stdout
    assert "keep_checkpoint_max" in done.stdout
    assert "The newest durable checkpoint, model.ckpt-1, is " in done.stdout
    assert done.stderr.count("training goes on: checkpoint ") == 2
    assert done.stderr.count("training ends: checkpoint ") == 1
    assert steps_of(tmp_path / "model") == [0, 1]
    assert not list((tmp_path / "model").glob(".tmp-*"))
