"""What all columns are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from holdfast import dtypes
from holdfast._tensor import Tensor, convert_to_tensor


class FeatureColumn(ABC):
    """A column: a value without a state, equal to another of the same fields."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What columns are sorted by, and their variables named after."""


class DenseColumn(FeatureColumn):
    """A column with a fixed number of floats for each row."""

    @property
    @abstractmethod
    def variable_shape(self) -> tuple[int, ...]:
        """The sizes of a row."""

    @abstractmethod
    def dense_tensor(
        self,
        features: Mapping[str, Any],
        weight_collections: Iterable[str] = (),
        trainable: bool = True,
    ) -> Tensor:
        """Returns float32 [batch, *variable_shape].

        Args:
          features: Tensors or arrays [batch] or [batch, ...] by key.
          weight_collections: Collections for the column's variables, if it has some.
          trainable: Whether optimizers may change them.

        Raises: ValueError if the feature is missing or has other sizes.
        """


def raw_feature(features: Mapping[str, Any], key: str) -> Tensor:
    """Returns a feature with two dimensions at the least; [batch] becomes [batch, 1].

    Raises: ValueError if there is none of that key, or it has no batch dimension.
    """
    if key not in features:
        listed = ", ".join(repr(k) for k in sorted(features, key=str)) or "none"
        raise ValueError(
            f"Feature {key} is not in features dictionary: expected the key {key!r}; the features "
            f"are {listed}. Let input_fn return it, or take its column out"
        )
    value = convert_to_tensor(features[key])
    rank = len(value.shape)
    if rank == 0:
        raise ValueError(
            f"Feature (key: {key}) cannot have rank 0: expected [batch] or [batch, size]. Given: "
            f"{value!r}. Is there a batch() in input_fn?"
        )
    if rank == 1:
        from holdfast._shape import expand_dims

        return expand_dims(value, -1)
    return value


def width_of(shape: tuple[int, ...]) -> int:
    """Returns the number of values of a row."""
    return int(dtypes.TensorShape(shape).num_elements() or 0)
