"""From what an input_fn returned to placeholders of the model, and to a stream at its position."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
from collections.abc import Sequence
from typing import Any

from holdfast import _core, errors
from holdfast._graph import Graph
from holdfast.data._input import Component, resolve
from holdfast.data._structure import flatten, pack
from holdfast.train._session import Feed

_logger = logging.getLogger("holdfast")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.\\/>-]")
# A generator has no position: it is read again up to where it was, this far.
_REPLAY_LIMIT = 10_000
_UNKNOWN_CARDINALITY = -2


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputSource:
    """The data of one call and the placeholders its components go to (-1: unused)."""

    dataset: _core.Dataset
    placeholders: Sequence[int]

    def feed(self, seed: int) -> Feed:
        """Returns a stream from the beginning; `seed` is that of the run, for shuffling."""
        return Feed(input=self.dataset.make_input(seed), placeholders=self.placeholders)

    @property
    def replays(self) -> bool:
        """Whether the data come from Python, so that skipping means reading."""
        return self.dataset.cardinality() == _UNKNOWN_CARDINALITY


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
            name = _NOT_IN_NAMES.sub("_", component.name).lstrip("_/\\>-") or "feature"
            sizes = [-1 if size is None else size for size in component.shape]
            attributes = {"dtype": component.dtype.name, "shape": sizes}
            node = nodes[component.index] = graph.add("placeholder", (), attributes, name)
        return graph.tensor(node)

    def placed(tree: Any) -> Any:
        return None if tree is None else pack(tree, [placeholder(x.value) for x in flatten(tree)])

    features, labels = placed(resolved.features), placed(resolved.labels)
    return features, labels, InputSource(dataset=resolved.dataset, placeholders=nodes)


def resume(
    source: InputSource, reader: _core.CheckpointReader | None, seed: int, policy: str
) -> Feed:
    """Returns the stream for training: after the batches that the checkpoint has seen.

    Args:
      source: The data of this call.
      reader: The checkpoint that training continues from; None: from the beginning.
      seed: Of the run.
      policy: RunConfig.input_resume.

    Raises:
      errors.FailedPreconditionError: the data are others than the checkpoint's, and the policy is
        "error".
    """
    feed = source.feed(seed)
    position = {} if reader is None else json.loads(reader.state_json).get("input", {})
    consumed = int(position.get("consumed", 0))
    if consumed == 0 or policy == "restart":
        return feed
    if position.get("source_fingerprint") != feed.input.fingerprint:
        text = (
            f"The input differs from the one of the checkpoint, which had seen {consumed} batches "
            "of other sizes, dtypes or transformations"
        )
        if policy == "error":
            raise errors.FailedPreconditionError(
                None,
                None,
                f"{text}, and RunConfig(input_resume='error') refuses that. Use the same data, or "
                "input_resume='restart'.",
            )
        _logger.warning("%s: it starts from the beginning.", text)
        return feed
    if source.replays and consumed > _REPLAY_LIMIT:
        _logger.warning(
            "The input comes from a generator, and %d batches are too many to read again: it "
            "starts from the beginning.",
            consumed,
        )
        return feed
    if _is_over(source, consumed, seed):
        _logger.info("The input had ended: it starts from the beginning.")
        return feed
    feed.input.skip(consumed)
    _logger.info("The input continues after %d batches.", consumed)
    return feed


def _is_over(source: InputSource, consumed: int, seed: int) -> bool:
    if not source.replays:
        return 0 <= source.dataset.cardinality() <= consumed
    probe = source.dataset.make_input(seed)
    probe.skip(consumed)
    return probe.next() is None


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
