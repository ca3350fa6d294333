"""Columns joined to the input of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any

from holdfast._graph import default_graph_or_none
from holdfast._scope import variable_scope
from holdfast._shape import concat, reshape
from holdfast._tensor import Tensor
from holdfast.feature_column._column import DenseColumn, FeatureColumn, width_of


def input_layer(
    features: Mapping[str, Any],
    feature_columns: Any,
    weight_collections: Iterable[str] | None = None,
    trainable: bool = True,
    cols_to_vars: dict[Any, Any] | None = None,
    cols_to_output_tensors: dict[Any, Any] | None = None,
) -> Tensor:
    """Returns the columns of a batch side by side, sorted by their names.

    Args:
      features: Tensors or arrays [batch] or [batch, ...] by key.
      feature_columns: Dense columns: a list, an iterator, or one column.
      weight_collections: Collections for variables of columns; numeric columns have none.
      trainable: Whether optimizers change such variables.
      cols_to_vars: Filled with the variables of each column, if given.
      cols_to_output_tensors: Filled with the part of each column, if given.

    Returns: float32 [batch, sum of the columns' widths].

    Raises: ValueError for no columns, a dict of columns, something that is no dense column, two
      columns of one name, and a feature that is missing or of another shape.
    """
    del weight_collections, trainable
    columns = sorted_columns(feature_columns)
    if not isinstance(features, Mapping):
        raise ValueError(
            f"features: expected a dict of tensors; got {type(features).__name__}. Columns find "
            "their features by key"
        )
    with _scope("input_layer"):
        parts = [_part(column, features, cols_to_output_tensors) for column in columns]
        if cols_to_vars is not None:
            cols_to_vars.update({column: [] for column in columns})
        return concat(parts, 1, "concat")


def sorted_columns(feature_columns: Any) -> list[DenseColumn]:
    """Returns dense columns by name, upper case first. Raises: ValueError, as input_layer."""
    if isinstance(feature_columns, FeatureColumn):
        feature_columns = [feature_columns]
    if isinstance(feature_columns, Mapping):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    columns = list(feature_columns)
    if not columns:
        raise ValueError("feature_columns must not be empty.")
    for column in columns:
        if not isinstance(column, DenseColumn):
            raise ValueError(
                "Items of feature_columns must be a dense column: a numeric_column, or a "
                f"categorical column in an indicator_column or embedding_column. Given: {column!r}"
            )
    names: dict[str, DenseColumn] = {}
    for column in columns:
        if column.name in names:
            raise ValueError(
                f"Duplicate feature column name found for columns: {names[column.name]} and "
                f"{column}. This usually means that these columns refer to same base feature. "
                "Either one must be discarded or a duplicated but renamed item must be inserted in "
                "features dict."
            )
        names[column.name] = column
    return [names[name] for name in sorted(names)]


def _part(
    column: DenseColumn, features: Mapping[str, Any], outputs: dict[Any, Any] | None
) -> Tensor:
    with _scope(column.name):
        part = reshape(column.dense_tensor(features), [-1, width_of(column.variable_shape)])
    if outputs is not None:
        outputs[column] = part
    return part


def _scope(name: str) -> Any:
    """A variable scope while a graph is being built."""
    return nullcontext() if default_graph_or_none() is None else variable_scope(None, name)
