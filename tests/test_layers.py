"""Reads every #include and import and compares them with the layering of the project.

A layer may use the layers its row names, and itself. To allow a new direction is to edit a table
here, in sight of everybody.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CPP = ROOT / "cpp"
PYTHON = ROOT / "python" / "holdfast"

# folder of cpp/src -> folders it may include. All but kernels may include the public headers, which
# hold the vocabulary (Error, Tensor), and the standard library.
CPP_LAYERS: dict[str, set[str]] = {
    "base": set(),
    "kernels": set(),
    "io": {"base"},
    "graph": {"base"},
    "ops": {"graph", "kernels", "base"},
    "runtime": {"ops", "graph", "kernels", "base"},
    "api": {"runtime", "ops", "graph", "io", "kernels", "base"},
}

# Code compiled for one instruction set must not instantiate shared inline functions: the linker
# could keep the AVX-512 copy for a machine without it. dispatch.cpp is compiled for the baseline,
# detects the machine, and throws on an unknown name.
KERNEL_HEADERS = {"cstddef", "cstdint", "immintrin.h", "arm_neon.h"}
KERNELS_WITHOUT_ISA = {"dispatch.cpp"}

# The parser is reached through base/json.h only, which enforces the limits on untrusted input.
THIRD_PARTY = {"nlohmann/json.hpp": "base"}

# What a name under python/holdfast belongs to; every other top-level module is a graph module.
PYTHON_LAYERS: dict[str, set[str]] = {
    "_core": set(),
    "errors": {"_core"},
    "graph": {"errors", "_core"},
    "feature_column": {"graph", "errors"},
    "data": {"graph", "errors", "_core"},  # a mapped function is a graph of its own
    "inputs": {"data"},  # numpy_input_fn and pandas_input_fn under the name scripts know
    # Event files are written and read by the core: no second wire format or framing in Python.
    "summary": {"graph", "errors", "_core"},
    "train": {"summary", "graph", "errors", "_core"},
    "saved_model": {"graph", "errors", "_core"},
    "estimator": {
        "train",
        "saved_model",
        "summary",
        "data",
        "inputs",
        "feature_column",
        "graph",
        "errors",
        "_core",
    },
    "cli": {"estimator", "train", "saved_model", "summary", "data", "feature_column", "graph"}
    | {"errors", "_core"},
    "compat": {"estimator", "train", "saved_model", "summary", "data", "feature_column", "graph"}
    | {"errors", "_core"},
}
# The library needs numpy; only the command line may need more when it is imported.
THIRD_PARTY_PYTHON = {"numpy": set(PYTHON_LAYERS), "typer": {"cli"}, "rich": {"cli"}}
# Imported inside functions only, when a user asks for what they serve: the live line, data
# frames, plots.
OPTIONAL_PYTHON = {"rich", "pandas", "matplotlib"}
# The package's face names every module and has no layer; __main__ speaks of the installation.
FACES = {"__init__.py", "__main__.py"}

_INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.MULTILINE)


def includes(path: Path) -> list[tuple[str, str]]:
    """Returns (bracket, header) of each #include of a file."""
    return [(m.group(1), m.group(2)) for m in _INCLUDE.finditer(path.read_text())]


def cpp_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in {".h", ".cpp", ".inc"})


def cpp_violation(layer: str, file_name: str, bracket: str, header: str) -> str | None:
    """Returns what is wrong with an #include in cpp/src/<layer>, or None."""
    if layer == "kernels" and file_name not in KERNELS_WITHOUT_ISA:
        allowed = header in KERNEL_HEADERS or header.startswith("kernels/")
        return None if allowed else "kernels may include <cstddef>, <cstdint>, intrinsics, kernels/"
    if header in THIRD_PARTY:
        return None if layer == THIRD_PARTY[header] else f"belongs to {THIRD_PARTY[header]} alone"
    if header.startswith(("Python.h", "pybind11", "numpy/")):
        return "nothing under cpp/ knows Python"
    if bracket == "<":
        return (
            "third-party code is not used here"
            if "/" in header and not header.startswith(("sys/", "linux/", "mach/"))
            else None
        )
    target = header.split("/")[0]
    if target in {"holdfast", layer}:
        return None
    allowed_folders = CPP_LAYERS[layer] | ({"base"} if layer == "kernels" else set())
    return None if target in allowed_folders else f"may include only {sorted(allowed_folders)}"


def test_every_folder_of_the_core_is_in_the_table() -> None:
    folders = {p.name for p in (CPP / "src").iterdir() if p.is_dir()}
    assert folders <= set(CPP_LAYERS)


@pytest.mark.parametrize("layer", CPP_LAYERS)
def test_a_cpp_layer_includes_only_what_is_above_it(layer: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {header}: {problem}"
        for path in cpp_files(CPP / "src" / layer)
        for bracket, header in includes(path)
        if (problem := cpp_violation(layer, path.name, bracket, header))
    ]
    assert not found, "\n".join(found)


def test_public_headers_include_the_standard_library_and_each_other() -> None:
    found = [
        f"{path.name}: {header}"
        for path in cpp_files(CPP / "include")
        for bracket, header in includes(path)
        if (bracket == '"' and not header.startswith("holdfast/"))
        or (bracket == "<" and "/" in header)
    ]
    assert not found


def test_pybind11_and_python_appear_in_the_bindings_only() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {header}"
        for folder in (CPP, ROOT / "tests" / "cpp", ROOT / "bench" / "cpp")
        for path in cpp_files(folder)
        for _, header in includes(path)
        if header.startswith(("pybind11", "Python.h", "numpy/"))
    ]
    assert not found


def layer_of(module: str) -> str | None:
    """Returns the layer of holdfast.<module>; None for the package itself."""
    parts = module.split(".")
    if len(parts) == 1:
        return None
    return parts[1] if parts[1] in PYTHON_LAYERS else "graph"


def imported_modules(path: Path) -> Iterator[tuple[str, bool]]:
    """Yields (module, at the top of the file) for each import, `from holdfast import x` resolved.

    Imports under TYPE_CHECKING are left out: they exist for the type checker alone.
    """
    tree = ast.parse(path.read_text())
    for_typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    at_top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if id(node) in for_typing:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in at_top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            for alias in node.names:
                is_package = module == "holdfast"
                yield f"holdfast.{alias.name}" if is_package else module, id(node) in at_top


def python_violation(layer: str, module: str, at_top: bool) -> str | None:
    """Returns what is wrong with an import in a layer, or None."""
    root = module.split(".")[0]
    if root == "holdfast":
        target = layer_of(module)
        if target is None or target == layer or target in PYTHON_LAYERS[layer]:
            return None
        return f"{layer} may import only {sorted(PYTHON_LAYERS[layer])}"
    if root in sys.stdlib_module_names or layer in THIRD_PARTY_PYTHON.get(root, set()):
        return None
    if root in OPTIONAL_PYTHON and not at_top:
        return None
    return "not a dependency of this layer"


def python_files() -> list[Path]:
    return sorted(p for p in PYTHON.rglob("*.py") if p.parent != PYTHON or p.name not in FACES)


def test_python_modules_import_only_what_is_above_them() -> None:
    found = []
    for path in python_files():
        module = ".".join(("holdfast", *path.relative_to(PYTHON).with_suffix("").parts))
        layer = layer_of(module)
        assert layer is not None
        found += [
            f"{path.relative_to(ROOT)}: {imported}: {problem}"
            for imported, at_top in imported_modules(path)
            if (problem := python_violation(layer, imported, at_top))
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("layer", "bracket", "header"),
    [
        ("base", '"', "graph/op.h"),
        ("kernels", "<", "vector"),
        ("kernels", '"', "base/philox.h"),
        ("io", '"', "runtime/state.h"),
        ("ops", "<", "nlohmann/json.hpp"),
        ("api", "<", "pybind11/pybind11.h"),
    ],
)
def test_the_check_sees_a_wrong_include(layer: str, bracket: str, header: str) -> None:
    assert cpp_violation(layer, "any.cpp", bracket, header)


@pytest.mark.parametrize(
    ("layer", "module"),
    [
        ("errors", "holdfast._graph"),
        ("graph", "holdfast.estimator"),
        ("train", "holdfast.estimator._run_config"),
        ("estimator", "holdfast.cli"),
        ("train", "typer"),
        ("data", "pandas"),
    ],
)
def test_the_check_sees_a_wrong_import(layer: str, module: str) -> None:
    assert python_violation(layer, module, at_top=True)
