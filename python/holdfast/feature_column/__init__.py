"""Columns: how features become the input of a network.

Source: tf.feature_column of TensorFlow 1.x.
"""

from holdfast.feature_column._column import DenseColumn, FeatureColumn
from holdfast.feature_column._input_layer import input_layer
from holdfast.feature_column._numeric import NumericColumn, numeric_column

__all__ = ["DenseColumn", "FeatureColumn", "NumericColumn", "input_layer", "numeric_column"]
