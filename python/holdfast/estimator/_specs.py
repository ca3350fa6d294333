"""ModeKeys and EstimatorSpec: what a model_fn is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from holdfast._graph import Graph
from holdfast._operation import Operation
from holdfast._tensor import Tensor, apply
from holdfast.estimator.export._outputs import with_default
from holdfast.train import SessionRunHook


class ModeKeys:
    """What a model_fn is called for. Source: tf.estimator.ModeKeys."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


class _EstimatorSpecFields(NamedTuple):
    mode: str
    predictions: Any
    loss: Tensor | None
    train_op: Tensor | Operation | None
    eval_metric_ops: dict[str, Any]
    export_outputs: Any
    training_chief_hooks: tuple[SessionRunHook, ...]
    training_hooks: tuple[SessionRunHook, ...]
    scaffold: None
    evaluation_hooks: tuple[SessionRunHook, ...]
    prediction_hooks: tuple[SessionRunHook, ...]


class EstimatorSpec(_EstimatorSpecFields):
    """What a model_fn returns.

    Args:
      mode: The mode it was called with.
      predictions: A tensor or a dict of tensors; required in PREDICT.
      loss: Float scalar (or one element); required in TRAIN and EVAL.
      train_op: What a training step runs; required in TRAIN.
      eval_metric_ops: (value, update) pairs of `metrics` by name.
      export_outputs: ExportOutputs of `estimator.export` by signature name: how the exported model
        can be called; None: with `predictions` as they are. Looked at in PREDICT alone, where the
        spec has them with the default signature added.
      training_chief_hooks: Hooks of training, in front of the user's.
      training_hooks: Hooks of training, behind the user's.
      scaffold: Must be None.
      evaluation_hooks: Hooks of evaluate.
      prediction_hooks: Hooks of predict.

    Raises:
      ValueError: something required is missing, or has a wrong shape or graph.
      TypeError: something is of a wrong type.
    Source: tf.estimator.EstimatorSpec.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Tensor | None = None,
        train_op: Tensor | Operation | None = None,
        eval_metric_ops: Mapping[str, Any] | None = None,
        export_outputs: Any = None,
        training_chief_hooks: Iterable[SessionRunHook] | None = None,
        training_hooks: Iterable[SessionRunHook] | None = None,
        scaffold: None = None,
        evaluation_hooks: Iterable[SessionRunHook] | None = None,
        prediction_hooks: Iterable[SessionRunHook] | None = None,
    ) -> EstimatorSpec:
        """Checks and makes it."""
        if scaffold is not None:
            raise TypeError(f"scaffold must be None, given: {scaffold!r}")
        spec = super().__new__(
            cls,
            mode,
            {} if predictions is None else predictions,
            _check_loss(loss, mode),
            _check_train_op(train_op, mode),
            _check_metrics(eval_metric_ops),
            export_outputs,
            _check_hooks("training_chief_hooks", training_chief_hooks),
            _check_hooks("training_hooks", training_hooks),
            None,
            _check_hooks("evaluation_hooks", evaluation_hooks),
            _check_hooks("prediction_hooks", prediction_hooks),
        )
        _check_predictions(predictions, mode)
        _check_one_graph(spec)
        if mode != ModeKeys.PREDICT:
            return spec
        return spec._replace(export_outputs=with_default(export_outputs, spec.predictions))


def _check_loss(loss: Any, mode: str) -> Tensor | None:
    if loss is None:
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            raise ValueError(f"Missing loss: EstimatorSpec needs one in mode {mode!r}.")
        return None
    if not isinstance(loss, Tensor):
        raise TypeError(f"loss must be a Tensor, given: {loss!r}")
    sizes = list(loss.shape)
    if any(size != 1 for size in sizes):
        raise ValueError(
            f"Loss must be scalar, given: {loss!r}; sum or average it over the batch, as "
            "losses.* and reduce_mean do"
        )
    if not sizes:
        return loss

    scalar: Tensor = apply("reshape", [loss], {"shape": []}, "loss_scalar")
    return scalar


def _check_train_op(train_op: Any, mode: str) -> Tensor | Operation | None:
    if train_op is None:
        if mode == ModeKeys.TRAIN:
            raise ValueError(
                "Missing train_op: EstimatorSpec needs one in mode 'train', for example "
                "optimizer.minimize(loss, global_step=train.get_global_step())."
            )
        return None
    if not isinstance(train_op, (Tensor, Operation)):
        raise TypeError(f"train_op must be a Tensor or an Operation, given: {train_op!r}")
    return train_op


def _check_predictions(predictions: Any, mode: str) -> None:
    if predictions is None:
        if mode == ModeKeys.PREDICT:
            raise ValueError("Missing predictions: EstimatorSpec needs them in mode 'infer'.")
        return
    items = predictions if isinstance(predictions, Mapping) else {"predictions": predictions}
    for name, value in items.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"predictions[{name!r}] must be a Tensor, given: {value!r}")


def _check_metrics(metrics: Any) -> dict[str, Any]:
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(f"eval_metric_ops must be a dict, given: {metrics!r}")
    for name, pair in metrics.items():
        good = isinstance(pair, tuple) and len(pair) == 2
        if not good or not all(isinstance(part, (Tensor, Operation)) for part in pair):
            raise TypeError(
                f"eval_metric_ops[{name!r}] must be a (value, update) pair, as the functions of "
                f"metrics return it; given: {pair!r}"
            )
    return dict(metrics)


def _check_hooks(name: str, hooks: Iterable[SessionRunHook] | None) -> tuple[SessionRunHook, ...]:
    result = tuple(hooks or ())
    for hook in result:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All {name} must be SessionRunHook instances, given: {hook!r}")
    return result


def _check_one_graph(spec: EstimatorSpec) -> None:
    graphs: dict[str, Graph] = {}
    for name in ("loss", "train_op"):
        value = getattr(spec, name)
        if value is not None:
            graphs[name] = value.graph
    items = spec.predictions if isinstance(spec.predictions, Mapping) else {"": spec.predictions}
    graphs.update({f"predictions {name}".strip(): value.graph for name, value in items.items()})
    for name, pair in spec.eval_metric_ops.items():
        graphs[f"metric {name}"] = pair[0].graph
    if len({id(graph) for graph in graphs.values()}) > 1:
        raise ValueError(
            f"EstimatorSpec: {sorted(graphs)} are from different graphs; make all of them within "
            "one call of the model_fn"
        )
