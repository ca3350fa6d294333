"""The C++ half of the campaigns: the program holdfast_durability, built when it is first needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from campaign import Outcome, Setting

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "cpp-tests"  # shared with the C++ tests
_SHOWN = 4000


def tool(name: str) -> str:
    """Returns the path of a build tool: of this environment, or of the system."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise RuntimeError(f"{name} not found: install the test tools with `pip install '.[test]'`")
    return found


def execute(*command: str) -> None:
    """Runs a command in the checkout. Raises RuntimeError with its output when it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-_SHOWN:]}")


def program(target: str = "holdfast_durability") -> Path:
    """Returns an up-to-date program of tests/durability/cpp. HOLDFAST_DURABILITY_BUILD: where."""
    build = Path(os.environ.get("HOLDFAST_DURABILITY_BUILD", BUILD))
    launcher = shutil.which("ccache")
    execute(
        *(tool("cmake"), "-S", str(ROOT), "-B", str(build), "-G", "Ninja"),
        f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}",
        f"-DPython_EXECUTABLE={sys.executable}",
        *("-DHOLDFAST_BUILD_PYTHON=OFF", "-DHOLDFAST_BUILD_TESTS=ON"),
        *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []),
    )
    execute(tool("cmake"), "--build", str(build), "--target", target)
    return build / "tests" / "durability" / "cpp" / target


def run(command: str, setting: Setting, *more: str) -> Outcome:
    """Runs `holdfast_durability COMMAND --size N --seed N --folder DIR` and reads its JSON line.

    The line is {"cases": n, "violations": [text, ...], "details": {...}}; a crash is a violation.
    """
    done = subprocess.run(
        [
            *(str(program()), command, "--size", str(setting.size), "--seed", str(setting.seed)),
            *("--folder", str(setting.folder), *more),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode not in (0, 1) or not lines:
        text = (done.stdout + done.stderr)[-_SHOWN:]
        return Outcome(cases=0, violations=[f"{command}: exit code {done.returncode}: {text}"])
    line = json.loads(lines[-1])
    return Outcome(
        cases=line["cases"], violations=line["violations"], details=line.get("details", {})
    )
