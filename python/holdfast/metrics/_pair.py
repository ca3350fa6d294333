"""What every metric is made of: a counter, and the pair of its value and its update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast import dtypes, initializers
from holdfast._graph import GraphKeys, get_default_graph
from holdfast._math import cast, div_no_nan
from holdfast._scope import get_variable_scope, scopes_of, unique_scope_name
from holdfast._shape import squeeze
from holdfast._tensor import Tensor, TensorLike, convert_to_tensor
from holdfast._variables import Variable, new_variable

# (the value so far, the operation that takes in a batch and returns the value after it)
Metric = tuple[Tensor, Tensor]
Collections = Iterable[str] | str | None


def counter(name: str, shape: Sequence[int] = ()) -> Variable:
    """Returns a float64 variable of the scope that starts at 0 and that no checkpoint holds."""
    scope = get_variable_scope().name
    return new_variable(
        f"{scope}/{name}" if scope else name,
        shape,
        dtypes.float64,
        initializers.Zeros(),
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        role="local",
    )


def collected(
    value: Tensor, update: Tensor, value_collections: Collections, update_collections: Collections
) -> Metric:
    """Returns the pair, added to the collections that the caller of a metric named."""
    graph = get_default_graph()
    if value_collections:
        graph.add_to_collections(value_collections, value)
    if update_collections:
        graph.add_to_collections(update_collections, update)
    return value, update


def ratio(total: Tensor, count: Tensor, name: str) -> Tensor:
    """Returns total / count as float32; 0 of none."""
    return cast(div_no_nan(total, count), dtypes.float32, name)


def scope_name(name: str | None, default: str) -> str:
    """The name given, or the default one made unique among the variable scopes."""
    return name or unique_scope_name(scopes_of(get_default_graph()), default)


def without_last_1(predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Drops a last dimension of size 1 that only one of the two has. Raises: ValueError."""
    extra = len(predictions.shape) - len(labels.shape)
    if extra == 1 and predictions.shape[-1] in (1, None):
        predictions = squeeze(predictions, -1)
    elif extra == -1 and labels.shape[-1] in (1, None):
        labels = squeeze(labels, -1)
    first, second = dtypes.TensorShape(predictions.shape), dtypes.TensorShape(labels.shape)
    if not first.is_compatible_with(second):
        raise ValueError(f"Shapes {first} and {second} are incompatible")
    return predictions, labels


def floats(labels: TensorLike, predictions: TensorLike) -> tuple[Tensor, Tensor]:
    """Returns (labels, predictions) as float32 of one shape. Raises: ValueError."""
    first = cast(convert_to_tensor(predictions, preferred_dtype=dtypes.float32), dtypes.float32)
    second = cast(convert_to_tensor(labels, preferred_dtype=dtypes.float32), dtypes.float32)
    first, second = without_last_1(first, second)
    return second, first
