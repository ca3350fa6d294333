"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast import dtypes
from holdfast._math import cast, multiply, square
from holdfast._math import sqrt as _sqrt
from holdfast._state import assign_add, assign_sub
from holdfast._tensor import Tensor, apply
from holdfast._variables import Variable
from holdfast.initializers import Constant
from holdfast.train._optimizers import LearningRate, Optimizer


class AdagradOptimizer(Optimizer):
    """accumulator += gradient^2; variable -= learning_rate * gradient / sqrt(accumulator).

    Args:
      learning_rate: A number, a scalar tensor, or a function that returns one.
      initial_accumulator_value: Positive, since there is no epsilon.
      use_locking: Unused.
      name: Of its operations and slots.

    Raises: ValueError if initial_accumulator_value is not positive.

    Source: tf.train.AdagradOptimizer; Duchi, Hazan, Singer, JMLR 12 (2011), diagonal form.
    """

    def __init__(
        self,
        learning_rate: LearningRate,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = float(initial_accumulator_value)
        self._rate: Tensor | None = None

    def _prepare(self) -> None:
        self._rate = self._rate_tensor(self._learning_rate)

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            start = Constant(self._initial_accumulator_value)
            self._make_slot(variable, "accumulator", start)

    def _apply_dense(self, gradient: Tensor, variable: Variable) -> Tensor:
        accumulator = self._slots["accumulator", variable]
        assert self._rate is not None
        if variable.dtype is dtypes.float32:
            operands = [variable, accumulator, self._rate, gradient]
            return apply("apply_adagrad", operands, name="update")
        total = assign_add(accumulator, square(gradient))
        step = multiply(cast(self._rate, variable.dtype), gradient) / _sqrt(total)
        return assign_sub(variable, step, name="update")
