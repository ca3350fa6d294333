"""Runs durability campaigns: `python tests/durability/run.py --scale change`.

Each campaign prints one JSON line, which --out also appends to a file (tests/durability/results
holds the recorded ones; report.py makes the README's table of them). Exit code 1: a promise was
broken. The same seed repeats the same run, as far as the scheduler of the machine lets it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import campaigns
from campaign import Campaign, Scale, Setting

_SHOWN_VIOLATIONS = 20


def machine() -> str:
    """Returns the processor's name and the number of cores this process may use."""
    cores = len(os.sched_getaffinity(0))
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return f"{names[0] if names else platform.machine()}, {cores} cores"


def run_one(campaign: Campaign, scale: Scale, seed: int) -> dict[str, Any]:
    """Returns the JSON line of one campaign."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
        setting = Setting(size=campaign.sizes[scale], seed=seed, folder=Path(folder))
        outcome = campaign.run(setting)
    return {
        "id": campaign.id,
        "name": campaign.name,
        "scale": scale,
        "seed": seed,
        "cases": outcome.cases,
        "unit": campaign.unit,
        "violations": len(outcome.violations),
        "shown": outcome.violations[:_SHOWN_VIOLATIONS],
        "seconds": round(time.monotonic() - began, 1),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": machine(),
        "details": dict(outcome.details),
    }


def main() -> int:
    """Parses the command line and runs what it names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--scale", choices=("change", "nightly", "release"), default="change")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="ids with commas between, as in T1,T3")
    parser.add_argument("--out", type=Path, help="a file that gets the lines appended")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",") if arguments.only else None
    unknown = set(wanted or ()) - {campaign.id for campaign in campaigns.ALL}
    if unknown:
        parser.error(f"--only: no campaign {sorted(unknown)}; there are {campaigns.IDS}")
    broken = 0
    for campaign in campaigns.ALL:
        if wanted is not None and campaign.id not in wanted:
            continue
        line = run_one(campaign, arguments.scale, arguments.seed)
        print(json.dumps(line), flush=True)
        if arguments.out is not None:
            with arguments.out.open("a") as out:
                out.write(json.dumps(line) + "\n")
        broken += line["violations"]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
