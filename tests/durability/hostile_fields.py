"""Hostile manifests: good JSON that breaks one rule of the format."""

from __future__ import annotations

from typing import Any

from hostile_changes import (
    CORRUPT,
    FINE,
    SHARD,
    UNSAFE,
    VERSION,
    Case,
    edit_manifest,
    edit_part,
    edit_tensor,
    entry_of,
    replace_text,
)

_MANY = 262_145


def _at_the_top() -> list[Case]:
    def field(name: str, old: str, new: str, kind: str, says: str) -> Case:
        return Case(name, replace_text(old, new), kind, says, sealed=True)

    return [
        field("newer major version", "[1,0]", "[2,0]", VERSION, "Upgrade holdfast"),
        field("newer minor version", "[1,0]", "[1,7]", FINE, ""),
        field("major version 0", "[1,0]", "[0,9]", CORRUPT, "a format version from 1.0"),
        field("version of three numbers", "[1,0]", "[1,0,0]", CORRUPT, "[major, minor]"),
        field(
            "feature this version lacks", 'features":[]', 'features":["sha256"]', VERSION, "sha256"
        ),
        field(
            "other format",
            "holdfast.checkpoint",
            "holdfast.checkpoints",
            CORRUPT,
            'format "holdfast.checkpoint"',
        ),
        field("big-endian", '"little"', '"big"', VERSION, "byte_order"),
        field("other checksum", '"checksum":"crc32c"', '"checksum":"xxh3"', VERSION, "xxh3"),
        field("save_id in upper case", '"save_id":"', '"save_id":"AB', CORRUPT, "32 lowercase"),
        field("negative step", '"step":7', '"step":-7', CORRUPT, "plain integer"),
        field("step with a fraction", '"step":7', '"step":7.0', CORRUPT, "plain integer"),
        field("step with an exponent", '"step":7', '"step":7e0', CORRUPT, "plain integer"),
        field("minus zero", '"file":0', '"file":-0', CORRUPT, "plain integer"),
        field("step past 2^53", '"step":7', '"step":9007199254740992', CORRUPT, "plain integer"),
        field(
            "step past 2^64", '"step":7', '"step":18446744073709551616', CORRUPT, "plain integer"
        ),
        field("step as text", '"step":7', '"step":"7"', CORRUPT, "plain integer"),
        field("no step", '"step":7,', "", CORRUPT, '"step", got none'),
        field(
            "state of another step", '"global_step":7', '"global_step":8', CORRUPT, "global_step"
        ),
        field(
            "state that is a list",
            '"state":{"global_step":7,"user":{"a":[1]}}',
            '"state":[]',
            CORRUPT,
            "state",
        ),
        field("model that is a list", '"model":{"head":null}', '"model":[]', CORRUPT, "model"),
        field("chunks of no bytes", "1048576", "0", CORRUPT, "chunk_bytes"),
        field("chunks of a byte", "1048576", "1", CORRUPT, "chunk_bytes"),
        field("chunks of a gibibyte", "1048576", str(1 << 30), CORRUPT, "chunk_bytes"),
        field("unknown members", '"model":', '"later":[1,{"x":"y"}],"model":', FINE, ""),
        field(
            "file named ../../etc/passwd", SHARD, "../../../../etc/passwd", CORRUPT, f"file {SHARD}"
        ),
        field("file named /etc/passwd", SHARD, "/etc/passwd", CORRUPT, f"file {SHARD}"),
        field("file of another number", SHARD, "data-00001-of-00002.bin", CORRUPT, f"file {SHARD}"),
        field(
            "file of a terabyte that is small",
            '"bytes":287',
            '"bytes":1099511627776',
            CORRUPT,
            "parts that end where file 0 ends",
        ),
        field("no files", '"files":[{', '"files":[],"x":[{', CORRUPT, "a file below 0"),
        field(
            "tensors that are an object",
            '"tensors":[',
            '"tensors":{},"x":[',
            CORRUPT,
            "to be an array",
        ),
    ]


def _of_tensors() -> list[Case]:
    def of_w(title: str, kind: str, says: str, **fields: object) -> Case:
        return Case(title, edit_tensor("w", **fields), kind, says, sealed=True)

    return [
        of_w("name given twice", CORRUPT, "each name once", name="global_step"),
        of_w("names out of order", CORRUPT, "sorted by name", name="a"),
        of_w("empty name", CORRUPT, "1..1024 bytes", name=""),
        of_w("control character in a name", CORRUPT, "without control characters", name="w\x00"),
        of_w("C1 control character in a name", CORRUPT, "without control characters", name="w\x85"),
        of_w("name of 1025 bytes", UNSAFE, "at most 1024 bytes", name="w" * 1025),
        of_w("name that is a path", FINE, "", name="w/../../../etc/passwd"),
        of_w("unknown role", FINE, "", role="later"),
        of_w("unknown dtype", CORRUPT, "a known dtype", dtype="float31"),
        of_w("dtype named to be imported", CORRUPT, "a known dtype", dtype="os.system"),
        of_w("dtype of another size", CORRUPT, "expected 32 bytes", dtype="float64"),
        of_w("strings without offsets", CORRUPT, "one part of at least 40 bytes", dtype="string"),
        of_w("negative sizes", CORRUPT, "plain integer", shape=[-2, -2]),
        of_w("one negative size", CORRUPT, "plain integer", shape=[-1]),
        of_w(
            "4194305 x 4194305 x 211106198978564",
            UNSAFE,
            "overflows",
            shape=[4194305, 4194305, 211106198978564],
        ),
        of_w("2^32 x 2^32", UNSAFE, "overflows", shape=[1 << 32, 1 << 32]),
        of_w("2^31 x 2^31 x 4, zero in 64 bits", UNSAFE, "overflows", shape=[1 << 31, 1 << 31, 4]),
        of_w("overflow beside a zero", UNSAFE, "overflows", shape=[0, 1 << 32, 1 << 32], parts=[]),
        of_w(
            "overflow of bytes beside a zero",
            UNSAFE,
            "overflows",
            shape=[0, 1 << 31, 1 << 31],
            parts=[],
        ),
        of_w(
            "huge first axis",
            CORRUPT,
            "parts for all 9007199254740991 rows",
            shape=[(1 << 53) - 1, 2],
        ),
        of_w("33 axes", UNSAFE, "at most 32 axes", shape=[2, 2] + [1] * 31),
        of_w("empty tensor with a part", CORRUPT, "no part for an empty tensor", shape=[0, 2]),
        of_w("no part", CORRUPT, "at least one part", parts=[]),
        of_w("parts that are no list", CORRUPT, "to be an array", parts={}),
        of_w("two global_steps", CORRUPT, "an int64 global_step", role="global_step"),
        Case(
            "no global_step",
            edit_tensor("global_step", role="variable"),
            CORRUPT,
            "one tensor with the role global_step",
            sealed=True,
        ),
        Case(
            "global_step of rank 1",
            edit_tensor("global_step", shape=[1]),
            CORRUPT,
            "an int64 global_step",
            sealed=True,
        ),
    ]


def _of_parts() -> list[Case]:
    def of_w(title: str, kind: str, says: str, **fields: object) -> Case:
        return Case(title, edit_part("w", **fields), kind, says, sealed=True)

    def split(manifest: dict[str, Any]) -> None:
        entry = entry_of(manifest, "words")
        entry["parts"] *= 2

    return [
        of_w("file that is not there", CORRUPT, "a file below 1", file=1),
        of_w("file past every limit", UNSAFE, "a file below 65536", file=65536),
        of_w("overlap", CORRUPT, "and not before", offset=128),
        of_w("part inside the header", CORRUPT, "at least 64", offset=0),
        of_w("part that is not aligned", CORRUPT, "a multiple of 64", offset=191),
        of_w("hole of 8 KiB", CORRUPT, "at most 4095 bytes after", offset=8192),
        of_w("offset near 2^53", CORRUPT, "at most 4095 bytes after", offset=(1 << 53) - 64),
        of_w("offset past 2^53", CORRUPT, "plain integer", offset=1 << 53),
        of_w("bytes that are too few", CORRUPT, "expected 16 bytes", bytes=8),
        of_w("rows that are missing", CORRUPT, "expected 8 bytes", rows=1),
        of_w("no rows", CORRUPT, "parts that start where the last ended", rows=0),
        of_w("2^53 rows", CORRUPT, "rows that end at the size of axis 0", rows=(1 << 53) - 1),
        of_w("rows from 1", CORRUPT, "parts that start where the last ended", row=1),
        of_w("two checksums for a chunk", CORRUPT, "1 CRCs", crc32c="00000000" * 2),
        of_w("no checksum", CORRUPT, "1 CRCs", crc32c=""),
        of_w("checksum in upper case", CORRUPT, "8 lowercase", crc32c="ABCDEF00"),
        of_w("checksum of 7 digits", CORRUPT, "8 lowercase", crc32c="0000000"),
        of_w("wrong checksum", CORRUPT, "expected crc32c 00000000", crc32c="00000000"),
        Case("strings in two parts", edit_manifest(split), CORRUPT, "parts", sealed=True),
    ]


def _of_numbers() -> list[Case]:
    tensor = '{"name":"n%06d","role":"v","dtype":"int8","shape":[0],"nonfinite":0,"parts":[]}'
    tensors = ",".join(tensor % i for i in range(_MANY))
    files = ",".join(f'{{"name":"data-{i:05d}-of-65537.bin","bytes":64}}' for i in range(65_537))
    part = '{"file":0,"offset":64,"bytes":0,"row":0,"rows":0,"crc32c":""},'
    parts = '"parts":[' + part * 900_000
    return [
        Case(
            "262,145 tensors",
            replace_text('"tensors":[', '"tensors":[' + tensors + ","),
            UNSAFE,
            '262144 elements of "tensors"',
            sealed=True,
        ),
        Case(
            "262,145 tensors that are numbers",
            replace_text('"tensors":[', '"tensors":[' + "0," * _MANY),
            UNSAFE,
            '262144 elements of "tensors"',
            sealed=True,
        ),
        Case(
            "65,537 files",
            replace_text('"files":[', '"files":[' + files + ","),
            UNSAFE,
            "at most 65536 files",
            sealed=True,
        ),
        Case(
            "900,000 parts",
            replace_text('"parts":[', parts),
            UNSAFE,
            "JSON inside the limits",
            sealed=True,
        ),
    ]


def cases() -> list[Case]:
    """Returns one case for each rule of a manifest's members."""
    return [*_at_the_top(), *_of_tensors(), *_of_parts(), *_of_numbers()]
