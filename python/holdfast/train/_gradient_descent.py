"""Gradient descent."""

from __future__ import annotations

from holdfast._tensor import Tensor
from holdfast._variables import Variable
from holdfast.train._optimizers import LearningRate, Optimizer, move_against


class GradientDescentOptimizer(Optimizer):
    """variable -= learning_rate * gradient.

    Args:
      learning_rate: A number, a scalar tensor, or a function that returns one.
      use_locking: Unused.
      name: Of its operations.

    Source: tf.train.GradientDescentOptimizer.
    """

    def __init__(
        self,
        learning_rate: LearningRate,
        use_locking: bool = False,
        name: str = "GradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._rate: Tensor | None = None

    def _prepare(self) -> None:
        self._rate = self._rate_tensor(self._learning_rate)

    def _apply_dense(self, gradient: Tensor, variable: Variable) -> Tensor:
        assert self._rate is not None
        return move_against(variable, self._rate, gradient)
