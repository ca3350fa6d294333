"""A stranger's CMake project, built against the wheel and against `cmake --install`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cmake_build import ROOT, build, run, tool

import holdfast
from holdfast import _core

EMBED = ROOT / "tests" / "embed"
HEADERS = ROOT / "cpp" / "include" / "holdfast"
PACKAGE = Path(holdfast.__path__[0])
CLANG = next(
    (
        found
        for name in ("clang++", *(f"clang++-{version}" for version in range(20, 13, -1)))
        if (found := shutil.which(name))
    ),
    None,
)


@dataclass(frozen=True)
class Compiler:
    """What a stranger compiles with."""

    standard: int
    clang: bool = False
    rtti: bool = True

    def options(self) -> list[str]:
        """Options of CMake; skips the test where there is no such compiler."""
        options = [
            *(f"-DCMAKE_CXX_STANDARD={self.standard}", "-DCMAKE_CXX_EXTENSIONS=OFF"),
            f"-DCMAKE_CXX_FLAGS={'' if self.rtti else '-fno-rtti'}",
        ]
        if self.clang:
            if CLANG is None:
                pytest.skip("needs clang++")
            c_compiler = CLANG.replace("clang++", "clang")
            options += [f"-DCMAKE_CXX_COMPILER={CLANG}", f"-DCMAKE_C_COMPILER={c_compiler}"]
        return options


@pytest.fixture(scope="session")
def wheel() -> Path:
    """Where the installed package has include/ and lib/."""
    if PACKAGE == ROOT / "python" / "holdfast":
        pytest.skip("speaks of the wheel; this run uses the checkout")
    (found,) = {
        Path(run(sys.executable, "-m", "holdfast", option).strip()).parents[parents]
        for option, parents in (("--cmake-dir", 2), ("--include-dir", 0), ("--pkgconfig-dir", 1))
    }
    return found


def install(folder: Path, prefix: Path) -> Path:
    command = (tool("cmake"), "--install", str(folder), "--prefix", str(prefix))
    run(*command, "--component", "development")
    return prefix


@pytest.fixture(scope="session")
def static(cpp_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(cpp_build, tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="session")
def shared(cpp_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `static`, which is built first: every object then comes out of ccache."""
    if shutil.which("ccache") is None:
        pytest.skip("compiles the library a second time: needs ccache")
    off = [f"-DHOLDFAST_BUILD_{what}=OFF" for what in ("TESTS", "BENCH", "PYTHON", "EXAMPLES")]
    folder = build(
        ROOT,
        ROOT / "build" / "cpp-shared",
        [*off, "-DBUILD_SHARED_LIBS=ON", f"-DPython_EXECUTABLE={sys.executable}"],
        target="holdfast",
    )
    return install(folder, tmp_path_factory.mktemp("shared"))


@pytest.mark.parametrize(
    ("origin", "compiler"),
    [
        ("wheel", Compiler(17)),
        ("wheel", Compiler(20, clang=True, rtti=False)),
        ("static", Compiler(20, rtti=False)),
        ("shared", Compiler(17, clang=True)),
    ],
    ids=["wheel-g++17", "wheel-clang++20-no-rtti", "static-g++20-no-rtti", "shared-clang++17"],
)
def test_a_stranger_builds_and_runs(
    origin: str, compiler: Compiler, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    options = compiler.options()
    prefix: Path = request.getfixturevalue(origin)
    built = build(EMBED, tmp_path / "build", [*options, f"-DCMAKE_PREFIX_PATH={prefix}"])
    cache = (built / "CMakeCache.txt").read_text()
    (found,) = re.findall(r"^holdfast_DIR:PATH=(.*)$", cache, re.MULTILINE)
    assert Path(found).is_relative_to(prefix)

    export = str(EMBED / "iris_export")
    version = _core.version()
    assert run(str(built / "headers")) == f"{version} {version}\n"
    assert run(str(built / "predict"), export) == (EMBED / "expected.txt").read_text()
    assert run(str(built / "c_predict"), export) == first_row()
    trained = run(str(built / "train"), str(tmp_path / "model"))
    assert trained == "step 10, loss fell: yes, seed 3\n"


def first_row() -> str:
    """The first line of expected.txt as c_predict prints it."""
    rows = {
        "PetalLength": [1.4],
        "PetalWidth": [0.2],
        "SepalLength": [5.1],
        "SepalWidth": [3.5],
    }
    model = holdfast.saved_model.load(str(EMBED / "iris_export"))
    probabilities = model.signatures["predict"](rows)["probabilities"][0]
    return " ".join(f"{float(p):.9g}" for p in probabilities) + "\n"


@pytest.mark.parametrize("origin", ["wheel", "static", "shared"])
def test_pkg_config_serves_a_c_program(
    origin: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if shutil.which("pkg-config") is None:
        pytest.skip("needs pkg-config")
    prefix: Path = request.getfixturevalue(origin)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "--print-errors", "holdfast = 0.1.0"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert flags.returncode == 0, flags.stderr
    program = str(tmp_path / "c_predict")
    run("cc", "-std=c11", str(EMBED / "c_predict.c"), *flags.stdout.split(), "-o", program)
    done = subprocess.run(
        [program, str(EMBED / "iris_export")],
        env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == first_row()


@pytest.mark.parametrize("origin", ["wheel", "static", "shared"])
def test_every_public_header_is_installed_and_no_other(
    origin: str, request: pytest.FixtureRequest
) -> None:
    prefix: Path = request.getfixturevalue(origin)
    installed = {str(path.relative_to(prefix / "include")) for path in prefix.rglob("*.h")}
    assert installed == {f"holdfast/{path.name}" for path in HEADERS.iterdir()}
    shown = (EMBED / "headers.cpp").read_text()
    assert {f"holdfast/{name}" for name in re.findall(r"<holdfast/(.*)>", shown)} == installed


def test_public_headers_include_the_standard_library_and_each_other_alone() -> None:
    for path in HEADERS.iterdir():
        for bracket, header in re.findall(r'#include ([<"])(.*)[>"]', path.read_text()):
            if bracket == '"':
                assert (HEADERS.parent / header).is_file(), f"{path.name}: {header}"
            else:
                known = re.fullmatch(r"[a-z_0-9]+", header) or header in {"stddef.h", "stdint.h"}
                assert known, f"{path.name}: {header}"


@pytest.mark.parametrize("origin", ["wheel", "shared"])
def test_the_shared_library_exports_its_public_face_alone(
    origin: str, request: pytest.FixtureRequest
) -> None:
    prefix: Path = request.getfixturevalue(origin)
    library = prefix / "lib" / "libholdfast.so"
    table = run("nm", "-DC", "--defined-only", "--with-symbol-versions", str(library))
    symbols = [line.split(maxsplit=2)[1:] for line in table.splitlines()]
    defined = {name for kind, name in symbols if kind != "A"}
    c_functions = {name.split("@")[0] for name in defined if name.endswith("@@HOLDFAST_C_1")}
    assert c_functions == declared_in_c()
    version = ".".join(_core.version().split(".")[:2])
    for name in defined - {f"{name}@@HOLDFAST_C_1" for name in c_functions}:
        assert name.endswith(f"@@HOLDFAST_CXX_{version}"), name
        assert re.match(r"(vtable for |typeinfo (name )?for )?holdfast::", name), name
        assert "::Impl::" not in name
        assert "nlohmann" not in name


def declared_in_c() -> set[str]:
    text = (HEADERS / "c_api.h").read_text()
    return set(re.findall(r"HOLDFAST_API [^;(]*?\b(holdfast_\w+)\(", text))


@pytest.mark.parametrize(
    ("origin", "soname"), [("wheel", "libholdfast.so"), ("shared", "libholdfast.so.0.1")]
)
def test_the_shared_library_is_small_and_needs_the_c_plus_plus_runtime_alone(
    origin: str, soname: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    prefix: Path = request.getfixturevalue(origin)
    library = prefix / "lib" / "libholdfast.so"
    about = run("readelf", "-d", str(library))
    assert re.findall(r"\(SONAME\).*\[(.*)\]", about) == [soname]
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", about))
    allowed = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6", "libpthread.so.0"}
    assert {name for name in needed if not name.startswith("ld-linux")} <= allowed
    assert "RUNPATH" not in about
    stripped = tmp_path / "stripped.so"
    run("strip", "-o", str(stripped), str(library))
    assert stripped.stat().st_size < 3_000_000


def test_the_wheel_holds_no_links_and_one_library(wheel: Path) -> None:
    libraries = sorted(path.name for path in (wheel / "lib").iterdir() if path.is_file())
    assert libraries == ["libholdfast.so"]
    assert not any(path.is_symlink() for path in wheel.rglob("*"))


def test_another_minor_version_is_not_accepted(static: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(stranger LANGUAGES CXX)\n"
        "find_package(holdfast 0.2 REQUIRED)\n"
    )
    done = subprocess.run(
        [
            *(tool("cmake"), "-S", str(tmp_path), "-B", str(tmp_path / "build"), "-G", "Ninja"),
            *(f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", f"-DCMAKE_PREFIX_PATH={static}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"version: {_core.version()}" in done.stderr
