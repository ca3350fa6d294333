"""Weights depend on data, shape and seed only: not on threads, instruction sets or restarts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from iris_like import classifier, input_fn, state_of

import holdfast as tf
from holdfast import _core

STEPS = 200
WIDTH = 64


def run_config(threads: int | None) -> tf.estimator.RunConfig:
    return tf.estimator.RunConfig(tf_random_seed=7, durability="process", num_threads=threads)


def train_small(model_dir: Path, threads: int | None = None) -> None:
    """Four columns, 10 and 10 units, dropout; the batch fits neither a vector nor the table."""
    model = classifier(model_dir, [10, 10], dropout=0.2, config=run_config(threads))
    model.train(input_fn(batch=19, shuffle=True), steps=STEPS)


def train_wide(model_dir: Path, threads: int | None = None) -> None:
    """64-300-300-5, batches of 256: enough work for every step to be split over threads."""
    random = np.random.default_rng(3)
    labels = random.integers(0, 5, 600)
    features = random.normal(labels[:, None], 2.0, (600, WIDTH)).astype(np.float32)
    model = tf.estimator.DNNClassifier(
        hidden_units=[300, 300],
        feature_columns=[tf.feature_column.numeric_column("x", shape=[WIDTH])],
        n_classes=5,
        model_dir=str(model_dir),
        config=run_config(threads),
    )
    data = tf.data.Dataset.from_tensor_slices(({"x": features}, labels))
    model.train(lambda: data.shuffle(600).repeat().batch(256), steps=STEPS)


def train_embedding(model_dir: Path, threads: int | None = None) -> None:
    """Ids that are often equal, one and three a row: lookups and updates split over threads."""
    random = np.random.default_rng(5)
    ids = (random.random((3000, 4)) ** 3 * 701).astype(np.int64) - 1  # -1: missing
    columns = [
        tf.feature_column.embedding_column(
            tf.feature_column.categorical_column_with_identity(key, 700), dimension, combiner
        )
        for key, dimension, combiner in (("one", 18, "mean"), ("three", 7, "sqrtn"))
    ]
    model = tf.estimator.DNNClassifier(
        hidden_units=[6],
        feature_columns=columns,
        model_dir=str(model_dir),
        config=run_config(threads),
    )
    features = {"one": ids[:, 0], "three": ids[:, 1:]}
    data = tf.data.Dataset.from_tensor_slices((features, ids[:, 0] % 2 == 1))
    model.train(lambda: data.shuffle(3000).repeat().batch(1500), steps=STEPS // 10)


NETS: dict[str, Callable[..., None]] = {
    "small": train_small,
    "wide": train_wide,
    "embedding": train_embedding,
}


def digest_of(model_dir: Path) -> str:
    """Every variable, slot and counter of the newest checkpoint as one hash."""
    state = sorted(state_of(model_dir).items())
    return hashlib.sha256(repr(state).encode()).hexdigest()


@pytest.mark.parametrize("net", NETS)
def test_weights_do_not_depend_on_the_number_of_threads(tmp_path: Path, net: str) -> None:
    for threads in (1, 2):
        NETS[net](tmp_path / str(threads), threads)
    assert state_of(tmp_path / "1") == state_of(tmp_path / "2")


_TRAIN_ON_ISA = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from holdfast import _core
from test_bits import NETS, digest_of
_, _, net, model_dir, isa = sys.argv
assert _core.isa() == isa, _core.isa()
NETS[net](pathlib.Path(model_dir))
print(digest_of(model_dir))
"""


@pytest.mark.parametrize("net", NETS)
def test_weights_do_not_depend_on_the_instruction_set(tmp_path: Path, net: str) -> None:
    digests = {}
    for isa in _core.runnable_isas():
        here = str(Path(__file__).parent)
        command = [sys.executable, "-c", _TRAIN_ON_ISA, here, net, str(tmp_path / isa), isa]
        environment = {**os.environ, "HOLDFAST_ISA": isa}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        digests[isa] = done.stdout.strip()
    assert "scalar" in digests
    assert len(set(digests.values())) == 1, digests


@pytest.mark.parametrize("shuffle", [False, True])
def test_twice_a_hundred_steps_are_two_hundred(tmp_path: Path, shuffle: bool) -> None:
    data = input_fn(batch=7, shuffle=shuffle)
    classifier(tmp_path / "once", dropout=0.3).train(data, steps=200)
    for _ in range(2):
        classifier(tmp_path / "twice", dropout=0.3).train(data, steps=100)
    assert tf.train.load_variable(str(tmp_path / "twice"), "global_step") == 200
    assert state_of(tmp_path / "once") == state_of(tmp_path / "twice")
