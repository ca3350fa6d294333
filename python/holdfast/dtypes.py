"""Element types and shapes: `float32`, `int64`, `string`, ..., `as_dtype`, `TensorShape`.

Source: tf.dtypes and tf.TensorShape of TensorFlow 1.x.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any, SupportsIndex, overload

import numpy as np

__all__ = [
    "GRAPH_DTYPES",
    "DType",
    "Dimension",
    "TensorShape",
    "as_dtype",
    "bool",
    "double",
    "float16",
    "float32",
    "float64",
    "half",
    "int8",
    "int16",
    "int32",
    "int64",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]


class DType:
    """The type of a tensor's elements; equal to its name and to its NumPy dtype.

    Attributes:
      name: "float32", ...
      as_numpy_dtype: The NumPy scalar type; object for strings.
    """

    __slots__ = ("_kind", "as_numpy_dtype", "name")

    def __init__(self, name: str, numpy_type: type[Any], kind: str) -> None:
        self.name = name
        self.as_numpy_dtype = numpy_type
        self._kind = kind

    @property
    def is_floating(self) -> builtins.bool:
        """True for float16, float32 and float64."""
        return self._kind == "f"

    @property
    def is_integer(self) -> builtins.bool:
        """True for signed and unsigned integers, not for bool."""
        return self._kind in "iu"

    @property
    def is_unsigned(self) -> builtins.bool:
        """True for uint8 and its wider kin."""
        return self._kind == "u"

    @property
    def is_bool(self) -> builtins.bool:
        """True for bool."""
        return self._kind == "b"

    @property
    def is_complex(self) -> builtins.bool:
        """False: there are no complex types here."""
        return False

    @property
    def base_dtype(self) -> DType:
        """The type itself: reference types do not exist here."""
        return self

    @property
    def size(self) -> int:
        """Bytes of an element; 1 for strings, as TensorFlow says."""
        return 1 if self._kind == "s" else int(np.dtype(self.as_numpy_dtype).itemsize)

    @property
    def min(self) -> Any:
        """The smallest value. Raises: TypeError for strings and bool."""
        return self._limits().min

    @property
    def max(self) -> Any:
        """The largest value. Raises: TypeError for strings and bool."""
        return self._limits().max

    def _limits(self) -> Any:
        if self.is_floating:
            return np.finfo(self.as_numpy_dtype)
        if self.is_integer:
            return np.iinfo(self.as_numpy_dtype)
        raise TypeError(f"{self.name} has no smallest or largest value")

    def is_compatible_with(self, other: Any) -> builtins.bool:
        """Whether `other` names the same type."""
        return self.__eq__(other)

    def __eq__(self, other: object) -> builtins.bool:
        if isinstance(other, DType):
            return other is self
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


float16 = DType("float16", np.float16, "f")
float32 = DType("float32", np.float32, "f")
float64 = DType("float64", np.float64, "f")
int8 = DType("int8", np.int8, "i")
int16 = DType("int16", np.int16, "i")
int32 = DType("int32", np.int32, "i")
int64 = DType("int64", np.int64, "i")
uint8 = DType("uint8", np.uint8, "u")
uint16 = DType("uint16", np.uint16, "u")
uint32 = DType("uint32", np.uint32, "u")
uint64 = DType("uint64", np.uint64, "u")
bool = DType("bool", np.bool_, "b")
string = DType("string", np.object_, "s")
half = float16
double = float64

# What a graph computes with; the other types only name columns of data.
GRAPH_DTYPES = (float32, float64, int32, int64, bool, string)

_BY_NAME = {
    dtype.name: dtype
    for dtype in (
        float16,
        float32,
        float64,
        int8,
        int16,
        int32,
        int64,
        uint8,
        uint16,
        uint32,
        uint64,
        bool,
        string,
    )
} | {"half": float16, "float": float32, "double": float64}

# Python's own types mean what a Python number becomes in TensorFlow: single precision.
_BY_PYTHON_TYPE: dict[Any, DType] = {
    float: float32,
    int: int32,
    builtins.bool: bool,
    str: string,
    bytes: string,
    object: string,
}


def as_dtype(value: Any) -> DType:
    """Returns the DType that a DType, a name, a NumPy dtype or a Python type means.

    Raises: TypeError if it means none.
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, str) and value in _BY_NAME:
        return _BY_NAME[value]
    if isinstance(value, type) and value in _BY_PYTHON_TYPE:
        return _BY_PYTHON_TYPE[value]
    try:
        numpy_dtype = np.dtype(value)
    except TypeError:
        numpy_dtype = None
    if value is not None and numpy_dtype is not None:
        if numpy_dtype.kind in "OUS":
            return string
        if numpy_dtype.name in _BY_NAME:
            return _BY_NAME[numpy_dtype.name]
    raise TypeError(f"dtype: expected one of {', '.join(sorted(_BY_NAME))}; got {value!r}")


class Dimension(int):
    """A known size: an int that also has TensorFlow 1.x's `.value`."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The size."""
        return int(self)


class TensorShape(tuple[int | None, ...]):
    """The sizes of a tensor; None for one that is known only when running.

    Args:
      dims: The sizes; -1 and None both mean unknown.
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable[SupportsIndex | None] | SupportsIndex) -> TensorShape:
        """Makes the tuple. A single number is a shape of one dimension."""
        if isinstance(dims, SupportsIndex):
            dims = (dims,)
        return super().__new__(cls, (_size(d) for d in dims))

    def as_list(self) -> list[int | None]:
        """The sizes as a list."""
        return [None if size is None else int(size) for size in self]

    @property
    def ndims(self) -> int:
        """The number of dimensions."""
        return len(self)

    rank = ndims
    dims = property(as_list)

    def is_fully_defined(self) -> builtins.bool:
        """Whether every size is known."""
        return None not in self

    def num_elements(self) -> int | None:
        """The product of the sizes; None if one is unknown."""
        total = 1
        for size in self:
            if size is None:
                return None
            total *= size
        return total

    def is_compatible_with(self, other: Any) -> builtins.bool:
        """Whether a tensor could have both shapes."""
        other = TensorShape(other)
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self, other, strict=True)
        )

    @overload
    def __getitem__(self, key: SupportsIndex) -> int | None: ...
    @overload
    def __getitem__(self, key: slice) -> TensorShape: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | TensorShape | None:
        if isinstance(key, slice):
            return TensorShape(super().__getitem__(key))
        return super().__getitem__(key)

    def __eq__(self, other: object) -> builtins.bool:
        if isinstance(other, (list, tuple)):
            return tuple.__eq__(self, tuple(other))
        return NotImplemented

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    def __repr__(self) -> str:
        return f"TensorShape({self.as_list()})"

    def __str__(self) -> str:
        sizes = ", ".join("?" if d is None else str(d) for d in self)
        return f"({sizes},)" if len(self) == 1 else f"({sizes})"


def _size(value: SupportsIndex | None) -> int | None:
    if value is None:
        return None
    size = value.__index__()
    return None if size == -1 else Dimension(size)
