"""Input pipelines: `Dataset`, its iterators, and what an input_fn may return.

Source: tf.data of TensorFlow 1.x and 2.x, the part that Estimator programs use.
"""

from holdfast.data import experimental as experimental
from holdfast.data._dataset import (
    AUTOTUNE,
    INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY,
    Dataset,
    Options,
)
from holdfast.data._iterator import (
    Iterator,
    get_output_shapes,
    get_output_types,
    make_initializable_iterator,
    make_one_shot_iterator,
)
from holdfast.data._resumable import resumable
from holdfast.data._text import TextLineDataset

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "Iterator",
    "Options",
    "TextLineDataset",
    "experimental",
    "get_output_shapes",
    "get_output_types",
    "make_initializable_iterator",
    "make_one_shot_iterator",
    "resumable",
]
