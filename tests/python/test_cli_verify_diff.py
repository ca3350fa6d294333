"""holdfast verify and holdfast diff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import holdfast as tf
from holdfast.cli._app import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def facts_of(*arguments: object, code: int = 0) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    first = {
        "gone": np.zeros(3, "float32"),
        "kernel": np.array([[1.0, 2.0], [np.nan, 4.0]], "float32"),
        "same": np.array([np.nan, -0.0], "float64"),
        "shaped": np.zeros((2, 3), "float32"),
        "words": np.array(["a", "b"], dtype=object),
    }
    second = {
        "kernel": np.array([[1.0, 2.5], [np.nan, 3.0]], "float32"),
        "new": np.zeros((2, 2), "int64"),
        "same": first["same"],
        "shaped": np.zeros((3, 2), "float32"),
        "words": np.array(["a", "c"], dtype=object),
    }
    tf.train.write_checkpoint(tmp_path, first, 1)
    tf.train.write_checkpoint(tmp_path, second, 2)
    return tmp_path


def damage(path: Path) -> None:
    path.chmod(0o644)
    stored = bytearray(path.read_bytes())
    stored[-1] ^= 1
    path.write_bytes(stored)


def test_whole_checkpoints_are_said_to_be_whole(model_dir: Path) -> None:
    facts = facts_of("verify", model_dir)
    assert facts["whole"] is True
    assert [c["step"] for c in facts["checkpoints"]] == [1, 2]
    assert "model.ckpt-2: whole, " in run("verify", model_dir / "model.ckpt-2").stdout


def test_one_flipped_bit_is_found_and_ends_with_the_checkpoint_code(model_dir: Path) -> None:
    shard = "data-00000-of-00001.bin"
    damage(model_dir / "model.ckpt-1" / shard)
    facts = facts_of("verify", model_dir, code=4)
    assert facts["whole"] is False
    bad, good = facts["checkpoints"]
    assert shard in bad["problem"]
    assert good["problem"] is None
    one = run("verify", model_dir / "model.ckpt-1")
    assert one.exit_code == 4
    assert "model.ckpt-1: DAMAGED: " in one.stdout
    assert run("verify", model_dir / "model.ckpt-2").exit_code == 0


def test_a_damaged_manifest_beside_whole_checkpoints_is_found(model_dir: Path) -> None:
    damage(model_dir / "model.ckpt-1" / "manifest.json")
    facts = facts_of("verify", model_dir, code=4)
    assert [c["problem"] is None for c in facts["checkpoints"]] == [True, False]


@pytest.mark.parametrize("command", [("verify", "nowhere"), ("diff", "nowhere", "nowhere")])
def test_nothing_there_is_an_error(command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.exit_code == 4
    assert "No checkpoint at 'nowhere'" in result.stderr


def test_diff_lists_every_kind_of_difference(model_dir: Path) -> None:
    facts = facts_of("diff", model_dir / "model.ckpt-1", model_dir)
    assert facts["b"] == str(model_dir / "model.ckpt-2")
    assert facts["added"] == [{"name": "new", "dtype": "int64", "shape": [2, 2]}]
    assert facts["removed"] == [{"name": "gone", "dtype": "float32", "shape": [3]}]
    assert facts["reshaped"] == [{"name": "shaped", "a": "float32 [2, 3]", "b": "float32 [3, 2]"}]
    assert facts["changed"] == [
        {"name": "global_step", "elements": 1, "of": 1, "max_abs": 1.0},
        {"name": "kernel", "elements": 2, "of": 4, "max_abs": 1.0},
        {"name": "words", "elements": 1, "of": 2, "max_abs": None},
    ]
    assert facts["unchanged"] == 1  # "same", with its NaN and its -0.0
    text = run("diff", model_dir / "model.ckpt-1", model_dir).stdout
    assert "2 of 4 elements, by at most 1" in text
    assert "float32 [2, 3] -> float32 [3, 2]" in text


def test_diff_of_a_checkpoint_with_itself_is_empty(model_dir: Path) -> None:
    facts = facts_of("diff", model_dir, model_dir)
    assert not any(facts[key] for key in ("added", "removed", "reshaped", "changed"))
    assert facts["unchanged"] == 6
