"""`python -m holdfast`: what this installation is, and where C++ projects find it.

`cmake -Dholdfast_DIR=$(python -m holdfast --cmake-dir)` lets find_package(holdfast) succeed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from holdfast import _core

_PACKAGE = Path(__file__).resolve().parent


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m holdfast", description=__doc__)
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--version", action="store_true", help="version of the library")
    one.add_argument("--isa", action="store_true", help="instruction set chosen on this machine")
    one.add_argument("--cmake-dir", action="store_true", help="folder of holdfastConfig.cmake")
    one.add_argument("--include-dir", action="store_true", help="folder of the C++ headers")
    one.add_argument("--pkgconfig-dir", action="store_true", help="folder of holdfast.pc")
    return parser


def _installed(folder: Path, marker: str, parser: argparse.ArgumentParser) -> str:
    """Returns the folder; a checkout that was never installed has no C++ package."""
    if not (folder / marker).is_file():
        parser.error(f"{folder / marker} does not exist: install the package with `pip install .`")
    return str(folder)


def main(arguments: list[str] | None = None) -> int:
    """Prints one fact and returns 0; ends with status 2 when it is not to be had."""
    parser = _arguments()
    asked = parser.parse_args(arguments)
    if asked.version:
        print(_core.version())
    elif asked.isa:
        print(_core.isa())
    elif asked.cmake_dir:
        print(_installed(_PACKAGE / "lib" / "cmake" / "holdfast", "holdfastConfig.cmake", parser))
    elif asked.pkgconfig_dir:
        print(_installed(_PACKAGE / "lib" / "pkgconfig", "holdfast.pc", parser))
    else:
        print(_installed(_PACKAGE / "include", "holdfast/version.h", parser))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
