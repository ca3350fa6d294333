"""What an input_fn returned, as one dataset with named components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast import _core, dtypes
from holdfast._graph import Graph
from holdfast._tensor import Tensor, convert_to_tensor
from holdfast.data import _structure
from holdfast.data._dataset import Dataset
from holdfast.data._iterator import IteratorGraph


@dataclass(frozen=True)
class Component:
    """A component of the elements, at its place among features and labels.

    Attributes:
      index: Its number in the core dataset.
      name: Its key ("SepalLength"); "features" or "labels" where there is no dict.
      dtype: Of its elements.
      shape: With None for sizes that differ between elements.
    """

    index: int
    name: str
    dtype: dtypes.DType
    shape: dtypes.TensorShape


@dataclass(frozen=True)
class ResolvedInput:
    """Features and labels of an input_fn.

    Attributes:
      dataset: Whose elements a Trainer reads: `dataset.make_input(run_seed)`.
      features: The nest of features with a Component at every place.
      labels: The same of labels; None if there are none.
    """

    dataset: _core.Dataset
    features: Any
    labels: Any

    @property
    def structure(self) -> tuple[Any, Any]:
        """Features and labels."""
        return self.features, self.labels

    @property
    def components(self) -> list[Component | None]:
        """One for each component of `dataset`; None where neither features nor labels use it."""
        found: list[Component | None] = [None] * len(self.dataset.components())
        for tree in (self.features, self.labels):
            for leaf in _structure.flatten(tree):
                if isinstance(leaf.value, Component):
                    found[leaf.value.index] = leaf.value
        return found


def resolve(result: Any) -> ResolvedInput:
    """Returns the data of an input_fn.

    Args:
      result: What the function returned: a Dataset of (features, labels) or of features; or
        features, or a pair of both, as `get_next()` gave them, as symbolic tensors, or as arrays.
        Arrays and constants come again in every step, for ever.

    Raises:
      ValueError: for a tuple or list that is no pair, or tensors of several iterators.
      TypeError: for values that no tensor holds.
    """
    if isinstance(result, Dataset):
        nodes = _structure.pack(result._structure, range(len(result._core.components())))
        return _named(result._core, nodes)
    features, labels = _pair(result)
    leaves = [*_structure.flatten(features), *_structure.flatten(labels)]
    if labels is None:
        leaves.pop()
    graphs = {id(leaf.value.graph): leaf.value.graph for leaf in leaves if _is_tensor(leaf)}
    if len(graphs) > 1:
        raise ValueError(
            "input_fn: expected features and labels of one iterator; got tensors of several. Put "
            "the data into one Dataset of (features, labels)"
        )
    if not graphs:
        return _constant_arrays(features, labels)
    return _symbolic(next(iter(graphs.values())), features, labels, leaves)


def _pair(result: Any) -> tuple[Any, Any]:
    if isinstance(result, (list, tuple)):
        if len(result) != 2:
            raise ValueError(
                "input_fn should return (features, labels) as a len 2 tuple; "
                f"got {len(result)} items"
            )
        return result[0], result[1]
    if result is None:
        raise ValueError(
            "input_fn: expected a Dataset, features, or a pair (features, labels); got None. Is a "
            "return statement missing?"
        )
    return result, None


def _is_tensor(leaf: _structure.Leaf) -> bool:
    return isinstance(leaf.value, Tensor)


def _constant_arrays(features: Any, labels: Any) -> ResolvedInput:
    element = (features,) if labels is None else (features, labels)
    dataset = Dataset.from_tensors(element).repeat()
    places = _structure.pack(element, range(len(dataset._core.components())))
    return _named(dataset._core, places[0] if labels is None else places)


def _symbolic(
    graph: Graph, features: Any, labels: Any, leaves: list[_structure.Leaf]
) -> ResolvedInput:
    with graph.as_default():
        tensors = [convert_to_tensor(leaf.value) for leaf in leaves]
    if isinstance(graph, IteratorGraph):
        core, inputs = graph.dataset._core, graph.components
    else:  # made of constants: one element, again and again
        core, inputs = _core.Dataset.from_table([np.zeros(1, np.int32)]), []
    known = {tensor.node: index for index, tensor in enumerate(inputs)}
    if all(tensor.node in known for tensor in tensors):
        places = [known[tensor.node] for tensor in tensors]
    else:
        nodes = [tensor.node for tensor in inputs] or [-1]
        core = core.map(graph.core, nodes, [tensor.node for tensor in tensors])
        core = core if inputs else core.repeat(-1)
        places = list(range(len(tensors)))
    if labels is None:
        return _named(core, _structure.pack(features, places))
    return _named(core, _structure.pack((features, labels), places))


def _named(core: _core.Dataset, places: Any) -> ResolvedInput:
    """Puts a Component at the place of every number."""
    features, labels = _pair(places) if isinstance(places, tuple) else (places, None)
    types = core.components()

    def named(tree: Any, kind: str) -> Any:
        components = []
        for leaf in _structure.flatten(tree):
            dtype, shape = types[leaf.value]
            components.append(
                Component(
                    leaf.value,
                    "/".join(leaf.path) or kind,
                    dtypes.as_dtype(dtype),
                    dtypes.TensorShape(shape),
                )
            )
        return _structure.pack(tree, components)

    return ResolvedInput(
        core, named(features, "features"), None if labels is None else named(labels, "labels")
    )
