"""What README.md promises: its example runs, its commands are those of .ci/run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cmake_build import build, run, tool
from typer.testing import CliRunner

import holdfast as tf
from holdfast.cli._app import app
from holdfast.cli._failures import ExitCode

PACKAGE = Path(tf.__path__[0]).resolve()
ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Returns the code blocks of a language in README.md."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_example_runs_and_continues(tmp_path: Path) -> None:
    (example,) = blocks("python")
    for step in (200, 400):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", example],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(PACKAGE.parent),
            },  # a checkout's, if that is tested
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"accuracy 1.00 at step {step}\n"


def test_the_cpp_example_predicts_with_an_export_of_the_python_one(
    cpp_build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (python_example,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(python_example, names)
    receiver = tf.estimator.export.build_raw_serving_input_receiver_fn(
        {key: tf.TensorSpec([None], tf.float32) for key in ("length", "width")}
    )
    export = names["classifier"].export_saved_model(str(tmp_path / "export"), receiver).decode()

    prefix = tmp_path / "prefix"
    run(tool("cmake"), "--install", str(cpp_build), "--prefix", str(prefix))
    (project,), (program,) = blocks("cmake"), blocks("cpp")
    (tmp_path / "CMakeLists.txt").write_text(project)
    (tmp_path / "flowers.cpp").write_text(program)
    built = build(tmp_path, tmp_path / "build", [f"-DCMAKE_PREFIX_PATH={prefix}"])
    rows = {"length": np.float32([4.7]), "width": np.float32([1.4])}
    (p,) = tf.saved_model.load(export).signatures["predict"](rows)["probabilities"]
    said = run(str(built / "flowers"), export)
    assert said == f"class 0: {p[0]:.3f}, class 1: {p[1]:.3f}\n"


def test_ci_runs_exactly_the_test_command_of_the_readme() -> None:
    (test_command,) = [b.strip() for b in blocks("") if "[test]" in b]
    assert test_command.splitlines() == [test_command], "one line"
    assert test_command in (ROOT / ".ci" / "run").read_text().splitlines()
    assert f"`{test_command}`" in (ROOT / "CONTRIBUTING.md").read_text()


def test_the_first_command_is_what_the_command_line_offers() -> None:
    first = blocks("")[0].strip()
    assert first == "pip install . && holdfast train --model-dir models/iris"


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "inspect"])
def test_options_named_in_the_readme_exist(command: str) -> None:
    (line,) = re.findall(rf"^\| `(holdfast {command} [^`]*)`", README, re.MULTILINE)
    shown = CliRunner().invoke(app, [command, "--help"], terminal_width=200).output
    for option in re.findall(r"--[a-z-]+", line):
        assert option in shown


def test_exit_codes_are_those_of_the_code() -> None:
    (sentence,) = re.findall(r"Exit codes: ([^.]*)\.", README)
    assert {int(n) for n in re.findall(r"\d+", sentence)} == {int(code) for code in ExitCode}
