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


def parse_example(
    serialized: TensorLike, features: Mapping[str, FixedLenFeature], name: str | None = None
) -> dict[str, Tensor]:
    """Returns the features of serialized examples by key.

    Args:
      serialized: string [batch], each a tf.train.Example.
      features: What is in them, by key. Other keys of an example are passed over; of a key that
        comes twice the last one counts.
      name: Of the operations.

    Returns: a tensor [batch, *shape] for each.

    Raises:
      ValueError: there is no feature, or one has an unknown shape, another dtype than a Feature
        can have, or a default of another shape.
      errors.InvalidArgumentError: when running, for bytes that are no Example, and a feature that
        is missing without a default, of another kind, or of another number of values.
    Source: tf.io.parse_example, for features of fixed length.
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
    if not isinstance(feature, FixedLenFeature):
        raise ValueError(
            f"Invalid feature {key}: expected a FixedLenFeature, got {feature!r}. Features of any "
            "length have no shape that a dense network could take; pad them, or count them"
        )
    dtype = dtypes.as_dtype(feature.dtype)
    if dtype not in _DTYPES:
        raise ValueError(
            f"Invalid feature {key}: expected dtype float32, int64 or string, got {dtype.name}. "
            "Parse it as one of these and cast it"
        )
    shape = list(dtypes.TensorShape(feature.shape))
    if any(size is None for size in shape):
        raise ValueError(f"All dimensions of shape for feature {key} need to be known: {shape}.")
    attributes = {"key": key, "place": place, "dtype": dtype.name, "shape": shape}
    if feature.default_value is not None:
        attributes["default"] = _default(key, feature.default_value, shape, dtype)
    return attributes


def _default(key: str, value: Any, shape: list[Any], dtype: dtypes.DType) -> list[Any]:
    array = as_array(value, dtype)
    if list(array.shape) != shape and not (array.size == 1 and int(np.prod(shape)) == 1):
        raise ValueError(
            f"Invalid feature {key}: expected a default of shape {shape}, got one of "
            f"{list(array.shape)}: {value!r}"
        )
    values: list[Any] = array.ravel().tolist()
    return values
