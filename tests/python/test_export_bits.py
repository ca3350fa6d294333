"""One export, three ways to predict, the same bits: a C++ process, Python and the Estimator.

And whichever instruction set does it, for every batch size.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import exported as ex
import numpy as np
import pytest
from predict_process import PredictProcess

import holdfast as hf
from holdfast import _core, saved_model

BATCHES = (0, 1, 2, 17, 4096)


def features(rows: int) -> dict[str, Any]:
    """Numbers and ids; the first rows are the same for every count."""
    random = np.random.default_rng(9)
    x = random.normal(size=(max(BATCHES), 5)).astype(np.float32)
    return {"x": x[:rows], "id": random.integers(0, 40, max(BATCHES))[:rows]}


def classifier(model_dir: Path) -> Any:
    """Layers wide enough for every kernel, odd sizes, an embedding, names of classes."""
    column = hf.feature_column
    ids = column.categorical_column_with_identity("id", 40)
    return hf.estimator.DNNClassifier(
        hidden_units=[67, 130],
        feature_columns=[
            column.numeric_column("x", shape=[5]),
            column.embedding_column(ids, 9),
        ],
        n_classes=3,
        label_vocabulary=["a", "b", "c"],
        model_dir=str(model_dir),
        config=ex.config(),
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """(estimator, path of its export)."""
    folder = tmp_path_factory.mktemp("bits")
    estimator = classifier(folder / "model")
    labels = np.array(["a", "b", "c"])[np.arange(512) % 3]
    estimator.train(
        lambda: hf.data.Dataset.from_tensor_slices((features(512), labels)).repeat().batch(64),
        steps=30,
    )
    path = estimator.export_saved_model(folder / "export", ex.raw(features(2)))
    return estimator, path.decode()


def by_estimator(estimator: Any, rows: int) -> dict[str, Any]:
    """What Estimator.predict gives for one batch."""
    return ex.predicted(estimator, features(rows), rows)


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(found) == set(expected)
    for key in expected:
        assert ex.same(found[key], expected[key]), key


@pytest.mark.parametrize("rows", BATCHES)
def test_a_cpp_process_python_and_the_estimator_agree(
    trained: tuple[Any, str], cpp_build: Path, rows: int
) -> None:
    estimator, path = trained
    in_python = saved_model.load(path).signatures["predict"](features(rows))
    with PredictProcess(cpp_build) as process:
        assert process.load(path) == 30
        assert_same(process.predict(features(rows)), in_python)
    assert in_python["probabilities"].shape == (rows, 3)
    if rows > 0:  # of no rows an Estimator makes no batch
        assert_same(in_python, by_estimator(estimator, rows))


def test_the_process_has_no_python_in_it(trained: tuple[Any, str], cpp_build: Path) -> None:
    with PredictProcess(cpp_build) as process:
        process.load(trained[1])
        assert not [name for name in process.libraries if "python" in name or "_core" in name]


@pytest.mark.parametrize("isa", _core.runnable_isas())
def test_a_cpp_process_of_any_instruction_set_agrees(
    trained: tuple[Any, str], cpp_build: Path, isa: str
) -> None:
    estimator, path = trained
    with PredictProcess(cpp_build, isa) as process:
        process.load(path)
        for rows in BATCHES[1:]:
            assert_same(process.predict(features(rows)), by_estimator(estimator, rows))


def digest(outputs: dict[str, Any]) -> str:
    """Of every bit, name and shape."""
    made = hashlib.sha256()
    for key, value in sorted(outputs.items()):
        data = value.tolist() if value.dtype == object else value.tobytes()
        made.update(repr((key, value.dtype.str, value.shape, data)).encode())
    return made.hexdigest()


_PREDICT_ON_ISA = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from holdfast import _core, saved_model
import test_export_bits as bits
_, _, model_dir, export, isa = sys.argv
assert _core.isa() == isa, _core.isa()
loaded, estimator = saved_model.load(export), bits.classifier(pathlib.Path(model_dir))
for rows in bits.BATCHES[1:]:
    print(bits.digest(loaded.signatures["predict"](bits.features(rows))))
    print(bits.digest(bits.by_estimator(estimator, rows)))
"""


@pytest.mark.parametrize("isa", _core.runnable_isas())
def test_python_and_the_estimator_on_any_instruction_set_agree(
    trained: tuple[Any, str], isa: str
) -> None:
    estimator, path = trained
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", _PREDICT_ON_ISA, here, estimator.model_dir, path, isa]
    environment = {**os.environ, "HOLDFAST_ISA": isa}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = [digest(by_estimator(estimator, rows)) for rows in BATCHES[1:] for _ in range(2)]
    assert done.stdout.split() == expected


def test_the_process_reports_errors(trained: tuple[Any, str], cpp_build: Path) -> None:
    with PredictProcess(cpp_build) as process:
        with pytest.raises(RuntimeError, match="nowhere: expected an exported model"):
            process.load("nowhere")
        process.load(trained[1])
        with pytest.raises(RuntimeError, match='input "id"'):
            process.predict({"x": features(2)["x"]})
        assert len(process.predict(features(2))["classes"]) == 2
