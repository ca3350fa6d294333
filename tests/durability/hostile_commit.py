"""Hostile COMMIT files."""

from __future__ import annotations

import os
from pathlib import Path

from hostile_changes import (
    CORRUPT,
    UNSAFE,
    VERSION,
    Case,
    commit_bytes,
    edit_commit,
    instead_of,
    link_outside,
)


def cases() -> list[Case]:
    too_big = edit_commit("manifest_bytes .*", f"manifest_bytes {(64 << 20) + 1}")
    return [
        Case("no COMMIT", lambda c: (c / "COMMIT").unlink(), CORRUPT, "no COMMIT"),
        Case("empty COMMIT", commit_bytes(lambda b: b""), CORRUPT, "never finished"),
        Case("half a COMMIT", commit_bytes(lambda b: b[:70]), CORRUPT, "never finished"),
        Case(
            "COMMIT with a wrong checksum",
            commit_bytes(lambda b: b.replace(b"step 7", b"step 8")),
            CORRUPT,
            "expected crc32c",
        ),
        Case(
            "COMMIT of version 2", edit_commit("commit 1", "commit 2"), VERSION, "Upgrade holdfast"
        ),
        Case(
            "COMMIT of another save",
            edit_commit("save_id ....", "save_id 0000"),
            CORRUPT,
            "save_id, commit_seq and step of COMMIT",
        ),
        Case(
            "COMMIT of another commit_seq",
            edit_commit("commit_seq 1", "commit_seq 2"),
            CORRUPT,
            "save_id, commit_seq and step of COMMIT",
        ),
        Case(
            "COMMIT of another step",
            edit_commit("step 7", "step 8"),
            CORRUPT,
            "save_id, commit_seq and step of COMMIT",
        ),
        Case(
            "COMMIT with a leading zero", edit_commit("step 7", "step 07"), CORRUPT, "seven lines"
        ),
        Case("COMMIT with a sign", edit_commit("step 7", "step +7"), CORRUPT, "seven lines"),
        Case(
            "COMMIT with a step past 2^53",
            edit_commit("step 7", "step 9007199254740992"),
            CORRUPT,
            "seven lines",
        ),
        Case(
            "COMMIT with upper-case digits",
            edit_commit("save_id .*", "save_id " + "AB" * 16),
            CORRUPT,
            "seven lines",
        ),
        Case("COMMIT with CRLF", edit_commit("step 7\n", "step 7\r\n"), CORRUPT, "seven lines"),
        Case(
            "COMMIT with an eighth line",
            edit_commit("step 7\n", "step 7\nstep 7\n"),
            CORRUPT,
            "seven lines",
        ),
        Case("COMMIT with a NUL", edit_commit("step 7", "step 7\0"), CORRUPT, "seven lines"),
        Case(
            "COMMIT of 513 bytes",
            commit_bytes(lambda b: b + b"x" * (513 - len(b))),
            UNSAFE,
            "at most 512 bytes",
        ),
        Case(
            "COMMIT of another manifest's size",
            edit_commit("manifest_bytes .*", "manifest_bytes 3"),
            CORRUPT,
            "expected 3 bytes",
        ),
        Case(
            "COMMIT of another manifest's checksum",
            edit_commit("manifest_crc32c .*", "manifest_crc32c 00000000"),
            CORRUPT,
            "expected crc32c 00000000",
        ),
        Case("COMMIT that promises 64 MiB and a byte", too_big, UNSAFE, "at most 64 MiB"),
        Case("COMMIT is a link", instead_of("COMMIT", link_outside), UNSAFE, "a symbolic link"),
        Case(
            "COMMIT is a FIFO", instead_of("COMMIT", os.mkfifo), UNSAFE, "a device, FIFO or socket"
        ),
        Case("COMMIT is a directory", instead_of("COMMIT", Path.mkdir), UNSAFE, "a directory"),
    ]
