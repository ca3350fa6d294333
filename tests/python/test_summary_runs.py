"""Event files over several runs: killed, forked, resumed; threads and descriptors."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from event_reading import event_files, events, scalars, starts
from line_model import line, line_data

import holdfast as tf


def test_a_training_session_is_told_in_the_file(tmp_path):
    estimator = line(tmp_path)
    estimator.train(line_data, steps=2)
    estimator.train(line_data, steps=2)
    assert len(event_files(tmp_path)) == 1
    found = events(tmp_path)
    assert found[1].session_log.status == tf.summary.SessionLog.START  # right behind the version
    assert starts(tmp_path) == [1, 3]
    saves = [
        (event.step, event.session_log.checkpoint_path)
        for event in found
        if event.session_log and event.session_log.status == tf.summary.SessionLog.CHECKPOINT
    ]
    assert saves == [(step, str(tmp_path / "model.ckpt")) for step in (0, 2, 2, 4)]
    assert sum(event.graph_def is not None for event in found) == 1


def test_another_process_has_a_file_of_its_own_behind_the_first(tmp_path):
    line(tmp_path).train(line_data, steps=2)
    program = (
        "import sys; from line_model import line, line_data;"
        " line(sys.argv[1]).train(line_data, steps=2)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, env=environment())
    assert len(event_files(tmp_path)) == 2
    assert starts(tmp_path) == [1, 3]
    assert sum(event.graph_def is not None for event in events(tmp_path)) == 2


def environment():
    paths = [str(Path(__file__).parent), *sys.path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


FOR_EVER = """
import sys
from line_model import line, line_data
line(sys.argv[1], save_checkpoints_steps=500).train(line_data)
"""


def kill_after(model_dir, step):
    """Trains in another process and kills it once a checkpoint behind `step` is there."""
    command = [sys.executable, "-c", FOR_EVER, str(model_dir)]
    with subprocess.Popen(command, env=environment()) as program:
        try:
            for _ in range(6000):
                latest = tf.train.latest_checkpoint(model_dir)
                if latest is not None and int(latest.rsplit("-", 1)[1]) > step:
                    break
                assert program.poll() is None
                threading.Event().wait(0.01)
        finally:
            program.send_signal(signal.SIGKILL)
    latest = tf.train.latest_checkpoint(model_dir)
    return int(latest.rsplit("-", 1)[1])


def test_a_resumed_run_starts_at_the_restored_step_plus_one(tmp_path):
    first = kill_after(tmp_path, 0)
    second = kill_after(tmp_path, first)
    line(tmp_path).train(line_data, steps=1)
    assert starts(tmp_path) == [1, first + 1, second + 1]
    assert len(event_files(tmp_path)) == 3


def test_an_exception_leaves_what_was_recorded_before_it(tmp_path):
    class Fail(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            if run_context.session.global_step == 3:
                raise RuntimeError("on purpose")

    before = resources()
    with pytest.raises(RuntimeError, match="on purpose"):
        line(tmp_path, save_summary_steps=1).train(line_data, hooks=[Fail()])
    assert [step for step, _ in scalars(tmp_path)["loss"]] == [1, 2, 3]
    assert resources() == before


def resources():
    return threading.active_count(), len(os.listdir("/proc/self/fd")), native_threads()


def native_threads():
    return len(os.listdir("/proc/self/task"))


def test_no_thread_and_no_descriptor_is_left(tmp_path):
    line(tmp_path / "first").train(line_data, steps=1)  # starts the threads of the pool
    before = resources()
    for name in "abcdef":
        hooks = [tf.train.SummarySaverHook(1, output_dir=str(tmp_path / name / "mine"))]
        estimator = line(tmp_path / name)
        estimator.train(line_data, steps=2, hooks=hooks)
        estimator.evaluate(line_data, steps=1)
    assert resources() == before


def test_a_directory_deleted_between_two_calls_gets_a_new_file_with_the_graph(tmp_path):
    estimator = line(tmp_path / "m")
    estimator.train(line_data, steps=2)
    shutil.rmtree(tmp_path / "m")
    estimator.train(line_data, steps=2)
    assert starts(tmp_path / "m") == [1]
    assert sum(event.graph_def is not None for event in events(tmp_path / "m")) == 1


def test_a_forked_child_ends_and_writes_nothing(tmp_path):
    class Fork(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                tf.summary.FileWriterCache.get(tmp_path).close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0

    line(tmp_path, save_summary_steps=1).train(line_data, steps=2, hooks=[Fork()])
    assert [step for step, _ in scalars(tmp_path)["loss"]] == [1, 2]
    assert len(event_files(tmp_path)) == 1


def test_values_read_between_steps_are_no_steps(tmp_path):
    class Read(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            run_context.session.run("global_step:0")

    line(tmp_path, save_summary_steps=2).train(line_data, steps=5, hooks=[Read()])
    assert [step for step, _ in scalars(tmp_path)["loss"]] == [1, 3, 5]
