"""T18: files of a model_dir deleted and garbled, directories moved: no call starts from scratch.

What each call must answer stands in one table. Weights, losses and predictions are compared with
those of a training that nobody disturbed, so that a call on initial values would be found at once.
Shown to fail by letting StartingPoint begin anew where no checkpoint can be used (19 of 150 cases),
by passing over damage under on_corrupt="error" (25), and by setting nothing aside (13).
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import line_estimator
import numpy as np
from campaign import Campaign, Outcome, Setting

from holdfast import errors

_STEPS = (3, 6, 9)  # of the checkpoints there are; none of step 0
_MORE = 2  # steps of a call of train
_PARTS = ("checkpoint.json", "COMMIT", "manifest.json", "data-00000-of-00001.bin")

# How a file is spoilt. Whatever is cut short looks as if its save had never finished.
_CUTS: dict[str, Callable[[bytes, random.Random], bytes | None]] = {
    "deleted": lambda old, rng: None,
    "emptied": lambda old, rng: b"",
    "cut": lambda old, rng: old[: rng.randrange(1, len(old))],
}
_GARBLES: dict[str, Callable[[bytes, random.Random], bytes | None]] = {
    "one bit flipped": lambda old, rng: _flipped(old, rng),
    "one byte changed": lambda old, rng: _changed(old, rng),
    "a block zeroed": lambda old, rng: _zeroed(old, rng),
}
_WAYS = {**_CUTS, **_GARBLES}

# The states of a checkpoint that a reader can tell apart.
_WHOLE, _UNFINISHED, _DAMAGED = "whole", "unfinished", "damaged"

_CALLS = ("train", "train error", "train fresh", "evaluate", "evaluate previous", "predict")


@dataclasses.dataclass(frozen=True)
class _Expected:
    """The step that a call starts from, or the error it raises."""

    step: int | None = None
    error: type[errors.OpError] | None = None


_NEWEST, _PREVIOUS, _FRESH = _Expected(9), _Expected(6), _Expected(0)
_CORRUPT = _Expected(error=errors.CheckpointCorruptError)

# (state of the newest, state of the others) -> what each of _CALLS does.
_TABLE: dict[tuple[str, str], dict[str, _Expected]] = {
    (_WHOLE, _WHOLE): dict.fromkeys(_CALLS, _NEWEST),
    (_UNFINISHED, _WHOLE): dict.fromkeys(_CALLS, _PREVIOUS),
    (_DAMAGED, _WHOLE): {
        "train": _PREVIOUS,
        "train error": _CORRUPT,
        "train fresh": _PREVIOUS,
        "evaluate": _CORRUPT,
        "evaluate previous": _PREVIOUS,
        "predict": _CORRUPT,
    },
    (_UNFINISHED, _UNFINISHED): {**dict.fromkeys(_CALLS, _CORRUPT), "train fresh": _FRESH},
    (_DAMAGED, _DAMAGED): {**dict.fromkeys(_CALLS, _CORRUPT), "train fresh": _FRESH},
}


@dataclasses.dataclass(frozen=True)
class _Case:
    """One disturbance and one call.

    Attributes:
      text: What was done, for the report.
      disturb: Does it to a model_dir; returns where the model_dir is then.
      newest: The state of the newest checkpoint then.
      others: The state of the others.
      call: One of _CALLS.
    """

    text: str
    disturb: Callable[[Path, random.Random], Path]
    newest: str
    others: str
    call: str

    @property
    def expected(self) -> _Expected:
        return _TABLE[self.newest, self.others][self.call]


def _flipped(old: bytes, rng: random.Random) -> bytes:
    new = bytearray(old)
    new[rng.randrange(len(new))] ^= 1 << rng.randrange(8)
    return bytes(new)


def _changed(old: bytes, rng: random.Random) -> bytes:
    new = bytearray(old)
    new[rng.randrange(len(new))] ^= rng.randrange(1, 256)
    return bytes(new)


def _zeroed(old: bytes, rng: random.Random) -> bytes:
    # At least one byte of it is not zero before, or nothing would have changed.
    at = rng.choice([i for i, byte in enumerate(old) if byte])
    # Within a line: a COMMIT that lacks one was never finished.
    line_end = old.find(b"\n", at)
    end = min(at + 64, len(old) if line_end < at else max(line_end, at + 1))
    return old[:at] + bytes(end - at) + old[end:]


def _spoil(parts: tuple[str, ...], way: str, steps: tuple[int, ...]) -> Any:
    def disturb(model_dir: Path, rng: random.Random) -> Path:
        for part in parts:
            folders = [model_dir / f"model.ckpt-{step}" for step in steps]
            for folder in [model_dir] if part == "checkpoint.json" else folders:
                path = folder / part
                new = _WAYS[way](path.read_bytes(), rng)
                path.chmod(0o644)
                path.unlink()
                if new is not None:
                    path.write_bytes(new)
        return model_dir

    return disturb


def _state(parts: tuple[str, ...], way: str) -> str:
    if set(parts) <= {"checkpoint.json"}:
        return _WHOLE
    # Without a whole COMMIT nobody can tell what else is wrong.
    return _UNFINISHED if "COMMIT" in parts and way in _CUTS else _DAMAGED


def _move(model_dir: Path, rng: random.Random) -> Path:
    return model_dir.rename(model_dir.parent / f"{model_dir.name}-moved")


def _copy(model_dir: Path, rng: random.Random) -> Path:
    copied = model_dir.parent / f"{model_dir.name}-copied"
    shutil.copytree(model_dir, copied)
    shutil.rmtree(model_dir)
    return copied


def _link(model_dir: Path, rng: random.Random) -> Path:
    link = model_dir.parent / f"{model_dir.name}-link"
    link.symlink_to(model_dir, target_is_directory=True)
    return link


def _renamed_checkpoint(model_dir: Path, rng: random.Random) -> Path:
    (model_dir / "model.ckpt-9").rename(model_dir / f"model.ckpt-{rng.randrange(10, 1000)}")
    return model_dir


def _copied_checkpoint(model_dir: Path, rng: random.Random) -> Path:
    shutil.copytree(model_dir / "model.ckpt-3", model_dir / f"model.ckpt-{rng.randrange(10, 1000)}")
    return model_dir


def _swapped_checkpoints(model_dir: Path, rng: random.Random) -> Path:
    (model_dir / "model.ckpt-9").rename(model_dir / "aside")
    (model_dir / "model.ckpt-6").rename(model_dir / "model.ckpt-9")
    (model_dir / "aside").rename(model_dir / "model.ckpt-6")
    return model_dir


def _put_aside(model_dir: Path, rng: random.Random) -> Path:
    (model_dir / "model.ckpt-9").rename(model_dir / ".old-model.ckpt-9-0123456789abcdef")
    return model_dir


def _interrupted_copy(model_dir: Path, rng: random.Random) -> Path:
    copied = model_dir / "model.ckpt-50"
    shutil.copytree(model_dir / "model.ckpt-9", copied)
    (copied / "COMMIT").unlink()
    return model_dir


# The run saves its first state under a name that is taken: by a checkpoint of another step, or by
# its own. It is replaced, once the new one is durable.
_REPLACING = (_swapped_checkpoints, _put_aside)

_PLACES: dict[str, Callable[[Path, random.Random], Path]] = {
    "model_dir moved": _move,
    "model_dir copied": _copy,
    "model_dir behind a link": _link,
    "newest checkpoint renamed to a later step": _renamed_checkpoint,
    "oldest checkpoint copied to a later step": _copied_checkpoint,
    "two checkpoints with each other's name": _swapped_checkpoints,
    "newest checkpoint put aside by an interrupted exchange": _put_aside,
    "a copy of the newest checkpoint without COMMIT": _interrupted_copy,
}


def _cases() -> Iterator[_Case]:
    subsets = [c for n in range(1, 5) for c in itertools.combinations(_PARTS, n)]
    for parts, way, call in itertools.product(subsets, _WAYS, _CALLS):
        state = _state(parts, way)
        for who, steps in (("the newest", _STEPS[-1:]), ("every", _STEPS)):
            text = f"{' and '.join(parts)} of {who} checkpoint {way}"
            others = state if who == "every" else _WHOLE
            yield _Case(text, _spoil(parts, way, steps), state, others, call)
    for text, disturb in _PLACES.items():
        for call in _CALLS:
            yield _Case(text, disturb, _WHOLE, _WHOLE, call)


class _Reference:
    """What every call must give at every step, from a training that nobody disturbs."""

    def __init__(self, folder: Path) -> None:
        self.states: dict[int, dict[str, bytes]] = {}
        self.losses: dict[int, float] = {}
        self.predictions: dict[int, np.ndarray[Any, Any]] = {}
        whole = line_estimator.estimator(folder, save_checkpoints_steps=1, keep_checkpoint_max=0)
        whole.train(line_estimator.data, steps=_STEPS[-1] + _MORE)
        for step in range(_STEPS[-1] + _MORE + 1):
            path = folder / f"model.ckpt-{step}"
            self.states[step] = line_estimator.state(path)
            results = whole.evaluate(_once, checkpoint_path=path)
            self.losses[step] = float(results["loss"])
            self.predictions[step] = _predicted(whole.predict(_once, checkpoint_path=str(path)))


def _once() -> Any:
    return line_estimator.data(1)


def _predicted(examples: Any) -> np.ndarray[Any, Any]:
    return np.array([example["y"] for example in examples])


def _answer(case: _Case, model_dir: Path, reference: _Reference) -> str | None:
    """Makes the call; returns what is wrong with its answer."""
    kind, _, policy = case.call.partition(" ")
    config: dict[str, Any] = {"on_corrupt": policy} if policy in ("error", "previous") else {}
    if policy == "fresh":
        config["allow_fresh_start"] = True
    estimator = line_estimator.estimator(model_dir, **config)
    wanted = case.expected.step
    try:
        if kind == "train":
            estimator.train(line_estimator.data, steps=_MORE)
        elif kind == "evaluate":
            results = estimator.evaluate(_once)
        else:
            predictions = _predicted(estimator.predict(_once))
    except errors.OpError as error:
        if case.expected.error is not None and type(error) is case.expected.error:
            return None
        return f"raised {type(error).__name__}: {error}"
    if wanted is None:
        assert case.expected.error is not None
        return f"answered, instead of {case.expected.error.__name__}"
    if kind == "train":
        same = line_estimator.state(model_dir) == reference.states[wanted + _MORE]
    elif kind == "evaluate":
        same = (results["global_step"], float(results["loss"])) == (
            wanted,
            reference.losses[wanted],
        )
    else:
        same = np.array_equal(predictions, reference.predictions[wanted])
    began = estimator.restore_report["step"]
    return None if same and began == wanted else f"began at step {began}, not {wanted}, or is wrong"


def _contents(model_dir: Path) -> dict[str, bytes]:
    """Returns what a call that fails or only reads must leave: every file but the lock."""
    return {
        os.path.relpath(path, model_dir): path.read_bytes()
        for path in model_dir.rglob("*")
        if path.is_file() and path.name != ".holdfast-lock" and "eval" not in path.parts
    }


def _lost(case: _Case, before: dict[str, bytes], after: dict[str, bytes]) -> str | None:
    """Returns what the call did to the files that it may not do."""
    if case.call.startswith("train") and case.expected.error is None:
        # Damaged checkpoints stay under another name. An unfinished one may go, beside a whole one.
        if case.newest == _UNFINISHED and case.others == _WHOLE:
            return None
        if case.disturb in _REPLACING:
            return None
        shards = sorted(v for k, v in before.items() if k.endswith(".bin"))
        gone = [v for v in shards if v not in after.values()]
        return f"{len(gone)} shards are gone" if gone else None
    return None if before == after else "changed files of model_dir"


def _run(setting: Setting) -> Outcome:
    logger = logging.getLogger("holdfast")
    before_level = logger.level
    logger.setLevel(logging.CRITICAL)  # thousands of warnings, all of them wanted
    try:
        return _attack(setting)
    finally:
        logger.setLevel(before_level)


def _attack(setting: Setting) -> Outcome:
    rng = random.Random(setting.seed)
    cases = list(_cases())
    if setting.size and setting.size < len(cases):
        cases = rng.sample(cases, setting.size)
    reference = _Reference(setting.folder / "reference")
    template = setting.folder / "template"
    saving = {"save_checkpoints_steps": 3, "keep_checkpoint_max": len(_STEPS)}
    line_estimator.estimator(template, **saving).train(line_estimator.data, steps=_STEPS[-1])
    violations = []
    for number, case in enumerate(cases):
        place = setting.folder / str(number)
        shutil.copytree(template, place / "model")
        model_dir = case.disturb(place / "model", rng)
        before = _contents(model_dir)
        problem = _answer(case, model_dir, reference)
        problem = problem or _lost(case, before, _contents(model_dir))
        if problem:
            violations.append(f"case {number} ({case.text}; {case.call}): {problem}")
        shutil.rmtree(place)
    states = {f"{case.newest}/{case.others}" for case in cases}
    return Outcome(cases=len(cases), violations=violations, details={"states": sorted(states)})


CAMPAIGN = Campaign(
    id="T18",
    name="files of a model_dir deleted and garbled, directories moved: nothing starts from scratch",
    unit="cases",
    sizes={"change": 150, "nightly": 0, "release": 0},
    run=_run,
)
