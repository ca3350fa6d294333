"""What a Saver is told: how to save and keep, what to save, and which clock to go by."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

from holdfast.train._retention import Retention


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clock:
    """Passed in by tests.

    Args:
      seconds: For intervals.
      unix_seconds: For the age of checkpoints.
      sleep: Waits so many seconds.
    """

    seconds: Callable[[], float] = time.monotonic
    unix_seconds: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclasses.dataclass(frozen=True, kw_only=True)
class SaverOptions:
    """How the checkpoints of a run are written and kept. See RunConfig for each field."""

    retention: Retention = dataclasses.field(default_factory=Retention)
    durability: str = "full"
    nonfinite: str = "warn"
    save_retries: int = 2
    max_failed_saves: int = 3
    async_save: bool = False
    async_on_busy: str = "wait"
    threads: int = 0
    break_lock: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class SavedState:
    """What goes into a checkpoint beside the tensors.

    Args:
      model: The manifest's "model".
      state: Makes the manifest's "state" of the moment, without what the trainer adds.
      train_seconds: Seconds of training before this run.
      restored_from: The checkpoint this run continues from.
      restored_unix_ms: When that one was written: the save interval counts from there, so that a
        run which is killed again and again before an interval is over saves all the same.
      found_seq: newest_seq of model_dir before the run chose what to restore; None: not looked.
      set_aside: Damaged checkpoints of model_dir, newer than the restored one.
      rejected: Unusable checkpoints of model_dir, which the run starts over beside.
    """

    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    state: Callable[[], Mapping[str, Any]] = dict
    train_seconds: float = 0.0
    restored_from: str | None = None
    restored_unix_ms: int | None = None
    found_seq: int | None = None
    set_aside: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
