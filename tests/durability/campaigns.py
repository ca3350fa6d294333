"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

import async_overwrite
import damage
import exact_resume
import full_disk
import fuzz
import hostile
import messages
import never_silent
import random_kills
import readers_during_retention
import sigterm
import two_writers
from campaign import Campaign

_ALL: list[Campaign] = [
    async_overwrite.CAMPAIGN,
    damage.CAMPAIGN,
    exact_resume.CAMPAIGN,
    messages.CAMPAIGN,
    never_silent.CAMPAIGN,
    full_disk.CAMPAIGN,
    fuzz.CAMPAIGN,
    hostile.CAMPAIGN,
    random_kills.CAMPAIGN,
    readers_during_retention.CAMPAIGN,
    sigterm.CAMPAIGN,
    two_writers.CAMPAIGN,
import error_at_every_call
import kill_at_every_call
import leaks
import mutants
import power_cut
from campaign import Campaign

ALL: list[Campaign] = [
    kill_at_every_call.CAMPAIGN,
    power_cut.CAMPAIGN,
    error_at_every_call.CAMPAIGN,
    damage.CAMPAIGN,
    mutants.CAMPAIGN,
    leaks.CAMPAIGN,
]
ALL = sorted(_ALL, key=lambda campaign: int(campaign.id[1:]))
IDS = [campaign.id for campaign in ALL]
