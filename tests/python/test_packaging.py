"""The installed package: its version, its files, its CMake package, its start-up time."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import holdfast
from holdfast import _core

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(holdfast.__path__[0])
IN_CHECKOUT = PACKAGE == ROOT / "python" / "holdfast"
installed_only = pytest.mark.skipif(
    IN_CHECKOUT, reason="speaks of the wheel; this run uses the checkout"
)


def python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_cmake_core_package_and_module_report_one_version() -> None:
    (project,) = re.findall(
        r"project\(holdfast VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()
    )
    assert _core.version() == project
    assert holdfast.__version__ == project
    assert python("-m", "holdfast", "--version") == project
    assert project in (ROOT / "CHANGELOG.md").read_text()


@installed_only
def test_the_wheel_has_the_version_of_cmake() -> None:
    assert importlib.metadata.version("holdfast") == _core.version()


@installed_only
def test_the_wheel_is_complete_and_below_five_megabytes() -> None:
    files = {str(f): Path(f.locate()) for f in importlib.metadata.files("holdfast") or []}
    packed = {
        name: len(zlib.compress(path.read_bytes()))  # as a wheel packs its files
        for name, path in files.items()
        if not name.endswith(".pyc")
    }
    assert sum(packed.values()) < 5_000_000, packed
    for name in ("py.typed", "_core.pyi", "cli/iris.csv", "include/holdfast/version.h"):
        assert f"holdfast/{name}" in packed
    assert not any(name.startswith(("lib", "include", "bin")) for name in packed)


@installed_only
def test_cmake_finds_the_package_in_the_wheel(tmp_path: Path) -> None:
    (entry,) = importlib.metadata.entry_points(group="cmake.root", name="holdfast")
    assert entry.value == "holdfast"
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\n"
        "project(stranger LANGUAGES CXX)\n"
        f"find_package(holdfast {_core.version()} REQUIRED)\n"
        "add_executable(stranger main.cpp)\n"
        "target_link_libraries(stranger holdfast::holdfast)\n"
    )
    (tmp_path / "main.cpp").write_text(
        "#include <holdfast/version.h>\n#include <iostream>\n"
        "int main() { std::cout << holdfast::version(); }\n"
    )
    cmake = str(Path(sys.executable).with_name("cmake"))
    where = python("-m", "holdfast", "--cmake-dir")
    for command in (
        [cmake, "-S", str(tmp_path), "-B", str(tmp_path / "build"), f"-Dholdfast_DIR={where}"],
        [cmake, "--build", str(tmp_path / "build")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    said = subprocess.run(
        [str(tmp_path / "build" / "stranger")], capture_output=True, text=True, check=True
    )
    assert said.stdout == _core.version()


def test_isa_is_one_that_this_machine_runs() -> None:
    assert python("-m", "holdfast", "--isa") in _core.runnable_isas()


def test_import_is_quick_and_leaves_the_command_line_alone() -> None:
    program = (
        "import sys, time; import numpy; t = time.perf_counter(); import holdfast; "
        "seconds = time.perf_counter() - t; "
        "loaded = [m for m in ('typer', 'rich', 'pandas') if m in sys.modules]; "
        "print(seconds, loaded)"
    )
    seconds, loaded = min(python("-c", program).split(" ", 1) for _ in range(3))
    assert loaded == "[]"
    assert float(seconds) < 0.15


def test_pre_commit_pins_what_the_lint_extra_pins() -> None:
    pins = dict(
        re.findall(r'"(ruff|mypy|clang-format)==([0-9.]+)"', (ROOT / "pyproject.toml").read_text())
    )
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    for repository, tool in (
        ("ruff-pre-commit", "ruff"),
        ("mirrors-mypy", "mypy"),
        ("mirrors-clang-format", "clang-format"),
    ):
        (rev,) = re.findall(rf"{repository}\n\s+rev: v([0-9.]+)", hooks)
        assert rev == pins[tool]
