"""Numbers, text, lists and arrays as arrays of the dtypes that a graph computes with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast import dtypes

if TYPE_CHECKING:
    from holdfast._core import Array


def as_array(value: Any, dtype: dtypes.DType | None = None) -> Array:
    """Returns a value that is not symbolic as an array of a graph's dtype.

    Python floats become float32 and Python ints int32 (int64 where they do not fit), as in
    TensorFlow; arrays keep their dtype.

    Raises: TypeError for what is no array, and where a conversion would change a value's meaning.
    """
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"cannot make a tensor of {value!r}: {error}") from error
    if dtype is None:
        dtype = _natural_dtype(value, array)
    if array.dtype.kind in "USO":
        if dtype is not dtypes.string:
            raise TypeError(f"Expected {dtype.name}, but got {value!r} of type string.")
        return _strings(value, array)
    if dtype is dtypes.string:
        raise TypeError(f"Expected string, but got {value!r} of dtype {array.dtype}.")
    if dtype.is_integer and array.dtype.kind == "f" and array.size:
        raise TypeError(f"Expected {dtype.name}, but got {value!r} of type 'float'.")
    if dtype.is_bool != (array.dtype.kind == "b") and array.size:
        raise TypeError(f"Expected {dtype.name}, but got {value!r} of type '{array.dtype}'.")
    if dtype.is_integer and array.size:
        limits = np.iinfo(dtype.as_numpy_dtype)
        if array.max() > limits.max or array.min() < limits.min:
            raise TypeError(f"{value!r} does not fit into {dtype.name}")
    return array.astype(dtype.as_numpy_dtype, copy=False)


def _natural_dtype(value: Any, array: Array) -> dtypes.DType:
    typed = isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "dtype")
    if array.dtype.kind == "f" and not typed and not _holds_numpy(value):
        return dtypes.float32
    if array.dtype.kind == "i" and not typed and not _holds_numpy(value):
        fits = array.size == 0 or (array.max() <= 2**31 - 1 and array.min() >= -(2**31))
        return dtypes.int32 if fits else dtypes.int64
    dtype = dtypes.as_dtype(array.dtype)
    if dtype not in dtypes.GRAPH_DTYPES:
        names = ", ".join(d.name for d in dtypes.GRAPH_DTYPES)
        raise TypeError(
            f"a graph computes with {names}; got an array of {dtype.name}. Convert it first, "
            "as in array.astype('float32')"
        )
    return dtype


def _holds_numpy(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and _holds_numpy(value[0])
    return isinstance(value, (np.ndarray, np.generic))


def _strings(value: Any, array: Array) -> Array:
    flat: list[bytes] = []
    for item in array.ravel().tolist():
        if not isinstance(item, (str, bytes)):
            raise TypeError(f"cannot make a tensor of {value!r}: {item!r} is neither str nor bytes")
        flat.append(item.encode() if isinstance(item, str) else item)
    out = np.empty(len(flat), dtype=object)
    out[:] = flat
    return out.reshape(array.shape)
