"""tf.train.Example messages as features.

The core reads the messages (split_example and example_feature of cpp/src/ops/parse_example.cpp);
here is how programs say what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from holdfast import dtypes
from holdfast._plain_values import as_array
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor

_PADDING: dict[str, Any] = {"float32": 0.0, "int64": -1, "string": b""}  # of a VarLenFeature
_DTYPES = (dtypes.float32, dtypes.int64, dtypes.string)  # the three lists of a Feature


class FixedLenFeature(NamedTuple):
    """A feature with as many values in every example.

    Attributes:
      shape: Of an example's values: a list of ints; [] for one value.
      dtype: float32, int64 or string.
      default_value: For examples without it: a value, or a list of `shape`; None: required.

    Source: tf.io.FixedLenFeature.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature with any number of values, up to max_length.

    Where TensorFlow makes a SparseTensor, this is a dense tensor [batch, max_length], filled up
    with what counts as missing: -1 for int64, which columns of ids take for no id; "" for string;
    0 for float32.

    Attributes:
      dtype: float32, int64 or string.
      max_length: The most values that an example may have; TensorFlow's has no such argument.

    Source: tf.io.VarLenFeature.
    """

    dtype: Any
    max_length: int | None = None


Feature = FixedLenFeature | VarLenFeature


def parse_example(
    serialized: TensorLike, features: Mapping[str, Feature], name: str | None = None
) -> dict[str, Tensor]:
    """Returns the features of serialized examples by key.

    Args:
      serialized: string [batch], each a tf.train.Example.
      features: What is in them, by key. Other keys of an example are passed over; of a key that
        comes twice the last one counts.
      name: Of the operations.

    Returns: a tensor [batch, *shape] for each, [batch, max_length] of a VarLenFeature.

    Raises:
      ValueError: there is no feature, or one has an unknown shape or length, another dtype than a
        Feature can have, or a default of another shape.
      errors.InvalidArgumentError: when running, for bytes that are no Example, and a feature that
        is missing without a default, of another kind, or of another number of values.
    Source: tf.io.parse_example; no SparseTensor, see VarLenFeature.
    """
    if not features:
        raise ValueError("Missing: features was {}; name the features that the examples hold")
    keys = sorted(features)
    messages = convert_to_tensor(serialized, preferred_dtype=dtypes.string)
    split = apply("split_example", [messages], {"keys": keys}, name or "ParseExample")
    return {
        key: apply(
            "example_feature",
            [split],
            _attributes(key, place, features[key]),
            f"{name or 'ParseExample'}/feature",
        )
        for place, key in enumerate(keys)
    }


def _attributes(key: str, place: int, feature: Any) -> dict[str, Any]:
    if not isinstance(feature, (FixedLenFeature, VarLenFeature)):
        raise ValueError(
            f"Invalid feature {key}: expected a FixedLenFeature or a VarLenFeature, got "
            f"{feature!r}. Name its dtype and its shape, or the most values it has"
        )
    dtype = dtypes.as_dtype(feature.dtype)
    if dtype not in _DTYPES:
        raise ValueError(
            f"Invalid feature {key}: expected dtype float32, int64 or string, got {dtype.name}. "
            "Parse it as one of these and cast it"
        )
    if isinstance(feature, VarLenFeature):
        length = _length(key, feature, dtype)
        padding = [_PADDING[dtype.name]] * length
        return _told(key, place, dtype, [length]) | {"default": padding, "pad": True}
    shape = list(dtypes.TensorShape(feature.shape))
    if any(size is None for size in shape):
        raise ValueError(f"All dimensions of shape for feature {key} need to be known: {shape}.")
    attributes = _told(key, place, dtype, shape)
    if feature.default_value is not None:
        attributes["default"] = _default(key, feature.default_value, shape, dtype)
    return attributes


def _told(key: str, place: int, dtype: dtypes.DType, shape: list[Any]) -> dict[str, Any]:
    return {"key": key, "place": place, "dtype": dtype.name, "shape": shape}


def _length(key: str, feature: VarLenFeature, dtype: dtypes.DType) -> int:
    length = feature.max_length
    if isinstance(length, int) and not isinstance(length, bool) and length >= 1:
        return length
    raise ValueError(
        f"Invalid feature {key}: expected the most values that an example has, got {feature!r}. "
        "Here features are dense, so their length must be known: write "
        f"VarLenFeature({dtype.name}, max_length=8), and shorter ones are filled up"
    )


def _default(key: str, value: Any, shape: list[Any], dtype: dtypes.DType) -> list[Any]:
    array = as_array(value, dtype)
    if list(array.shape) != shape and not (array.size == 1 and int(np.prod(shape)) == 1):
        raise ValueError(
            f"Invalid feature {key}: expected a default of shape {shape}, got one of "
            f"{list(array.shape)}: {value!r}"
        )
    values: list[Any] = array.ravel().tolist()
    return values
