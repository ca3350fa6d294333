"""Building C++ from tests: where the tools are, and the one build that all tests share."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tool(name: str) -> str:
    """Returns a build tool: of this Python environment, else of the system."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} not found: install the test tools with `pip install '.[test]'`"
    return found


def run(*command: str) -> str:
    """Runs a command that must succeed; returns what it printed."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8000:]}"
    return done.stdout


def build(source: Path, folder: Path, options: Iterable[str] = (), target: str = "all") -> Path:
    """Builds a CMake project, anew or as far as needed; returns the folder of the build."""
    launcher = shutil.which("ccache")
    with _alone_in(folder):
        run(
            *(tool("cmake"), "-S", str(source), "-B", str(folder), "-G", "Ninja"),
            f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}",
            *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []),
            *options,
        )
        run(tool("cmake"), "--build", str(folder), "--target", target)
    return folder


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Lets the processes of a parallel test run build in one folder, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".build-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
