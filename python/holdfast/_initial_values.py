"""Initial values that a graph wants from checkpoints, for whoever begins a training from it."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast._graph import Graph
from holdfast._variables import Variable

_COLLECTION = "holdfast_initial_values"


@dataclass(frozen=True)
class InitialValue:
    """A variable that begins as a tensor of a checkpoint.

    Attributes:
      variable: The variable.
      checkpoint: A checkpoint, or a directory: its newest.
      tensor: The name there.
    """

    variable: Variable
    checkpoint: str
    tensor: str


def take_from_checkpoint(variable: Variable, checkpoint: str, tensor: str) -> None:
    """Lets a variable begin as a tensor of a checkpoint, which is read when training begins."""
    value = InitialValue(variable, checkpoint, tensor)
    variable.graph.add_to_collection(_COLLECTION, value)


def initial_values(graph: Graph) -> list[InitialValue]:
    """Returns what take_from_checkpoint was told, in order."""
    return graph.get_collection(_COLLECTION)
