"""Computing at once: what a function does where no graph is being built and no input is symbolic.

Every call makes a graph of one operation and runs it, so that the result is the same as in a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from holdfast import _core, dtypes
from holdfast._graph import Graph
from holdfast._plain_values import as_array


class EagerTensor(np.ndarray[Any, np.dtype[Any]]):
    """An array that also answers as a TensorFlow eager tensor does."""

    def numpy(self) -> Any:
        """The value as a plain array; a bytes or NumPy scalar if it has no dimensions."""
        plain = np.asarray(self)
        return plain[()] if plain.ndim == 0 else plain

    def get_shape(self) -> dtypes.TensorShape:
        """The shape, as a symbolic tensor answers."""
        return dtypes.TensorShape(self.shape)


def wrap(array: Any) -> EagerTensor:
    """Returns a view of `array` as an EagerTensor."""
    return np.asarray(array).view(EagerTensor)


def compute(op: str, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> EagerTensor:
    """Runs one operation of cpp/src/ops/OPS.md on arrays.

    Raises: ValueError if the inputs do not fit it, InvalidArgumentError if their values do not.
    """
    graph = Graph()
    arrays: dict[str, Any] = {}
    nodes = [_input_node(graph, f"input_{i}", as_array(v), arrays) for i, v in enumerate(inputs)]
    result = graph.add(op, nodes, attributes)
    trainer = _core.Trainer(graph.core, 0, 1)
    for name, array in arrays.items():
        trainer.write_variable(name, array)
    return wrap(trainer.run(1, [], [result]).fetched[0])


def _input_node(graph: Graph, name: str, array: Any, arrays: dict[str, Any]) -> int:
    shape = list(array.shape)
    if array.dtype.kind == "O":
        values = array.ravel().tolist()
        return graph.add(
            "constant", (), {"dtype": "string", "shape": shape, "values": values}, name
        )
    arrays[name] = array
    attributes = {"dtype": array.dtype.name, "shape": shape, "role": "local", "trainable": False}
    return graph.add("variable", (), attributes, name)
