"""Session: a run between its steps, as hooks see it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from holdfast import _core
from holdfast._graph import Graph
from holdfast.train import _fetches


@dataclasses.dataclass(frozen=True, kw_only=True)
class Feed:
    """Where the batches of a run come from: component c goes to placeholders[c]."""

    input: _core.Input
    placeholders: Sequence[int]


class Session:
    """A trainer with its graph and its feed.

    Source: the part of tf.compat.v1.Session that hooks use.

    Attributes:
      trainer: Holds the variables and runs the steps.
      graph: The graph it runs.
      iteration: Steps finished in this call of train, evaluate or predict.
      watched: The loss of the last step, where the trainer watches it; else None.
    """

    def __init__(self, trainer: _core.Trainer, graph: Graph, feed: Feed | None = None) -> None:
        self.trainer = trainer
        self.graph = graph
        self.iteration = 0
        self.watched: float | None = None
        self._feed = feed
        self._set_feed(feed)

    @property
    def global_step(self) -> int:
        """Steps finished since the model was made; 0 in a graph without a global step."""
        return self.trainer.global_step

    def should_stop(self) -> bool:
        """False: a run that stops calls no hook any more."""
        return False

    def run(self, fetches: Any, feed_dict: Any = None) -> Any:
        """Returns values as they are between two steps.

        Args:
          fetches: Variables, metrics and what is computed from them, by tensor or name, in any
            nesting of dicts, lists and tuples. Values computed from the input are refused: they
            would take a batch away from training; fetch those in before_run.
          feed_dict: Must be None.

        Raises:
          ValueError: feed_dict is given, or a fetch depends on the input.
        """
        refuse_feed("Session.run", feed_dict)
        leaves = _fetches.flatten(fetches)
        nodes = [self.graph.as_node(leaf) for leaf in leaves]
        self._refuse_input(nodes)
        if self._feed is not None:
            self.trainer.set_input(None)
        try:
            targets = self.graph.run_targets(leaves)
            fetched = self.trainer.run(1, targets, nodes, record=False).fetched
        finally:
            self._set_feed(self._feed)
        return _fetches.pack(fetches, [value[()] for value in fetched])

    def _set_feed(self, feed: Feed | None) -> None:
        if feed is not None:
            self.trainer.set_input(feed.input, feed.placeholders)

    def _refuse_input(self, nodes: Sequence[int]) -> None:
        pending, seen = list(nodes), set[int]()
        core = self.graph.core
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            if core.op(node) == "placeholder":
                names = [core.name(n) for n in nodes]
                raise ValueError(
                    f"Session.run: {names} depend on the input {core.name(node)!r}, which has "
                    "values only during a step; return them from before_run instead"
                )
            pending.extend(core.inputs(node))


class StepFetches:
    """What is wanted of one step, by the run itself and by its hooks, as one list of nodes.

    Args:
      graph: The run's.
      first: Nodes at the head of the list.
    """

    def __init__(self, graph: Graph, first: Sequence[int] = ()) -> None:
        self.nodes = list(first)
        self._graph = graph

    def add(self, fetches: Any) -> list[int]:
        """Appends the leaves of a hook's fetches; returns their places in the list."""
        places = []
        for leaf in _fetches.flatten(fetches):
            node = self._graph.as_node(leaf)
            if node not in self.nodes:
                self.nodes.append(node)
            places.append(self.nodes.index(node))
        return places

    def put_step_before(self, values: list[Any], before: int, after: int, steps: int) -> None:
        """Replaces a fetched global step by its value before the last step, as in TF.

        Args:
          values: What was fetched, in the order of `nodes`.
          before: The global step before the call.
          after: The global step after it.
          steps: How many steps the call ran.
        """
        step_node = self._graph.core.find("global_step")
        for place, node in enumerate(self.nodes):
            if node == step_node and place < len(values):
                values[place] = np.int64(after - (after - before) // steps)


def refuse_feed(who: str, feed_dict: Any) -> None:
    """Raises ValueError if there is a feed_dict."""
    if feed_dict:
        raise ValueError(
            f"{who}: feed_dict must be None: a step takes its values from the input function; "
            "return them as features there"
        )
