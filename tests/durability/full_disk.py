"""T5: a disk that is full: training on a tmpfs of every size from nothing to three checkpoints.

The unmodified Python library trains three steps and saves after each. Whatever fits: every save
that was reported loads afterwards, a failed one leaves nothing behind and says how many bytes it
needs, how many are free and which option helps; with room again, training goes on to its end.
Shows that it can fail: a writer that does not remove its temporary directory is found at every size
that is too small.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from campaign import Campaign, Outcome, Setting

_HERE = Path(__file__).resolve().parent


def _mounts() -> list[str] | None:
    """The command in front of a program that may mount; None where nobody may."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    command = [unshare, "-m"] if os.geteuid() == 0 else [unshare, "-Urm"]
    probe = 'd=$(mktemp -d) && mount -t tmpfs -o size=4096 tmpfs "$d" && umount "$d" && rmdir "$d"'
    done = subprocess.run([*command, "sh", "-c", probe], capture_output=True, check=False)
    return command if done.returncode == 0 else None


def run(setting: Setting) -> Outcome:
    """All sizes for a model of `size` hidden units."""
    folder = setting.folder / "disk"
    folder.mkdir()
    prefix = _mounts()
    kind = "fsize" if prefix is None else "tmpfs"
    done = subprocess.run(
        [
            *(prefix or []),
            *(sys.executable, str(_HERE / "full_disk_training.py")),
            *(str(folder), kind, str(setting.size)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return Outcome(cases=0, violations=[f"exit code {done.returncode}: {done.stderr[-2000:]}"])
    line = json.loads(done.stdout.splitlines()[-1])
    return Outcome(cases=line["cases"], violations=line["violations"], details=line["details"])


CAMPAIGN = Campaign(
    id="T5",
    name="a full disk of every size from nothing to three checkpoints",
    unit="sizes",
    sizes={"change": 64, "nightly": 1024, "release": 4096},
    run=run,
)
