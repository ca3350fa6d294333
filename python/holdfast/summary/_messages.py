"""Events and summaries as Python values, under the names of TensorFlow's messages.

Source: tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from holdfast import _core


@dataclasses.dataclass
class HistogramProto:
    """A distribution: bucket[i] values lie below bucket_limit[i] and not below the limit before."""

    min: float = 0.0
    max: float = 0.0
    num: float = 0.0
    sum: float = 0.0
    sum_squares: float = 0.0
    bucket_limit: Sequence[float] = ()
    bucket: Sequence[float] = ()


class _Message:
    def HasField(self, name: str) -> bool:  # noqa: N802 (a name of protobuf)
        """Returns whether a field was given. Raises: ValueError for a name there is not."""
        if not hasattr(self, name):
            raise ValueError(f"{type(self).__name__} has no field {name!r}")
        return getattr(self, name) is not None


@dataclasses.dataclass
class SummaryValue(_Message):
    """One value under a tag; exactly one of the others is given.

    Attributes:
      tag: What it is called.
      simple_value: A number, stored as float32.
      histo: A distribution.
      text: UTF-8 bytes, shown as Markdown. Not a field of TensorFlow's: its text is a tensor.
    """

    tag: str
    simple_value: float | None = None
    histo: HistogramProto | None = None
    text: bytes | None = None


class Summary(_Message):
    """Values of one moment: `Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])`."""

    Value = SummaryValue

    def __init__(self, value: Sequence[SummaryValue] = ()) -> None:
        self.value = list(value)

    def __repr__(self) -> str:
        return f"Summary(value={self.value!r})"


@dataclasses.dataclass
class SessionLog(_Message):
    """What happened to the run: START, STOP or CHECKPOINT."""

    STATUS_UNSPECIFIED = 0
    START = 1
    STOP = 2
    CHECKPOINT = 3

    status: int = STATUS_UNSPECIFIED
    checkpoint_path: str = ""


@dataclasses.dataclass
class Event(_Message):
    """One record of an event file; fields that it does not have are None.

    Attributes:
      wall_time: Seconds since 1970; 0 is filled in when it is written.
      step: The global step.
      file_version: Of the first event of a file.
      graph_def: An encoded GraphDef.
      summary: Values.
      session_log: What happened to the run.
    """

    wall_time: float = 0.0
    step: int = 0
    file_version: str | None = None
    graph_def: bytes | None = None
    summary: Summary | None = None
    session_log: SessionLog | None = None


_STATUS = {
    0: _core.SessionLog.Status.UNSPECIFIED,
    1: _core.SessionLog.Status.START,
    2: _core.SessionLog.Status.STOP,
    3: _core.SessionLog.Status.CHECKPOINT,
}
_STATUS_NUMBER = {status: number for number, status in _STATUS.items()}


def to_core(event: Event) -> _core.Event:
    """Returns the event that a writer takes."""
    core = _core.Event()
    core.wall_time, core.step = float(event.wall_time), int(event.step)
    core.graph_def = event.graph_def or b""
    core.file_version = event.file_version or ""
    core.values = [_value_to_core(value) for value in (event.summary or Summary()).value]
    if event.session_log is not None:
        log = _core.SessionLog()
        log.status = _STATUS[event.session_log.status]
        log.checkpoint_path = event.session_log.checkpoint_path
        core.session_log = log
    return core


def _value_to_core(value: SummaryValue) -> _core.SummaryValue:
    given = [name for name in ("simple_value", "histo", "text") if value.HasField(name)]
    if len(given) != 1:
        raise ValueError(
            f"summary value {value.tag!r}: expected one of simple_value, histo and text; "
            f"got {given or 'none'}"
        )
    core = _core.SummaryValue()
    core.tag = str(value.tag)
    if value.simple_value is not None:
        core.kind, core.scalar = _core.SummaryKind.SCALAR, float(np.float32(value.simple_value))
    elif value.histo is not None:
        core.kind, core.histogram = _core.SummaryKind.HISTOGRAM, _histogram_to_core(value.histo)
    else:
        core.kind, core.text = _core.SummaryKind.TEXT, value.text or b""
    return core


def _histogram_to_core(value: HistogramProto) -> _core.HistogramValue:
    core = _core.HistogramValue()
    for field in dataclasses.fields(HistogramProto):
        stored: Any = getattr(value, field.name)
        setattr(core, field.name, list(stored) if field.name.startswith("bucket") else stored)
    return core


def from_core(core: _core.Event) -> Event:
    """Returns the event that a reader has found."""
    log = core.session_log
    number = _STATUS_NUMBER[log.status]
    values = core.values
    return Event(
        wall_time=core.wall_time,
        step=core.step,
        file_version=core.file_version or None,
        graph_def=core.graph_def or None,
        summary=Summary([_value_from_core(value) for value in values]) if values else None,
        session_log=SessionLog(number, log.checkpoint_path) if number else None,
    )


def _value_from_core(core: _core.SummaryValue) -> SummaryValue:
    if core.kind == _core.SummaryKind.SCALAR:
        return SummaryValue(core.tag, simple_value=core.scalar)
    if core.kind == _core.SummaryKind.HISTOGRAM:
        found = core.histogram
        return SummaryValue(
            core.tag,
            histo=HistogramProto(
                **{f.name: getattr(found, f.name) for f in dataclasses.fields(HistogramProto)}
            ),
        )
    if core.kind == _core.SummaryKind.TEXT:
        return SummaryValue(core.tag, text=core.text)
    return SummaryValue(core.tag)
