"""Elementwise functions: arithmetic, comparison, choice, clipping.

Every function takes Tensors, or arrays and numbers; without a graph it computes at once.
Source: the functions of the same names at the top of TensorFlow 1.x, and in tf.math.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast import dtypes
from holdfast._tensor import (
    Tensor,
    TensorLike,
    apply,
    binary,
    convert_to_tensor,
    same_dtype,
    true_divide,
)


def add(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x + y, broadcast."""
    return binary("add", x, y, name or "Add")


def subtract(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x - y, broadcast."""
    return binary("sub", x, y, name or "Sub")


def multiply(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x * y, broadcast."""
    return binary("mul", x, y, name or "Mul")


def divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x / y, broadcast; integers are divided as float64."""
    return true_divide(x, y, name)


truediv = divide


def div(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x / y, broadcast; x // y for integers, as Python 2 and tf.div do."""
    x, y = same_dtype("div", x, y)
    if dtypes.as_dtype(x.dtype).is_integer:
        return binary("floordiv", x, y, name or "div")
    return true_divide(x, y, name or "div")


def div_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x / y, broadcast; 0 where y is 0."""
    return binary("div_no_nan", x, y, name or "div_no_nan")


def floordiv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x // y, broadcast, rounded down."""
    return binary("floordiv", x, y, name or "floordiv")


def mod(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x % y, broadcast, with the sign of y."""
    return binary("mod", x, y, name or "mod")


floormod = mod


def maximum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns the larger of x and y, broadcast."""
    return binary("maximum", x, y, name or "Maximum")


def minimum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns the smaller of x and y, broadcast."""
    return binary("minimum", x, y, name or "Minimum")


def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns (x - y)^2, broadcast."""
    return square(binary("sub", x, y), name or "SquaredDifference")


def pow(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x to the power of y, broadcast; floats."""
    return binary("pow", x, y, name or "Pow")


def add_n(inputs: Sequence[TensorLike], name: str | None = None) -> Tensor:
    """Returns the sum of a list of tensors of one shape. Raises: ValueError for an empty list."""
    if not inputs:
        raise ValueError("add_n: expected a list of at least one Tensor")
    total = convert_to_tensor(inputs[0])
    for value in inputs[1:-1]:
        total = binary("add", total, value, "AddN")
    if len(inputs) == 1:
        return apply("identity", [total], name=name or "AddN")
    return binary("add", total, inputs[-1], name or "AddN")


def _floating(x: TensorLike) -> Tensor:
    """Lists and numbers of ints become floats where only floats make sense: tf.sqrt(4)."""
    return convert_to_tensor(x, preferred_dtype=dtypes.float32)


def negative(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns -x."""
    return apply("neg", [x], name=name or "Neg")


def abs(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the size of x without its sign."""
    return apply("abs", [x], name=name or "Abs")


def square(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns x * x."""
    return apply("square", [x], name=name or "Square")


def sign(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns -1, 0 or 1."""
    return apply("sign", [x], name=name or "Sign")


def sqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the square root; NaN below 0."""
    return apply("sqrt", [_floating(x)], name=name or "Sqrt")


def rsqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns 1 / sqrt(x)."""
    return apply("rsqrt", [_floating(x)], name=name or "Rsqrt")


def exp(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns e to the power of x."""
    return apply("exp", [_floating(x)], name=name or "Exp")


def log(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the natural logarithm; -inf at 0, NaN below."""
    return apply("log", [_floating(x)], name=name or "Log")


def log1p(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns log(1 + x)."""
    return apply("log1p", [_floating(x)], name=name or "Log1p")


def reciprocal(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns 1 / x."""
    return apply("reciprocal", [_floating(x)], name=name or "Reciprocal")


def floor(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns x rounded down."""
    return apply("floor", [_floating(x)], name=name or "Floor")


def ceil(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns x rounded up."""
    return apply("ceil", [_floating(x)], name=name or "Ceil")


def round(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns x rounded to the nearest, half to even; integers as they are."""
    tensor = convert_to_tensor(x)
    if dtypes.as_dtype(tensor.dtype).is_integer:
        return tensor
    return apply("round", [tensor], name=name or "Round")


def cast(x: TensorLike, dtype: Any, name: str | None = None) -> Tensor:
    """Returns x as another dtype: floats lose their fraction, numbers other than 0 are true.

    Args:
      x: Numbers, bools, or strings that are numbers.
      dtype: The new one.
      name: Of the operation.
    """
    wanted = dtypes.as_dtype(dtype)
    tensor = convert_to_tensor(x)
    if tensor.dtype == wanted:
        return tensor
    return apply("cast", [tensor], {"dtype": wanted.name}, name or "Cast")


def to_float(x: TensorLike, name: str = "ToFloat") -> Tensor:
    """Returns x as float32."""
    return cast(x, dtypes.float32, name)


def to_double(x: TensorLike, name: str = "ToDouble") -> Tensor:
    """Returns x as float64."""
    return cast(x, dtypes.float64, name)


def to_int32(x: TensorLike, name: str = "ToInt32") -> Tensor:
    """Returns x as int32."""
    return cast(x, dtypes.int32, name)


def to_int64(x: TensorLike, name: str = "ToInt64") -> Tensor:
    """Returns x as int64."""
    return cast(x, dtypes.int64, name)


def equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x == y as bools, broadcast."""
    return binary("equal", x, y, name or "Equal")


def not_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x != y as bools, broadcast."""
    return binary("not_equal", x, y, name or "NotEqual")


def less(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x < y as bools, broadcast."""
    return binary("less", x, y, name or "Less")


def less_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x <= y as bools, broadcast."""
    return binary("less_equal", x, y, name or "LessEqual")


def greater(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x > y as bools, broadcast."""
    return binary("greater", x, y, name or "Greater")


def greater_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x >= y as bools, broadcast."""
    return binary("greater_equal", x, y, name or "GreaterEqual")


def logical_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x and y, bools, broadcast."""
    return binary("logical_and", x, y, name or "LogicalAnd")


def logical_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x or y, bools, broadcast."""
    return binary("logical_or", x, y, name or "LogicalOr")


def logical_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns whether just one of x and y, bools, is true."""
    return binary("not_equal", x, y, name or "LogicalXor")


def logical_not(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns not x."""
    return apply("logical_not", [x], name=name or "LogicalNot")


def is_nan(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns whether each float is NaN."""
    return apply("is_nan", [_floating(x)], name=name or "IsNan")


def is_finite(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns whether each float is neither NaN nor infinite."""
    return apply("is_finite", [_floating(x)], name=name or "IsFinite")


def where(
    condition: TensorLike, x: TensorLike = None, y: TensorLike = None, name: str | None = None
) -> Tensor:
    """Returns x where `condition` is true and y elsewhere, broadcast.

    A condition of one dimension chooses whole rows, as in TensorFlow 1.x.

    Raises: NotImplementedError without x and y: positions have no fixed number.
    """
    if x is None or y is None:
        raise NotImplementedError(
            "where(condition) without x and y gives a tensor whose size depends on the values; "
            "pass x and y"
        )
    x, y = same_dtype("where", x, y)
    condition = convert_to_tensor(condition)
    rank = len(x.shape)
    if len(condition.shape) == 1 and rank > 1:
        for _ in range(rank - 1):
            condition = apply("expand_dims", [condition], {"axis": -1}, "ExpandDims")
    return apply("where", [condition, x, y], name=name or "Select")


def clip_by_value(
    t: TensorLike,
    clip_value_min: TensorLike,
    clip_value_max: TensorLike,
    name: str | None = None,
) -> Tensor:
    """Returns t moved into [clip_value_min, clip_value_max], element by element."""
    t, low = same_dtype("clip_by_value", t, clip_value_min)
    t, high = same_dtype("clip_by_value", t, clip_value_max)
    return apply("clip_by_value", [t, low, high], name=name or "clip_by_value")


def identity(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the same values under another name."""
    return apply("identity", [input], name=name or "Identity")


def stop_gradient(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the same values; gradients do not pass."""
    return apply("stop_gradient", [input], name=name or "StopGradient")
