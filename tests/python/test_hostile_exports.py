"""Exports that somebody has written to do harm: typed errors, the same text here and in C++.

tests/golden/v1/hostile_exports.json lists a change of a manifest, and the error that loading it
ends with; tests/cpp/api/hostile_export_test.cpp reads the same list.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from predict_process import PredictProcess

from holdfast import _core, errors, saved_model

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "v1"
sys.path.insert(0, str(GOLDEN.parents[1] / "durability"))
from crc32c import crc32c  # noqa: E402 - a helper of the campaigns

CASES: list[dict[str, Any]] = json.loads((GOLDEN / "hostile_exports.json").read_text())


def files_of(name: str) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in (GOLDEN / "exports" / name).iterdir()}


def sealed(files: dict[str, bytes], manifest: bytes) -> dict[str, bytes]:
    """The files with another manifest that COMMIT vouches for."""
    lines = files["COMMIT"].decode().splitlines()
    lines[4] = f"manifest_bytes {len(manifest)}"
    lines[5] = f"manifest_crc32c {crc32c(manifest):08x}"
    text = "\n".join(lines[:6]) + "\n"
    commit = f"{text}crc32c {crc32c(text.encode()):08x}\n".encode()
    return {**files, "manifest.json": manifest, "COMMIT": commit}


def changed(case: dict[str, Any]) -> dict[str, bytes]:
    files = files_of(case["export"])
    manifest = files["manifest.json"]
    assert case["find"].encode() in manifest
    return sealed(files, manifest.replace(case["find"].encode(), case["put"].encode(), 1))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_hostile_export_is_a_typed_error(case: dict[str, Any]) -> None:
    files = changed(case)
    began = time.perf_counter()
    with pytest.raises(errors.OpError) as caught:
        _core.Model.load_files(files)
    assert time.perf_counter() - began < 1
    kind = case["kind"] or "FailedPreconditionError"
    assert type(caught.value).__name__ == kind
    assert str(caught.value) == case["text"].replace("{version}", _core.version())


def test_what_is_not_changed_loads() -> None:
    for name in ("iris", "words"):
        files = files_of(name)
        _core.Model.load_files(sealed(files, files["manifest.json"]))


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (70_000, "graph: expected at most 65536 nodes; got 70000"),
        (1_000_000, "expected JSON inside the limits of the format, got JSON text: expected at mo"),
    ],
)
def test_a_million_nodes_are_too_many(count: int, message: str) -> None:
    files = files_of("iris")
    manifest = json.loads(files["manifest.json"])
    manifest["graph"]["nodes"] = [{}] * count
    hostile = sealed(files, json.dumps(manifest, separators=(",", ":")).encode())
    began = time.perf_counter()
    with pytest.raises(errors.UnsafeInputError, match=message):
        _core.Model.load_files(hostile)
    assert time.perf_counter() - began < 2


def test_every_cut_of_a_file_is_found() -> None:
    files = files_of("iris")
    for name, data in files.items():
        for size in {0, 1, len(data) // 2, len(data) - 1}:
            with pytest.raises((errors.DataLossError, errors.NotFoundError)):
                _core.Model.load_files({**files, name: data[:size]})


def test_memory_that_a_batch_would_take_is_counted_first() -> None:
    files = files_of("words")
    manifest = json.loads(files["manifest.json"])
    nodes = manifest["graph"]["nodes"]
    nodes.append(
        {
            "name": "big",
            "op": "tile",
            "inputs": [len(nodes) - 1],
            "attributes": {"multiples": {"is": [2**40, 1]}},
            "dtype": "float32",
            "shape": [-1, 8],
        }
    )
    manifest["signatures"]["serving_default"]["outputs"]["big"] = "big"
    text = json.dumps(manifest, separators=(",", ":"))
    model = _core.Model.load_files(sealed(files, text.encode()))
    with pytest.raises(errors.ResourceExhaustedError, match='node "big": expected values of at mo'):
        model.signatures["serving_default"]([b"word 1"])


def _link_shard(export: Path) -> None:
    shard = export / "data-00000-of-00001.bin"
    shard.rename(export.parent / "outside.bin")
    shard.symlink_to(export.parent / "outside.bin")


def _link_manifest(export: Path) -> None:
    (export / "manifest.json").rename(export.parent / "outside.json")
    (export / "manifest.json").symlink_to("../outside.json")


def _fifo(name: str) -> Callable[[Path], None]:
    def replace(export: Path) -> None:
        (export / name).unlink()
        os.mkfifo(export / name)

    return replace


def _directory(name: str) -> Callable[[Path], None]:
    def replace(export: Path) -> None:
        (export / name).unlink()
        (export / name).mkdir()

    return replace


def _grown_shard(export: Path) -> None:
    os.chmod(export / "data-00000-of-00001.bin", 0o644)
    os.truncate(export / "data-00000-of-00001.bin", 2**40)  # sparse


@pytest.mark.parametrize(
    "trick",
    [
        _link_shard,
        _link_manifest,
        _grown_shard,
        *(
            replace(name)
            for replace in (_fifo, _directory)
            for name in ("COMMIT", "manifest.json", "data-00000-of-00001.bin")
        ),
    ],
)
def test_tricks_with_paths_are_typed_errors_of_one_text(
    trick: Callable[[Path], None], cpp_build: Path, tmp_path: Path
) -> None:
    export = tmp_path / "1790000000"
    shutil.copytree(GOLDEN / "exports" / "iris", export)
    trick(export)
    began = time.perf_counter()
    with pytest.raises(errors.OpError) as caught:
        saved_model.load(export)
    assert time.perf_counter() - began < 1
    assert isinstance(
        caught.value,
        (errors.UnsafeInputError, errors.CheckpointCorruptError, errors.NotFoundError),
    )
    assert str(export) in str(caught.value)
    with PredictProcess(cpp_build) as process, pytest.raises(RuntimeError) as in_cpp:
        process.load(export)
    assert str(in_cpp.value) == str(caught.value).replace("\n", " ")
