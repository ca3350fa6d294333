"""The list of all campaigns, in the order of their ids."""

from __future__ import annotations

from campaign import Campaign

ALL: list[Campaign] = []
IDS = [campaign.id for campaign in ALL]
