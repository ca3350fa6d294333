"""DNNClassifier: a dense network over feature columns, with a classification head."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from holdfast import feature_column, layers, losses, nn, train
from holdfast._graph import add_to_collection
from holdfast._scope import variable_scope
from holdfast._tensor import Tensor
from holdfast.estimator._building import MODEL_FACTS
from holdfast.estimator._canned_summaries import layer_summaries
from holdfast.estimator._estimator import Estimator
from holdfast.estimator._heads import classification_head
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._specs import EstimatorSpec, ModeKeys

_LEARNING_RATE = 0.05  # of every optimizer given by name, as in TF 1.x
_OPTIMIZERS: dict[str, str] = {
    "Adagrad": "AdagradOptimizer",
    "Adam": "AdamOptimizer",
    "Ftrl": "FtrlOptimizer",
    "RMSProp": "RMSPropOptimizer",
    "SGD": "GradientDescentOptimizer",
}


class DNNClassifier(Estimator):
    """A classifier with dense hidden layers.

    Args:
      hidden_units: Units of each hidden layer; empty: logits straight from the input.
      feature_columns: The input, in any order: columns are sorted by name.
      model_dir: Directory of checkpoints.
      n_classes: 2 (one logit) or more (a logit for each).
      weight_column: A key of the features, or a numeric column: the weight of each example.
      label_vocabulary: The labels as text, in the order of class ids; None: labels are ids.
      optimizer: "Adagrad", "SGD", ... with a learning rate of 0.05; an optimizer of `train`; or a
        function that returns one.
      activation_fn: Of the hidden layers; None: linear.
      dropout: Probability of dropping a unit while training; None: no dropout.
      input_layer_partitioner: Ignored: variables are whole.
      config: The RunConfig.
      warm_start_from: As of Estimator.
      loss_reduction: How the losses of a batch become one: their sum, unless said otherwise.
      batch_norm: Must be False so far.

    Raises:
      ValueError: a value breaks its rule.
      TypeError: a value is of a wrong type.
    Source: tf.compat.v1.estimator.DNNClassifier.
    """

    def __init__(
        self,
        hidden_units: Iterable[int],
        feature_columns: Iterable[Any],
        model_dir: str | os.PathLike[str] | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Sequence[str] | None = None,
        optimizer: Any = "Adagrad",
        activation_fn: Callable[[Tensor], Tensor] | None = nn.relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: RunConfig | None = None,
        warm_start_from: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        head = classification_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        if batch_norm:
            raise ValueError(
                "batch_norm=True is not supported by this version; leave it out, or normalise the "
                "features with normalizer_fn of numeric_column"
            )
        units = [int(n) for n in hidden_units]
        columns = _as_columns(feature_columns)

        def model_fn(features: Any, labels: Any, mode: str) -> EstimatorSpec:
            _check_features(features)
            add_to_collection(MODEL_FACTS, {"hidden_units": units})
            chosen = get_optimizer(optimizer)
            # t_0: TF 1.x makes these variables through a partitioner, and slots are named so.
            with variable_scope("dnn", slot_part="t_0"):
                logits = _dnn_logits(
                    features,
                    columns,
                    units,
                    head.logits_dimension,
                    activation_fn,
                    dropout if mode == ModeKeys.TRAIN else None,
                )
                return head.create_estimator_spec(features, mode, logits, labels, chosen)

        super().__init__(
            model_fn=model_fn, model_dir=model_dir, config=config, warm_start_from=warm_start_from
        )


def _dnn_logits(
    features: Mapping[str, Tensor],
    columns: Sequence[Any],
    units: Sequence[int],
    logits_dimension: int,
    activation_fn: Callable[[Tensor], Tensor] | None,
    dropout: float | None,
) -> Tensor:
    with variable_scope("input_from_feature_columns"):
        net = feature_column.input_layer(features, columns)
    for i, size in enumerate(units):
        net = layers.dense(net, units=size, activation=activation_fn, name=f"hiddenlayer_{i}")
        if dropout is not None:
            net = layers.dropout(net, rate=dropout, training=True)
        layer_summaries(net, f"dnn/hiddenlayer_{i}")
    logits = layers.dense(net, units=logits_dimension, activation=None, name="logits")
    layer_summaries(logits, "dnn/logits")
    return logits


def get_optimizer(optimizer: Any) -> Any:
    """Returns an optimizer: the one given, by name, or made by a function.

    Raises:
      ValueError: an unknown name, or no optimizer.
    """
    if isinstance(optimizer, str):
        known = {name: cls for name, cls in _OPTIMIZERS.items() if hasattr(train, cls)}
        if optimizer not in known:
            raise ValueError(
                f"Unsupported optimizer name: {optimizer}. Supported names are: {sorted(known)}"
            )
        return getattr(train, known[optimizer])(learning_rate=_LEARNING_RATE)
    if callable(optimizer) and not isinstance(optimizer, train.Optimizer):
        optimizer = optimizer()
    if not isinstance(optimizer, train.Optimizer):
        raise ValueError(
            "The given object is not an Optimizer instance. Given: "
            f"{optimizer!r}; expected a name, an optimizer of train, or a function that returns one"
        )
    return optimizer


def _as_columns(columns: Any) -> list[Any]:
    # A single column is accepted; whether each item is a column is input_layer's question.
    if isinstance(columns, tuple) and hasattr(columns, "_fields"):
        return [columns]
    return list(columns) if isinstance(columns, Iterable) else [columns]


def _check_features(features: Any) -> None:
    if not isinstance(features, Mapping):
        raise ValueError(
            "features should be a dictionary of `Tensor`s. Given type: "
            f"{type(features).__name__}; let input_fn return a dict from column key to values"
        )
