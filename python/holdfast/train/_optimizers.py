"""What all optimizers do: gradients, slots, and one update of all variables a step.

Source: tf.train.Optimizer of TensorFlow 1.x.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from holdfast import dtypes
from holdfast._gradients import gradients
from holdfast._graph import GraphKeys
from holdfast._math import cast, multiply
from holdfast._operation import Operation
from holdfast._state import assign_add, assign_sub, group
from holdfast._tensor import Tensor, apply, convert_to_tensor
from holdfast._variables import Variable, new_variable

# A number, a tensor, or a function of no arguments that returns one.
LearningRate = float | Tensor | Callable[[], Any]

GradientAndVariable = tuple[Tensor | None, Variable]


class Optimizer(ABC):
    """The base of optimizers.

    Args:
      use_locking: Unused: updates do not run at the same time.
      name: Of its operations and slots.
    """

    # Kept for programs that pass them; the order of updates is always the same.
    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking: bool, name: str) -> None:
        del use_locking
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._name = name
        self._slots: dict[tuple[str, Variable], Variable] = {}

    def get_name(self) -> str:
        """Returns the name."""
        return self._name

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """Returns the slot `name` of a variable, None before apply_gradients."""
        return self._slots.get((name, var))

    def get_slot_names(self) -> list[str]:
        """Returns the names of the slots that were made, sorted."""
        return sorted({name for name, _ in self._slots})

    def variables(self) -> list[Variable]:
        """Returns the slots."""
        return list(self._slots.values())

    def minimize(
        self,
        loss: Tensor,
        global_step: Variable | None = None,
        var_list: Sequence[Variable] | None = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Tensor | None = None,
    ) -> Operation:
        """Returns the operation that moves the variables against the gradient of `loss`.

        Args:
          loss: A float scalar.
          global_step: Counted up after all updates; None leaves it.
          var_list: Variables to move; the trainable ones if None.
          gate_gradients: Unused.
          aggregation_method: Unused.
          colocate_gradients_with_ops: Unused.
          name: Of the operation.
          grad_loss: A weight of the loss.

        Raises: ValueError if no variable has a gradient.
        """
        pairs = self.compute_gradients(
            loss,
            var_list,
            gate_gradients,
            aggregation_method,
            colocate_gradients_with_ops,
            grad_loss,
        )
        if all(gradient is None for gradient, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {_names(pairs)} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self,
        loss: Tensor,
        var_list: Sequence[Variable] | None = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Tensor | None = None,
    ) -> list[GradientAndVariable]:
        """Returns (gradient, variable) for every variable; the gradient is None if there is none.

        Args and raises: as of minimize; ValueError if there are no variables.
        """
        del gate_gradients, aggregation_method, colocate_gradients_with_ops
        if not isinstance(loss, Tensor):
            raise TypeError(f"loss: expected a Tensor of the graph; got {loss!r}")
        if not loss.dtype.is_floating:
            raise ValueError(f"loss: expected a float Tensor; got {loss!r}")
        if var_list is None:
            var_list = loss.graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        if not var_list:
            raise ValueError("No variables to optimize.")
        for variable in var_list:
            if not isinstance(variable, Variable):
                raise TypeError(f"Argument is not a tf.Variable: {variable!r}")
        found = gradients(loss, list(var_list), None if grad_loss is None else [grad_loss])
        return list(zip(found, var_list, strict=True))

    def apply_gradients(
        self,
        grads_and_vars: Iterable[GradientAndVariable],
        global_step: Variable | None = None,
        name: str | None = None,
    ) -> Operation:
        """Returns the operation that makes the updates, then counts the global step up.

        Args:
          grads_and_vars: As compute_gradients returns them; pairs without a gradient are left out.
          global_step: None leaves it.
          name: Of the operation; the optimizer's if None.

        Raises: ValueError if nothing is left.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("No variables provided.")
        given = [(g, v) for g, v in pairs if g is not None]
        if not given:
            raise ValueError(
                f"No gradients provided for any variable: {[str(v) for _, v in pairs]}."
            )
        graph = given[0][1].graph
        with graph.as_default(), graph.name_scope(name or self._name):
            self._prepare()
            self._create_slots([variable for _, variable in given])
            updates: list[Tensor] = [
                self._apply_dense(convert_to_tensor(g, v.dtype), v) for g, v in given
            ]
            if global_step is not None:
                updates.append(assign_add(global_step, 1, name="value"))
            train_op = group(*updates, name="update")
        graph.add_to_collection(GraphKeys.TRAIN_OP, train_op)
        return train_op

    @abstractmethod
    def _prepare(self) -> None:
        """Makes the tensors of numbers, within the graph."""

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        """Makes the slots of the variables; there are none unless an optimizer says so."""
        del var_list

    @abstractmethod
    def _apply_dense(self, gradient: Tensor, variable: Variable) -> Tensor:
        """Returns the update of a variable; all gradients are computed before the first one."""

    def _rate_tensor(self, rate: LearningRate) -> Tensor:
        """Returns a learning rate as a float32 scalar."""
        value = rate() if callable(rate) and not isinstance(rate, Tensor) else rate
        tensor = convert_to_tensor(value, preferred_dtype=dtypes.float32)
        if len(tensor.shape) != 0:
            raise ValueError(f"learning_rate: expected a scalar; got shape {tensor.shape}")
        return cast(tensor, dtypes.float32, "learning_rate")

    def _make_slot(self, variable: Variable, slot: str, initializer: Any) -> Variable:
        """Returns the slot of a variable, made where there is none.

        It is called "<variable>/<optimizer>", or "<variable>/t_0/<optimizer>" in a canned DNN.
        """
        key = (slot, variable)
        if key not in self._slots:
            middle = f"/{variable.slot_part}" if variable.slot_part else ""
            owner = variable.op.name
            self._slots[key] = new_variable(
                _free_slot_name(variable, f"{owner}{middle}/{self._name}"),
                [size for size in variable.shape if size is not None],
                variable.dtype,
                initializer,
                collections=[GraphKeys.GLOBAL_VARIABLES],
                role="slot",
                slot_of=owner,
                slot=slot,
                optimizer=type(self).__name__.removesuffix("Optimizer"),
            )
        return self._slots[key]


def _names(pairs: Iterable[GradientAndVariable]) -> list[str]:
    return [variable.name for _, variable in pairs]


def _free_slot_name(variable: Variable, name: str) -> str:
    """A second slot of an optimizer is "<...>_1", a third "<...>_2"."""
    candidate, number = name, 0
    while variable.graph.core.find(candidate) >= 0:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def move_against(variable: Variable, rate: Tensor, gradient: Tensor) -> Tensor:
    """Returns variable -= rate * gradient, in the variable's dtype."""
    if variable.dtype is dtypes.float32:
        return apply("apply_gradient_descent", [variable, rate, gradient], name="update")
    return assign_sub(variable, multiply(cast(rate, variable.dtype), gradient), name="update")
