"""T1: kill -9 before and after every file-system call of every scenario.

The scenarios (cpp/scenarios.cpp): first save, save with retention, a step saved again with and
without RENAME_EXCHANGE, async save, final save, recovery from leftovers and from interrupted
exchanges, and exports: the first one, and two beside an earlier one and what killed ones have left.
What is left is judged by a process started anew (cpp/invariants.cpp, cpp/exports.cpp). Shows that
it can fail: mutants.py, for one "publish before COMMIT".
"""

from __future__ import annotations

import cpp_tool
from campaign import Campaign, Outcome, Setting


def run(setting: Setting) -> Outcome:
    """Runs the C++ campaign; `size` kills, spread evenly over all of them."""
    return cpp_tool.run("kill-at-every-call", setting)


CAMPAIGN = Campaign(
    id="T1",
    name="kill -9 before and after every file-system call",
    unit="kills",
    sizes={"change": 200, "nightly": 0, "release": 0},
    run=run,
)
