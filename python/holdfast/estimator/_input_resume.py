"""Where a continued training starts in its input: the decision, as a pure function."""

from __future__ import annotations

import dataclasses
import json

INPUT_RESUME = ("continue", "restart", "error", "replay")

# Batches of a plain generator that are read again without being asked for.
REPLAY_LIMIT = 10_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Position:
    """Where a checkpoint was in its input.

    Attributes:
      consumed: Batches that its steps have seen.
      fingerprint: Of their source: names, sizes, dtypes, transformations.
      order: The key of their random order, as hexadecimal text; "" where nothing is shuffled.
    """

    consumed: int
    fingerprint: str
    order: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Start:
    """How the input of a continued training starts.

    Attributes:
      skip: Batches to pass over; 0: it starts from the beginning.
      text: What to tell about it.
      exact: Whether this continues the data where the checkpoint was, or is what was asked for.
        Else the user is warned, or `input_resume="error"` refuses.
    """

    skip: int
    text: str
    exact: bool


def position_of(state_json: str) -> Position | None:
    """Returns the position that a checkpoint's state holds; None if it holds none."""
    stored = json.loads(state_json).get("input")
    if stored is None:
        return None
    return Position(
        consumed=int(stored.get("consumed", 0)),
        fingerprint=str(stored.get("source_fingerprint", "")),
        order=str(stored.get("order_key", "")),
    )


def start_of(position: Position, now: Position, *, replays: bool, policy: str) -> Start:
    """Returns how training starts in an input, after a checkpoint's position in its own.

    Args:
      position: The checkpoint's.
      now: The beginning of the input of this call.
      replays: Whether passing over batches means making them: a plain generator's.
      policy: RunConfig.input_resume.
    """
    seen = position.consumed
    if seen == 0:
        return Start(skip=0, text="The checkpoint had seen no batch of its input.", exact=True)
    if policy == "restart":
        return Start(
            skip=0,
            text=f"The checkpoint had seen {seen} batches; the input starts from the beginning, "
            "as RunConfig(input_resume='restart') asks.",
            exact=True,
        )
    if position.fingerprint != now.fingerprint:
        return Start(
            skip=0,
            text=f"The input differs from the one of the checkpoint, which had seen {seen} batches "
            f"of {position.fingerprint}; this one is {now.fingerprint}",
            exact=False,
        )
    if position.order != now.order:
        return Start(
            skip=0,
            text="The input is shuffled in another order than that of the checkpoint, which had "
            f"seen {seen} batches: its key was {position.order or 'none'}, now it is "
            f"{now.order or 'none'}",
            exact=False,
        )
    if replays and policy != "replay" and seen > REPLAY_LIMIT:
        return Start(
            skip=0,
            text=f"The input comes from a generator, and {seen} batches are too many to read "
            "again; input_resume='replay' does so all the same, and a generator wrapped in "
            "data.resumable needs no reading",
            exact=False,
        )
    how = "is read again up to there" if replays else "continues after them"
    text = f"The checkpoint had seen {seen} batches of this input: it {how}."
    return Start(skip=seen, text=text, exact=True)
