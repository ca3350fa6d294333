"""T8: hand-made hostile checkpoints, opened from Python and from C++.

Each gives its documented error, of the same class, code and text in both, within 100 ms of
processor time and 32 MiB of memory beyond the size of its manifest; or loads, where it only looks
hostile. Shows that it can fail: it found bools of 2 that passed, messages that were no UTF-8, and
shapes whose bytes overflow.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cpp_tool
import hostile_cases
import numpy as np
from campaign import Campaign, Outcome, Setting
from hostile_changes import SHARD, Case

from holdfast import _core

_MOST_MS = 100.0
_MOST_KIB = 32 << 10
_TRIES = 5  # a loaded machine disturbs processor time, too: the best of so many counts
_HERE = Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class _Prepared:
    case: Case
    path: Path
    bytes: int  # of the manifest

    def arguments(self) -> list[str]:
        cut = self.case.cut_after_open
        return [str(self.path)] if cut is None else [str(self.path), SHARD, str(cut)]


def _whole(folder: Path) -> Path:
    """Four tensors of one step: bools, floats, strings and global_step."""
    tensors = {
        "flags": np.array([True, False, True]),
        "w": np.array([[0.5, 1.5], [-2.0, 0.0]], np.float32),
        "words": np.array(["one", "drei"], object),
    }
    with_state = ('{"user":{"a":[1]}}', '{"head":null}')
    return Path(_core.CheckpointWriter(str(folder / "whole")).save(tensors, 7, *with_state))


def _prepare(program: Path, cases: list[Case], folder: Path) -> list[_Prepared]:
    """Makes a directory for each case."""
    whole = _whole(folder)
    prepared = []
    for number, case in enumerate(cases):
        path = folder / f"{number}" / "model.ckpt-7"
        shutil.copytree(whole, path)
        case.make(path)
        if case.cut_after_open is not None:
            os.chmod(path / SHARD, 0o600)
        manifest = path / "manifest.json"
        size = manifest.stat().st_size if manifest.is_file() else 0
        prepared.append(_Prepared(case, path, size))
    sealed = [str(one.path) for one in prepared if one.case.sealed]
    subprocess.run([str(program), "seal", *sealed], check=True)
    return prepared


def _from_cpp(program: Path, one: _Prepared) -> dict[str, Any]:
    command = [str(program), "open", *one.arguments()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"kind": "crash", "code": done.returncode, "text": done.stderr, "cpu_ms": 0.0}
    return dict(json.loads(done.stdout))


def _from_python(prepared: list[_Prepared]) -> list[dict[str, Any]]:
    lines = [
        json.dumps(
            [
                str(one.path),
                SHARD if one.case.cut_after_open is not None else None,
                one.case.cut_after_open,
            ]
        )
        for one in prepared
    ]
    done = subprocess.run(
        [sys.executable, str(_HERE / "hostile_reader.py")],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _violations(one: _Prepared, cpp: dict[str, Any], python: dict[str, Any]) -> list[str]:
    found = []
    case = one.case
    if cpp["kind"] != case.kind or case.says not in cpp["text"]:
        found.append(f"expected {case.kind or 'it to load'}, {case.says!r}; C++ says {_shown(cpp)}")
    for key in ("kind", "code", "text"):
        if cpp[key] != python[key]:
            found.append(f"{key} differs: C++ says {_shown(cpp)}, Python says {_shown(python)}")
            break
    for name, line in (("C++", cpp), ("Python", python)):
        if line["cpu_ms"] > _MOST_MS:
            found.append(f"{line['cpu_ms']:.0f} ms from {name}")
        extra = line.get("extra_kib", 0) - one.bytes // 1024
        if extra > _MOST_KIB:
            found.append(f"{extra} KiB beyond the manifest from {name}")
    return [f"{case.name}: {text}" for text in found]


def _shown(line: dict[str, Any]) -> str:
    return f"{line['kind'] or 'nothing'}: {line['text'][:400]}"


def _look(program: Path, prepared: list[_Prepared]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    from_python = _from_python(prepared)
    from_cpp = []
    for one in prepared:
        if one.case.cut_after_open is not None:
            _restore(one.path)
        from_cpp.append(_from_cpp(program, one))
    return list(zip(from_cpp, from_python, strict=True))


def _restore(path: Path) -> None:
    """Undoes the cut of the last look."""
    whole = path.parents[1] / "whole" / path.name / SHARD
    os.unlink(path / SHARD)
    shutil.copyfile(whole, path / SHARD)


def run(setting: Setting) -> Outcome:
    """All cases; what is too slow or too large is looked at again."""
    cases = hostile_cases.ALL
    program = cpp_tool.program()
    prepared = _prepare(program, cases, setting.folder)
    looks = _look(program, prepared)
    violations: list[str] = []
    worst: dict[str, tuple[float, str]] = {"cpu_ms": (0.0, ""), "extra_kib": (0.0, "")}
    for index, one in enumerate(prepared):
        found = _violations(one, *looks[index])
        for _ in range(_TRIES - 1):
            if not found:
                break
            if one.case.cut_after_open is not None:
                _restore(one.path)
            looks[index] = _look(program, [one])[0]
            found = _violations(one, *looks[index])
        violations += found
        for line in looks[index]:
            extra = line.get("extra_kib", 0) - one.bytes // 1024
            for key, value in (("cpu_ms", round(line["cpu_ms"], 1)), ("extra_kib", extra)):
                worst[key] = max(worst[key], (value, one.case.name))
    kinds = {
        kind or "loads": sum(case.kind == kind for case in cases)
        for kind in {case.kind for case in cases}
    }
    return Outcome(
        cases=len(cases), violations=violations, details={"worst": worst, "kinds": kinds}
    )


CAMPAIGN = Campaign(
    id="T8",
    name="hand-made hostile checkpoints, opened from Python and from C++",
    unit="directories",
    sizes={"change": 0, "nightly": 0, "release": 0},
    run=run,
)
