"""Hand-made hostile checkpoints: each breaks one rule or attacks the reader one way."""

from __future__ import annotations

import hostile_commit
import hostile_fields
import hostile_json
import hostile_shards
from hostile_changes import Case

ALL: list[Case] = [
    *hostile_commit.cases(),
    *hostile_json.cases(),
    *hostile_fields.cases(),
    *hostile_shards.cases(),
]
