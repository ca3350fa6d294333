"""Operations: nodes of a graph as TensorFlow shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast._graph import Graph

if TYPE_CHECKING:
    from holdfast._tensor import Tensor


class Operation:
    """The operation that makes a tensor, or one that is only run (a train_op).

    Attributes:
      graph: Where it is.
      node: Its number there.
    """

    def __init__(self, graph: Graph, node: int) -> None:
        self.graph = graph
        self.node = node

    @property
    def name(self) -> str:
        """Its name, without ":0"."""
        return self.graph.core.name(self.node)

    @property
    def type(self) -> str:
        """Its kind: a name of cpp/src/ops/OPS.md."""
        return self.graph.core.op(self.node)

    @property
    def inputs(self) -> list[Tensor]:
        """The tensors it reads."""
        return [self.graph.tensor(node) for node in self.graph.core.inputs(self.node)]

    @property
    def outputs(self) -> list[Tensor]:
        """Its one result."""
        return [self.graph.tensor(self.node)]

    def get_attr(self, name: str) -> Any:
        """An attribute. Raises: ValueError if there is none of that name."""
        attributes = self.graph.core.attributes(self.node)
        if name not in attributes:
            raise ValueError(f"Operation {self.name!r} has no attr named {name!r}.")
        return attributes[name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operation):
            return NotImplemented
        return other.graph is self.graph and other.node == self.node

    def __hash__(self) -> int:
        return hash((id(self.graph), self.node))

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"
