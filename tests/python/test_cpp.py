"""Builds the C++ tests and runs them, so that `pytest` alone tests the whole project.

Each C++ test appears as a subtest with its own output. The build goes to build/cpp-tests, where a
second run finds it. GoogleTest is Debian's libgtest-dev, or fetched by CMake.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "cpp-tests"


def tool(name: str) -> str:
    """Returns a build tool: of this Python environment, else of the system."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} not found: install the test tools with `pip install '.[test]'`"
    return found


def run(*command: str) -> None:
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8000:]}"


@pytest.fixture(scope="session")
def cpp_build() -> Path:
    """The folder of an up-to-date build of every C++ test program."""
    launcher = shutil.which("ccache")
    run(
        *(tool("cmake"), "-S", str(ROOT), "-B", str(BUILD), "-G", "Ninja"),
        f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}",
        f"-DPython_EXECUTABLE={sys.executable}",
        *("-DHOLDFAST_BUILD_PYTHON=OFF", "-DHOLDFAST_BUILD_TESTS=ON", "-DHOLDFAST_BUILD_BENCH=ON"),
        *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []),
    )
    run(tool("cmake"), "--build", str(BUILD))
    return BUILD


def test_every_cpp_test_passes(cpp_build: Path, subtests: pytest.Subtests) -> None:
    report = cpp_build / "tests.xml"
    report.unlink(missing_ok=True)
    subprocess.run(
        [
            *(tool("ctest"), "--test-dir", str(cpp_build), "--no-tests=error", "--timeout", "300"),
            *("-j", str(os.cpu_count() or 1), "--output-junit", str(report), "--quiet"),
        ],
        check=False,
    )
    cases = ElementTree.parse(report).getroot().findall("testcase")
    assert cases
    for case in cases:
        with subtests.test(case.get("name")):
            assert case.get("status") == "run", case.findtext("system-out")
