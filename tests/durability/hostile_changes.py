"""Ways to make a small whole checkpoint hostile."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crc32c import crc32c

SHARD = "data-00000-of-00001.bin"
CORRUPT = "CheckpointCorruptError"
UNSAFE = "UnsafeInputError"
VERSION = "CheckpointVersionError"
NONE = "NoCheckpointError"
FINE = ""
TERABYTE = 1 << 40


@dataclasses.dataclass(frozen=True)
class Case:
    """A hostile directory.

    Attributes:
      name: Says what is wrong.
      make: Changes the checkpoint at the path.
      kind: The class of the error; FINE: it loads.
      says: Part of the error's text.
      sealed: COMMIT is made to agree with the manifest afterwards, so that readers get past it.
      cut_after_open: The shard gets this size between opening and reading.
    """

    name: str
    make: Callable[[Path], None]
    kind: str
    says: str
    sealed: bool = False
    cut_after_open: int | None = None


Make = Callable[[Path], None]


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)  # published files are read-only
    path.write_bytes(data)


def replace_text(old: str, new: str) -> Make:
    """Replaces the first `old` in the manifest."""

    def make(checkpoint: Path) -> None:
        text = (checkpoint / "manifest.json").read_text()
        assert old in text, f"{old} is not in {text}"
        made = text.replace(old, new, 1).encode("utf-8", "surrogateescape")
        _write(checkpoint / "manifest.json", made)

    return make


def manifest_is(text: bytes) -> Make:
    return lambda checkpoint: _write(checkpoint / "manifest.json", text)


def edit_manifest(change: Callable[[dict[str, Any]], Any]) -> Make:
    """Changes the manifest as an object."""

    def make(checkpoint: Path) -> None:
        manifest = json.loads((checkpoint / "manifest.json").read_text())
        change(manifest)
        text = json.dumps(manifest, separators=(",", ":"))
        _write(checkpoint / "manifest.json", text.encode())

    return make


def edit_tensor(tensor: str, /, **fields: Any) -> Make:
    return edit_manifest(lambda manifest: entry_of(manifest, tensor).update(fields))


def edit_part(tensor: str, /, **fields: Any) -> Make:
    return edit_manifest(lambda manifest: entry_of(manifest, tensor)["parts"][0].update(fields))


def entry_of(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return next(tensor for tensor in manifest["tensors"] if tensor["name"] == name)


def edit_data(name: str, change: Callable[[bytearray], None]) -> Make:
    """Changes the bytes of a tensor and gives the manifest the checksum of what they are now."""

    def make(checkpoint: Path) -> None:
        manifest = json.loads((checkpoint / "manifest.json").read_text())
        part = entry_of(manifest, name)["parts"][0]
        shard = bytearray((checkpoint / SHARD).read_bytes())
        data = shard[part["offset"] : part["offset"] + part["bytes"]]
        change(data)
        shard[part["offset"] : part["offset"] + part["bytes"]] = data
        _write(checkpoint / SHARD, bytes(shard))
        edit_part(name, crc32c=f"{crc32c(data):08x}")(checkpoint)

    return make


def put(at: int, value: bytes) -> Callable[[bytearray], None]:
    return lambda data: data.__setitem__(slice(at, at + len(value)), value)


def edit_shard(change: Callable[[bytearray], Any]) -> Make:
    def make(checkpoint: Path) -> None:
        shard = bytearray((checkpoint / SHARD).read_bytes())
        change(shard)
        _write(checkpoint / SHARD, bytes(shard))

    return make


def edit_header(at: int, value: bytes) -> Make:
    """Changes the header of the shard and mends its checksum."""

    def change(shard: bytearray) -> None:
        shard[at : at + len(value)] = value
        shard[60:64] = crc32c(shard[:60]).to_bytes(4, "little")

    return edit_shard(change)


def edit_commit(pattern: str, new: str) -> Make:
    """Replaces a regular expression in COMMIT's lines and mends the last one."""

    def make(checkpoint: Path) -> None:
        body = (checkpoint / "COMMIT").read_text().rsplit("crc32c ", 1)[0]
        made = re.sub(pattern, new, body, count=1)
        assert made != body, pattern
        _write(
            checkpoint / "COMMIT", made.encode() + f"crc32c {crc32c(made.encode()):08x}\n".encode()
        )

    return make


def commit_bytes(change: Callable[[bytes], bytes]) -> Make:
    return lambda checkpoint: _write(
        checkpoint / "COMMIT", change((checkpoint / "COMMIT").read_bytes())
    )


def instead_of(name: str, make: Callable[[Path], Any]) -> Make:
    def replace(checkpoint: Path) -> None:
        (checkpoint / name).unlink()
        make(checkpoint / name)

    return replace


def make_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def link_outside(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def sparse_shard(tensor: dict[str, Any], size: int, pieces: int, rows: int) -> Make:
    """A shard of `size` bytes without blocks, described by the manifest down to its last byte.

    Args:
      tensor: Name, dtype and shape.
      size: Of the tensor. More than a string of JSON has room for the checksums of needs `pieces`.
      pieces: Parts.
      rows: Of all parts.
    """
    chunk = 4 << 20
    start = 192
    each = size // pieces

    def part(i: int) -> dict[str, Any]:
        place = {"file": 0, "offset": start + i * each, "bytes": each}
        rest = {"row": i * rows // pieces, "rows": rows // pieces}
        return place | rest | {"crc32c": "00000000" * (each // chunk)}

    def change(manifest: dict[str, Any]) -> None:
        manifest["chunk_bytes"] = chunk
        manifest["files"][0]["bytes"] = start + size
        described = tensor | {
            "role": "variable",
            "nonfinite": 0,
            "parts": list(map(part, range(pieces))),
        }
        manifest["tensors"] = [*manifest["tensors"][:2], described]

    def make(checkpoint: Path) -> None:
        edit_manifest(change)(checkpoint)
        edit_header(40, (start + size).to_bytes(8, "little"))(checkpoint)
        os.chmod(checkpoint / SHARD, 0o600)
        os.truncate(checkpoint / SHARD, start + size)

    return make


def long_bools(checkpoint: Path) -> None:
    """Bools of several blocks of reading, one of which is a 2, with the checksum of that."""
    data = bytearray(100_000)
    data[17] = 2
    part = {"file": 0, "offset": 64, "bytes": len(data), "row": 0, "rows": len(data)}
    tensor = {"name": "flags", "role": "variable", "dtype": "bool", "shape": [len(data)]}
    tensor |= {"nonfinite": 0, "parts": [part | {"crc32c": f"{crc32c(data):08x}"}]}
    step_at = 100_096  # the next multiple of 64

    def change(manifest: dict[str, Any]) -> None:
        entry_of(manifest, "global_step")["parts"][0]["offset"] = step_at
        manifest["tensors"] = [tensor, entry_of(manifest, "global_step")]
        manifest["files"][0]["bytes"] = step_at + 8

    def rewrite(shard: bytearray) -> None:
        step = shard[128:136]
        shard[64:] = data + bytes(step_at - 64 - len(data)) + step

    edit_manifest(change)(checkpoint)
    edit_shard(rewrite)(checkpoint)
    edit_header(40, (step_at + 8).to_bytes(8, "little"))(checkpoint)


def add_member(member: str, value: str) -> Make:
    """Adds a member with this JSON text to the manifest."""
    return replace_text('"model":', f'"{member}":{value},\n"model":')
