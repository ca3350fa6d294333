"""What examples must hold for columns to be made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from holdfast import dtypes
from holdfast._examples import FixedLenFeature
from holdfast.feature_column._categorical import IdentityCategoricalColumn
from holdfast.feature_column._numeric import NumericColumn


def make_parse_example_spec(feature_columns: Iterable[Any]) -> dict[str, FixedLenFeature]:
    """Returns the features that `io.parse_example` has to find for these columns.

    Args:
      feature_columns: Numeric columns, and those made of identity columns. An example without an
        id has none: -1.

    Raises:
      ValueError: something is no such column, or two columns want one key differently.
    Source: tf.feature_column.make_parse_example_spec.
    """
    spec: dict[str, FixedLenFeature] = {}
    for column in feature_columns:
        key, feature = _feature_of(getattr(column, "categorical_column", column))
        if spec.setdefault(key, feature) != feature:
            raise ValueError(
                f"feature_columns contain different parse_spec for key {key}. Given "
                f"{spec[key]} and {feature}; give the columns one shape, dtype and default"
            )
    return spec


def _feature_of(column: Any) -> tuple[str, FixedLenFeature]:
    if isinstance(column, IdentityCategoricalColumn):
        return column.key, FixedLenFeature((1,), dtypes.int64, [-1])
    if not isinstance(column, NumericColumn):
        raise ValueError(
            f"All feature_columns must be numeric columns here, given: {column!r}. Write the "
            "FixedLenFeature of its key by hand"
        )
    # A Feature holds float32 or int64; input_layer casts.
    dtype = dtypes.int64 if column.dtype.is_integer else dtypes.float32
    default = column.default_value
    if default is not None:
        default = np.asarray(default).tolist()
    return column.key, FixedLenFeature(column.shape, dtype, default)
