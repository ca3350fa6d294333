"""Sums, means, extremes and their positions, norms, products of matrices.

Source: the functions of the same names at the top of TensorFlow 1.x, and in tf.math.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast import dtypes
from holdfast._math import is_finite as _is_finite
from holdfast._math import maximum, minimum, multiply, reciprocal, sqrt, square, where
from holdfast._tensor import Tensor, TensorLike, apply, binary, convert_to_tensor


def _reduce(
    op: str,
    x: TensorLike,
    axis: Any,
    keepdims: bool | None,
    name: str,
    old_axis: Any,
    old_keep_dims: bool | None,
) -> Tensor:
    x = convert_to_tensor(x)
    axis = axis if old_axis is None else old_axis
    keep = bool(keepdims if old_keep_dims is None else old_keep_dims)
    attributes: dict[str, Any] = {"keep_dims": keep}
    if axis is not None:
        axes = [axis] if not isinstance(axis, (list, tuple)) else list(axis)
        attributes["axes"] = [known_axis(x, a) for a in axes]
    return apply(op, [x], attributes, name)


def known_axis(x: Tensor, axis: Any) -> int:
    """Returns an axis counted from the front.

    Raises:
      TypeError: for a Tensor: axes are known when the graph is built.
      ValueError: beyond the dimensions of x.
    """
    if isinstance(axis, Tensor):
        raise TypeError(f"axis: expected an int; got {axis!r}")
    rank, number = len(x.shape), int(axis)
    if not -rank <= number < rank:
        raise ValueError(
            f"axis: expected one in [{-rank}, {rank}) of a tensor of shape "
            f"{dtypes.TensorShape(x.shape)}; got {number}"
        )
    return number % rank


def reduce_sum(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Returns the sum over `axis` (an int, a list, or all if None)."""
    return _reduce(
        "reduce_sum", input_tensor, axis, keepdims, name or "Sum", reduction_indices, keep_dims
    )


def reduce_mean(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Returns the mean over `axis` (an int, a list, or all if None); NaN of nothing."""
    return _reduce(
        "reduce_mean", input_tensor, axis, keepdims, name or "Mean", reduction_indices, keep_dims
    )


def reduce_max(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Returns the largest over `axis` (an int, a list, or all if None)."""
    return _reduce(
        "reduce_max", input_tensor, axis, keepdims, name or "Max", reduction_indices, keep_dims
    )


def reduce_min(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Returns the smallest over `axis` (an int, a list, or all if None)."""
    return _reduce(
        "reduce_min", input_tensor, axis, keepdims, name or "Min", reduction_indices, keep_dims
    )


def reduce_prod(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Returns the product over `axis` (an int, a list, or all if None)."""
    return _reduce(
        "reduce_prod", input_tensor, axis, keepdims, name or "Prod", reduction_indices, keep_dims
    )


def reduce_any(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Returns whether any bool over `axis` is true."""
    return _reduce(
        "reduce_any", input_tensor, axis, keepdims, name or "Any", reduction_indices, keep_dims
    )


def reduce_all(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Returns whether every bool over `axis` is true."""
    return _reduce(
        "reduce_all", input_tensor, axis, keepdims, name or "All", reduction_indices, keep_dims
    )


def argmax(
    input: TensorLike,
    axis: int | None = None,
    name: str | None = None,
    dimension: int | None = None,
    output_type: Any = dtypes.int64,
) -> Tensor:
    """Returns the position of the largest along `axis` (0 if None); the first of equals."""
    return _arg("argmax", input, axis, dimension, output_type, name or "ArgMax")


def argmin(
    input: TensorLike,
    axis: int | None = None,
    name: str | None = None,
    dimension: int | None = None,
    output_type: Any = dtypes.int64,
) -> Tensor:
    """Returns the position of the smallest along `axis` (0 if None); the first of equals."""
    return _arg("argmin", input, axis, dimension, output_type, name or "ArgMin")


def _arg(
    op: str, x: TensorLike, axis: int | None, dimension: int | None, dtype: Any, name: str
) -> Tensor:
    x = convert_to_tensor(x)
    chosen = axis if dimension is None else dimension
    position = apply(op, [x], {"axis": known_axis(x, chosen or 0)}, name)
    wanted = dtypes.as_dtype(dtype)
    if wanted is dtypes.int64:
        return position
    return apply("cast", [position], {"dtype": wanted.name}, name)


def matmul(
    a: TensorLike,
    b: TensorLike,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the product of two matrices.

    Args:
      a: float32 [m, k], or [k, m] with `transpose_a`.
      b: float32 [k, n], or [n, k] with `transpose_b`.
      transpose_a: See above; `adjoint_a` is the same for real numbers.
      transpose_b: See above; `adjoint_b` is the same for real numbers.
      adjoint_a: See `transpose_a`.
      adjoint_b: See `transpose_b`.
      a_is_sparse: Unused.
      b_is_sparse: Unused.
      name: Of the operation.
    """
    del a_is_sparse, b_is_sparse
    attributes = {
        "transpose_a": bool(transpose_a or adjoint_a),
        "transpose_b": bool(transpose_b or adjoint_b),
    }
    a = convert_to_tensor(a, preferred_dtype=dtypes.float32)
    b = convert_to_tensor(b, preferred_dtype=dtypes.float32)
    return apply("matmul", [a, b], attributes, name or "MatMul")


def norm(tensor: TensorLike, name: str | None = None) -> Tensor:
    """Returns the Euclidean length of all elements."""
    return sqrt(reduce_sum(square(tensor)), name or "norm")


def clip_by_norm(
    t: TensorLike, clip_norm: TensorLike, axes: Any = None, name: str | None = None
) -> Tensor:
    """Returns t * clip_norm / max(its length over `axes`, clip_norm)."""
    t = convert_to_tensor(t)
    squares = reduce_sum(square(t), axes, keepdims=True)
    # Where t is 0 the square root has no gradient; its length is then 0 whatever the gradient.
    nonzero = binary("greater", squares, 0.0)
    safe = where(nonzero, squares, apply("ones_like", [squares]))
    length = where(nonzero, sqrt(safe), squares)
    scaled = multiply(t, clip_norm)
    return binary("div", scaled, maximum(length, clip_norm), name or "clip_by_norm")


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """Returns the Euclidean length of all elements of all tensors; None is left out.

    Raises:
      TypeError: if `t_list` is no list.
      ValueError: if there is no tensor in it.
    """
    if not isinstance(t_list, (list, tuple)):
        raise TypeError("t_list should be a sequence")
    squares = [reduce_sum(square(t)) for t in t_list if t is not None]
    if not squares:
        raise ValueError("t_list: expected at least one tensor that is not None")
    total = squares[0]
    for value in squares[1:]:
        total = binary("add", total, value)
    return sqrt(total, name or "global_norm")


def clip_by_global_norm(
    t_list: Sequence[Any],
    clip_norm: TensorLike,
    use_norm: TensorLike = None,
    name: str | None = None,
) -> tuple[list[Any], Tensor]:
    """Returns the tensors scaled so that their common length is `clip_norm` at the most.

    Args:
      t_list: Tensors; None stays None.
      clip_norm: A positive number.
      use_norm: Their length if it is known already.
      name: Of the operations.

    Returns: (list, length before). All values are NaN if the length is not finite.
    """
    length = global_norm(t_list, name) if use_norm is None else convert_to_tensor(use_norm)
    one = apply("ones_like", [length])
    shrink = minimum(reciprocal(length), binary("div", one, clip_norm))
    not_a_number = binary("mul", one, float("nan"))
    scale = where(_is_finite(length), multiply(shrink, clip_norm), not_a_number)
    clipped = [None if t is None else binary("mul", t, scale, name or "clip") for t in t_list]
    return clipped, length
