"""Applications that build holdfast themselves, by add_subdirectory, or install it in odd places."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cmake_build import ROOT, build, run, tool

PARENT = """\
cmake_minimum_required(VERSION 3.18)
project(parent LANGUAGES C CXX)
{before}
add_subdirectory({root} holdfast)
option(BUILD_SHARED_LIBS "The parent's own" ON)
add_library(own own.cpp)
add_executable(program program.c)
target_link_libraries(program PRIVATE holdfast::holdfast)
"""
PROGRAM = """\
#include <holdfast/c_api.h>
#include <stdio.h>
int main(void) { puts(holdfast_version()); return 0; }
"""


def write_parent(folder: Path, before: str = "") -> Path:
    (folder / "CMakeLists.txt").write_text(PARENT.format(root=ROOT, before=before))
    (folder / "own.cpp").write_text("int own() { return 1; }\n")
    (folder / "program.c").write_text(PROGRAM)
    return folder


def configure(source: Path, folder: Path, *options: str) -> str:
    """Configures a project; returns CMake's cache."""
    run(
        *(tool("cmake"), "-S", str(source), "-B", str(folder), "-G", "Ninja"),
        *(f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", f"-DPython_EXECUTABLE={sys.executable}"),
        *("-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options),
    )
    return (folder / "CMakeCache.txt").read_text()


def commands(folder: Path) -> dict[str, str]:
    """How each source file is compiled, by its name."""
    units = json.loads((folder / "compile_commands.json").read_text())
    return {Path(unit["file"]).name: unit["command"] for unit in units}


def test_a_parent_project_keeps_its_own_settings(tmp_path: Path) -> None:
    cache = configure(write_parent(tmp_path), tmp_path / "build")
    assert re.findall(r"^BUILD_SHARED_LIBS:BOOL=(.*)$", cache, re.MULTILINE) == ["ON"]
    assert re.findall(r"^CMAKE_BUILD_TYPE:.*=(.*)$", cache, re.MULTILINE) in ([], [""])
    compiled = commands(tmp_path / "build")
    assert not re.search(r" -O\d| -DNDEBUG| -fvisibility| -Wall", compiled["own.cpp"])
    assert "-O3" in compiled["thread_pool.cpp"]  # the library is optimized all the same
    assert "-Os" in compiled["manifest.cpp"]
    assert not any(name.endswith(("_test.cpp", "_bench.cpp")) for name in compiled)


@pytest.mark.parametrize("flag", ["-ffast-math", "-Ofast"])
def test_fast_arithmetic_of_a_parent_project_ends_at_the_library(flag: str, tmp_path: Path) -> None:
    configure(write_parent(tmp_path), tmp_path / "build", f"-DCMAKE_CXX_FLAGS={flag}")
    compiled = commands(tmp_path / "build")
    assert flag in compiled["own.cpp"]
    for name in ("scalar.cpp", "program.cpp"):  # a kernel, and code around it
        options = compiled[name].split()
        assert options.index("-fno-fast-math") > options.index(flag)
        assert options.index("-ffp-contract=off") > options.index("-fno-fast-math")


def test_a_parent_project_gives_its_own_json_library(tmp_path: Path) -> None:
    before = "\n".join(
        [
            "add_library(their_json INTERFACE)",
            "target_include_directories(their_json INTERFACE ${CMAKE_SOURCE_DIR}/their_json)",
            "add_library(nlohmann_json::nlohmann_json ALIAS their_json)",
        ]
    )
    configure(write_parent(tmp_path, before), tmp_path / "build")
    assert f"{tmp_path}/their_json" in commands(tmp_path / "build")["json_parse.cpp"]


def test_a_parent_project_builds_and_runs() -> None:
    if shutil.which("ccache") is None:
        pytest.skip("compiles the library another time: needs ccache")
    parent = ROOT / "build" / "cpp-subdirectory-parent"  # where ccache finds it the next time
    parent.mkdir(parents=True, exist_ok=True)
    options = [f"-DPython_EXECUTABLE={sys.executable}"]
    folder = ROOT / "build" / "cpp-subdirectory"
    built = build(write_parent(parent), folder, options, target="program")
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run(str(built / "program")))


def test_a_project_of_c_alone_links_the_static_library(cpp_build: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    run(
        *(tool("cmake"), "--install", str(cpp_build), "--prefix", str(prefix)),
        *("--component", "development"),
    )
    (tmp_path / "program.c").write_text(PROGRAM)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\n"
        "project(stranger LANGUAGES C)\n"
        "find_package(holdfast 0.1 REQUIRED)\n"
        "add_executable(program program.c)\n"
        "target_link_libraries(program PRIVATE holdfast::holdfast)\n"
    )
    built = build(tmp_path, tmp_path / "build", [f"-DCMAKE_PREFIX_PATH={prefix}"])
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run(str(built / "program")))


@pytest.mark.parametrize(
    ("libdir", "includedir"),
    [("lib", "include"), ("lib/x86_64-linux-gnu", "include"), ("/elsewhere/lib", "/apart/include")],
)
def test_pkg_config_names_the_directories_of_the_installation(
    libdir: str, includedir: str, tmp_path: Path
) -> None:
    if shutil.which("pkg-config") is None:
        pytest.skip("needs pkg-config")
    off = [f"-DHOLDFAST_BUILD_{what}=OFF" for what in ("TESTS", "BENCH", "PYTHON", "EXAMPLES")]
    places = [f"-DCMAKE_INSTALL_LIBDIR={libdir}", f"-DCMAKE_INSTALL_INCLUDEDIR={includedir}"]
    configure(ROOT, tmp_path / "build", *off, *places)
    installed = tmp_path / "prefix" / libdir.lstrip("/") / "pkgconfig"
    installed.mkdir(parents=True)
    shutil.copy(tmp_path / "build" / "cpp" / "holdfast.pc", installed)
    for variable, expected in (("libdir", libdir), ("includedir", includedir)):
        told = subprocess.run(
            ["pkg-config", f"--variable={variable}", str(installed / "holdfast.pc")],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        assert Path(told).resolve() == tmp_path / "prefix" / expected
