"""Categories as learnt vectors."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast import dtypes, initializers
from holdfast._graph import GraphKeys, default_graph_or_none
from holdfast._initial_values import take_from_checkpoint
from holdfast._tensor import Tensor, apply
from holdfast._variables import Variable, get_variable
from holdfast.feature_column._categorical import CategoricalColumn
from holdfast.feature_column._column import DenseColumn


@dataclass(frozen=True)
class EmbeddingColumn(DenseColumn):
    """Made by `embedding_column`, whose arguments its attributes are."""

    categorical_column: CategoricalColumn
    dimension: int
    combiner: str
    initializer: Any
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    max_norm: float | None
    trainable: bool
    use_safe_embedding_lookup: bool

    @property
    def name(self) -> str:
        """The categorical column's, and "_embedding"."""
        return f"{self.categorical_column.name}_embedding"

    @property
    def variable_shape(self) -> tuple[int, ...]:
        """One vector."""
        return (self.dimension,)

    def dense_tensor(
        self,
        features: Mapping[str, Any],
        weight_collections: Iterable[str] = (),
        trainable: bool = True,
    ) -> Tensor:
        """Returns the pooled vectors of each row; see DenseColumn. Makes the table."""
        if not isinstance(self.categorical_column, CategoricalColumn):
            raise ValueError(
                f"embedding_column {self.name!r}: expected a categorical column, as "
                f"categorical_column_with_identity gives; got {self.categorical_column!r}"
            )
        if default_graph_or_none() is None:
            raise RuntimeError(
                f"embedding_column {self.name!r} learns a variable, which belongs to a graph: use "
                "it in a model_fn, in a canned estimator, or within Graph().as_default()"
            )
        ids = self.categorical_column.ids(features)
        told: dict[str, Any] = {
            "combiner": self.combiner,
            "what": f"embedding_column {self.name!r}",
            "hint": self.categorical_column.advice,
        }
        if self.max_norm is not None:
            told["max_norm"] = self.max_norm
        table = self._table(weight_collections, trainable)
        return apply("embedding", [table, ids], told, "embedding_lookup")

    def _table(self, weight_collections: Iterable[str], trainable: bool) -> Variable:
        table = get_variable(
            "embedding_weights",
            shape=(self.categorical_column.num_buckets, self.dimension),
            dtype=dtypes.float32,
            initializer=self.initializer
            or initializers.TruncatedNormal(0.0, 1 / math.sqrt(self.dimension)),
            trainable=self.trainable and trainable,
            collections=list(dict.fromkeys([*weight_collections, GraphKeys.GLOBAL_VARIABLES])),
        )
        if self.ckpt_to_load_from is not None and self.tensor_name_in_ckpt is not None:
            take_from_checkpoint(table, self.ckpt_to_load_from, self.tensor_name_in_ckpt)
        return table


def embedding_column(
    categorical_column: CategoricalColumn,
    dimension: int,
    combiner: str = "mean",
    initializer: Callable[..., Any] | initializers.Initializer | None = None,
    ckpt_to_load_from: str | os.PathLike[str] | None = None,
    tensor_name_in_ckpt: str | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> EmbeddingColumn:
    """Returns the column that gives every id a vector, learnt like a layer's kernel.

    The vectors are the rows of `<scope>/<name>/embedding_weights`, float32
    [num_buckets, dimension]. A row of several ids gets the pooled vector; one without any, zeros.
    A training step costs what its ids cost, however large the table is, with an optimizer that
    moves only the rows it has a gradient for (Adagrad, gradient descent).

    Args:
      categorical_column: Gives the ids.
      dimension: Of a vector, at least 1.
      combiner: How the vectors of a row's n ids become one: their "sum"; their "mean"; "sqrtn": the
        sum divided by sqrt(n). Another one is an error when the column is used.
      initializer: Of the table: a truncated normal of deviation 1 / sqrt(dimension) if None.
      ckpt_to_load_from: A checkpoint, or a directory with some, that the table begins from
        wherever training does not continue a checkpoint of its own.
      tensor_name_in_ckpt: The table's name there.
      max_norm: Vectors of a larger L2 norm are scaled down to it before they are pooled; the
        table keeps them as they are. None: none is.
      trainable: Whether optimizers change the table.
      use_safe_embedding_lookup: Kept for programs that pass it: missing ids are always left out.

    Raises:
      ValueError: dimension is below 1, initializer is not callable, max_norm is not above 0, or
        only one of ckpt_to_load_from and tensor_name_in_ckpt is given.

    Source: tf.feature_column.embedding_column.
    """
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError(
            "Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them."
        )
    if initializer is not None and not (
        callable(initializer) or isinstance(initializer, initializers.Initializer)
    ):
        raise ValueError(
            "initializer must be callable if specified. Embedding of column_name: "
            f"{categorical_column.name}; got {initializer!r}"
        )
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm must be a number above 0, or None; got {max_norm!r}")
    return EmbeddingColumn(
        categorical_column,
        int(dimension),
        combiner,
        initializer,
        None if ckpt_to_load_from is None else os.fspath(ckpt_to_load_from),
        tensor_name_in_ckpt,
        None if max_norm is None else float(max_norm),
        bool(trainable),
        bool(use_safe_embedding_lookup),
    )
