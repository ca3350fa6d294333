"""Python values as columns: arrays of the library's dtypes.

Source: tf.convert_to_tensor as tf.data.Dataset.from_tensor_slices uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast import dtypes

if TYPE_CHECKING:
    from holdfast._core import Array

_INT32 = np.iinfo(np.int32)


def as_column(value: Any, name: str) -> Array:
    """Returns a value as an array; text becomes an object array of bytes.

    Python floats become float32 and ints int32 (int64 where one does not fit); arrays, Series and
    frames keep their dtype.

    Args:
      value: An array, a Series, a DataFrame, a list (of lists), a number or text.
      name: Of the component, for messages.

    Raises: TypeError for values that no tensor holds.
    """
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: expected an array or a list of equal lists: {error}") from error
    if array.dtype.kind in "OUS":
        return _text(array, name)
    if _is_plain_python(value):
        array = _narrowed(array)
    try:
        dtypes.as_dtype(array.dtype)
    except TypeError:
        raise TypeError(
            f"{name}: expected numbers, booleans or text; got {array.dtype}. Convert the values "
            "first, as in .astype('float32')"
        ) from None
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _is_plain_python(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (bool, int, float, list, tuple)) and not isinstance(value, np.generic)


def _narrowed(array: Array) -> Array:
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype.kind == "i" and (
        array.size == 0 or (array.min() >= _INT32.min and array.max() <= _INT32.max)
    ):
        return array.astype(np.int32)
    return array


def _text(array: Array, name: str) -> Array:
    encoded = np.empty(array.size, dtype=object)
    for position, item in enumerate(array.ravel().tolist()):
        if isinstance(item, str):
            encoded[position] = item.encode()
        elif isinstance(item, bytes):
            encoded[position] = item
        else:
            raise TypeError(
                f"{name}: expected text in every row; got {item!r} in row {position}. Fill missing "
                "values and give each column one type before making a dataset of it"
            )
    return encoded.reshape(array.shape)
