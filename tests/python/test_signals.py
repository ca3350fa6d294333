"""SIGTERM and SIGINT during training: the last finished step is saved, and the program is told."""

import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest
from iris_like import steps_of
from line_model import line, line_data, line_model
from signal_at import FOR_EVER, INT, TERM, At, position, rows_data, send, send_soon

import holdfast as tf
from holdfast import errors
from holdfast.errors import TrainingInterrupted

# What is saved


def test_the_step_that_a_signal_comes_in_is_saved_and_training_continues_from_it(tmp_path):
    hook = At(3)
    with pytest.raises(TrainingInterrupted) as caught:
        line(tmp_path).train(line_data, hooks=[hook], steps=9)
    newest = str(tmp_path / "model.ckpt-3")
    assert str(caught.value) == (
        f"Training was interrupted by SIGTERM. The newest checkpoint is {newest}; train continues "
        "from it."
    )
    assert (caught.value.path, caught.value.step, caught.value.code) == (newest, 3, 143)
    assert isinstance(caught.value, errors.AbortedError)
    assert hook.steps == [1, 2, 3]
    assert hook.ended
    assert position(tmp_path) == (3, 3)
    line(tmp_path).train(line_data, steps=1)
    assert steps_of(tmp_path) == [0, 3, 4]


def test_a_wait_for_input_is_ended_and_only_finished_steps_count(tmp_path):
    def wait(row):
        if row == 10:  # within the third batch
            send_soon()
            time.sleep(FOR_EVER)

    began = time.monotonic()
    with pytest.raises(TrainingInterrupted):
        line(tmp_path).train(rows_data(wait), steps=9)
    assert time.monotonic() - began < FOR_EVER / 2
    assert position(tmp_path) == (2, 2)


@pytest.mark.parametrize("swallowed", [Exception, BaseException])
def test_a_generator_that_swallows_exceptions_does_not_hold_training_up(tmp_path, swallowed):
    def wait(row):
        try:
            if row == 10:
                send_soon()
                time.sleep(FOR_EVER)
        except swallowed:
            pass

    with pytest.raises(TrainingInterrupted):
        line(tmp_path).train(rows_data(wait), steps=9)
    assert position(tmp_path) == (2, 2)


def test_hooks_see_how_many_steps_were_finished_before_the_wait(tmp_path):
    class Last(tf.train.SessionRunHook):
        def steps_to_next_look(self, progress):
            return None

        def end(self, session):
            self.iteration = session.iteration

    hook = Last()
    with pytest.raises(TrainingInterrupted):
        line(tmp_path).train(rows_data(lambda row: row == 10 and send()), hooks=[hook], steps=9)
    assert hook.iteration == 2


def test_an_evaluation_in_a_listener_is_abandoned(tmp_path):
    estimator = line(tmp_path, save_checkpoints_steps=2)

    class Evaluate(tf.estimator.CheckpointSaverListener):
        ended = None

        def after_save(self, session, global_step_value):
            if global_step_value == 4:
                if self is listeners[0]:
                    send_soon()
                estimator.evaluate(line_data)  # endless

        def end(self, session, global_step_value):
            self.ended = global_step_value

    listeners = [Evaluate(), Evaluate()]
    with pytest.raises(TrainingInterrupted):
        estimator.train(line_data, steps=9, saving_listeners=listeners)
    assert steps_of(tmp_path) == [0, 2, 4]
    assert [each.ended for each in listeners] == [4, 4]


def test_a_wait_for_input_in_an_evaluation_is_ended(tmp_path):
    estimator = line(tmp_path)

    def wait(row):
        if row == 10:
            send_soon()
            time.sleep(FOR_EVER)

    with pytest.raises(TrainingInterrupted):
        estimator.train(
            line_data, hooks=[At(3, lambda: estimator.evaluate(rows_data(wait)))], steps=9
        )
    assert steps_of(tmp_path) == [0, 3]


def test_no_evaluation_begins_once_training_is_to_end(tmp_path):
    estimator, built = line(tmp_path), []

    def evaluate():
        send()
        estimator.evaluate(lambda: built.append("input") or line_data(1))

    with pytest.raises(TrainingInterrupted):
        estimator.train(line_data, hooks=[At(3, evaluate)], steps=9)
    assert built == []


def test_a_wait_for_the_input_function_of_an_evaluation_is_ended(tmp_path):
    estimator = line(tmp_path)

    def data():
        send_soon()
        time.sleep(FOR_EVER)

    with pytest.raises(TrainingInterrupted):
        estimator.train(line_data, hooks=[At(3, lambda: estimator.evaluate(data))], steps=9)
    assert steps_of(tmp_path) == [0, 3]


def test_no_step_follows_a_signal_in_before_run(tmp_path):
    class Before(tf.train.SessionRunHook):
        def before_run(self, run_context):
            if run_context.session.global_step == 3:
                send()

    with pytest.raises(TrainingInterrupted):
        line(tmp_path).train(line_data, hooks=[Before()], steps=9)
    assert steps_of(tmp_path) == [0, 3]


def test_training_within_training_saves_both(tmp_path):
    inner, outer = line(tmp_path / "inner"), line(tmp_path / "outer")
    hook = At(3, lambda: inner.train(line_data, hooks=[At(5)], steps=9))
    with pytest.raises(TrainingInterrupted, match=r"outer/model\.ckpt-3"):
        outer.train(line_data, hooks=[hook], steps=9)
    assert (steps_of(tmp_path / "inner"), steps_of(tmp_path / "outer")) == ([0, 5], [0, 3])


@pytest.mark.parametrize("place", ["input_fn", "model_fn", "begin"])
def test_starting_up_is_ended_at_once(tmp_path, place):
    def wait(at):
        if at == place:
            send_soon()
            time.sleep(FOR_EVER)

    def data():
        wait("input_fn")
        return line_data()

    def model_fn(features, labels, mode, params):
        wait("model_fn")
        return line_model(features, labels, mode, params)

    class Begin(tf.train.SessionRunHook):
        def begin(self):
            wait("begin")

    with pytest.raises(TrainingInterrupted) as caught:
        line(tmp_path, model_fn).train(data, hooks=[Begin()], steps=9)
    assert str(caught.value) == (
        f"Training was interrupted by SIGTERM. model_dir '{tmp_path}' holds no checkpoint, and "
        "train starts anew there."
    )
    assert caught.value.step is None
    assert os.listdir(tmp_path) == []


def test_reading_a_generator_again_is_ended_and_the_checkpoint_stays(tmp_path):
    line(tmp_path).train(rows_data(lambda row: None), steps=5)

    def wait(row):
        if row == 3:
            send_soon()
            time.sleep(FOR_EVER)

    with pytest.raises(TrainingInterrupted, match=r"model\.ckpt-5; train continues from it"):
        line(tmp_path).train(rows_data(wait), steps=5)
    assert position(tmp_path) == (5, 5)


def test_a_signal_during_the_last_save_is_not_forgotten(tmp_path):
    class Late(tf.estimator.CheckpointSaverListener):
        def before_save(self, session, global_step_value):
            if global_step_value == 4:
                send()
                send()  # noted and ignored

    with pytest.raises(TrainingInterrupted) as caught:
        line(tmp_path).train(line_data, steps=4, saving_listeners=[Late()])
    assert caught.value.details["signals"] == "2"
    assert steps_of(tmp_path) == [0, 4]


def test_a_last_save_that_fails_is_an_error(tmp_path):
    class Fail(tf.estimator.CheckpointSaverListener):
        def before_save(self, session, global_step_value):
            if global_step_value == 3:
                raise errors.CheckpointSaveError("no space")

    with pytest.raises(errors.CheckpointSaveError, match="no space"):
        line(tmp_path).train(line_data, hooks=[At(3)], steps=9, saving_listeners=[Fail()])
    assert steps_of(tmp_path) == [0]


def test_an_error_of_the_program_is_not_hidden(tmp_path, caplog):
    def fail():
        send()
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        line(tmp_path).train(line_data, hooks=[At(3, fail)], steps=9)
    assert "SIGTERM had come when training failed" in caplog.text


def test_long_steps_of_a_small_model_do_not_delay_the_end(tmp_path):
    features = np.ones(300_000, np.float32)
    tensors = ({"x": features}, features)
    data = lambda: tf.data.Dataset.from_tensors(tensors).repeat()  # noqa: E731
    send_soon()
    began = time.monotonic()
    # Two numbers of state: the first C++ call is meant to run half a million steps.
    with pytest.raises(TrainingInterrupted):
        line(tmp_path).train(data)
    assert time.monotonic() - began < 10


# Whole programs

SCRIPT = """
import sys
import holdfast as tf
from line_model import line, line_data

class Tell(tf.train.SessionRunHook):
    def after_run(self, run_context, run_values):
        print(run_context.session.global_step, flush=True)

line(sys.argv[1]).train(line_data, hooks=[Tell()])
"""


def started(*command):
    paths = [str(pathlib.Path(__file__).parent), *sys.path]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )


def test_a_program_that_knows_nothing_of_it_exits_with_143(tmp_path):
    program = started(sys.executable, "-c", SCRIPT, str(tmp_path))
    steps = [program.stdout.readline() for _ in range(5)]
    program.send_signal(TERM)
    steps += program.stdout.read().split()  # none, if it came between two steps
    last = int(steps[-1])
    err = program.stderr.read()
    assert program.wait(FOR_EVER) == 143, err
    program.stdout.close()
    program.stderr.close()
    assert position(tmp_path) == (last, last)
    assert f"interrupted by SIGTERM. The newest checkpoint is {tmp_path}/model.ckpt-{last};" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("number", "code"), [(TERM, 143), (INT, 130)])
def test_the_command_line_saves_and_says_so(tmp_path, number, code):
    main = "from holdfast.cli import main; main()"
    command = (sys.executable, "-c", main, "train", "--model-dir", str(tmp_path))
    program = started(*command, "--steps", str(10**9))
    deadline = time.monotonic() + FOR_EVER
    while not steps_of(tmp_path) and time.monotonic() < deadline and program.poll() is None:
        time.sleep(0.02)
    time.sleep(0.1)
    program.send_signal(number)
    _, err = program.communicate(timeout=FOR_EVER)
    assert program.returncode == code, err
    step, consumed = position(tmp_path)
    assert step == consumed > 0
    assert err.count(f"interrupted by {number.name}. The newest checkpoint is") == 1
    done = started(*command, "--steps", "1", "--json")
    out, err = done.communicate(timeout=FOR_EVER)
    assert json.loads(out)["step"] == step + 1, err
