"""What canned estimators record of themselves, under the tags of TF 1.x."""

from __future__ import annotations

from typing import Any

from holdfast import losses, nn, summary
from holdfast._graph import name_scope
from holdfast._reduce import reduce_sum
from holdfast._shape import ones_like
from holdfast._tensor import Tensor


def layer_summaries(value: Tensor, layer: str) -> None:
    """Records the share of zeros and the distribution of a layer's outputs.

    Args:
      value: The outputs, [batch, units], after dropout.
      layer: The layer's name; the tags stand in the current name scope, as TF's do.
    """
    summary.scalar(f"{layer}/fraction_of_zero_values", nn.zero_fraction(value))
    summary.histogram(f"{layer}/activation", value)


def loss_summaries(loss: Tensor, unreduced: Tensor, weights: Any, reduction: str) -> None:
    """Records the loss and, where it is a sum, the mean over the weights of the examples.

    Source: _summary... of tensorflow_estimator/python/estimator/canned/head.py: "loss" and, with
      Reduction.SUM, "average_loss".
    """
    with name_scope(""):
        summary.scalar("loss", loss)
    if reduction == losses.Reduction.SUM:
        with name_scope("average_loss"):
            mean = loss / reduce_sum(weights * ones_like(unreduced))
        with name_scope(""):
            summary.scalar("average_loss", mean)
