"""The exports of an Estimator under TensorFlow's names, and the rules of their arguments."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from holdfast.estimator._specs import ModeKeys

_logger = logging.getLogger("holdfast")


class Exporting:
    """What Estimator inherits; `_export` does it."""

    def export_saved_model(
        self,
        export_dir_base: str | os.PathLike[str],
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Mapping[str, str | os.PathLike[str]] | None = None,
        as_text: bool = False,
        checkpoint_path: str | os.PathLike[str] | None = None,
        experimental_mode: str = ModeKeys.PREDICT,
    ) -> bytes:
        """Writes a model that predicts without this code, and returns its path, as TF does: bytes.

        `saved_model.load` reads it, and so does `holdfast::Model` in C++. It holds the graph from
        requests to predictions, the variables of that graph, and vocabularies.

        Args:
          export_dir_base: A new directory, named by the time in seconds, appears in it whole; "":
            in the working directory.
          serving_input_receiver_fn: Function without arguments that returns an
            `export.ServingInputReceiver`; `export.build_raw_serving_input_receiver_fn` and
            `export.build_parsing_serving_input_receiver_fn` make one.
          assets_extra: Files to put beside the model: path under assets.extra/ to source.
          as_text: Changes nothing: the graph of an export is text anyway, in manifest.json, and
            numbers are binary in TensorFlow's, too.
          checkpoint_path: A checkpoint; None: the newest.
          experimental_mode: Must be ModeKeys.PREDICT.

        Raises:
          ValueError: there is no receiver function, no signature can be made, or another mode is
            asked for.
          TypeError: serving_input_receiver_fn returned no receiver, or assets_extra is no dict of
            paths.
          errors.NoCheckpointError: there is no checkpoint.
          errors.CheckpointMismatchError: the model does not fit it.
          errors.CheckpointCorruptError: it is damaged.
          errors.InvalidArgumentError: what PREDICT mode returns needs more than the receivers give,
            or writes to a variable.
          errors.CheckpointSaveError: it could not be written; nothing is left behind.
        """
        if serving_input_receiver_fn is None:
            raise ValueError("An input_receiver_fn must be defined to export a model.")
        _check_exported_modes("experimental_mode", [experimental_mode])
        if as_text:
            _logger.info("as_text: the graph of an export is always text: see manifest.json in it")
        path = self._export(
            os.fsdecode(export_dir_base) or ".",
            serving_input_receiver_fn,
            assets_extra,
            checkpoint_path,
        )
        return os.fsencode(path)

    def export_savedmodel(
        self,
        export_dir_base: str | os.PathLike[str],
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Mapping[str, str | os.PathLike[str]] | None = None,
        as_text: bool = False,
        checkpoint_path: str | os.PathLike[str] | None = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """As export_saved_model: TF 1's name. strip_default_attrs changes nothing."""
        del strip_default_attrs
        return self.export_saved_model(
            export_dir_base, serving_input_receiver_fn, assets_extra, as_text, checkpoint_path
        )

    def experimental_export_all_saved_models(
        self,
        export_dir_base: str | os.PathLike[str],
        input_receiver_fn_map: Mapping[str, Callable[[], Any]],
        assets_extra: Mapping[str, str | os.PathLike[str]] | None = None,
        as_text: bool = False,
        checkpoint_path: str | os.PathLike[str] | None = None,
    ) -> bytes:
        """As export_saved_model, the receiver function being looked up by mode.

        Args:
          export_dir_base: As of export_saved_model.
          input_receiver_fn_map: {ModeKeys.PREDICT: serving_input_receiver_fn}. TensorFlow also
            exports the graphs of training and evaluation; holdfast only what predicts.
          assets_extra: As of export_saved_model.
          as_text: As of export_saved_model.
          checkpoint_path: As of export_saved_model.

        Returns: the path, as bytes.

        Raises:
          ValueError: the map has no mode, or another one than PREDICT.
          errors.OpError: as export_saved_model.
        """
        _check_exported_modes("input_receiver_fn_map", list(input_receiver_fn_map))
        return self.export_saved_model(
            export_dir_base,
            input_receiver_fn_map[ModeKeys.PREDICT],
            assets_extra,
            as_text,
            checkpoint_path,
        )

    def _export(
        self,
        export_dir_base: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Mapping[str, str | os.PathLike[str]] | None,
        checkpoint_path: str | os.PathLike[str] | None,
    ) -> str:
        raise NotImplementedError


def _check_exported_modes(argument: str, modes: Sequence[str]) -> None:
    """Raises: ValueError unless the one mode is PREDICT; the text begins with the argument."""
    if list(modes) == [ModeKeys.PREDICT]:
        return
    if not set(modes) & {ModeKeys.PREDICT, ModeKeys.TRAIN, ModeKeys.EVAL}:
        raise ValueError(
            f"{argument}: No valid modes for exporting found. Got {list(modes)}; expected "
            f"{ModeKeys.PREDICT!r}."
        )
    raise ValueError(
        f"{argument}: expected {ModeKeys.PREDICT!r} alone, got {list(modes)}. An export predicts; "
        "to evaluate or train on, give an Estimator the model_dir: its checkpoints hold all that "
        "takes. In C++, holdfast::Trainer continues them."
    )
