"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

import async_overwrite
import damage
from campaign import Campaign

ALL: list[Campaign] = [
    damage.CAMPAIGN,
    async_overwrite.CAMPAIGN,
]
IDS = [campaign.id for campaign in ALL]
