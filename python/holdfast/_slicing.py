"""x[1:, ..., tf.newaxis]: Python's subscripts as slice and expand_dims operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast import _tensor

if TYPE_CHECKING:
    from holdfast._tensor import Tensor

newaxis = None

# A bound beyond every axis: "to the end".
_END = 2**62


def slice_tensor(x: Tensor, key: Any) -> Tensor:
    """Returns x[key].

    Args:
      x: Of a known number of dimensions.
      key: An int, a slice of ints, newaxis, an Ellipsis, or a tuple of these.

    Raises:
      TypeError: for other subscripts, tensors among them: use tf.gather or tf.where.
      ValueError: for too many subscripts or an index beyond a known size.
    """
    items = _without_ellipsis(x, key if isinstance(key, tuple) else (key,))
    begin: list[int] = []
    end: list[int] = []
    stride: list[int] = []
    drop: list[int] = []
    new_axes: list[int] = []
    out_rank = 0
    for item in items:
        axis = len(begin)
        if item is newaxis:
            new_axes.append(out_rank)
            out_rank += 1
            continue
        if isinstance(item, slice):
            first, last, step = _bounds(item)
            out_rank += 1
        else:
            first, last, step = _index(x, item, axis), _END, 1
            if first != -1:
                last = first + 1
            drop.append(axis)
        begin.append(first)
        end.append(last)
        stride.append(step)
    result = x
    if any(b != 0 or e != _END or s != 1 for b, e, s in zip(begin, end, stride, strict=True)):
        attributes = {"begin": begin, "end": end, "stride": stride, "drop": drop}
        result = _tensor.apply("slice", [x], attributes, "strided_slice")
    for axis in new_axes:
        result = _tensor.apply("expand_dims", [result], {"axis": axis}, "ExpandDims")
    return result


def _without_ellipsis(x: Tensor, items: tuple[Any, ...]) -> list[Any]:
    used = sum(1 for item in items if item is not newaxis and item is not Ellipsis)
    rank = len(x.shape)
    if used > rank:
        raise ValueError(f"{x.name}: {used} subscripts for a tensor of shape {x.shape}")
    places = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise ValueError(f"{x.name}: multiple ellipses not allowed")
    at = places[0] if places else len(items)
    filled = [slice(None)] * (rank - used)
    return [*items[:at], *filled, *items[at + 1 :]]


def _bounds(item: slice) -> tuple[int, int, int]:
    step = 1 if item.step is None else _int(item.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step < 0:
        first = _END if item.start is None else _int(item.start)
        last = -_END if item.stop is None else _int(item.stop)
    else:
        first = 0 if item.start is None else _int(item.start)
        last = _END if item.stop is None else _int(item.stop)
    return first, last, step


def _index(x: Tensor, item: Any, axis: int) -> int:
    index, size = _int(item), x.shape[axis]
    if size is not None and not -size <= index < size:
        raise ValueError(f"{x.name}: index {index} is out of bounds for axis {axis} of size {size}")
    return index


def _int(value: Any) -> int:
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        raise TypeError(
            "only ints, slices of ints, tf.newaxis and ... are valid subscripts; got "
            f"{value!r}. To pick by a tensor use tf.gather or tf.where."
        ) from None
