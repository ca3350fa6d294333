"""The heads behind the canned classifiers: from logits to predictions, loss and metrics.

Source: the heads of TF 1.x, tensorflow_estimator/python/estimator/canned/head.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from holdfast import dtypes, losses, metrics, nn
from holdfast._global_step import get_global_step
from holdfast._graph import add_to_collection, name_scope
from holdfast._math import add, cast, maximum
from holdfast._reduce import argmax
from holdfast._shape import concat, expand_dims, zeros_like
from holdfast._tensor import Tensor, apply
from holdfast.estimator._building import MODEL_FACTS
from holdfast.estimator._canned_summaries import loss_summaries
from holdfast.estimator._labels import check_labels, in_range, label_ids
from holdfast.estimator._specs import EstimatorSpec, ModeKeys
from holdfast.estimator._weights import example_weights
from holdfast.estimator.export._outputs import (
    ClassificationOutput,
    ExportOutput,
    PredictOutput,
    RegressionOutput,
)
from holdfast.saved_model import signature_constants


class Optimizer(Protocol):
    """What a head needs of an optimizer."""

    def minimize(self, loss: Tensor, global_step: Any = None) -> Any:
        """Returns the operation that makes one step."""


class _ClassHead:
    """What both heads share.

    Args:
      n_classes: Classes, 2 or more.
      weight_column: A key of the features or a numeric column; None: every example weighs 1.
      label_vocabulary: The labels as text, in the order of their ids; None: labels are ids.
      loss_reduction: How losses of examples become one number.
    """

    kind = ""

    def __init__(
        self,
        n_classes: int,
        weight_column: Any,
        label_vocabulary: Sequence[str] | None,
        loss_reduction: str,
    ) -> None:
        if label_vocabulary is not None and not isinstance(label_vocabulary, (list, tuple)):
            raise TypeError(
                "label_vocabulary should be a list or tuple. Given type: "
                f"{type(label_vocabulary).__name__}"
            )
        if loss_reduction not in losses.Reduction.all() or loss_reduction == losses.Reduction.NONE:
            raise ValueError(
                f"loss_reduction must be one of losses.Reduction but not NONE, got "
                f"{loss_reduction!r}"
            )
        self.n_classes = n_classes
        self._weight_column = weight_column
        self._vocabulary = label_vocabulary
        self._reduction = loss_reduction

    @property
    def logits_dimension(self) -> int:
        """Width of the logits layer."""
        raise NotImplementedError

    def create_estimator_spec(
        self,
        features: Mapping[str, Tensor],
        mode: str,
        logits: Tensor,
        labels: Any,
        optimizer: Optimizer,
    ) -> EstimatorSpec:
        """Returns the spec of a model that ends in these logits.

        Raises:
          ValueError: labels or weights are missing or of a wrong form.
        """
        add_to_collection(MODEL_FACTS, {"head": {"kind": self.kind, "n_classes": self.n_classes}})
        with name_scope("head"):
            predictions = self._predictions(logits)
            if mode == ModeKeys.PREDICT:
                return EstimatorSpec(
                    mode,
                    predictions=predictions,
                    export_outputs=self._export_outputs(predictions),
                )
            ids = self._label_values(labels)
            unreduced = self._losses(logits, ids)
            weights = example_weights(features, self._weight_column)
            loss = losses.compute_weighted_loss(
                unreduced, weights=weights, reduction=self._reduction
            )
            if mode == ModeKeys.EVAL:
                return EstimatorSpec(
                    mode,
                    predictions=predictions,
                    loss=loss,
                    eval_metric_ops=self._metrics(ids, predictions, unreduced, weights),
                )
            loss_summaries(loss, unreduced, weights, self._reduction)
            train_op = optimizer.minimize(loss, global_step=get_global_step())
        return EstimatorSpec(mode, predictions=predictions, loss=loss, train_op=train_op)

    def _predictions(self, logits: Tensor) -> dict[str, Tensor]:
        raise NotImplementedError

    def _export_outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, ExportOutput]:
        classification = ClassificationOutput(
            scores=predictions["probabilities"], classes=predictions["all_classes"]
        )
        return {
            signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: classification,
            "classification": classification,
            "predict": PredictOutput(dict(predictions)),
        }

    def _label_values(self, labels: Any) -> Tensor:
        raise NotImplementedError

    def _losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        raise NotImplementedError

    def _metrics(
        self, labels: Tensor, predictions: Mapping[str, Tensor], unreduced: Tensor, weights: Any
    ) -> dict[str, Any]:
        raise NotImplementedError

    def _class_predictions(self, all_logits: Tensor) -> dict[str, Tensor]:
        # class_ids, classes, all_class_ids, all_classes of [batch, n_classes] logits.
        class_ids = expand_dims(argmax(all_logits, axis=-1), axis=-1, name="class_ids")
        ids = np.arange(self.n_classes, dtype=np.int32).reshape(1, -1)
        all_ids = add(cast(zeros_like(all_logits), dtypes.int32), ids, name="all_class_ids")
        return {
            "class_ids": class_ids,
            "classes": self._as_text(class_ids, "classes"),
            "all_class_ids": all_ids,
            "all_classes": self._as_text(cast(all_ids, dtypes.int64), "all_classes"),
        }

    def _as_text(self, ids: Tensor, name: str) -> Tensor:
        if self._vocabulary is None:
            return apply("as_string", [ids], name=name)
        vocabulary = {"vocabulary": list(self._vocabulary)}
        return apply("vocabulary_gather", [ids], vocabulary, name=name)


class BinaryHead(_ClassHead):
    """Two classes from one logit; labels are 0, 1, or fractions of example that are class 1."""

    kind = "binary"

    @property
    def logits_dimension(self) -> int:
        """1: the logit of class 1; class 0 has 0."""
        return 1

    def _predictions(self, logits: Tensor) -> dict[str, Tensor]:
        with name_scope("predictions"):
            both = concat([zeros_like(logits), logits], axis=-1, name="two_class_logits")
            return {
                "logits": logits,
                "logistic": nn.sigmoid(logits, name="logistic"),
                "probabilities": nn.softmax(both, name="probabilities"),
                **self._class_predictions(both),
            }

    def _export_outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, ExportOutput]:
        outputs = super()._export_outputs(predictions)
        return {**outputs, "regression": RegressionOutput(predictions["logistic"])}

    def _label_values(self, labels: Any) -> Tensor:
        checked = check_labels(labels)
        if self._vocabulary is not None:
            checked = label_ids(checked, self._vocabulary)
        elif checked.dtype == dtypes.string:
            raise ValueError(
                "labels are strings, and there is no label_vocabulary; pass the list of labels as "
                "label_vocabulary, or use numbers 0 and 1"
            )
        values = cast(checked, dtypes.float32)
        return in_range(values, 0.0, 1.0, self._vocabulary)

    def _losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        return nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def _metrics(
        self, labels: Tensor, predictions: Mapping[str, Tensor], unreduced: Tensor, weights: Any
    ) -> dict[str, Any]:
        logistic, class_ids = predictions["logistic"], predictions["class_ids"]
        label_mean = metrics.mean(labels, weights=weights)
        return {
            "accuracy": metrics.accuracy(labels, class_ids, weights=weights),
            "accuracy_baseline": (maximum(label_mean[0], 1.0 - label_mean[0]), label_mean[1]),
            "auc": metrics.auc(labels, logistic, weights=weights),
            "auc_precision_recall": metrics.auc(labels, logistic, weights=weights, curve="PR"),
            "average_loss": metrics.mean(unreduced, weights=weights),
            "label/mean": label_mean,
            "precision": metrics.precision(labels, class_ids, weights=weights),
            "prediction/mean": metrics.mean(logistic, weights=weights),
            "recall": metrics.recall(labels, class_ids, weights=weights),
        }


class MultiClassHead(_ClassHead):
    """Three classes or more, a logit for each."""

    kind = "multi_class"

    @property
    def logits_dimension(self) -> int:
        """A logit for each class."""
        return self.n_classes

    def _predictions(self, logits: Tensor) -> dict[str, Tensor]:
        with name_scope("predictions"):
            return {
                "logits": logits,
                "probabilities": nn.softmax(logits, name="probabilities"),
                **self._class_predictions(logits),
            }

    def _label_values(self, labels: Any) -> Tensor:
        checked = check_labels(labels)
        if self._vocabulary is not None:
            ids = label_ids(checked, self._vocabulary)
        elif checked.dtype.is_integer:
            ids = cast(checked, dtypes.int64)
        else:
            raise ValueError(
                f"Labels dtype should be integer. Instead got {checked.dtype.name}. Convert them "
                "to class ids, or pass the list of labels as label_vocabulary if they are strings."
            )
        return in_range(ids, 0, self.n_classes - 1, self._vocabulary)

    def _losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        flat = apply("squeeze", [labels], {"axes": [1]})
        per_example = nn.sparse_softmax_cross_entropy_with_logits(labels=flat, logits=logits)
        return expand_dims(per_example, axis=-1)

    def _metrics(
        self, labels: Tensor, predictions: Mapping[str, Tensor], unreduced: Tensor, weights: Any
    ) -> dict[str, Any]:
        return {
            "accuracy": metrics.accuracy(labels, predictions["class_ids"], weights=weights),
            "average_loss": metrics.mean(unreduced, weights=weights),
        }


def classification_head(
    n_classes: int,
    weight_column: Any,
    label_vocabulary: Sequence[str] | None,
    loss_reduction: str,
) -> _ClassHead:
    """Returns the head for a number of classes. Raises: ValueError if there are fewer than 2."""
    if n_classes < 2:
        raise ValueError(f"n_classes must be at least 2, got {n_classes}")
    make = BinaryHead if n_classes == 2 else MultiClassHead
    return make(n_classes, weight_column, label_vocabulary, loss_reduction)
