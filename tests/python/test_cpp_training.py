"""Training that Python begins, C++ continues, and the other way round, to the same bits."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cmake_build import ROOT

import holdfast as tf
from holdfast import _core

TABLE = ROOT / "python" / "holdfast" / "cli" / "iris.csv"
SPECIES = ["setosa", "versicolor", "virginica"]


class InPython:
    """What cpp/examples/train_iris.cpp says it is."""

    def train(self, model_dir: Path, steps: int) -> None:
        table = pd.read_csv(TABLE)
        keys = [key for key in table.columns if key != "Species"]
        features = {key: table[key].to_numpy(np.float32) for key in keys}
        labels = np.array([SPECIES.index(name) for name in table["Species"]], np.int64)

        def input_fn() -> Any:
            dataset = tf.data.Dataset.from_tensor_slices((features, labels))
            return dataset.shuffle(1000).repeat().batch(32)

        tf.estimator.DNNClassifier(
            feature_columns=[tf.feature_column.numeric_column(key) for key in keys],
            hidden_units=[10, 10],
            n_classes=3,
            model_dir=str(model_dir),
            config=tf.estimator.RunConfig(
                tf_random_seed=1, input_resume="error", durability="process"
            ),
        ).train(input_fn, steps=steps)


class InCpp:
    """The example itself."""

    def __init__(self, examples: Path) -> None:
        self._program = examples / "train_iris"

    def train(self, model_dir: Path, steps: int) -> subprocess.CompletedProcess[str]:
        done = self.run(TABLE, model_dir, steps)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done

    def run(self, *arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [str(self._program), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def state_of(model_dir: Path) -> dict[str, Any]:
    """Everything that training depends on: tensors with roles and bytes, seed, input position."""
    path = tf.train.latest_checkpoint(str(model_dir))
    assert path is not None
    reader = _core.CheckpointReader(path)
    tensors = {
        info.name: (
            *(info.role, info.slot_of, info.slot, info.optimizer),
            *(info.dtype, tuple(info.shape), reader.read(info.name).tobytes()),
        )
        for info in reader.tensors
    }
    state = json.loads(reader.state_json)
    return {"tensors": tensors, "rng": state["rng"], "input": state["input"]}


@pytest.fixture(scope="module")
def in_cpp(examples: Path) -> InCpp:
    return InCpp(examples)


@pytest.fixture(scope="module")
def three_hundred(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The state after 300 steps in Python alone."""
    model_dir = tmp_path_factory.mktemp("alone")
    InPython().train(model_dir, 300)
    return state_of(model_dir)


def test_three_hundred_steps_in_cpp_alone(
    in_cpp: InCpp, three_hundred: dict[str, Any], tmp_path: Path
) -> None:
    in_cpp.train(tmp_path, 300)
    assert state_of(tmp_path) == three_hundred
    assert len(three_hundred["tensors"]) == 13
    assert three_hundred["input"]["consumed"] == 300


@pytest.mark.parametrize("turns", ["pcp", "cpc"])
def test_a_hundred_steps_of_each_in_turn(
    turns: str, in_cpp: InCpp, three_hundred: dict[str, Any], tmp_path: Path
) -> None:
    for turn in turns:
        (InPython() if turn == "p" else in_cpp).train(tmp_path, 100)
    assert state_of(tmp_path) == three_hundred


def test_cpp_keeps_what_python_says_of_the_model(in_cpp: InCpp, tmp_path: Path) -> None:
    InPython().train(tmp_path, 1)
    before = _core.CheckpointReader(str(tmp_path / "model.ckpt-1"))
    in_cpp.train(tmp_path, 1)
    after = _core.CheckpointReader(str(tmp_path / "model.ckpt-2"))
    assert json.loads(after.model_json) == json.loads(before.model_json)
    assert json.loads(after.model_json)["hidden_units"] == [10, 10]
    seconds = json.loads(before.state_json)["schedule"]
    assert json.loads(after.state_json)["schedule"] == seconds


def test_cpp_waits_for_no_lock(in_cpp: InCpp, tmp_path: Path) -> None:
    writer = _core.CheckpointWriter(str(tmp_path))
    done = in_cpp.run(TABLE, tmp_path, 1)
    writer.close()
    assert done.returncode == 1
    assert "train_iris: " in done.stderr
    assert str(tmp_path) in done.stderr
    in_cpp.train(tmp_path, 1)


def test_cpp_refuses_a_checkpoint_of_another_model(in_cpp: InCpp, tmp_path: Path) -> None:
    writer = _core.CheckpointWriter(str(tmp_path))
    graph = _core.Graph()
    graph.add(
        "variable",
        [],
        {"dtype": "int64", "shape": [], "role": "global_step", "trainable": False},
        "global_step",
    )
    _core.Trainer(graph, 1, 1).save(writer)
    writer.close()
    done = in_cpp.run(TABLE, tmp_path, 1)
    assert done.returncode == 1
    assert "dnn/hiddenlayer_0/kernel" in done.stderr
    assert [path.name for path in tmp_path.glob("model.ckpt-*")] == ["model.ckpt-0"]
