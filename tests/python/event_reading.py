"""What event files hold, for tests: curves, session logs, texts."""

import pathlib

import holdfast as tf


def event_files(directory):
    """The event files of one directory, in the order in which TensorBoard reads them."""
    return sorted(str(path) for path in pathlib.Path(directory).glob("events.out.tfevents.*"))


def events(directory):
    """All events of a directory in order."""
    return [event for path in event_files(directory) for event in tf.summary.summary_iterator(path)]


def values(directory):
    """(step, value) of every value, in order."""
    return [(e.step, v) for e in events(directory) if e.summary for v in e.summary.value]


def scalars(directory):
    """{tag: [(step, number), ...]}."""
    curves = {}
    for step, value in values(directory):
        if value.HasField("simple_value"):
            curves.setdefault(value.tag, []).append((step, value.simple_value))
    return curves


def steps_by_tag(directory):
    """{tag: [step, ...]} of values of all kinds."""
    found = {}
    for step, value in values(directory):
        found.setdefault(value.tag, []).append(step)
    return found


def starts(directory):
    """Steps of the START session logs."""
    start = tf.summary.SessionLog.START
    return [e.step for e in events(directory) if e.session_log and e.session_log.status == start]
