"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

import damage
import readers_during_retention
import two_writers
from campaign import Campaign

ALL: list[Campaign] = [
    damage.CAMPAIGN,
    readers_during_retention.CAMPAIGN,
    two_writers.CAMPAIGN,
]
IDS = [campaign.id for campaign in ALL]
