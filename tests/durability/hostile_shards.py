"""Hostile shards and directories."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from hostile_changes import (
    CORRUPT,
    FINE,
    NONE,
    SHARD,
    TERABYTE,
    UNSAFE,
    Case,
    edit_data,
    edit_header,
    edit_shard,
    instead_of,
    link_outside,
    long_bools,
    make_socket,
    put,
    sparse_shard,
)


def _no_plain_files() -> list[Case]:
    def device(path: Path) -> None:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero, which never ends

    cases = [
        Case(
            "manifest is a link",
            instead_of("manifest.json", link_outside),
            UNSAFE,
            "a symbolic link",
        ),
        Case(
            "manifest is a FIFO",
            instead_of("manifest.json", os.mkfifo),
            UNSAFE,
            "a device, FIFO or socket",
        ),
        Case(
            "manifest is a directory",
            instead_of("manifest.json", Path.mkdir),
            UNSAFE,
            "a directory",
        ),
        Case("no manifest", lambda c: (c / "manifest.json").unlink(), CORRUPT, "No such file"),
        Case("shard is a link", instead_of(SHARD, link_outside), UNSAFE, "a symbolic link"),
        Case(
            "shard is a link to /dev/zero",
            instead_of(SHARD, lambda p: p.symlink_to("/dev/zero")),
            UNSAFE,
            "a symbolic link",
        ),
        Case("shard is a FIFO", instead_of(SHARD, os.mkfifo), UNSAFE, "a device, FIFO or socket"),
        Case(
            "shard is a socket", instead_of(SHARD, make_socket), UNSAFE, "a device, FIFO or socket"
        ),
        Case("shard is a directory", instead_of(SHARD, Path.mkdir), UNSAFE, "a directory"),
        Case("no shard", lambda c: (c / SHARD).unlink(), CORRUPT, "No such file"),
    ]
    if os.geteuid() == 0:  # others cannot make one
        cases.append(
            Case("shard is a device", instead_of(SHARD, device), UNSAFE, "a device, FIFO or socket")
        )
    return cases


def _headers() -> list[Case]:
    return [
        Case(
            "shard without its magic",
            edit_header(0, b"HFSHARD2"),
            CORRUPT,
            "does not start with HFSHARD1",
        ),
        Case(
            "header with a wrong checksum",
            edit_shard(lambda s: s.__setitem__(60, s[60] ^ 1)),
            CORRUPT,
            "a header whose crc32c is",
        ),
        Case("header of 128 bytes", edit_header(8, b"\x80"), CORRUPT, "a header of 128 bytes"),
        Case("header with a flag", edit_header(12, b"\x01"), CORRUPT, "the header of shard 0 of 1"),
        Case(
            "shard of another save", edit_header(16, b"\0" * 16), CORRUPT, "a shard of another save"
        ),
        Case("shard of another number", edit_header(32, b"\x01"), CORRUPT, "for shard 1 of 1"),
        Case("shard of two", edit_header(36, b"\x02"), CORRUPT, "for shard 0 of 2"),
        Case("shard that says another size", edit_header(40, b"\x01"), CORRUPT, "with 257 bytes"),
        Case(
            "header with bytes that mean nothing",
            edit_header(48, b"\x01"),
            CORRUPT,
            "the header of shard 0 of 1",
        ),
    ]


def _sizes() -> list[Case]:
    def grow(checkpoint: Path) -> None:
        os.chmod(checkpoint / SHARD, 0o600)
        os.truncate(checkpoint / SHARD, TERABYTE)

    return [
        Case(
            "shard of no bytes", edit_shard(bytearray.clear), CORRUPT, "expected 287 bytes, got 0"
        ),
        Case(
            "shard cut by a byte", edit_shard(bytearray.pop), CORRUPT, "expected 287 bytes, got 286"
        ),
        Case(
            "shard longer by a byte",
            edit_shard(lambda s: s.append(0)),
            CORRUPT,
            "expected 287 bytes, got 288",
        ),
        Case("shard of a sparse terabyte", grow, CORRUPT, "expected 287 bytes, got 1099511627776"),
        Case(
            "terabyte that the manifest describes",
            sparse_shard(
                {"name": "x", "dtype": "int8", "shape": [TERABYTE]}, TERABYTE, 4, TERABYTE
            ),
            CORRUPT,
            "expected crc32c 00000000",
            sealed=True,
        ),
        Case(
            "256 GiB of two strings",
            sparse_shard({"name": "x", "dtype": "string", "shape": [2]}, 1 << 38, 1, 2),
            CORRUPT,
            "expected crc32c 00000000",
            sealed=True,
        ),
        Case(
            "256 GiB of short strings",
            sparse_shard({"name": "x", "dtype": "string", "shape": [1 << 34]}, 1 << 38, 1, 1 << 34),
            CORRUPT,
            "expected crc32c 00000000",
            sealed=True,
        ),
        Case(
            "shard cut to nothing after it was opened",
            lambda c: None,
            CORRUPT,
            "a file that was cut to",
            cut_after_open=0,
        ),
        Case(
            "shard cut to a page after it was opened",
            lambda c: None,
            CORRUPT,
            "a file that was cut to 200",
            cut_after_open=200,
        ),
    ]


def _data() -> list[Case]:
    return [
        Case(
            "flipped bit",
            edit_shard(lambda s: s.__setitem__(192, s[192] ^ 1)),
            CORRUPT,
            'tensor "w", bytes 192..207',
        ),
        Case(
            "byte between tensors",
            edit_shard(lambda s: s.__setitem__(100, 1)),
            CORRUPT,
            "zeros between tensors",
        ),
        Case(
            "bool of 2",
            edit_data("flags", put(1, b"\x02")),
            CORRUPT,
            "bools of 0 or 1",
            sealed=True,
        ),
        Case(
            "bool of 2 far from the end of its chunk",
            long_bools,
            CORRUPT,
            "bools of 0 or 1",
            sealed=True,
        ),
        Case(
            "strings from offset 1",
            edit_data("words", put(0, b"\x01")),
            CORRUPT,
            "starts at another offset than 0",
            sealed=True,
        ),
        Case(
            "strings that go back",
            edit_data("words", put(8, b"\xff")),
            CORRUPT,
            "string 0 from offset 0 to 255",
            sealed=True,
        ),
        Case(
            "strings past the end",
            edit_data("words", put(16, b"\x08")),
            CORRUPT,
            "strings that end at 8 of 7 bytes",
            sealed=True,
        ),
        Case(
            "strings that leave bytes over",
            edit_data("words", put(16, b"\x06")),
            CORRUPT,
            "strings that end at 6 of 7 bytes",
            sealed=True,
        ),
        Case(
            "strings past 2^63",
            edit_data("words", put(15, b"\x80")),
            CORRUPT,
            "string 0 from offset 0 to",
            sealed=True,
        ),
        Case(
            "global_step of another value",
            edit_data("global_step", put(0, b"\x08")),
            CORRUPT,
            "expected the step of the manifest, 7",
            sealed=True,
        ),
    ]


def _directories() -> list[Case]:
    def file(checkpoint: Path) -> None:
        shutil.rmtree(checkpoint)
        checkpoint.write_text("")

    def loop(checkpoint: Path) -> None:
        shutil.rmtree(checkpoint)
        checkpoint.symlink_to(checkpoint)

    def elsewhere(checkpoint: Path) -> None:
        other = checkpoint.with_name("elsewhere")
        checkpoint.rename(other)
        checkpoint.symlink_to(other)

    return [
        Case("no directory", shutil.rmtree, NONE, "no such directory"),
        Case("file in place of the directory", file, NONE, "not a directory"),
        Case("directory that is a link to itself", loop, NONE, "a loop of symbolic links"),
        Case("directory that the user names through a link", elsewhere, FINE, ""),
        Case(
            "a foreign file beside the others",
            lambda c: (c / "extra.pkl").write_text("x"),
            FINE,
            "",
        ),
    ]


def cases() -> list[Case]:
    """Returns the cases of shards, of what they hold, and of directories."""
    return [*_no_plain_files(), *_headers(), *_sizes(), *_data(), *_directories()]
