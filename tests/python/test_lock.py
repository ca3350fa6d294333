"""The writer lock of a model_dir: one writer at a time, and readers that never notice."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from iris_like import classifier, input_fn, tree_of, without_events

import holdfast as tf
from holdfast import _core
from holdfast.errors import ModelDirLockedError

LOCK = ".holdfast-lock"

# Trains, says so once the first checkpoint is there, and holds the lock until it is killed.
TRAINER = """
    import sys, time
    import holdfast as tf
    from iris_like import classifier, input_fn

    class Wait(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            print("training", flush=True)
            time.sleep(600)

    classifier(sys.argv[1]).train(input_fn(), steps=5, hooks=[Wait()])
"""


@pytest.fixture
def other_process(tmp_path):
    """A process that trains in tmp_path and has written its first checkpoint."""
    paths = [str(pathlib.Path(__file__).parent), *sys.path]
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(TRAINER), str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"training\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


class During(tf.train.SessionRunHook):
    """Calls a function while a run holds the lock."""

    def __init__(self, work):
        self.work = work

    def after_create_session(self, session, coord):
        self.work()


def test_a_second_process_is_named_at_once_and_the_loser_changes_nothing(other_process, tmp_path):
    before = tree_of(tmp_path)
    assert LOCK in before
    began = time.monotonic()
    with pytest.raises(ModelDirLockedError) as caught:
        classifier(tmp_path).train(input_fn(), steps=1)
    with pytest.raises(ModelDirLockedError):
        tf.train.write_checkpoint(tmp_path, {"w": np.zeros(2)}, 7)
    assert time.monotonic() - began < 1
    text = str(caught.value)
    assert text.startswith(
        f"model_dir '{tmp_path}' is being written by pid {other_process.pid} on host "
        f"{os.uname().nodename} (since "
    )
    assert text.endswith("Use another model_dir, or stop that process.")
    assert caught.value.details["pid"] == str(other_process.pid)
    assert isinstance(caught.value, tf.errors.FailedPreconditionError)
    assert tree_of(tmp_path) == before


def test_readers_are_not_held_up(other_process, tmp_path):
    before = without_events(tree_of(tmp_path))
    estimator = classifier(tmp_path)
    assert estimator.evaluate(input_fn(), steps=1)["global_step"] == 0
    next(estimator.predict(input_fn()))
    assert estimator.get_variable_value("global_step") == 0
    after = without_events(tree_of(tmp_path))
    assert after.pop("eval/metrics.jsonl")  # the notes of the evaluation
    assert after == before


def test_kill_9_leaves_no_lock(other_process, tmp_path):
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    classifier(tmp_path).train(input_fn(), steps=2)
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-2")


def test_a_second_estimator_in_the_same_process_is_refused(tmp_path):
    def second():
        before = tree_of(tmp_path)
        with pytest.raises(ModelDirLockedError, match=f"by this process, pid {os.getpid()} on"):
            classifier(tmp_path).train(input_fn(), steps=1)
        assert tree_of(tmp_path) == before

    classifier(tmp_path).train(input_fn(), steps=2, hooks=[During(second)])
    classifier(tmp_path).train(input_fn(), steps=2)
    assert classifier(tmp_path).get_variable_value("global_step") == 4


def test_an_exception_releases_the_lock_though_its_traceback_lives(tmp_path):
    def fail():
        raise RuntimeError("from a hook")

    with pytest.raises(RuntimeError) as caught:
        classifier(tmp_path).train(input_fn(), steps=2, hooks=[During(fail)])
    classifier(tmp_path).train(input_fn(), steps=2)
    assert caught.value.__traceback__ is not None


def test_a_run_that_another_one_overtook_while_it_started_does_not_save(tmp_path):
    def slow_input():
        classifier(tmp_path).train(input_fn(), steps=3)
        return input_fn()()

    with pytest.raises(ModelDirLockedError, match=r"while this run was starting.*Call train again"):
        classifier(tmp_path).train(slow_input, steps=1)
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-3")
    classifier(tmp_path).train(input_fn(), steps=1)
    assert classifier(tmp_path).get_variable_value("global_step") == 4


def test_write_checkpoint_releases_the_lock(tmp_path):
    for step in (1, 2):
        tf.train.write_checkpoint(tmp_path, {"w": np.zeros(2)}, step)
    with pytest.raises(tf.errors.OpError):
        tf.train.write_checkpoint(tmp_path, {"bad\nname": np.zeros(2)}, 3)
    tf.train.write_checkpoint(tmp_path, {"w": np.zeros(2)}, 4)


def test_a_forked_child_cannot_save_and_does_not_keep_the_lock(tmp_path):
    # In a process of its own: forking one with threads, as pytest's may be, is another matter.
    script = f"""
        import os, signal
        import numpy as np
        from holdfast import _core, errors

        writer = _core.CheckpointWriter({str(tmp_path)!r})
        child = os.fork()
        if child == 0:
            try:
                writer.save({{"w": np.zeros(2)}}, 1)
            except errors.ModelDirLockedError as error:
                os._exit(0 if "got its forked child" in str(error) else 2)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        child = os.fork()
        if child == 0:
            signal.pause()
        writer.save({{"w": np.zeros(2)}}, 2)
        writer.close()
        _core.CheckpointWriter({str(tmp_path)!r}).close()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-2")


def test_a_closed_writer_says_so(tmp_path):
    writer = _core.CheckpointWriter(str(tmp_path))
    writer.close()
    writer.close()
    with pytest.raises(tf.errors.FailedPreconditionError, match="got one that is closed"):
        writer.save({"w": np.zeros(2)}, 1)
