"""What a campaign is: a named attack on checkpoints that counts its cases and its violations."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

Scale = Literal["change", "nightly", "release"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """One run of a campaign.

    Attributes:
      size: How much: kills, states, seconds, as the campaign says. 0: everything there is.
      seed: Of every random choice.
      folder: An empty directory to work in, removed afterwards.
    """

    size: int
    seed: int
    folder: Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run has seen.

    Attributes:
      cases: How many times the checkpoints were attacked and looked at.
      violations: One sentence for each time a promise was broken; enough to repeat it.
      details: Further figures, for the JSON line.
    """

    cases: int
    violations: list[str]
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign and its sizes.

    Attributes:
      id: Of the checkpoint specification: "T2".
      name: What is done, as the README's table says it: "an error at every call".
      unit: Of `cases`, in the plural: "kills".
      sizes: Setting.size for each scale. "change" takes seconds, "release" as long as it takes.
      run: Does it.
    """

    id: str
    name: str
    unit: str
    sizes: Mapping[Scale, int]
    run: Callable[[Setting], Outcome]
