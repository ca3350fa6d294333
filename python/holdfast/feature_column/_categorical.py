"""Categories: features that become numbers of a row in a table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast import dtypes
from holdfast._tensor import Tensor, apply
from holdfast.feature_column._column import FeatureColumn, raw_feature


class CategoricalColumn(FeatureColumn):
    """A column of ids; a network takes it through a column made of it, as an embedding_column."""

    @property
    @abstractmethod
    def num_buckets(self) -> int:
        """Ids are below it."""

    @property
    @abstractmethod
    def advice(self) -> str:
        """What to do about an id that is not: the last words of the message."""

    @abstractmethod
    def ids(self, features: Mapping[str, Any]) -> Tensor:
        """Returns int32 or int64 [batch, size]; negative where there is none.

        Raises: ValueError if the feature is missing or has another shape or dtype.
        """


@dataclass(frozen=True)
class IdentityCategoricalColumn(CategoricalColumn):
    """Made by `categorical_column_with_identity`.

    Attributes:
      key: Of the feature.
      number_buckets: Ids are below it.
      default_value: The id of values that are none; or None.
    """

    key: str
    number_buckets: int
    default_value: int | None

    @property
    def name(self) -> str:
        """The key."""
        return self.key

    @property
    def num_buckets(self) -> int:
        """As given."""
        return self.number_buckets

    @property
    def advice(self) -> str:
        """More buckets, or a default."""
        return (
            f"raise num_buckets of categorical_column_with_identity({self.key!r}, "
            f"{self.number_buckets}), or give it a default_value"
        )

    def ids(self, features: Mapping[str, Any]) -> Tensor:
        """Returns the feature, its values that are no ids replaced; see CategoricalColumn."""
        value = raw_feature(features, self.key)
        kind = dtypes.as_dtype(value.dtype)
        if kind not in (dtypes.int32, dtypes.int64):
            raise ValueError(
                f"Invalid input, not integer. key: {self.key} dtype: {kind.name}. Expected int32 "
                "or int64; cast it in input_fn"
            )
        if len(value.shape) != 2:
            raise ValueError(
                f"Feature (key: {self.key}): expected ids [batch] or [batch, size]; got "
                f"{dtypes.TensorShape(value.shape)}. Reshape it in input_fn"
            )
        if self.default_value is None:
            return value
        bounds = {"size": self.number_buckets, "default": self.default_value}
        return apply("bounded_ids", [value], bounds, "values")


def categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> IdentityCategoricalColumn:
    """Returns the column of a feature whose integers are ids already: 0 <= id < num_buckets.

    The feature is int32 or int64 [batch] or [batch, size]. -1 means that there is no id, so that
    rows of fewer ids are filled up with it.

    Args:
      key: Of the feature, and the column's name.
      num_buckets: The number of ids, at least 1.
      default_value: The id that other values count as; -1 stays missing. None: other negative
        values are missing, too, and a value of num_buckets or more is an InvalidArgumentError of
        the step that meets it.

    Raises: ValueError if key is not a str, num_buckets is below 1, or default_value is no id.

    Source: tf.feature_column.categorical_column_with_identity.
    """
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given: {key!r}.")
    if not _is_integer(num_buckets):
        raise ValueError(f"num_buckets must be an integer; got {num_buckets!r}, column_name {key}")
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not (
        _is_integer(default_value) and 0 <= default_value < num_buckets
    ):
        raise ValueError(
            f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}"
        )
    return IdentityCategoricalColumn(
        key, int(num_buckets), None if default_value is None else int(default_value)
    )


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
