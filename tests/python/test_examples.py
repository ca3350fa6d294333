"""The programs of cpp/examples: what they print, and that they stay short."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cmake_build import ROOT

import holdfast as tf

SOURCES = ROOT / "cpp" / "examples"
TABLE = ROOT / "python" / "holdfast" / "cli" / "iris.csv"
EXPORT = ROOT / "tests" / "embed" / "iris_export"
ROW = {"PetalLength": 1.4, "PetalWidth": 0.2, "SepalLength": 5.1, "SepalWidth": 3.5}


def start(program: Path, *arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def printed(program: Path, *arguments: Any) -> dict[str, list[str]]:
    """What a program prints as `name: value value ...`."""
    done = start(program, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = (line.split(":") for line in done.stdout.splitlines())
    return {name: values.split() for name, values in lines}


def as_printed(values: Any) -> list[str]:
    array = np.asarray(values).reshape(-1)
    if array.dtype.kind == "f":
        return [f"{float(value):.9g}" for value in array]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in array]


@pytest.fixture(scope="module")
def from_python() -> dict[str, list[str]]:
    model = tf.saved_model.load(str(EXPORT))
    row = {key: np.float32([value]) for key, value in ROW.items()}
    return {name: as_printed(value) for name, value in model.signatures["predict"](row).items()}


def test_every_example_is_under_eighty_lines_and_built() -> None:
    programs = {path for path in SOURCES.iterdir() if path.suffix in {".c", ".cpp"}}
    listed = (SOURCES / "CMakeLists.txt").read_text()
    assert len(programs) >= 4
    for path in programs:
        assert len(path.read_text().splitlines()) < 80, path.name
        assert path.stem in listed


def test_predict_iris_prints_what_python_predicts(
    examples: Path, from_python: dict[str, list[str]]
) -> None:
    arguments = [f"{key}={value}" for key, value in ROW.items()]
    assert printed(examples / "predict_iris", EXPORT, *arguments) == from_python
    assert from_python["classes"] == ["setosa"]


def test_c_predict_prints_what_python_predicts(
    examples: Path, from_python: dict[str, list[str]]
) -> None:
    assert printed(examples / "c_predict", EXPORT, *ROW.values()) == from_python


def test_serve_threads_predicts_alike_in_every_thread(examples: Path) -> None:
    sums = set()
    for threads in (1, 8):
        done = start(examples / "serve_threads", EXPORT, threads, 500)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{threads} threads, ")
        sums.add(done.stdout.rpartition(" ")[2])
    assert len(sums) == 1


def test_train_iris_exports_what_predict_iris_loads(examples: Path, tmp_path: Path) -> None:
    done = start(examples / "train_iris", TABLE, tmp_path, 50, tmp_path / "export")
    assert done.returncode == 0, done.stderr
    _, checkpoint, export = done.stdout.splitlines()
    assert checkpoint == str(tmp_path / "model.ckpt-50")
    row = {key: np.float32([value]) for key, value in ROW.items()}
    expected = tf.saved_model.load(export).signatures["predict"](row)["probabilities"]
    arguments = [f"{key}={value}" for key, value in ROW.items()]
    told = printed(examples / "predict_iris", export, *arguments)
    assert told == {"probabilities": as_printed(expected)}


@pytest.mark.parametrize(
    ("program", "arguments", "message"),
    [
        ("predict_iris", ["nowhere"], "predict_iris: nowhere: expected an exported model"),
        ("predict_iris", [EXPORT, "Height=1"], "predict_iris: no such input: Height=1"),
        ("serve_threads", ["nowhere", 2, 2], "serve_threads: nowhere: expected an exported model"),
        ("c_predict", ["nowhere"], "c_predict: load: nowhere: expected an exported model"),
        (
            "c_predict",
            [EXPORT, 1],
            "c_predict: arguments: expected a number for each input of the export",
        ),
        ("train_iris", ["nowhere", ".", 1], "train_iris: "),
    ],
)
def test_an_example_says_what_is_wrong(
    program: str, arguments: list[Any], message: str, examples: Path, tmp_path: Path
) -> None:
    arguments = [tmp_path if argument == "." else argument for argument in arguments]
    done = start(examples / program, *arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(message)
