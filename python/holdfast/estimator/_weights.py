"""Weights of examples, from a feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast import feature_column
from holdfast._tensor import Tensor


def example_weights(features: Mapping[str, Tensor], weight_column: Any) -> Tensor | float:
    """Returns weights as float32 [batch, 1]; 1.0 if there is no weight column.

    Args:
      features: Of the model.
      weight_column: A key, or a numeric column of one value.

    Raises:
      TypeError: weight_column is something else.
      ValueError: the feature is missing, or has more than one value for an example.
    """
    if weight_column is None:
        return 1.0
    if isinstance(weight_column, str):
        weight_column = feature_column.numeric_column(weight_column)
    if not isinstance(weight_column, feature_column.NumericColumn):
        raise TypeError(
            "weight_column must be a key of the features or a numeric_column, given: "
            f"{weight_column!r}"
        )
    if tuple(weight_column.shape) != (1,):
        raise ValueError(
            f"weight_column {weight_column.name!r} must have one value for an example, shape (1,); "
            f"got shape {tuple(weight_column.shape)}"
        )
    if weight_column.key not in features:
        raise ValueError(
            f"Feature {weight_column.key!r}, the weight_column, is not in features, which has "
            f"{sorted(features)}; let input_fn return it"
        )
    return feature_column.input_layer(features, [weight_column])
