"""holdfast inspect: what stands in a model_dir and in a checkpoint."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import holdfast as tf
from holdfast import _core
from holdfast.cli._app import app
from holdfast.cli._numbers import as_numbers, change, statistics


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def facts_of(*arguments: object, code: int = 0) -> dict[str, Any]:
    result = run("inspect", *arguments, "--json")
    assert result.exit_code == code, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """Checkpoints of steps 1 and 2, with the notes that retention would leave."""
    writer = _core.CheckpointWriter(str(tmp_path))
    tensors = {
        "bits": np.array([True, False, True, True]),
        "empty": np.zeros((0, 3), "float32"),
        "holes": np.array([np.nan, np.inf, -1.5, 2.5], "float32"),
        "ids": np.array([[3, -7], [0, 4]], "int64"),
        "nothing": np.array([np.nan], "float64"),
        "words": np.array(["ab", "c"], dtype=object),
    }
    state = json.dumps({"schedule": {"train_seconds": 2.5}, "user": {"note": "\x1b[31mred"}})
    for step in (1, 2):
        writer.save(tensors, step, state, json.dumps({"head": "binary"}))
    entries = [
        {
            "name": Path(info.path).name,
            "step": info.step,
            "commit_seq": info.commit_seq,
            "created_unix_ms": info.created_unix_ms,
            "keep": ["recent", "best:accuracy"] if info.step == 2 else ["pinned"],
        }
        for info in _core.list_checkpoints(str(tmp_path))
    ]
    writer.write_bookkeeping(json.dumps({"all": entries}))
    writer.close()
    return tmp_path


def damage(path: Path) -> None:
    path.chmod(0o644)
    stored = bytearray(path.read_bytes())
    stored[-1] ^= 1
    path.write_bytes(stored)


def test_the_checkpoints_are_listed_with_age_commit_and_why_they_stay(model_dir: Path) -> None:
    facts = facts_of(model_dir)
    assert facts["model_dir"] == str(model_dir)
    assert [c["step"] for c in facts["checkpoints"]] == [1, 2]
    assert [c["commit_seq"] for c in facts["checkpoints"]] == [1, 2]
    assert [c["kept"] for c in facts["checkpoints"]] == [["pinned"], ["recent", "best:accuracy"]]
    assert all(0 <= c["age_seconds"] < 600 for c in facts["checkpoints"])
    assert facts["checkpoint"]["path"] == str(model_dir / "model.ckpt-2")
    assert (facts["damaged"], facts["warning"]) == ([], None)
    text = run("inspect", model_dir).stdout
    assert re.search(r"model.ckpt-2 +recent, best:accuracy", text)
    assert re.search(r"\d s +[0-9.]+ KiB", text)


def test_tensors_have_figures_of_their_finite_elements(model_dir: Path) -> None:
    tensors = {t["name"]: t for t in facts_of(model_dir / "model.ckpt-1")["tensors"]}
    figures = {
        name: tuple(t[key] for key in ("min", "max", "mean", "nonfinite"))
        for name, t in tensors.items()
    }
    assert figures == {
        "bits": (False, True, 0.75, 0),
        "empty": (None, None, None, 0),
        "global_step": (1, 1, 1.0, 0),
        "holes": (-1.5, 2.5, 0.5, 2),
        "ids": (-7, 4, 0.0, 0),
        "nothing": (None, None, None, 1),
        "words": (None, None, None, 0),
    }
    assert tensors["words"]["bytes"] == 3 * 8 + 3
    text = run("inspect", model_dir / "model.ckpt-1").stdout
    assert re.search(r"holes +variable +float32 +\[4\] +16 B +-1.5 +2.5 +0.5 +2 *\n", text)
    assert "7 tensors, 16 elements" in text


def test_without_figures_nothing_is_read(model_dir: Path) -> None:
    damage(model_dir / "model.ckpt-2" / "data-00000-of-00001.bin")
    facts = facts_of(model_dir, "--no-stats")
    holes = next(t for t in facts["tensors"] if t["name"] == "holes")
    assert (holes["min"], holes["nonfinite"]) == (None, 2)  # counted when it was saved
    assert "mean" not in run("inspect", model_dir, "--no-stats").stdout


def test_state_and_model_are_shown_without_control_characters(model_dir: Path) -> None:
    facts = facts_of(model_dir)
    assert facts["state"]["user"]["note"] == "\x1b[31mred"
    assert facts["model"] == {"head": "binary"}
    text = run("inspect", model_dir).stdout
    assert re.search(r'schedule +\{"train_seconds": 2.5\}', text)
    assert all(c.isprintable() or c == "\n" for c in text)


def test_a_damaged_tensor_is_named_and_the_others_are_shown(model_dir: Path) -> None:
    damage(model_dir / "model.ckpt-2" / "data-00000-of-00001.bin")  # its last tensor
    facts = facts_of(model_dir, code=1)
    damaged = [t["name"] for t in facts["tensors"] if t["damage"]]
    assert len(damaged) == 1
    result = run("inspect", model_dir)
    assert result.exit_code == 1
    assert f"DAMAGED tensor {damaged[0]}: checkpoint " in result.stdout


def test_beside_a_damaged_newest_one_the_newest_whole_one_is_shown(model_dir: Path) -> None:
    damage(model_dir / "model.ckpt-2" / "manifest.json")
    facts = facts_of(model_dir, code=1)
    assert [Path(d["path"]).name for d in facts["damaged"]] == ["model.ckpt-2"]
    assert "manifest.json" in facts["damaged"][0]["reason"]
    assert facts["checkpoint"]["step"] == 1
    assert f"DAMAGED {model_dir / 'model.ckpt-2'}: " in run("inspect", model_dir).stdout


def test_when_none_is_whole_each_is_named_in_the_error(model_dir: Path) -> None:
    for step in (1, 2):
        damage(model_dir / f"model.ckpt-{step}" / "manifest.json")
    result = run("inspect", model_dir)
    assert result.exit_code == 4
    assert "Traceback" not in result.output
    assert "expected a usable checkpoint, got 2 that cannot be used:" in result.stderr


def test_a_damaged_checkpoint_json_costs_the_reasons_only(model_dir: Path) -> None:
    (model_dir / "checkpoint.json").write_text("{")
    facts = facts_of(model_dir)
    assert [c["kept"] for c in facts["checkpoints"]] == [[], []]
    assert "checkpoint.json" in facts["warning"]


def test_output_into_a_pipe_is_plain_whatever_the_names(tmp_path: Path) -> None:
    model_dir = tmp_path / "red\x1b[31m"
    tf.train.write_checkpoint(model_dir, {"a[bold]": np.zeros((40, 40))}, 3)
    program = "from holdfast.cli import main; main()"
    environment = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "COLUMNS")}
    for command in ("inspect", "verify"):
        done = subprocess.run(
            [sys.executable, "-c", program, command, str(model_dir)],
            capture_output=True,
            check=True,
            env={**environment, "TERM": "xterm-256color"},
        )
        text = done.stdout.decode()
        assert all(c.isprintable() or c == "\n" for c in text)
        assert "red\\x1b[31m" in text or command == "verify"
        assert done.stderr == b""


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_bfloat16_which_numpy_lacks_has_figures(tmp_path: Path) -> None:
    # 1.0, -2.0 and infinity are the upper halves of their float32; stored as uint16 and renamed.
    bits = [struct.unpack(">H", struct.pack(">f", v)[:2])[0] for v in (1.0, -2.0, np.inf)]
    path = Path(tf.train.write_checkpoint(tmp_path, {"w": np.array(bits, "uint16")}, 1))
    manifest = (path / "manifest.json").read_bytes().replace(b'"uint16"', b'"bfloat16"')
    lines = (path / "COMMIT").read_text().splitlines()
    lines[4:6] = [f"manifest_bytes {len(manifest)}", f"manifest_crc32c {crc32c(manifest):08x}"]
    text = "\n".join(lines[:6]) + "\n"
    for name, data in (
        ("manifest.json", manifest),
        ("COMMIT", f"{text}crc32c {crc32c(text.encode()):08x}\n".encode()),
    ):
        (path / name).chmod(0o644)
        (path / name).write_bytes(data)
    tensor = next(t for t in facts_of(path)["tensors"] if t["name"] == "w")
    assert (tensor["dtype"], tensor["min"], tensor["max"]) == ("bfloat16", -2.0, 1.0)
    assert (tensor["mean"], tensor["nonfinite"]) == (-0.5, 1)
    assert run("diff", path, path).exit_code == 0


def test_figures_do_not_depend_on_how_a_tensor_is_cut_into_blocks() -> None:
    old = np.arange(3_000_000, dtype=np.float32).reshape(1000, 3000)
    found = statistics(old)
    assert (found.min, found.max, found.mean) == (0.0, 2_999_999.0, 1_499_999.5)
    new = old.copy()
    new[[0, 500, 999], 7] += np.float32(3)
    difference = change(old, new)
    assert difference is not None
    assert (difference.elements, difference.of, difference.max_abs) == (3, 3_000_000, 3.0)
    assert difference.l2 == pytest.approx(np.sqrt(27))


def test_a_nan_that_came_has_no_distance() -> None:
    difference = change(np.array([1.0, 2.0]), np.array([np.nan, 2.5]))
    assert difference is not None
    assert (difference.elements, difference.max_abs, difference.l2) == (2, None, None)


def test_complex_numbers_have_distances_but_no_order() -> None:
    old = np.array([1 + 1j, np.nan], "complex64")
    assert statistics(old).min is None
    assert statistics(old).nonfinite == 1
    difference = change(old, np.array([4 + 5j, np.nan], "complex64"))
    assert difference is not None
    assert difference.max_abs == 5.0
    np.testing.assert_array_equal(as_numbers(old, "complex64"), old)
