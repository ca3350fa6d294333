"""Building a model: input function and model function are called within a new graph."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

from holdfast._global_step import create_global_step
from holdfast._graph import Graph
from holdfast.estimator._calls import call_input_fn, call_model_fn
from holdfast.estimator._inputs import InputSource, features_and_labels
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._specs import EstimatorSpec, ModeKeys

_logger = logging.getLogger("holdfast")

# Facts about a model for the report on a checkpoint that does not fit, put there by heads and
# canned models: dicts, merged into the checkpoint's "model".
MODEL_FACTS = "holdfast_model_facts"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuiltModel:
    """One call of input_fn and model_fn.

    Attributes:
      graph: What they have built.
      spec: What model_fn returned.
      source: Where the batches come from.
    """

    graph: Graph
    spec: EstimatorSpec
    source: InputSource

    @property
    def facts(self) -> dict[str, Any]:
        """What heads and canned models say of themselves."""
        return facts_of(self.graph)


def facts_of(graph: Graph) -> dict[str, Any]:
    """Returns what heads and canned models have said of themselves while building a graph."""
    merged: dict[str, Any] = {}
    for facts in graph.get_collection(MODEL_FACTS):
        merged.update(facts)
    return merged


def build_model(
    model_fn: Callable[..., Any],
    input_fn: Callable[..., Any],
    *,
    mode: str,
    params: Any,
    config: RunConfig,
    seed: int,
) -> BuiltModel:
    """Calls both functions.

    Args:
      model_fn: As given to the Estimator.
      input_fn: As given to train, evaluate or predict.
      mode: One of ModeKeys.
      params: Of the Estimator.
      config: Of the Estimator.
      seed: Of the run: shuffling, initial values, dropout.

    Raises:
      ValueError: one of them returned something else than it should.
    """
    graph, input_graph = Graph(), Graph()
    input_graph.seed = seed
    with input_graph.as_default():
        returned = call_input_fn(input_fn, mode=mode, params=params, config=config)
    with graph.as_default():
        graph.seed = input_graph.seed
        create_global_step(graph)
        features, labels, source = features_and_labels(returned, graph)
        if mode == ModeKeys.PREDICT:
            labels = None
        spec = call_model(model_fn, features, labels, mode=mode, params=params, config=config)
    return BuiltModel(graph=graph, spec=spec, source=source)


def call_model(
    model_fn: Callable[..., Any],
    features: Any,
    labels: Any,
    *,
    mode: str,
    params: Any,
    config: RunConfig,
) -> EstimatorSpec:
    """Returns what model_fn answers. Raises: ValueError if it is no spec of that mode."""
    _logger.info("Calling model_fn.")
    spec = call_model_fn(model_fn, features, labels, mode=mode, params=params, config=config)
    _logger.info("Done calling model_fn.")
    if not isinstance(spec, EstimatorSpec):
        raise ValueError(f"model_fn should return an EstimatorSpec, got {spec!r}")
    if spec.mode != mode:
        raise ValueError(
            f"model_fn was called with mode {mode!r} and returned an EstimatorSpec of mode "
            f"{spec.mode!r}; pass the mode it was called with"
        )
    return spec
