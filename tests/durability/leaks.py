"""T16: thousands of saves and restores leave nothing behind.

Descriptors, threads and files stay as many as they were, memory within 1 %. Every tenth save fails
on purpose, since error paths leak first. Shows that it can fail: mutants.py, "a failed save leaves
its directory behind", and without the close of a shard it reports descriptors at once.
"""

from __future__ import annotations

import cpp_tool
from campaign import Campaign, Outcome, Setting


def run(setting: Setting) -> Outcome:
    """Saves and restores `size` times."""
    return cpp_tool.run("leaks", setting)


CAMPAIGN = Campaign(
    id="T16",
    name="saves and restores in one process: descriptors, threads, files, memory stay constant",
    unit="saves and restores",
    sizes={"change": 300, "nightly": 3_000, "release": 10_000},
    run=run,
)
