"""The collection of summaries of a graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from holdfast import _core, dtypes
from holdfast._graph import GraphKeys, get_default_graph
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor


@dataclass(frozen=True)
class Recorded:
    """A value to be recorded.

    Attributes:
      name: The tag, with the name scope it was registered in.
      tensor: The value: a scalar, a string, or the result of the operation "histogram".
      kind: How it is stored.
    """

    name: str
    tensor: Tensor
    kind: _core.SummaryKind


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
    if value.dtype == dtypes.string:
        raise ValueError(f"summary.scalar {name!r}: expected a number; got a string, see text")
    if value.dtype not in (dtypes.float32, dtypes.float64):
        value = apply("cast", [value], {"dtype": "float32"})
    return _collect(name, value, _core.SummaryKind.SCALAR, collections, family)


def histogram(
    name: str, values: TensorLike, collections: Iterable[Any] | None = None, family: Any = None
) -> Tensor:
    """Registers a tensor whose distribution is wanted; returns the counts of its values.

    Args:
      name: The tag within the name scope.
      values: Numbers of any shape; NaN and infinite ones are not counted.
      collections: None means the graph's summaries.
      family: Put in front of the tag.

    Returns: float64: min, max, num, sum, sum of squares, then the count of each of TensorFlow's
      buckets.
    """
    counts = apply("histogram", [convert_to_tensor(values)])
    return _collect(name, counts, _core.SummaryKind.HISTOGRAM, collections, family)


def text(name: str, tensor: TensorLike, collections: Iterable[Any] | None = None) -> Tensor:
    """Registers a string, shown as Markdown; returns it. Raises: ValueError unless it is one.

    Args:
      name: The tag within the name scope.
      tensor: A string without dimensions.
      collections: None means the graph's summaries.
    """
    value = convert_to_tensor(tensor)
    if value.dtype != dtypes.string or len(value.shape) != 0:
        raise ValueError(
            f"summary.text {name!r}: expected one string; got {value.dtype.name} of shape "
            f"{value.shape}"
        )
    return _collect(name, value, _core.SummaryKind.TEXT, collections, None)


def _collect(
    name: str,
    tensor: Tensor,
    kind: _core.SummaryKind,
    collections: Iterable[Any] | None,
    family: Any,
) -> Tensor:
    graph = get_default_graph()
    tag = graph.unique_name(name.replace(" ", "_") if family is None else f"{family}/{name}")
    wanted = [GraphKeys.SUMMARIES] if collections is None else list(collections)
    graph.add_to_collections(wanted, Recorded(tag, tensor, kind))
    return tensor
