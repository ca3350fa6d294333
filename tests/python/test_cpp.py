"""Runs the C++ tests, so that `pytest` alone tests the whole project.

Each C++ test appears as a subtest with its own output. GoogleTest is Debian's libgtest-dev, or
fetched by CMake.
"""

from __future__ import annotations

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from cmake_build import tool


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
