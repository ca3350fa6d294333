"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

import damage
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
IDS = [campaign.id for campaign in ALL]
