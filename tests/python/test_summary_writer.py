"""FileWriter and summary_iterator: events written by hand and read back."""

import logging
from pathlib import Path

import numpy as np
import pytest
from event_reading import event_files, events, scalars

import holdfast as tf
from holdfast import errors

Summary, SessionLog, FileWriter = tf.summary.Summary, tf.summary.SessionLog, tf.summary.FileWriter
QUIET = {"save_summary_steps": 0, "log_step_count_steps": None}


def scalar_event(tag, value):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])


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
