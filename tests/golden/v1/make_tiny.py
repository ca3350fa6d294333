"""Writes tiny/model.ckpt-7 from cpp/src/io/FORMAT.md alone, without the library.

Run once, when format 1.0 was made; the folder is added to and never regenerated.
"""

import json
import pathlib
import struct

SAVE_ID = bytes([3, *range(1, 16)])


def crc32c(data: bytes) -> int:
    """Bit by bit: RFC 3720, appendix B.4."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def entry(name: str, role: str, dtype: str, shape: list[int], offset: int, data: bytes) -> str:
    part = {
        "file": 0,
        "offset": offset,
        "bytes": len(data),
        "row": 0,
        "rows": shape[0] if shape else 1,
        "crc32c": f"{crc32c(data):08x}",
    }
    fields = {"name": name, "role": role, "dtype": dtype, "shape": shape, "nonfinite": 0}
    return compact({**fields, "parts": [part]})


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def main() -> None:
    """Writes the shard, the manifest and COMMIT."""
    folder = pathlib.Path(__file__).parent / "tiny" / "model.ckpt-7"
    folder.mkdir(parents=True, exist_ok=True)
    step = struct.pack("<q", 7)
    weights = struct.pack("<4f", 0.5, 1.5, -2.0, 0.0)
    size = 128 + len(weights)
    head = b"HFSHARD1" + struct.pack("<II16sIIQ12x", 64, 0, SAVE_ID, 0, 1, size)
    shard = head + struct.pack("<I", crc32c(head)) + step.ljust(64, b"\0") + weights
    (folder / "data-00000-of-00001.bin").write_bytes(shard)
    top = {
        "format": "holdfast.checkpoint",
        "format_version": [1, 0],
        "required_features": [],
        "writer": {"library": "holdfast", "version": "0.1.0"},
        "save_id": SAVE_ID.hex(),
        "commit_seq": 1,
        "step": 7,
        "created_unix_ms": 1790000000000,
        "byte_order": "little",
        "checksum": "crc32c",
        "chunk_bytes": 1048576,
        "files": [{"name": "data-00000-of-00001.bin", "bytes": size}],
    }
    tensors = [
        entry("global_step", "global_step", "int64", [], 64, step),
        entry("w", "variable", "float32", [2, 2], 128, weights),
    ]
    manifest = compact(top)[:-1] + ',\n"tensors":[\n' + ",\n".join(tensors)
    manifest += '],\n"state":{"global_step":7},\n"model":{}}\n'
    (folder / "manifest.json").write_bytes(manifest.encode())
    commit = f"holdfast-commit 1\nsave_id {SAVE_ID.hex()}\ncommit_seq 1\nstep 7\n"
    commit += f"manifest_bytes {len(manifest)}\nmanifest_crc32c {crc32c(manifest.encode()):08x}\n"
    (folder / "COMMIT").write_text(f"{commit}crc32c {crc32c(commit.encode()):08x}\n")


if __name__ == "__main__":
    main()
