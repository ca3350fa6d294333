"""Event files: what is written of training and evaluation, by hooks and by hand, and read back."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from event_reading import event_files, events, scalars, starts, steps_by_tag, values
from iris_like import classifier, input_fn, state_of
from line_model import X, line, line_data, line_model

import holdfast as tf
from holdfast import errors

Summary, SessionLog, FileWriter = tf.summary.Summary, tf.summary.SessionLog, tf.summary.FileWriter
QUIET = {"save_summary_steps": 0, "log_step_count_steps": None}


def scalar_event(tag, value):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])


# FileWriter and summary_iterator


def test_a_file_begins_with_its_version_and_holds_what_was_added(tmp_path):
    histogram = tf.summary.HistogramProto(
        min=-1, max=2, num=3, sum=4, sum_squares=5, bucket_limit=[0.0, 2.5], bucket=[1.0, 2.0]
    )
    with FileWriter(tmp_path) as writer:
        assert writer.get_logdir() == str(tmp_path)
        writer.add_summary(scalar_event("loss", 0.1), 7)
        writer.add_summary(Summary([Summary.Value("h", histo=histogram)]), np.int64(8))
        writer.add_summary(Summary([Summary.Value("t", text="é".encode())]), 9)
        writer.add_session_log(SessionLog(SessionLog.STOP), 10)
        writer.add_event(tf.summary.Event(wall_time=5.0, step=11))
    first, loss, counts, text, log, empty = events(tmp_path)
    assert first.file_version == "brain.Event:2"
    assert (loss.step, loss.summary.value[0].simple_value) == (7, np.float32(0.1))
    assert counts.summary.value[0].histo == histogram
    assert text.summary.value[0].text == "é".encode()
    assert (log.step, log.session_log) == (10, SessionLog(SessionLog.STOP))
    assert (empty.wall_time, empty.step, empty.summary) == (5.0, 11, None)
    assert first.wall_time == loss.wall_time > 1.7e9


def test_a_graph_is_written(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="one")
    FileWriter(tmp_path, graph=graph).close()
    assert b"one" in events(tmp_path)[1].graph_def


def test_events_are_in_the_file_after_flush(tmp_path):
    writer = FileWriter(tmp_path, flush_secs=1000)
    writer.add_summary(scalar_event("a", 1.0), 1)
    assert not event_files(tmp_path)
    writer.flush()
    assert scalars(tmp_path) == {"a": [(1, 1.0)]}
    writer.close()


def test_a_closed_writer_goes_on_in_its_file(tmp_path):
    writer = FileWriter(tmp_path, filename_suffix=".mine")
    for step in (1, 2):
        writer.add_summary(scalar_event("a", step), step)
        writer.close()
        writer.reopen()
    assert scalars(tmp_path) == {"a": [(1, 1.0), (2, 2.0)]}
    (path,) = event_files(tmp_path)
    assert path.endswith(".mine")


def test_the_cache_has_one_writer_for_each_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = tf.summary.FileWriterCache
    writer = cache.get("logs")
    assert cache.get(tmp_path / "logs") is writer
    assert cache.get("other") is not writer
    writer.add_summary(scalar_event("a", 1.0), 1)
    cache.clear()
    assert scalars("logs") == {"a": [(1, 1.0)]}
    assert cache.get("logs") is not writer


@pytest.mark.parametrize("more", [{"graph_def": object()}, {"session": object()}])
def test_arguments_of_sessions_are_refused(tmp_path, more):
    with pytest.raises(ValueError, match="graph_def and session must be None; give the graph"):
        FileWriter(tmp_path, **more)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (Summary.Value("x"), "got none"),
        (Summary.Value("x", simple_value=1.0, text=b""), r"got \['simple_value', 'text'\]"),
    ],
)
def test_a_value_is_exactly_one_thing(tmp_path, value, got):
    with (
        FileWriter(tmp_path) as writer,
        pytest.raises(ValueError, match=f"summary value 'x'.*{got}"),
    ):
        writer.add_summary(Summary([value]), 1)
    assert not event_files(tmp_path)


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="Event has no field 'sumary'"):
        tf.summary.Event().HasField("sumary")


def test_what_is_missing_or_damaged_says_where(tmp_path):
    with pytest.raises(errors.NotFoundError, match="nothing"):
        list(tf.summary.summary_iterator(tmp_path / "nothing"))
    with FileWriter(tmp_path) as writer:
        writer.add_summary(scalar_event("loss", 0.5), 1)
    path = Path(event_files(tmp_path)[0])
    good = path.read_bytes()
    second = 12 + 24 + 4  # behind the version
    path.write_bytes(good[: second + 20] + bytes([good[second + 20] ^ 1]) + good[second + 21 :])
    found = []
    with pytest.raises(errors.DataLossError) as caught:
        found.extend(tf.summary.summary_iterator(path))
    text = str(caught.value)
    assert f"event file {path}, record at byte {second}: expected the masked crc32c " in text
    assert " of its payload, got " in text
    path.write_bytes(good[:-1])
    assert [event.file_version for event in tf.summary.summary_iterator(path)] == ["brain.Event:2"]


def test_a_disk_that_refuses_is_one_warning_and_a_count(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    writer = FileWriter(tmp_path / "file" / "logs")
    for step in range(3):
        writer.add_summary(scalar_event("a", 1.0), step)
        writer.flush()
    writer.close()
    assert writer.lost_events == 3
    (warning,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "open: Not a directory; training goes on" in warning.getMessage()


# What a model_fn registers


def noting_model(features, labels, mode, params):
    spec = line_model(features, labels, mode, params)
    tf.summary.scalar("twice the loss", 2 * spec.loss)
    with tf.name_scope("inside"):
        tf.summary.histogram("x", features["x"])
        tf.summary.text("note", tf.constant("**bold**"))
    tf.summary.scalar("count", tf.constant(3), family="things")
    return spec


def test_summaries_of_a_model_fn_are_recorded(tmp_path):
    line(tmp_path, noting_model, save_summary_steps=2).train(line_data, steps=4)
    by_step = {(step, value.tag): value for step, value in values(tmp_path)}
    assert {step for step, _ in by_step} == {1, 3}
    # w = b = 0, so that the first loss is the mean of (2 x + 1)^2.
    loss = np.mean((2 * X + 1) ** 2)
    assert by_step[1, "loss"].simple_value == loss
    assert by_step[1, "twice_the_loss"].simple_value == 2 * loss
    assert by_step[3, "inside/note"].text == b"**bold**"
    assert by_step[3, "things/count"].simple_value == 3
    histogram = by_step[3, "inside/x"].histo
    assert (histogram.min, histogram.max, histogram.num) == (0, 3, 4)
    assert (histogram.sum, histogram.sum_squares) == (X.sum(), np.square(X).sum())
    assert sum(histogram.bucket) == 4
    assert histogram.bucket_limit == sorted(histogram.bucket_limit)
    assert histogram.bucket_limit[-1] >= 3


def test_a_loss_of_ones_own_is_not_recorded_twice(tmp_path):
    def model(features, labels, mode, params):
        spec = line_model(features, labels, mode, params)
        tf.summary.scalar("loss", spec.loss + 100)
        return spec

    line(tmp_path, model).train(line_data, steps=1)
    assert [v > 100 for _, v in scalars(tmp_path)["loss"]] == [True]


def test_what_is_no_summary_is_refused():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match=r"summary.scalar 'a': expected a scalar; got shape"):
            tf.summary.scalar("a", tf.constant([1.0]))
        with pytest.raises(ValueError, match=r"summary.scalar 'a': expected a number; got a str"):
            tf.summary.scalar("a", tf.constant("b"))
        with pytest.raises(ValueError, match=r"summary.text 'a': expected one string; got float32"):
            tf.summary.text("a", tf.constant(1.0))


# Training

LAYERS = [f"dnn/dnn/{layer}" for layer in ("hiddenlayer_0", "hiddenlayer_1", "logits")]
TAGS = {
    "loss",
    "average_loss",
    *(f"{layer}/{what}" for layer in LAYERS for what in ("fraction_of_zero_values", "activation")),
}


def config(**more):
    return tf.estimator.RunConfig(tf_random_seed=7, durability="process", **more)


def test_a_canned_estimator_records_tensorflows_tags_at_tensorflows_steps(tmp_path):
    estimator = classifier(tmp_path, config=config(save_summary_steps=3, log_step_count_steps=2))
    estimator.train(input_fn(), steps=5)
    found = steps_by_tag(tmp_path)
    assert found.pop("global_step/sec") == [3, 5]
    assert found == {tag: [1, 4] for tag in TAGS}
    estimator.train(input_fn(), steps=5)  # steps 1, 1 + 3, ... of this call
    found = steps_by_tag(tmp_path)
    assert found.pop("global_step/sec") == [3, 5, 8, 10]
    assert found == {tag: [1, 4, 6, 9] for tag in TAGS}


def test_the_numbers_are_those_of_the_training(tmp_path):
    fetched = []

    class Fetch(tf.train.SessionRunHook):
        def before_run(self, run_context):
            graph = run_context.session.graph
            names = [name for name in layers if graph.core.find(name) >= 0]
            return tf.train.SessionRunArgs([graph.get_tensor_by_name(name) for name in names])

        def after_run(self, run_context, run_values):
            fetched.append(run_values.results[0])

    layers = ["dnn/hiddenlayer_0/Relu", "dnn/dnn/hiddenlayer_0/Relu"]
    estimator = classifier(tmp_path, config=config(save_summary_steps=1))
    estimator.train(input_fn(), steps=3, hooks=[Fetch()])
    by_step = {(step, value.tag): value for step, value in values(tmp_path)}
    for step, hidden in enumerate(fetched, start=1):
        zeros = by_step[step, "dnn/dnn/hiddenlayer_0/fraction_of_zero_values"]
        assert zeros.simple_value == np.float32(np.mean(hidden == 0))
        histogram = by_step[step, "dnn/dnn/hiddenlayer_0/activation"].histo
        assert (histogram.min, histogram.max) == (hidden.min(), hidden.max())
        assert histogram.num == hidden.size
        assert histogram.sum == pytest.approx(hidden.astype(float).sum(), rel=1e-12)
        loss = by_step[step, "loss"].simple_value
        assert by_step[step, "average_loss"].simple_value == pytest.approx(loss / 10, rel=1e-6)
    assert len(fetched) == 3


def test_summaries_change_no_bit_of_the_training(tmp_path):
    classifier(tmp_path / "a", config=config(save_summary_steps=2)).train(input_fn(), steps=21)
    classifier(tmp_path / "b", config=config(**QUIET)).train(input_fn(), steps=21)
    assert state_of(tmp_path / "a") == state_of(tmp_path / "b")


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path):
    classifier(tmp_path, config=config(**QUIET)).train(input_fn(), steps=3)
    assert not event_files(tmp_path)


@pytest.mark.parametrize(
    ("more", "tags"),
    [
        ({"save_summary_steps": None, "log_step_count_steps": 1}, {"global_step/sec"}),
        ({"save_summary_steps": 1, "log_step_count_steps": None}, {"loss"}),
    ],
)
def test_each_of_the_two_cadences_can_be_switched_off(tmp_path, more, tags):
    line(tmp_path, **more).train(line_data, steps=3)
    assert set(steps_by_tag(tmp_path)) == tags


def test_a_training_session_is_told_in_the_file(tmp_path):
    estimator = line(tmp_path)
    estimator.train(line_data, steps=2)
    estimator.train(line_data, steps=2)
    assert len(event_files(tmp_path)) == 1
    found = events(tmp_path)
    assert found[1].session_log.status == SessionLog.START  # right behind the version
    assert starts(tmp_path) == [1, 3]
    saves = [
        (event.step, event.session_log.checkpoint_path)
        for event in found
        if event.session_log and event.session_log.status == SessionLog.CHECKPOINT
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


# Hooks


def test_summary_saver_hook_records_what_it_is_told(tmp_path):
    def model(features, labels, mode, params):
        spec = line_model(features, labels, mode, params)
        first = tf.summary.scalar("first", 2 * spec.loss)
        tf.summary.scalar("second", 3 * spec.loss)
        hooks = [
            tf.estimator.SummarySaverHook(2, output_dir=str(tmp_path / "all")),
            tf.estimator.SummarySaverHook(3, summary_writer=writer, summary_op=first),
        ]
        return spec._replace(training_hooks=hooks)

    with FileWriter(tmp_path / "one") as writer:
        line(tmp_path / "m", model, **QUIET).train(line_data, steps=5)
    assert steps_by_tag(tmp_path / "all") == {tag: [1, 3, 5] for tag in ("first", "second")}
    assert steps_by_tag(tmp_path / "one") == {"first": [1, 4]}
    assert not event_files(tmp_path / "m")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "save_steps must be a positive number"),
        ({"save_steps": 0}, "save_steps must be a positive number"),
        ({"save_secs": 1.0}, "save_secs None, got save_steps=None and save_secs=1.0"),
        ({"save_steps": 1}, "exactly one of output_dir and summary_writer"),
    ],
)
def test_summary_saver_hook_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        tf.train.SummarySaverHook(**arguments)


def test_step_counter_hook_records_the_speed(tmp_path):
    hook = tf.train.StepCounterHook(every_n_steps=2, output_dir=str(tmp_path / "speed"))
    line(tmp_path / "m", **QUIET).train(line_data, steps=5, hooks=[hook])
    assert steps_by_tag(tmp_path / "speed") == {"global_step/sec": [3, 5]}
    with FileWriter(tmp_path) as writer, pytest.raises(ValueError, match="not both"):
        tf.train.StepCounterHook(output_dir="x", summary_writer=writer)


# Evaluation


def test_every_metric_of_an_evaluation_is_recorded(tmp_path):
    estimator = classifier(tmp_path)
    estimator.train(input_fn(), steps=2)
    first = estimator.evaluate(input_fn(), steps=2)
    estimator.train(input_fn(), steps=3)
    second = estimator.evaluate(input_fn(), steps=2)
    assert scalars(tmp_path / "eval") == {
        name: [(2, np.float32(first[name])), (5, np.float32(second[name]))]
        for name in first
        if name != "global_step"
    }
    texts = [value.text for _, value in values(tmp_path / "eval") if value.text is not None]
    assert texts == [str(tmp_path / f"model.ckpt-{step}").encode() for step in (2, 5)]
    assert len(event_files(tmp_path / "eval")) == 1
    estimator.evaluate(input_fn(), steps=1, name="held out")
    assert set(scalars(tmp_path / "eval_held out")) == set(first) - {"global_step"}


def test_an_evaluation_that_cannot_be_recorded_is_a_warning(tmp_path, caplog):
    estimator = line(tmp_path).train(line_data, steps=1)
    (tmp_path / "eval_x").write_text("in the way")
    assert estimator.evaluate(line_data, steps=1, name="x")["global_step"] == 1
    assert "training goes on, and what TensorBoard would show" in caplog.text
