"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

import async_overwrite
import damage
import random_kills
import sigterm
from campaign import Campaign

ALL: list[Campaign] = [
    random_kills.CAMPAIGN,
    damage.CAMPAIGN,
    async_overwrite.CAMPAIGN,
    sigterm.CAMPAIGN,
]
IDS = [campaign.id for campaign in ALL]
