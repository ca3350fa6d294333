"""What examples must hold for columns to be made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from holdfast import dtypes
from holdfast._examples import FixedLenFeature
from holdfast.feature_column._numeric import NumericColumn


def make_parse_example_spec(feature_columns: Iterable[Any]) -> dict[str, FixedLenFeature]:
    """Returns the features that `io.parse_example` has to find for these columns.

    Args:
      feature_columns: Numeric columns.

    Raises:
      ValueError: something is no numeric column, or two columns want one key differently.
    Source: tf.feature_column.make_parse_example_spec.
    """
    spec: dict[str, FixedLenFeature] = {}
    for column in feature_columns:
        if not isinstance(column, NumericColumn):
            raise ValueError(
                f"All feature_columns must be numeric columns here, given: {column!r}. Write the "
                "FixedLenFeature of its key by hand"
            )
        feature = _feature_of(column)
        if spec.setdefault(column.key, feature) != feature:
            raise ValueError(
                f"feature_columns contain different parse_spec for key {column.key}. Given "
                f"{spec[column.key]} and {feature}; give the columns one shape, dtype and default"
            )
    return spec


def _feature_of(column: NumericColumn) -> FixedLenFeature:
    # A Feature holds float32 or int64; input_layer casts.
    dtype = dtypes.int64 if column.dtype.is_integer else dtypes.float32
    default = column.default_value
    if default is not None:
        default = np.asarray(default).tolist()
    return FixedLenFeature(column.shape, dtype, default)
