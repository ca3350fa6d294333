"""RunConfig.break_lock: taking over where the file system cannot say whether the writer lives.

The lock file is honoured also where files can be locked, so that no special file system is needed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from iris_like import classifier, input_fn, tree_of

import holdfast as tf
from holdfast.errors import ModelDirLockedError

HELD = ".holdfast-lock.held"


def leave_lock_of_another_machine(model_dir: Path) -> None:
    line = {"pid": 4711, "host": "elsewhere", "user": "u", "command": "train.py"}
    (model_dir / HELD).write_text(json.dumps({**line, "since_unix_ms": 1790000000000}))


def config(**more: bool) -> tf.estimator.RunConfig:
    return tf.estimator.RunConfig(tf_random_seed=7, durability="process", **more)


def test_a_lock_file_of_another_machine_is_broken_only_on_request(tmp_path: Path) -> None:
    classifier(tmp_path).train(input_fn(), steps=1)
    leave_lock_of_another_machine(tmp_path)
    before = tree_of(tmp_path)
    with pytest.raises(ModelDirLockedError) as caught:
        classifier(tmp_path, config=config()).train(input_fn(), steps=1)
    assert str(caught.value).startswith(
        f"model_dir '{tmp_path}' is being written by pid 4711 on host elsewhere (since 2026-09-21 "
        "14:13:20 UTC, user u, command train.py). "
    )
    assert "take over with RunConfig(break_lock=True)" in str(caught.value)
    assert caught.value.details["host"] == "elsewhere"
    assert caught.value.details["command"] == "train.py"
    assert tree_of(tmp_path) == before
    classifier(tmp_path, config=config(break_lock=True)).train(input_fn(), steps=1)
    assert not (tmp_path / HELD).exists()
    assert classifier(tmp_path).get_variable_value("global_step") == 2


def test_readers_do_not_look_at_the_lock_file(tmp_path: Path) -> None:
    classifier(tmp_path).train(input_fn(), steps=1)
    leave_lock_of_another_machine(tmp_path)
    assert classifier(tmp_path).evaluate(input_fn(), steps=1)["global_step"] == 1
