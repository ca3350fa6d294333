"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

import async_overwrite
import damage
import random_kills
import readers_during_retention
import sigterm
import two_writers
from campaign import Campaign

ALL: list[Campaign] = [
    random_kills.CAMPAIGN,
    damage.CAMPAIGN,
    async_overwrite.CAMPAIGN,
    sigterm.CAMPAIGN,
    readers_during_retention.CAMPAIGN,
    two_writers.CAMPAIGN,
]
IDS = [campaign.id for campaign in ALL]
