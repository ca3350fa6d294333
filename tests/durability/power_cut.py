"""T3: power cuts, simulated, at every moment of every scenario; and each fsync proven necessary.

The persistence model is cpp/disk.h. Systematic states come first, then random ones until there are
as many distinct ones as asked for. Then each fsync of the protocol is left out in turn, and a power
cut must break a promise (cpp/dropped_syncs.cpp): the details name it. Shows that it can fail by
that second half.
"""

from __future__ import annotations

import cpp_tool
from campaign import Campaign, Outcome, Setting


def run(setting: Setting) -> Outcome:
    """Looks at `size` distinct states, then leaves out each fsync."""
    states = cpp_tool.run("power-cut", setting)
    dropped = cpp_tool.run("dropped-syncs", setting)
    return Outcome(
        cases=states.cases,
        violations=states.violations + dropped.violations,
        details={**states.details, **dropped.details},
    )


CAMPAIGN = Campaign(
    id="T3",
    name="power cut at every moment, simulated; every fsync proven necessary",
    unit="disk states",
    sizes={"change": 1_000, "nightly": 20_000, "release": 50_000},
    run=run,
)
