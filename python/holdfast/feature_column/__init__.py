"""Columns: how features become the input of a network.

Source: tf.feature_column of TensorFlow 1.x.
"""

from holdfast.feature_column._categorical import (
    CategoricalColumn,
    IdentityCategoricalColumn,
    categorical_column_with_identity,
)
from holdfast.feature_column._column import DenseColumn, FeatureColumn
from holdfast.feature_column._embedding import EmbeddingColumn, embedding_column
from holdfast.feature_column._input_layer import input_layer
from holdfast.feature_column._numeric import NumericColumn, numeric_column
from holdfast.feature_column._parsing import make_parse_example_spec

__all__ = [
    "CategoricalColumn",
    "DenseColumn",
    "EmbeddingColumn",
    "FeatureColumn",
    "IdentityCategoricalColumn",
    "NumericColumn",
    "categorical_column_with_identity",
    "embedding_column",
    "input_layer",
    "make_parse_example_spec",
    "numeric_column",
]
