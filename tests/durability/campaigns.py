"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

import async_overwrite
import bit_flips
import error_at_every_call
import exact_resume
import full_disk
import fuzz
import hostile
import kill_at_every_call
import leaks
import messages
import mutants
import never_silent
import power_cut
import random_kills
import readers_during_retention
import sigterm
import two_writers
from campaign import Campaign

_ALL: list[Campaign] = [
    async_overwrite.CAMPAIGN,
    bit_flips.CAMPAIGN,
    error_at_every_call.CAMPAIGN,
    exact_resume.CAMPAIGN,
    full_disk.CAMPAIGN,
    fuzz.CAMPAIGN,
    hostile.CAMPAIGN,
    kill_at_every_call.CAMPAIGN,
    leaks.CAMPAIGN,
    messages.CAMPAIGN,
    mutants.CAMPAIGN,
    never_silent.CAMPAIGN,
    power_cut.CAMPAIGN,
    random_kills.CAMPAIGN,
    readers_during_retention.CAMPAIGN,
    sigterm.CAMPAIGN,
    two_writers.CAMPAIGN,
]
ALL = sorted(_ALL, key=lambda campaign: int(campaign.id[1:]))
IDS = [campaign.id for campaign in ALL]
