"""Nested tuples and dicts of components: taken apart into a flat list, and put together again.

Dicts are taken apart in the order of their sorted keys, and keep their own order when they are put
together. Source: tf.nest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast import dtypes


class TensorSpec:
    """Type and shape of a component of every element.

    Attributes:
      shape: With None for sizes that differ between elements.
      dtype: Of the elements.
      name: As given.
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> None:
        self.shape = dtypes.TensorShape(shape)
        self.dtype = dtypes.as_dtype(dtype)
        self.name = name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TensorSpec):
            return NotImplemented
        return (self.shape, self.dtype, self.name) == (other.shape, other.dtype, other.name)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.name))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"


@dataclass(frozen=True)
class Leaf:
    """One component with the keys that lead to it: ("features", "SepalLength")."""

    path: tuple[str, ...]
    value: Any

    @property
    def name(self) -> str:
        """The keys of dicts in the path; where there are none, "component 1" for place 1."""
        keys = [part for part in self.path if not part.isdecimal()]
        return "/".join(keys) or " ".join(("component", *self.path[:1]))


def flatten(structure: Any, path: tuple[str, ...] = ()) -> list[Leaf]:
    """Returns the components in order. Lists are components, as in tf.data."""
    if isinstance(structure, Mapping):
        return [
            leaf
            for key in sorted(structure, key=str)
            for leaf in flatten(structure[key], (*path, str(key)))
        ]
    if isinstance(structure, tuple):
        return [
            leaf
            for position, item in enumerate(structure)
            for leaf in flatten(item, (*path, str(position)))
        ]
    return [Leaf(path, structure)]


def values(structure: Any) -> list[Any]:
    """Returns the components in order, without their names."""
    return [leaf.value for leaf in flatten(structure)]


def pack(structure: Any, components: Iterable[Any]) -> Any:
    """Returns `structure` with its components replaced, in the order of `flatten`."""
    remaining = iter(components)

    def build(part: Any) -> Any:
        if isinstance(part, Mapping):
            built = {key: build(part[key]) for key in sorted(part, key=str)}
            ordered = {key: built[key] for key in part}
            return ordered if type(part) is dict else _like_mapping(part, ordered)
        if isinstance(part, tuple):
            items = [build(item) for item in part]
            return type(part)(*items) if hasattr(part, "_fields") else tuple(items)
        return next(remaining)

    return build(structure)


def _like_mapping(original: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    try:
        return type(original)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """Returns `structure` with `function` applied to every component."""
    return pack(structure, [function(value) for value in values(structure)])
