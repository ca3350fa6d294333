"""The collection of summaries of a graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from holdfast._graph import GraphKeys, get_default_graph
from holdfast._tensor import Tensor, TensorLike, convert_to_tensor


@dataclass(frozen=True)
class Summary:
    """A value to be recorded.

    Attributes:
      name: The tag, with the name scope it was registered in.
      tensor: The value.
      kind: "scalar" or "histogram".
    """

    name: str
    tensor: Tensor
    kind: str


def scalar(
    name: str, tensor: TensorLike, collections: Iterable[Any] | None = None, family: Any = None
) -> Tensor:
    """Registers a number; returns it. Raises: ValueError unless it has no dimensions.

    Args:
      name: The tag within the name scope.
      tensor: A number.
      collections: None means the graph's summaries.
      family: Put in front of the tag.
    """
    value = convert_to_tensor(tensor)
    if len(value.shape) != 0:
        raise ValueError(f"summary.scalar {name!r}: expected a scalar; got shape {value.shape}")
    return _collect(name, value, "scalar", collections, family)


def histogram(
    name: str, values: TensorLike, collections: Iterable[Any] | None = None, family: Any = None
) -> Tensor:
    """Registers a tensor whose distribution is wanted; returns it.

    Args:
      name: The tag within the name scope.
      values: Numbers of any shape.
      collections: None means the graph's summaries.
      family: Put in front of the tag.
    """
    return _collect(name, convert_to_tensor(values), "histogram", collections, family)


def _collect(
    name: str, tensor: Tensor, kind: str, collections: Iterable[Any] | None, family: Any
) -> Tensor:
    graph = get_default_graph()
    tag = graph.unique_name(name.replace(" ", "_") if family is None else f"{family}/{name}")
    wanted = [GraphKeys.SUMMARIES] if collections is None else list(collections)
    graph.add_to_collections(wanted, Summary(tag, tensor, kind))
    return tensor
