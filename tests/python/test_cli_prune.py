"""holdfast prune: retention on request."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iris_like import classifier, input_fn, tree_of
from typer.testing import CliRunner, Result

import holdfast as tf
from holdfast import _core
from holdfast.cli._app import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["prune", *(str(a) for a in arguments)])


def facts_of(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def steps(model_dir: Path) -> list[int]:
    return [info.step for info in _core.list_checkpoints(str(model_dir))]


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    for step in range(1, 7):
        tf.train.write_checkpoint(tmp_path, {"w": np.full(100, step, "float32")}, step)
    return tmp_path


def test_only_the_newest_stay_and_the_rest_is_counted(model_dir: Path) -> None:
    sizes = {info.step: info.bytes for info in _core.list_checkpoints(str(model_dir))}
    facts = facts_of(model_dir, "--keep-max", 2)
    assert steps(model_dir) == [5, 6]
    assert facts["deleted"] == 4
    assert facts["freed_bytes"] == sum(sizes[step] for step in range(1, 5))
    assert facts["checkpoints"][0] == {
        "path": str(model_dir / "model.ckpt-1"),
        "bytes": sizes[1],
        "kept": [],
    }
    assert "recent" in facts["checkpoints"][-1]["kept"]


def test_a_dry_run_says_the_same_and_changes_nothing(model_dir: Path) -> None:
    before = tree_of(model_dir)
    dry = facts_of(model_dir, "--keep-max", 2, "--dry-run")
    text = run(model_dir, "--keep-max", 2, "--dry-run").stdout
    assert re.search(r"model.ckpt-1 +[0-9.]+ (Ki)?B +would be deleted *\n", text)
    assert re.search(r"model.ckpt-6 +[0-9.]+ (Ki)?B +kept: .*recent", text)
    assert "4 of 6 checkpoints would be deleted: " in text
    assert tree_of(model_dir) == before
    wet = facts_of(model_dir, "--keep-max", 2)
    assert {**dry, "dry_run": False} == wet


def test_zero_keeps_all(model_dir: Path) -> None:
    assert facts_of(model_dir, "--keep-max", 0)["deleted"] == 0
    assert steps(model_dir) == [1, 2, 3, 4, 5, 6]


def test_the_best_evaluated_one_stays(tmp_path: Path) -> None:
    config = tf.estimator.RunConfig(
        tf_random_seed=7, save_checkpoints_steps=5, durability="process"
    )
    estimator = classifier(tmp_path, config=config)
    estimator.train(input_fn(), steps=20)
    losses = {}
    for step in steps(tmp_path):
        path = str(tmp_path / f"model.ckpt-{step}")
        losses[step] = estimator.evaluate(input_fn(repeat=1), checkpoint_path=path)["loss"]
    worst = max(losses, key=lambda step: losses[step])
    facts_of(tmp_path, "--keep-max", 1, "--keep-best", "loss:1:max")
    assert worst != 20
    assert steps(tmp_path) == sorted([worst, 20])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--keep-best", "accuracy"), "expected METRIC:N:max or METRIC:N:min such as"),
        (("--keep-best", "accuracy:0:max"), "got 'accuracy:0:max'"),
        (("--keep-best", "accuracy:3:best"), "got 'accuracy:3:best'"),
        (("--keep-best", ":3:max"), "got ':3:max'"),
        (("--keep-every-n-hours", 0), "--keep-every-n-hours: expected more than 0, got 0; leave"),
    ],
)
def test_a_rule_that_makes_no_sense_deletes_nothing(
    model_dir: Path, arguments: tuple[object, ...], message: str
) -> None:
    result = run(model_dir, "--keep-max", 1, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert steps(model_dir) == [1, 2, 3, 4, 5, 6]


def test_without_a_rule_nothing_is_deleted(model_dir: Path) -> None:
    assert run(model_dir).exit_code == 2
    assert steps(model_dir) == [1, 2, 3, 4, 5, 6]


def test_a_directory_in_use_is_left_alone(model_dir: Path) -> None:
    writer = _core.CheckpointWriter(str(model_dir))
    before = tree_of(model_dir)
    result = run(model_dir, "--keep-max", 1)
    assert result.exit_code == 4
    assert "is being written by " in result.stderr
    assert "Traceback" not in result.output
    assert tree_of(model_dir) == before
    assert facts_of(model_dir, "--keep-max", 1, "--dry-run")["deleted"] == 5
    writer.close()


def test_nothing_to_prune_is_said(tmp_path: Path) -> None:
    result = run(tmp_path, "--keep-max", 1)
    assert result.exit_code == 4
    assert "expected a model_dir with at least one." in result.stderr
