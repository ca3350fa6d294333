"""Serving input receivers: the placeholders that requests fill, and the features made of them.

Source: tensorflow_estimator/python/estimator/export/export.py of TF 1.x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from holdfast import dtypes
from holdfast._examples import parse_example
from holdfast._plain_values import as_array
from holdfast._shape import placeholder
from holdfast._tensor import Tensor
from holdfast.data._structure import TensorSpec
from holdfast.estimator._inputs import node_name

_SINGLE_FEATURE = "feature"  # TF's names of what has none
_SINGLE_RECEIVER = "input"


class _ReceiverFields(NamedTuple):
    features: Any
    receiver_tensors: Mapping[str, Tensor]
    receiver_tensors_alternatives: Mapping[str, Mapping[str, Tensor]] | None


class ServingInputReceiver(_ReceiverFields):
    """What a serving_input_receiver_fn returns.

    Args:
      features: Tensors by name, as model_fn takes them; a single one is called "feature".
      receiver_tensors: Placeholders by name; a single one is called "input".
      receiver_tensors_alternatives: More ways in, by name: parts of the graph behind the
        receivers that may be given instead.

    Raises:
      ValueError: something is missing, or no tensor.
    Source: tf.estimator.export.ServingInputReceiver.
    """

    __slots__ = ()

    def __new__(
        cls,
        features: Any,
        receiver_tensors: Any,
        receiver_tensors_alternatives: Mapping[str, Any] | None = None,
    ) -> ServingInputReceiver:
        """Checks and makes it."""
        return super().__new__(
            cls,
            _named_tensors(features, "feature", _SINGLE_FEATURE),
            _named_tensors(receiver_tensors, "receiver_tensor", _SINGLE_RECEIVER),
            _alternatives(receiver_tensors_alternatives),
        )


class TensorServingInputReceiver(_ReceiverFields):
    """A receiver for a model_fn whose features are one tensor.

    Args:
      features: The tensor.
      receiver_tensors: As of ServingInputReceiver.
      receiver_tensors_alternatives: As of ServingInputReceiver.

    Raises:
      ValueError: features is no tensor, or something is missing.
    Source: tf.estimator.export.TensorServingInputReceiver.
    """

    __slots__ = ()

    def __new__(
        cls,
        features: Any,
        receiver_tensors: Any,
        receiver_tensors_alternatives: Mapping[str, Any] | None = None,
    ) -> TensorServingInputReceiver:
        """Checks and makes it."""
        if features is None:
            raise ValueError("features must be defined.")
        if not isinstance(features, Tensor):
            raise ValueError(f"feature must be a Tensor; got {features!r}")
        return super().__new__(
            cls,
            features,
            _named_tensors(receiver_tensors, "receiver_tensor", _SINGLE_RECEIVER),
            _alternatives(receiver_tensors_alternatives),
        )


def build_raw_serving_input_receiver_fn(
    features: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """Returns a serving_input_receiver_fn that takes the features as they are, one input each.

    Args:
      features: By name: a TensorSpec with the batch as its first size, an example array or list
        (its first axis is the batch; Python's floats are float32, its ints int32), or a placeholder
        or other tensor whose dtype and shape are taken.
      default_batch_size: Rows of every request; None: any number.

    Raises:
      TypeError: features is no dict, or a feature nothing of the kind.
      ValueError: a feature has no batch axis.
    Source: tf.estimator.export.build_raw_serving_input_receiver_fn.
    """
    if not isinstance(features, Mapping):
        raise TypeError(f"features must be a dict of examples by name; got {features!r}")
    specs = {name: _spec_of(name, value) for name, value in features.items()}

    def serving_input_receiver_fn() -> ServingInputReceiver:
        receivers = {
            name: placeholder(dtype, [default_batch_size, *sizes], node_name(name))
            for name, (dtype, sizes) in specs.items()
        }
        return ServingInputReceiver(dict(receivers), receivers)

    return serving_input_receiver_fn


def build_parsing_serving_input_receiver_fn(
    feature_spec: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """Returns a serving_input_receiver_fn that takes serialized tf.train.Example messages.

    Its one input is called "examples"; classification and regression signatures take it.

    Args:
      feature_spec: What is in the messages by key: an `io.FixedLenFeature`, as
        `feature_column.make_parse_example_spec` makes them of columns; or an `io.VarLenFeature`
        with a max_length, for a column of several ids.
      default_batch_size: Messages of every request; None: any number.

    Source: tf.estimator.export.build_parsing_serving_input_receiver_fn.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        messages = placeholder(dtypes.string, [default_batch_size], "input_example_tensor")
        features = parse_example(messages, feature_spec)
        return ServingInputReceiver(features, {"examples": messages})

    return serving_input_receiver_fn


def _spec_of(name: str, value: Any) -> tuple[dtypes.DType, list[int | None]]:
    if isinstance(value, (TensorSpec, Tensor)):
        dtype, shape = dtypes.as_dtype(value.dtype), list(dtypes.TensorShape(value.shape))
    elif isinstance(value, (np.ndarray, np.generic, list, tuple)):
        array = as_array(value)
        kind = dtypes.string if array.dtype.kind == "O" else array.dtype
        dtype, shape = dtypes.as_dtype(kind), list(array.shape)
    else:
        raise TypeError(
            f"features[{name!r}]: expected a TensorSpec, an example array, or a placeholder; got "
            f"{value!r}"
        )
    if not shape:
        raise ValueError(
            f"features[{name!r}]: expected a first axis for the batch, as in shape [None, 4]; got "
            "a scalar"
        )
    return dtype, shape[1:]


def _named_tensors(value: Any, what: str, single: str) -> dict[str, Tensor]:
    if value is None or (isinstance(value, Mapping) and not value and what != "feature"):
        raise ValueError(f"{what}s must be defined.")
    named = value if isinstance(value, Mapping) else {single: value}
    for name, tensor in named.items():
        if not isinstance(name, str):
            raise ValueError(f"{what} keys must be strings: {name!r}.")
        if not isinstance(tensor, Tensor):
            raise ValueError(f"{what} {name} must be a Tensor; got {tensor!r}")
    return dict(named)


def _alternatives(value: Any) -> dict[str, dict[str, Tensor]] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"receiver_tensors_alternatives must be a dict: {value!r}.")
    return {
        name: _named_tensors(tensors, "receiver_tensor", _SINGLE_RECEIVER)
        for name, tensors in value.items()
    }
