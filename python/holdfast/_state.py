"""Operations that change variables, and the grouping of operations that are only run."""

from __future__ import annotations

from typing import Any

from holdfast._graph import Graph, get_default_graph
from holdfast._operation import Operation
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor
from holdfast._variables import Variable


def assign(
    ref: Tensor,
    value: TensorLike,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Tensor:
    """Sets a variable to `value`; the result is the variable afterwards."""
    del validate_shape, use_locking
    return _write("assign", ref, value, name or "Assign")


def assign_add(
    ref: Tensor, value: TensorLike, use_locking: bool | None = None, name: str | None = None
) -> Tensor:
    """Adds `value` to a variable; the result is the variable afterwards."""
    del use_locking
    return _write("assign_add", ref, value, name or "AssignAdd")


def assign_sub(
    ref: Tensor, value: TensorLike, use_locking: bool | None = None, name: str | None = None
) -> Tensor:
    """Subtracts `value` from a variable; the result is the variable afterwards."""
    del use_locking
    return _write("assign_sub", ref, value, name or "AssignSub")


def _write(op: str, ref: Tensor, value: TensorLike, name: str) -> Tensor:
    if not isinstance(ref, Variable):
        raise TypeError(f"{op}: expected a Variable; got {ref!r}")
    if not isinstance(value, Tensor):
        with ref.graph.as_default():
            value = convert_to_tensor(value, ref.dtype)
    return apply(op, [ref, value], name=name)


def group(*inputs: Any, name: str | None = None, **kwargs: Any) -> Operation:
    """Returns an operation that runs all of `inputs`.

    Args:
      *inputs: Tensors, operations, and lists of them; None is left out.
      name: Of the operation.
      **kwargs: None allowed.

    Raises: ValueError for keyword arguments, TypeError for what is no part of a graph.
    """
    if kwargs:
        raise ValueError(f"Unknown keyword arguments: {', '.join(kwargs)}")
    graph = _graph_of_elements(inputs)
    nodes = [graph.as_node(item) for item in _flat(inputs)]
    return Operation(graph, graph.add("group", nodes, name=name or "group_deps"))


def no_op(name: str | None = None) -> Operation:
    """Returns an operation that does nothing: a place for control dependencies."""
    graph = get_default_graph()
    return Operation(graph, graph.add("group", (), name=name or "NoOp"))


def _flat(items: Any) -> list[Any]:
    if isinstance(items, dict):
        items = list(items.values())
    if isinstance(items, (list, tuple)):
        return [leaf for item in items for leaf in _flat(item)]
    return [] if items is None else [items]


def _graph_of_elements(items: Any) -> Graph:
    for item in _flat(items):
        graph = getattr(item, "graph", None)
        if isinstance(graph, Graph):
            return graph
    return get_default_graph()
