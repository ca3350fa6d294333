"""One call of Estimator.export_saved_model."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from holdfast import saved_model
from holdfast._global_step import create_global_step
from holdfast._graph import Graph
from holdfast._tensor import Tensor
from holdfast.estimator._building import call_model, facts_of
from holdfast.estimator._entry_points import with_placeholders
from holdfast.estimator._evaluate_call import restored_trainer
from holdfast.estimator._restoring import Restored
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._specs import ModeKeys
from holdfast.estimator._starting_point import StartingPoint
from holdfast.estimator._train_call import run_seed
from holdfast.estimator._warm_start import WarmStartSettings
from holdfast.estimator.export._outputs import ExportOutput
from holdfast.estimator.export._receivers import ServingInputReceiver, TensorServingInputReceiver
from holdfast.saved_model import SignatureDef, signature_constants

_logger = logging.getLogger("holdfast")
_KINDS = {
    "Classify": signature_constants.CLASSIFY_METHOD_NAME,
    "Regress": signature_constants.REGRESS_METHOD_NAME,
    "Predict": signature_constants.PREDICT_METHOD_NAME,
}
Receiver = ServingInputReceiver | TensorServingInputReceiver


def export_model(
    model_fn: Callable[..., Any],
    serving_input_receiver_fn: Callable[[], Any],
    export_dir_base: str,
    *,
    assets_extra: Mapping[str, str | os.PathLike[str]] | None,
    params: Any,
    config: RunConfig,
    start: StartingPoint,
    on_restored: Callable[[Restored], None],
    warm_start_from: WarmStartSettings | None,
) -> str:
    """Returns the path of the new export.

    Raises:
      errors.CheckpointMismatchError: the model does not fit the checkpoint.
      TypeError: serving_input_receiver_fn returned no receiver.
      ValueError: no signature is left.
    """
    seed = run_seed(config, start.reader)
    graph = Graph()
    with graph.as_default():
        graph.seed = seed
        create_global_step(graph)
        receiver = serving_input_receiver_fn()
        if not isinstance(receiver, (ServingInputReceiver, TensorServingInputReceiver)):
            raise TypeError(
                "serving_input_receiver_fn must return a ServingInputReceiver or a "
                f"TensorServingInputReceiver; got {receiver!r}"
            )
        spec = call_model(
            model_fn, receiver.features, None, mode=ModeKeys.PREDICT, params=params, config=config
        )
        signatures, left_out = _signatures(spec.export_outputs, receiver)
    graph.finalize()
    _log_signatures(signatures, left_out)
    if not signatures:
        reasons = "; ".join(f"{name!r}: {reason}" for name, reason in left_out.items())
        raise ValueError(
            f"No signature can be made of these receivers: {reasons}"
            if left_out
            else "No signature can be made: export_outputs is empty. Name one, or leave "
            "export_outputs out: then the predictions are exported."
        )
    trainer, restored = restored_trainer(
        graph, facts_of(graph), config, start, seed, warm_start_from
    )
    on_restored(restored)
    path = saved_model.write(
        export_dir_base,
        trainer,
        signatures,
        assets_extra,
        facts_of(graph),
        sync=config.durability == "full",
    )
    _logger.info("SavedModel written to: %s", path)
    return path


def _signatures(
    outputs: Mapping[str, ExportOutput], receiver: Receiver
) -> tuple[list[SignatureDef], dict[str, str]]:
    """Returns the signatures, and the reason of each that there cannot be."""
    wanted: list[tuple[str, ExportOutput, Mapping[str, Tensor]]] = [
        (name, output, receiver.receiver_tensors) for name, output in outputs.items()
    ]
    for other, tensors in (receiver.receiver_tensors_alternatives or {}).items():
        wanted += [(f"{other}:{name}", output, tensors) for name, output in outputs.items()]
    signatures, left_out = [], {}
    for name, output, tensors in wanted:
        try:
            signature = output.as_signature(name, tensors)
        except ValueError as error:
            left_out[name] = str(error)
        else:
            signatures.append(with_placeholders(signature))
    return signatures, left_out


def _log_signatures(signatures: list[SignatureDef], left_out: Mapping[str, str]) -> None:
    for kind, method in _KINDS.items():
        names = [signature.name for signature in signatures if signature.method == method]
        _logger.info("Signatures INCLUDED in export for %s: %s", kind, names or None)
    if not left_out:
        return
    _logger.info("Signatures EXCLUDED from export because they cannot be served:")
    for name, reason in left_out.items():
        _logger.info("'%s' : %s", name, reason)
    if signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY in left_out:
        _logger.warning(
            "Export includes no default signature!%s",
            " Loaded here and in C++, 'predict' is the default instead."
            if any(signature.name == "predict" for signature in signatures)
            else "",
        )
