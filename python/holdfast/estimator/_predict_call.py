"""One call of Estimator.predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from holdfast.estimator._building import build_model
from holdfast.estimator._evaluate_call import open_restored
from holdfast.estimator._restoring import Restored
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._specs import ModeKeys
from holdfast.estimator._starting_point import StartingPoint
from holdfast.estimator._train_call import run_seed
from holdfast.estimator._warm_start import WarmStartSettings
from holdfast.train import SessionRunHook
from holdfast.train._loop import RunLoop, StepPlan


def predict_batches(
    model_fn: Callable[..., Any],
    input_fn: Callable[..., Any],
    *,
    params: Any,
    config: RunConfig,
    start: StartingPoint,
    hooks: Sequence[SessionRunHook],
    predict_keys: Any,
    on_restored: Callable[[Restored], None],
    warm_start_from: WarmStartSettings | None,
) -> Iterator[Any]:
    """Yields the predictions of each batch: a dict of arrays, or an array.

    Raises:
      errors.CheckpointMismatchError: the model does not fit the checkpoint.
      ValueError: predict_keys name no prediction.
    """
    seed = run_seed(config, start.reader)
    built = build_model(
        model_fn, input_fn, mode=ModeKeys.PREDICT, params=params, config=config, seed=seed
    )
    predictions = _chosen(built.spec.predictions, predict_keys)
    every = [*built.spec.prediction_hooks, *hooks]
    with built.graph.as_default():
        for hook in every:
            hook.begin()
    built.graph.finalize()
    session, restored = open_restored(built, config, start, seed, warm_start_from)
    on_restored(restored)
    for hook in every:
        hook.after_create_session(session, None)
    single = not isinstance(predictions, Mapping)
    tensors = {"": predictions} if single else dict(predictions)
    fetches = [tensor.node for tensor in tensors.values()]
    loop = RunLoop(session, StepPlan(fetches=fetches), every)
    batches = 0
    while True:
        more = loop.advance(1)
        if session.iteration > batches:
            batches = session.iteration
            values = dict(zip(tensors, loop.fetched, strict=True))
            yield values[""] if single else values
        if not more:
            break
    loop.finish()


def examples(batch: Any) -> Iterator[Any]:
    """Yields the examples of a batch of predictions.

    Raises: ValueError if the arrays have different first dimensions.
    """
    if not isinstance(batch, Mapping):
        yield from batch
        return
    sizes = {name: len(value) for name, value in batch.items() if value.ndim}
    if len(set(sizes.values())) != 1 or len(sizes) != len(batch):
        raise ValueError(
            f"Batch length of predictions should be same; the first dimensions are {sizes} of "
            f"{sorted(batch)}. Use yield_single_examples=False to get whole batches."
        )
    for i in range(next(iter(sizes.values()))):
        yield {name: value[i] for name, value in batch.items()}


def _chosen(predictions: Any, keys: Any) -> Any:
    if not keys:
        return predictions
    if not isinstance(predictions, Mapping):
        raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")
    chosen = {name: tensor for name, tensor in predictions.items() if name in keys}
    if not chosen:
        raise ValueError(
            f"Expected to run at least one output from {list(predictions)}, got {keys}."
        )
    return chosen
