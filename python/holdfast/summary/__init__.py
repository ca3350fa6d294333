"""What a model_fn wants to see of a run: values registered under a tag in the graph.

Source: tf.summary of TensorFlow 1.x.
"""

from holdfast.summary._collect import Summary, histogram, scalar

__all__ = ["Summary", "histogram", "scalar"]
