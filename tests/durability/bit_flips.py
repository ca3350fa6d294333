"""T6: every single bit of a small checkpoint, and random damage of a large one.

In memory, where 200,000 damages take minutes; a sample of both on real files. A damage counts as
found when `verify` and a full restore both raise a typed error; a wrong value delivered by either,
or by reading one tensor alone, is a violation whatever else was found. Shows that it can fail: with
the check of gaps or the comparison of one CRC taken out of cpp/src/io/opened_data.cpp it
reports thousands.
"""

from __future__ import annotations

import dataclasses

import cpp_tool
from campaign import Campaign, Outcome, Setting

_BITS_ON_DISK_ONE_IN = 200


def run(setting: Setting) -> Outcome:
    """All bits in memory, `size` random damages, and a sample of either on disk."""
    outcomes = []
    for command, size in (
        ("bit-flips", setting.size // _BITS_ON_DISK_ONE_IN + 1),
        ("random-damage", setting.size),
    ):
        folder = setting.folder / command
        folder.mkdir()
        one = dataclasses.replace(setting, size=size, folder=folder)
        outcomes.append(cpp_tool.run(command, one))
    return Outcome(
        cases=sum(outcome.cases for outcome in outcomes),
        violations=[text for outcome in outcomes for text in outcome.violations],
        details={key: value for outcome in outcomes for key, value in outcome.details.items()},
    )


CAMPAIGN = Campaign(
    id="T6",
    name="every single bit of a small checkpoint, random damage of a large one",
    unit="damages",
    sizes={"change": 2_000, "nightly": 50_000, "release": 200_000},
    run=run,
)
