"""Nested structures of things to fetch: taken apart into leaves, and put together from values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """Returns the leaves of dicts, lists and tuples, in order; None has none."""
    if structure is None:
        return []
    if isinstance(structure, Mapping):
        return [leaf for value in structure.values() for leaf in flatten(value)]
    if _is_sequence(structure):
        return [leaf for value in structure for leaf in flatten(value)]
    return [structure]


def pack(structure: Any, leaves: Sequence[Any]) -> Any:
    """Returns a structure of the same form with these leaves in the place of its own."""
    packed, rest = _pack(structure, list(leaves))
    assert not rest
    return packed


def _pack(structure: Any, leaves: list[Any]) -> tuple[Any, list[Any]]:
    if structure is None:
        return None, leaves
    if isinstance(structure, Mapping):
        values = {}
        for key, value in structure.items():
            values[key], leaves = _pack(value, leaves)
        return values, leaves
    if _is_sequence(structure):
        items = []
        for value in structure:
            item, leaves = _pack(value, leaves)
            items.append(item)
        if hasattr(structure, "_fields"):
            return type(structure)(*items), leaves
        return type(structure)(items), leaves
    return leaves[0], leaves[1:]


def _is_sequence(structure: Any) -> bool:
    return isinstance(structure, (list, tuple))
