"""The variable `global_step`, which counts the steps of training."""

from __future__ import annotations

from typing import Any

from holdfast import dtypes, initializers
from holdfast._graph import Graph, GraphKeys, get_default_graph
from holdfast._variables import Variable, new_variable


def get_global_step(graph: Graph | None = None) -> Variable | None:
    """Returns the graph's global step, or None if it has none.

    Args:
      graph: The default one if None.

    Raises: TypeError if a variable of that name is no integer scalar.
    """
    graph = graph or get_default_graph()
    steps: list[Any] = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(steps) > 1:
        raise ValueError("Multiple tensors in global_step collection.")
    if not steps:
        return None
    step: Variable = steps[0]
    if not step.dtype.is_integer or len(step.shape) != 0:
        raise TypeError(f"global_step: expected an integer scalar; got {step!r}")
    return step


def create_global_step(graph: Graph | None = None) -> Variable:
    """Makes the global step: int64, 0, not trainable.

    Args:
      graph: The default one if None.

    Raises: ValueError if there is one already.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default():
        return new_variable(
            "global_step",
            (),
            dtypes.int64,
            initializers.Zeros(),
            collections=(GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP),
            role="global_step",
        )


def get_or_create_global_step(graph: Graph | None = None) -> Variable:
    """Returns the graph's global step, made if there is none."""
    step = get_global_step(graph)
    return create_global_step(graph) if step is None else step
