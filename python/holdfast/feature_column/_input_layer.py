"""Columns joined to the input of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any

from holdfast._graph import default_graph_or_none, get_default_graph
from holdfast._scope import VariableScope, scopes_of, variable_scope
from holdfast._shape import concat, reshape
from holdfast._tensor import Tensor
from holdfast._variables import Variable
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
      weight_collections: Collections for the tables of embeddings, beside the global variables.
      trainable: Whether optimizers change the tables of trainable columns.
      cols_to_vars: Filled with the variables of each column, if given.
      cols_to_output_tensors: Filled with the part of each column, if given.

    Returns: float32 [batch, sum of the columns' widths].

    Raises: ValueError for no columns, a dict of columns, something that is no dense column, two
      columns of one name, and a feature that is missing or of another shape.
    """
    collections = list(weight_collections or ())
    columns = sorted_columns(feature_columns)
    if not isinstance(features, Mapping):
        raise ValueError(
            f"features: expected a dict of tensors; got {type(features).__name__}. Columns find "
            "their features by key"
        )
    with _scope("input_layer"):
        parts = []
        for column in columns:
            with _scope(column.name) as scope:
                value = column.dense_tensor(features, collections, trainable)
                parts.append(reshape(value, [-1, width_of(column.variable_shape)]))
                if cols_to_vars is not None:
                    cols_to_vars[column] = _variables_of(scope)
            if cols_to_output_tensors is not None:
                cols_to_output_tensors[column] = parts[-1]
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


def _variables_of(scope: VariableScope | None) -> list[Variable]:
    """Returns the variables of a column's scope."""
    if scope is None:
        return []
    variables = scopes_of(get_default_graph()).variables
    return [value for name, value in variables.items() if name.startswith(f"{scope.name}/")]


def _scope(name: str) -> Any:
    """A variable scope while a graph is being built."""
    return nullcontext() if default_graph_or_none() is None else variable_scope(None, name)
