"""Nothing goes around the Io seam: what the kernel sees of a save is what the protocol says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

_TRACE = "trace=%file,%desc,fsync,fdatasync,renameat2,fallocate"
_PROGRAM = """
    import sys
    import numpy as np
    from holdfast import _core

    writer = _core.CheckpointWriter(sys.argv[1])
    for step in (1, 2):
        writer.save({"w": np.ones((4, 4), np.float32)}, step)
    writer.write_bookkeeping('{"all":[]}')
    writer.remove(sys.argv[1] + "/model.ckpt-1")
    writer.close()
"""
_CALL = re.compile(r"^(?:\[pid +\d+\] )?(\w+)\((.*)\) += (-?\d+|\?)")
_RANDOM = re.compile(r"-[0-9a-f]{16}")
# What the seam's functions become on Linux (cpp/src/io/file_posix.cpp); fcntl is fdopendir's.
_OF_THE_SEAM = {
    *("mkdirat", "openat", "pwrite64", "pread64", "fallocate", "sync_file_range", "fsync", "close"),
    *("ftruncate", "flock", "renameat2", "renameat", "unlinkat", "getdents64", "fstat"),
    *("newfstatat", "fstatfs", "fcntl"),
}


def _strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run([found, "-o", os.devnull, "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip("this machine forbids ptrace, which strace needs")
    return found


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Returns (call, arguments) of all calls on the model_dir, random digits taken out."""
    folder = tmp_path_factory.mktemp("seam")
    model_dir = folder / "model"
    output = folder / "trace"
    # -y shows the path of each descriptor: a call on any file of the model_dir names it.
    command = [_strace(), "-f", "-y", "-s", "200", "-e", _TRACE, "-o", str(output)]
    subprocess.run(
        [*command, sys.executable, "-c", textwrap.dedent(_PROGRAM), str(model_dir)], check=True
    )
    found = []
    for line in output.read_text(errors="replace").splitlines():
        match = _CALL.match(re.sub(r"^\d+ +", "", line))
        if match and str(model_dir) in match[2] and match[1] not in ("execve", "readlink"):
            arguments = _RANDOM.sub("", match[2]).replace(str(model_dir), "D")
            found.append((match[1], arguments))
    assert found
    return found


def test_every_call_is_one_that_the_seam_makes(calls: list[tuple[str, str]]) -> None:
    strangers = [call for call in calls if call[0] not in _OF_THE_SEAM]
    assert strangers == []


def test_files_are_opened_below_a_directory_and_not_by_path(calls: list[tuple[str, str]]) -> None:
    by_path = [text for name, text in calls if name == "openat" and "AT_FDCWD" in text]
    assert by_path
    assert all("O_DIRECTORY" in text for text in by_path)


def _story(calls: list[tuple[str, str]]) -> list[str]:
    """What changes names or is synced, in a word and a path each."""
    story = []
    for name, text in calls:
        if name == "mkdirat" and '".tmp-model.ckpt-' in text:
            story.append("mkdir " + text.split('"')[1])
        elif name == "openat" and "O_EXCL" in text:
            story.append("create " + text.split('"')[1])
        elif name == "fsync":
            story.append("sync " + Path(text[text.index("<") + 1 : text.rindex(">")]).name)
        elif name.startswith("renameat"):
            story.append("rename " + " ".join(text.split('"')[1::2]))
    return story


def test_the_kernel_sees_the_commit_protocol_in_its_order(calls: list[tuple[str, str]]) -> None:
    story = _story(calls)
    shard = "data-00000-of-00001.bin"
    tmp = ".tmp-model.ckpt-2"
    wanted = [
        f"mkdir {tmp}",  # W1
        *(f"create {shard}", f"sync {shard}"),  # W2, W3
        *("create manifest.json", "sync manifest.json"),  # W4
        *("create COMMIT", "sync COMMIT"),  # W5
        f"sync {tmp}",  # W6
        f"rename {tmp} model.ckpt-2",  # W7
        "sync D",  # W8
        *("create .tmp-checkpoint.json", "sync .tmp-checkpoint.json"),  # the notes
        *("rename .tmp-checkpoint.json checkpoint.json", "sync D"),
        *("rename model.ckpt-1 .trash-model.ckpt-1", "sync D"),  # retention
    ]
    assert story[story.index(f"mkdir {tmp}") :] == wanted
