"""What several test files need made once: a build of the C++ side."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cmake_build import ROOT, build


@pytest.fixture(scope="session")
def cpp_build() -> Path:
    """The folder of an up-to-date build of every C++ test and example; build/cpp-tests.

    A second run finds it there.
    """
    return build(
        ROOT,
        ROOT / "build" / "cpp-tests",
        [
            f"-DPython_EXECUTABLE={sys.executable}",
            *("-DHOLDFAST_BUILD_PYTHON=OFF", "-DHOLDFAST_BUILD_TESTS=ON"),
            "-DHOLDFAST_BUILD_BENCH=ON",
        ],
    )


@pytest.fixture(scope="session")
def examples(cpp_build: Path) -> Path:
    """The folder of the programs of cpp/examples."""
    return cpp_build / "cpp" / "examples"
