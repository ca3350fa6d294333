"""Functions over elements: traced once into a graph that the C++ pipeline runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from holdfast import _core
from holdfast._graph import Graph
from holdfast._tensor import Tensor, convert_to_tensor
from holdfast.data import _structure

if TYPE_CHECKING:
    from holdfast.data._dataset import Dataset


def placeholders(graph: Graph, core: _core.Dataset, names: Sequence[str]) -> list[Tensor]:
    """Adds a placeholder for every component of a dataset's elements."""
    return [
        graph.tensor(graph.add("placeholder", (), {"dtype": dtype, "shape": shape}, name))
        for (dtype, shape), name in zip(core.components(), names, strict=True)
    ]


def apply(dataset: Dataset, function: Callable[..., Any]) -> tuple[_core.Dataset, Any]:
    """Returns the dataset of function(element), and the nest of what the function returned.

    Raises: TypeError if it returns something that is no tensor.
    """
    graph = Graph()
    with graph.as_default():
        names = [f"component_{i}" for i in range(len(dataset._core.components()))]
        inputs = placeholders(graph, dataset._core, names)
        element = _structure.pack(dataset._structure, inputs)
        result = function(*element) if isinstance(element, tuple) else function(element)
        if isinstance(result, list):
            result = tuple(result)
        outputs = [_in_graph(graph, leaf) for leaf in _structure.flatten(result)]
    core = dataset._core.map(
        graph.core, [tensor.node for tensor in inputs], [tensor.node for tensor in outputs]
    )
    return core, _structure.map_structure(lambda _: None, result)


def _in_graph(graph: Graph, leaf: _structure.Leaf) -> Tensor:
    if leaf.value is None:
        raise TypeError(f"map: {leaf.name}: expected map_func to return tensors; got None")
    tensor = convert_to_tensor(leaf.value)
    if tensor.graph is not graph:
        raise ValueError(f"map: {leaf.name}: {tensor!r} was not made by map_func itself")
    return tensor
