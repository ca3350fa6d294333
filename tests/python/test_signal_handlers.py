"""Whose a signal is during training: holdfast's, the program's, a forked child's, Python's."""

import os
import signal
import sys
import threading
import time

import pytest
from iris_like import steps_of
from line_model import line, line_data
from signal_at import FOR_EVER, INT, TERM, At, send

from holdfast.errors import TrainingInterrupted
from holdfast.estimator import RunConfig


@pytest.fixture(autouse=True)
def handlers():
    """Fails when a test leaves other handlers behind than it found."""
    before = signal.getsignal(TERM), signal.getsignal(INT)
    yield
    after = signal.getsignal(TERM), signal.getsignal(INT)
    signal.signal(TERM, before[0])
    signal.signal(INT, before[1])
    assert after == before


@pytest.fixture
def handled():
    """A handler of the program's own; the list holds what it was called with."""
    calls = []
    before = signal.signal(TERM, lambda number, frame: calls.append(number))
    yield calls
    signal.signal(TERM, before)


# Whose signal it is


def test_the_programs_handler_is_called_as_well_and_put_back(tmp_path, handled):
    before = signal.getsignal(TERM)
    with pytest.raises(TrainingInterrupted):
        line(tmp_path).train(line_data, hooks=[At(3)], steps=9)
    assert handled == [TERM]
    assert signal.getsignal(TERM) is before


def test_a_handler_that_exits_waits_for_the_save(tmp_path):
    def leave(number, frame):
        sys.exit(7)

    before = signal.signal(TERM, leave)
    try:
        with pytest.raises(TrainingInterrupted) as caught:
            line(tmp_path).train(line_data, hooks=[At(3)], steps=9)
    finally:
        signal.signal(TERM, before)
    assert isinstance(caught.value.__cause__, SystemExit)
    assert steps_of(tmp_path) == [0, 3]


def test_handlers_are_put_back_after_an_error(tmp_path):
    before = signal.getsignal(TERM)

    def fail():
        assert signal.getsignal(TERM) is not before
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        line(tmp_path).train(line_data, hooks=[At(3, fail)], steps=9)
    assert signal.getsignal(TERM) is before


def test_a_handler_set_during_training_stays(tmp_path):
    mine = lambda number, frame: None  # noqa: E731
    before = signal.getsignal(TERM)
    line(tmp_path).train(line_data, hooks=[At(3, lambda: signal.signal(TERM, mine))], steps=4)
    after = signal.signal(TERM, before)
    assert after is mine


@pytest.mark.parametrize("off", [(), None])
def test_signals_can_be_left_alone(tmp_path, off, handled):
    line(tmp_path, save_on_signals=off).train(line_data, hooks=[At(3)], steps=4)
    assert handled == [TERM]
    assert steps_of(tmp_path) == [0, 4]


def test_an_ignored_signal_stays_ignored(tmp_path):
    before = signal.signal(TERM, signal.SIG_IGN)
    try:
        line(tmp_path).train(line_data, hooks=[At(3)], steps=4)
    finally:
        signal.signal(TERM, before)
    assert steps_of(tmp_path) == [0, 4]


def test_training_in_another_thread_leaves_signals_alone(tmp_path):
    seen = []
    hook = At(3, lambda: seen.append(signal.getsignal(TERM)))
    thread = threading.Thread(target=lambda: line(tmp_path).train(line_data, hooks=[hook], steps=4))
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(TERM)]
    assert steps_of(tmp_path) == [0, 4]


def test_evaluation_alone_leaves_signals_alone(tmp_path, handled):
    estimator = line(tmp_path).train(line_data, steps=2)
    hook = At(2)
    estimator.evaluate(lambda: line_data(5), hooks=[hook])
    assert handled == [TERM]
    assert len(hook.steps) == 5  # batches


def test_a_forked_child_ends_when_it_is_told_to(tmp_path):
    """Pools of workers are ended by SIGTERM; their processes inherit handlers."""
    states = []

    def fork():
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, b"x")
            time.sleep(FOR_EVER)
            os._exit(0)
        os.read(reader, 1)
        os.kill(child, TERM)
        states.append(os.waitpid(child, 0)[1])
        os.close(reader)
        os.close(writer)

    line(tmp_path).train(line_data, hooks=[At(3, fork)], steps=4)
    assert os.WIFSIGNALED(states[0])
    assert os.WTERMSIG(states[0]) == TERM
    assert steps_of(tmp_path) == [0, 4]


# SIGINT


def test_one_ctrl_c_saves_where_it_is_asked_for(tmp_path):
    with pytest.raises(TrainingInterrupted) as caught:
        line(tmp_path, save_on_signals=("SIGTERM", INT)).train(
            line_data, hooks=[At(3, lambda: send(INT))], steps=9
        )
    assert caught.value.code == 130
    assert steps_of(tmp_path) == [0, 3]


def test_ctrl_c_twice_aborts_at_once(tmp_path):
    def twice():
        send(INT)
        send(INT)

    with pytest.raises(KeyboardInterrupt):
        line(tmp_path, save_on_signals=("SIGINT",)).train(line_data, hooks=[At(3, twice)], steps=9)
    assert steps_of(tmp_path) == [0]
    line(tmp_path).train(line_data, steps=1)  # the lock is free


def test_ctrl_c_is_pythons_by_default(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        line(tmp_path).train(line_data, hooks=[At(3, lambda: send(INT))], steps=9)
    assert steps_of(tmp_path) == [0]


# RunConfig


@pytest.mark.parametrize("wrong", ["SIGTERM", ("SIGKILL",), ("SIGNOTHING",), (TERM, 4000), 15])
def test_signals_that_cannot_be_handled_are_refused(wrong):
    with pytest.raises(ValueError, match="save_on_signals must be a tuple of signals that a prog"):
        RunConfig(save_on_signals=wrong)


def test_the_default_is_sigterm():
    assert RunConfig().save_on_signals == ("SIGTERM",)
