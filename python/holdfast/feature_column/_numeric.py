"""Numbers as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast import dtypes
from holdfast._math import cast
from holdfast._tensor import Tensor
from holdfast.feature_column._column import DenseColumn, raw_feature, width_of


@dataclass(frozen=True)
class NumericColumn(DenseColumn):
    """Made by `numeric_column`.

    Attributes:
      key: Of the feature.
      shape: Of a row's values.
      default_value: What parsing puts in for a missing value: nested tuples of `shape`, or None.
      dtype: Of the feature where it is parsed.
      normalizer_fn: Applied to the feature as it comes, before the cast to float32; or None.
    """

    key: str
    shape: tuple[int, ...]
    default_value: Any
    dtype: dtypes.DType
    normalizer_fn: Callable[[Any], Any] | None

    @property
    def name(self) -> str:
        """The key."""
        return self.key

    @property
    def variable_shape(self) -> tuple[int, ...]:
        """The shape."""
        return self.shape

    def dense_tensor(
        self,
        features: Mapping[str, Any],
        weight_collections: Iterable[str] = (),
        trainable: bool = True,
    ) -> Tensor:
        """Returns the feature, normalised, as float32 [batch, *shape]; see DenseColumn."""
        del weight_collections, trainable
        value = raw_feature(features, self.key)
        self._check(value)
        if self.normalizer_fn is not None:
            value = self.normalizer_fn(value)
        return cast(value, dtypes.float32, "ToFloat")

    def _check(self, value: Tensor) -> None:
        if dtypes.as_dtype(value.dtype) is dtypes.string:
            raise ValueError(
                f"Feature (key: {self.key}): expected numbers for a numeric_column; got strings. "
                "Convert them in input_fn"
            )
        sizes = dtypes.TensorShape(value.shape)[1:]
        known = sizes.num_elements()
        if known is not None and known != width_of(self.shape):
            raise ValueError(
                f"Feature (key: {self.key}): expected shape [batch, "
                f"{', '.join(map(str, self.shape))}], as its numeric_column says; got "
                f"{dtypes.TensorShape(value.shape)}. Set numeric_column({self.key!r}, "
                f"shape={[int(s) for s in sizes if s is not None]}) or change input_fn"
            )


def numeric_column(
    key: str,
    shape: int | Iterable[int] = (1,),
    default_value: Any = None,
    dtype: Any = dtypes.float32,
    normalizer_fn: Callable[[Any], Any] | None = None,
) -> NumericColumn:
    """Returns the column of a feature of numbers.

    Args:
      key: Of the feature, and the column's name.
      shape: Of a row's values, an int or a list of ints, each at least 1.
      default_value: What parsing puts in for a missing value: one number, or nested lists of
        `shape`. Plays no part elsewhere.
      dtype: Of the feature where it is parsed: an integer or a float type.
      normalizer_fn: A function of the feature [batch, *shape], in its own dtype.

    Raises:
      TypeError: shape holds something else than ints, default_value is a float for an integer
        dtype, or normalizer_fn is not callable.
      ValueError: key is not a str, a size is below 1, default_value has another shape, or dtype is
        neither integer nor float.
    """
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given: {key!r}.")
    sizes = _checked_shape(shape, key)
    kind = dtypes.as_dtype(dtype)
    if not (kind.is_integer or kind.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, key: {key}")
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    default = _checked_default(default_value, sizes, kind, key)
    return NumericColumn(key, sizes, default, kind, normalizer_fn)


def _checked_shape(shape: Any, key: str) -> tuple[int, ...]:
    sizes = tuple(shape) if isinstance(shape, (list, tuple, np.ndarray)) else (shape,)
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
            raise TypeError(f"shape dimensions must be integer. shape: {shape}, key: {key}")
        if size < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {shape}, key: {key}")
    return tuple(int(size) for size in sizes)


def _checked_default(value: Any, shape: tuple[int, ...], dtype: dtypes.DType, key: str) -> Any:
    if value is None:
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "iufb":
        raise TypeError(f"default_value must be a number or a list of numbers; got {value!r}")
    if dtype.is_integer and array.dtype.kind == "f":
        raise TypeError(
            f"default_value must be compatible with dtype. default_value: {value}, dtype: "
            f"{dtype.name}, key: {key}"
        )
    if array.ndim == 0:
        array = np.full(shape, array)
    if array.shape != shape:
        raise ValueError(
            f"The shape of default_value must be equal to given shape. default_value: {value}, "
            f"shape: {shape}, key: {key}"
        )
    return _tuples(array.astype(dtype.as_numpy_dtype).tolist())


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
