"""From what an input_fn returned to placeholders of the model, and to a stream at its position."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Sequence
from typing import Any

from holdfast import _core, errors
from holdfast._graph import Graph
from holdfast.data._input import Component, resolve
from holdfast.data._structure import flatten, pack
from holdfast.estimator._input_resume import Position, position_of, start_of
from holdfast.train._session import Feed

_logger = logging.getLogger("holdfast")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.\\/>-]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputSource:
    """The data of one call and the placeholders its components go to (-1: unused)."""

    dataset: _core.Dataset
    placeholders: Sequence[int]

    def feed(self, seed: int) -> Feed:
        """Returns a stream from the beginning; `seed` is that of the run, for shuffling."""
        return Feed(input=self.dataset.make_input(seed), placeholders=self.placeholders)


def features_and_labels(returned: Any, graph: Graph) -> tuple[Any, Any, InputSource]:
    """Returns features and labels as placeholders of the graph, and where their values come from.

    Args:
      returned: A Dataset, features, or a pair of features and labels.
      graph: The model's.

    Raises:
      ValueError: something else was returned.
    """
    resolved = resolve(returned)
    nodes = [-1] * len(resolved.dataset.components())

    def placeholder(component: Component) -> Any:
        node = nodes[component.index]
        if node < 0:
            name = node_name(component.name)
            sizes = [-1 if size is None else size for size in component.shape]
            attributes = {"dtype": component.dtype.name, "shape": sizes}
            node = nodes[component.index] = graph.add("placeholder", (), attributes, name)
        return graph.tensor(node)

    def placed(tree: Any) -> Any:
        return None if tree is None else pack(tree, [placeholder(x.value) for x in flatten(tree)])

    features, labels = placed(resolved.features), placed(resolved.labels)
    return features, labels, InputSource(dataset=resolved.dataset, placeholders=nodes)


def node_name(name: str) -> str:
    """Returns the name of a feature as one that a node may have."""
    return _NOT_IN_NAMES.sub("_", name).lstrip("_/\\>-") or "feature"


def resume(
    source: InputSource, reader: _core.CheckpointReader | None, seed: int, policy: str
) -> Feed:
    """Returns the stream for training: after the batches that the checkpoint has seen.

    Every start that is not exactly there is told: with a warning, unless it was asked for.

    Args:
      source: The data of this call.
      reader: The checkpoint that training continues from; None: from the beginning.
      seed: Of the run.
      policy: RunConfig.input_resume.

    Raises:
      errors.FailedPreconditionError: the data cannot continue, and the policy is "error".
    """
    feed = source.feed(seed)
    if reader is None:
        return feed
    position = position_of(reader.state_json)
    if position is None:
        _logger.info("The checkpoint says nothing of its input, which starts from the beginning.")
        return feed
    start = start_of(position, _beginning(feed), replays=source.dataset.replays, policy=policy)
    if not start.exact:
        if policy == "error":
            raise errors.FailedPreconditionError(
                None,
                None,
                f"{start.text}. RunConfig(input_resume='error') refuses to start from the "
                "beginning: use the same data, or input_resume='restart'.",
            )
        _logger.warning("%s. It starts from the beginning.", start.text)
        return feed
    if position.consumed > 0:
        _logger.info(start.text)
    if start.skip > 0:
        feed.input.skip(start.skip)
        if not feed.input.has_next():
            _logger.info("The input had ended there: it starts from the beginning.")
            return source.feed(seed)
    return feed


def _beginning(feed: Feed) -> Position:
    order = feed.input.order
    return Position(
        consumed=0,
        fingerprint=feed.input.fingerprint,
        order=f"{order:08x}" if order else "",
    )


def check_not_empty(source: InputSource, what: str) -> None:
    """Raises errors.InvalidArgumentError if it is known that the data have no element."""
    if source.dataset.cardinality() == 0:
        raise empty_error(what)


def empty_error(what: str) -> errors.InvalidArgumentError:
    """Returns the error of an input without a batch."""
    return errors.InvalidArgumentError(
        None,
        None,
        f"The dataset of input_fn is empty: {what}. Expected at least one batch; see whether its "
        "source has rows, and whether batch(drop_remainder=True), take or skip leave any.",
    )
