"""Functions that arrange values: reshape, concat, gather, one_hot, ...

Source: the functions of the same names at the top of TensorFlow 1.x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from holdfast import dtypes
from holdfast._graph import get_default_graph
from holdfast._reduce import known_axis
from holdfast._slicing import newaxis
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor

__all__ = [
    "concat",
    "constant",
    "expand_dims",
    "fill",
    "gather",
    "newaxis",
    "one_hot",
    "ones",
    "ones_like",
    "placeholder",
    "range",
    "rank",
    "reshape",
    "shape",
    "size",
    "squeeze",
    "stack",
    "tile",
    "transpose",
    "unstack",
    "zeros",
    "zeros_like",
]


def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """Returns values as a tensor.

    Args:
      value: A number, text, a list or an array.
      dtype: None takes the values'.
      shape: None takes the values'; the last value fills what they leave.
      name: Of the operation.
      verify_shape: Whether the values must have `shape` themselves.

    Raises: TypeError if values and dtype, or with `verify_shape` the shapes, differ.
    """
    if shape is not None:
        value = _filled(convert_plain(value, dtype), shape, verify_shape)
    return convert_to_tensor(value, dtype, name)


def convert_plain(value: Any, dtype: Any) -> Any:
    """Returns a value that is no Tensor as an array. Raises: TypeError for a Tensor."""
    from holdfast._plain_values import as_array

    return as_array(value, None if dtype is None else dtypes.as_dtype(dtype))


def _filled(array: Any, shape: Any, verify: bool) -> Any:
    wanted = [int(size) for size in shape]
    if list(array.shape) == wanted:
        return array
    count = int(np.prod(wanted, dtype=np.int64))
    if verify or array.size == 0 or array.size > count:
        raise TypeError(f"Expected Tensor's shape: {tuple(wanted)}, got {array.shape}.")
    flat = array.ravel()
    return np.concatenate([flat, np.repeat(flat[-1:], count - array.size)]).reshape(wanted)


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """Returns a tensor that is fed when the graph runs.

    Args:
      dtype: Of its elements.
      shape: None for sizes known only when running. The number of dimensions must be known.
      name: Of the operation.

    Raises:
      ValueError: without a shape.
      RuntimeError: where no graph is being built.
    """
    if shape is None:
        raise ValueError(
            "placeholder: expected a shape, with None for sizes known only when running; a graph "
            "here knows the number of dimensions of every tensor"
        )
    graph = get_default_graph()
    sizes = [-1 if size is None else size for size in dtypes.TensorShape(shape)]
    attributes = {"dtype": dtypes.as_dtype(dtype).name, "shape": sizes}
    return graph.tensor(graph.add("placeholder", (), attributes, name or "Placeholder"))


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Returns zeros of a known shape."""
    return fill(shape, 0, name or "zeros", dtype)


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Returns ones of a known shape."""
    return fill(shape, 1, name or "ones", dtype)


def fill(dims: Any, value: Any, name: str | None = None, dtype: Any = None) -> Tensor:
    """Returns `value` in a known shape. Raises: ValueError if a size is not known."""
    if isinstance(dims, Tensor) or any(isinstance(d, Tensor) or d is None for d in _items(dims)):
        raise ValueError(
            f"shape: expected known sizes; got {dims!r}. For the shape of another tensor use "
            "tf.zeros_like or tf.ones_like"
        )
    array = np.full([int(d) for d in _items(dims)], convert_plain(value, dtype))
    return convert_to_tensor(array, None, name or "Fill")


def _items(dims: Any) -> list[Any]:
    return list(dims) if isinstance(dims, (list, tuple, np.ndarray)) else [dims]


def range(
    start: int, limit: int | None = None, delta: int = 1, dtype: Any = None, name: str = "range"
) -> Tensor:
    """Returns start, start + delta, ... below limit; `range(n)` begins at 0. Known numbers."""
    first, last = (0, start) if limit is None else (start, limit)
    values = np.arange(first, last, delta)
    kind = dtypes.as_dtype(dtype) if dtype is not None else None
    if kind is None:
        kind = dtypes.int32 if values.dtype.kind == "i" else dtypes.float32
    return convert_to_tensor(values, kind, name)


def zeros_like(
    tensor: TensorLike, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Returns zeros of the shape of `tensor`, and of its dtype if `dtype` is None."""
    del optimize
    return _like("zeros_like", tensor, dtype, name or "zeros_like")


def ones_like(
    tensor: TensorLike, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Returns ones of the shape of `tensor`, and of its dtype if `dtype` is None."""
    del optimize
    return _like("ones_like", tensor, dtype, name or "ones_like")


def _like(op: str, tensor: TensorLike, dtype: Any, name: str) -> Tensor:
    tensor = convert_to_tensor(tensor)
    wanted = dtypes.as_dtype(tensor.dtype if dtype is None else dtype)
    if tensor.dtype == wanted:
        return apply(op, [tensor], name=name)
    # A cast of zeros and ones is exact; a cast of the tensor itself could fail.
    return apply("cast", [apply(op, [tensor], name=name)], {"dtype": wanted.name}, name)


def reshape(tensor: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Returns the same values in another shape.

    Args:
      tensor: Any.
      shape: Known sizes, one of which may be -1: what is left.
      name: Of the operation.
    """
    if isinstance(shape, Tensor):
        raise TypeError(f"reshape: expected a list of known sizes, with one -1; got {shape!r}")
    sizes = [-1 if size is None else int(size) for size in _items(shape)]
    return apply("reshape", [tensor], {"shape": sizes}, name or "Reshape")


def squeeze(
    input: TensorLike, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Tensor:
    """Returns the values without dimensions of size 1: those of `axis`, or all known ones."""
    chosen = axis if squeeze_dims is None else squeeze_dims
    attributes = {} if chosen is None else {"axes": [int(a) for a in _items(chosen)]}
    return apply("squeeze", [input], attributes, name or "Squeeze")


def expand_dims(
    input: TensorLike, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """Returns the values with a dimension of size 1 put in at `axis`."""
    chosen = axis if dim is None else dim
    if chosen is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return apply("expand_dims", [input], {"axis": int(chosen)}, name or "ExpandDims")


def concat(values: Any, axis: int, name: str = "concat") -> Tensor:
    """Returns tensors joined along an axis that they have."""
    tensors = _of_one_dtype(values if isinstance(values, (list, tuple)) else [values])
    if len(tensors) == 1:
        return apply("identity", tensors, name=name)
    return apply("concat", tensors, {"axis": known_axis(tensors[0], axis)}, name)


def stack(values: Sequence[TensorLike], axis: int = 0, name: str = "stack") -> Tensor:
    """Returns tensors of one shape joined along a new axis."""
    return apply("stack", _of_one_dtype(values), {"axis": int(axis)}, name)


def unstack(
    value: TensorLike, num: int | None = None, axis: int = 0, name: str = "unstack"
) -> list[Tensor]:
    """Returns the parts of a tensor along an axis of known size."""
    value = convert_to_tensor(value)
    at = known_axis(value, axis)
    size = num if num is not None else dtypes.TensorShape(value.shape)[at]
    if size is None:
        raise ValueError(f"Cannot infer argument `num` from shape {value.shape}")
    before = (slice(None),) * at
    del name
    indices = [(*before, i) for i in np.arange(size).tolist()]
    return [value[index] for index in indices]


def _of_one_dtype(values: Sequence[TensorLike]) -> list[Tensor]:
    """Numbers and lists take the dtype of the first Tensor or array among them."""
    typed = [v for v in values if isinstance(v, (Tensor, np.ndarray))]
    dtype = typed[0].dtype if typed else None
    return [v if isinstance(v, Tensor) else convert_to_tensor(v, dtype) for v in values]


def transpose(a: TensorLike, perm: Any = None, name: str = "transpose") -> Tensor:
    """Returns the values with dimensions in the order `perm`; reversed if None."""
    a = convert_to_tensor(a)
    order = list(reversed([*enumerate(a.shape)])) if perm is None else None
    axes = [i for i, _ in order] if order is not None else [int(p) for p in perm]
    return apply("transpose", [a], {"perm": axes}, name)


def tile(input: TensorLike, multiples: Any, name: str | None = None) -> Tensor:
    """Returns the values repeated `multiples[i]` times along axis i."""
    counts = [int(m) for m in _items(multiples)]
    return apply("tile", [input], {"multiples": counts}, name or "Tile")


def gather(
    params: TensorLike,
    indices: TensorLike,
    validate_indices: Any = None,
    name: str | None = None,
    axis: int | None = None,
) -> Tensor:
    """Returns rows of `params` by number.

    Args:
      params: At least one dimension.
      indices: int32 or int64, any shape.
      validate_indices: Unused: they are always checked.
      name: Of the operation.
      axis: 0 or None.

    Raises: NotImplementedError for another axis.
    """
    del validate_indices
    if axis not in (None, 0):
        raise NotImplementedError(f"gather: expected axis 0; got {axis}. Use tf.transpose first")
    return apply("gather", [params, indices], {"axis": 0}, name or "GatherV2")


def one_hot(
    indices: TensorLike,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns a new axis of size `depth`: on_value at the index, off_value elsewhere.

    Args:
      indices: int32 or int64; one outside [0, depth) gives off_value only.
      depth: A known number.
      on_value: 1 if None.
      off_value: 0 if None.
      axis: Where the new axis goes; the end if None.
      dtype: None takes that of the values given, else float32.
      name: Of the operation.
    """
    if isinstance(depth, Tensor):
        raise TypeError(f"one_hot: expected a known depth; got {depth!r}")
    given = [v for v in (on_value, off_value) if v is not None]
    if dtype is None and given:
        dtype = convert_plain(given[0], None).dtype
    wanted = dtypes.float32 if dtype is None else dtypes.as_dtype(dtype)
    attributes = {
        "depth": int(depth),
        "on_value": 1 if on_value is None else on_value,
        "off_value": 0 if off_value is None else off_value,
        "dtype": wanted.name,
        "axis": -1 if axis is None else int(axis),
    }
    return apply("one_hot", [indices], attributes, name or "one_hot")


def shape(input: TensorLike, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """Returns the sizes of a tensor, as they are when running."""
    sizes = apply("shape_of", [input], name=name or "Shape")
    return _as_type(sizes, out_type)


def size(input: TensorLike, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """Returns the number of elements of a tensor, as it is when running."""
    return _as_type(apply("size_of", [input], name=name or "Size"), out_type)


def rank(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the number of dimensions of a tensor."""
    return convert_to_tensor(len(convert_to_tensor(input).shape), dtypes.int32, name or "Rank")


def _as_type(value: Tensor, dtype: Any) -> Tensor:
    wanted = dtypes.as_dtype(dtype)
    if wanted is dtypes.int64:
        return value
    return apply("cast", [value], {"dtype": wanted.name}, "Cast")
