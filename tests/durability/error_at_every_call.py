"""T4: every file-system call fails, in each of nine ways, and every allocation.

Once and from then on, in every scenario of T1 and in a restore. Every error must be a typed one,
earlier checkpoints must hold, the next save must work, no descriptor may leak, and fsync is never
called again on a file on which it failed. Shows that it can fail: mutants.py, for one "a failed
fsync is tried again".
"""

from __future__ import annotations

import dataclasses

import cpp_tool
from campaign import Campaign, Outcome, Setting

_ALLOCATIONS_ONE_IN = 50


def run(setting: Setting) -> Outcome:
    """Fails `size` calls, spread evenly, or all of them (0); of allocations one in some, or all."""
    calls = cpp_tool.run("error-at-every-call", setting)
    one_in = _ALLOCATIONS_ONE_IN if setting.size else 0
    memory = cpp_tool.run("error-at-every-allocation", dataclasses.replace(setting, size=one_in))
    return Outcome(
        cases=calls.cases + memory.cases,
        violations=calls.violations + memory.violations,
        details={**calls.details, **memory.details},
    )


CAMPAIGN = Campaign(
    id="T4",
    name="an error at every file-system call (9 errors, once and from then on) and allocation",
    unit="errors",
    sizes={"change": 1_000, "nightly": 0, "release": 0},
    run=run,
)
