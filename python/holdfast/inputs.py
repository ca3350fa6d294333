"""Input functions over data in memory. Source: tf.estimator.inputs of TensorFlow 1.x."""

from holdfast.data._inputs import numpy_input_fn, pandas_input_fn

__all__ = ["numpy_input_fn", "pandas_input_fn"]
