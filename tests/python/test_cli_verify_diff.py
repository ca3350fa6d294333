"""holdfast verify and holdfast diff."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import holdfast as tf
from holdfast import _core
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
    assert facts["damaged"] == 0
    assert facts["bytes"] == sum(c["bytes"] for c in facts["checkpoints"])
    text = run("verify", model_dir / "model.ckpt-2").stdout
    assert re.search(r"model.ckpt-2 +whole *\n", text)
    assert "of 1 checkpoints verified: every byte is as it was written" in text


def test_one_flipped_bit_is_found_and_ends_with_code_1(model_dir: Path) -> None:
    shard = "data-00000-of-00001.bin"
    damage(model_dir / "model.ckpt-1" / shard)
    facts = facts_of("verify", model_dir, code=1)
    assert facts["whole"] is False
    bad, good = facts["checkpoints"]
    assert shard in bad["problem"]
    assert good["problem"] is None
    one = run("verify", model_dir / "model.ckpt-1")
    assert one.exit_code == 1
    assert f"DAMAGED {model_dir / 'model.ckpt-1'}: " in one.stdout
    assert "1 of 1 are damaged; train continues from the newest whole one" in one.stdout
    assert run("verify", model_dir / "model.ckpt-2").exit_code == 0


def test_a_damaged_manifest_beside_whole_checkpoints_is_found(model_dir: Path) -> None:
    damage(model_dir / "model.ckpt-1" / "manifest.json")
    facts = facts_of("verify", model_dir, code=1)
    assert [c["problem"] is None for c in facts["checkpoints"]] == [True, False]


def test_when_all_are_damaged_each_is_listed(model_dir: Path) -> None:
    for step in (1, 2):
        damage(model_dir / f"model.ckpt-{step}" / "manifest.json")
    facts = facts_of("verify", model_dir, code=1)
    assert facts["damaged"] == 2
    assert all("manifest.json" in c["problem"] for c in facts["checkpoints"])


def test_a_damaged_checkpoint_json_is_a_warning(model_dir: Path) -> None:
    (model_dir / "checkpoint.json").write_text("{")
    facts = facts_of("verify", model_dir)
    assert "checkpoint.json" in facts["warning"]
    assert "warning: " in run("verify", model_dir).stdout


def test_an_empty_directory_has_nothing_to_verify(tmp_path: Path) -> None:
    result = run("verify", tmp_path)
    assert result.exit_code == 4
    assert "it holds no checkpoint. Expected a checkpoint such as" in result.stderr


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
        {"name": "global_step", "elements": 1, "of": 1, "max_abs": 1.0, "l2": 1.0},
        {"name": "kernel", "elements": 2, "of": 4, "max_abs": 1.0, "l2": math.sqrt(1.25)},
        {"name": "words", "elements": 1, "of": 2, "max_abs": None, "l2": None},
    ]
    assert facts["unchanged"] == 1  # "same", with its NaN and its -0.0
    text = run("diff", model_dir / "model.ckpt-1", model_dir).stdout
    assert re.search(r"kernel +changed +2 of 4 elements +1 +1.11803", text)
    assert "float32 [2, 3] -> float32 [3, 2]" in text


def test_diff_of_a_checkpoint_with_itself_is_empty(model_dir: Path) -> None:
    facts = facts_of("diff", model_dir, model_dir)
    assert not any(facts[key] for key in ("added", "removed", "reshaped", "changed"))
    assert facts["unchanged"] == 6


def test_diff_names_what_changed_in_the_state(tmp_path: Path) -> None:
    writer = _core.CheckpointWriter(str(tmp_path))
    states = (
        {"input": {"epoch": 1, "kind": "csv"}, "rng": [{"counter": "0a"}], "user": {"a": 1}},
        {"input": {"epoch": 2, "kind": "csv"}, "rng": [{"counter": "0b"}], "user": {"b\x1b": 1}},
    )
    for step, state in enumerate(states):
        model = json.dumps({"n_classes": 3 + step})
        writer.save({"w": np.zeros(2)}, step, json.dumps(state), model)
    facts = facts_of("diff", tmp_path / "model.ckpt-0", tmp_path / "model.ckpt-1")
    assert facts["steps"] == [0, 1]
    assert facts["state"] == [
        {"key": "input.epoch", "a": 1, "b": 2},
        {"key": "rng[0].counter", "a": "0a", "b": "0b"},
        {"key": "user.a", "a": 1},
        {"key": "user.b\x1b", "b": 1},
    ]
    assert facts["model"] == [{"key": "n_classes", "a": 3, "b": 4}]
    text = run("diff", tmp_path / "model.ckpt-0", tmp_path / "model.ckpt-1").stdout
    assert re.search(r"input.epoch +1 +2 *\n", text)
    assert "user.b\\x1b" in text
    assert all(c.isprintable() or c == "\n" for c in text)
