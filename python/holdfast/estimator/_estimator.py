"""Estimator: a model function with a directory that keeps what it learns."""

from __future__ import annotations

import copy
import dataclasses
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from holdfast import errors
from holdfast.estimator._calls import call_model_fn, check_model_fn
from holdfast.estimator._estimator_arguments import (
    check_listeners,
    check_not_overridden,
    check_positive,
    resolve_config,
)
from holdfast.estimator._eval_events import write_results
from holdfast.estimator._evaluate_call import evaluate_model
from holdfast.estimator._export_call import export_model
from holdfast.estimator._exporting import Exporting
from holdfast.estimator._interrupted import ends_on_signals
from holdfast.estimator._predict_call import examples, predict_batches
from holdfast.estimator._restoring import Restored, resume_path
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._starting_point import StartingPoint
from holdfast.estimator._train_call import model_dir_problem, train_model
from holdfast.estimator._warm_start import as_settings
from holdfast.train import (
    CheckpointSaverListener,
    SessionRunHook,
    StopAtStepHook,
    latest_checkpoint,
    list_variables,
    load_variable,
)
from holdfast.train._loop import check_hooks
from holdfast.train._saver import newest_seq

_logger = logging.getLogger("holdfast")


class Estimator(Exporting):
    """Trains, evaluates and predicts with a model function.

    Every call builds the model anew and takes its state from the newest checkpoint in model_dir.

    Args:
      model_fn: Function of features and, as it declares them, labels, mode, params, config;
        returns an EstimatorSpec.
      model_dir: Directory of checkpoints; None: the config's, else a new temporary one, which is
        logged. Made when first written to.
      config: The RunConfig; None: the default one.
      params: Copied and handed to model_fn.
      warm_start_from: Where initial values come from while model_dir has no checkpoint of its own:
        a path (weights and biases of a checkpoint, or of the newest one of a directory), or
        WarmStartSettings.

    Raises:
      ValueError: a value breaks its rule, or a subclass overrides a member.
    Source: tf.estimator.Estimator.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any] | None,
        model_dir: str | os.PathLike[str] | None = None,
        config: RunConfig | None = None,
        params: Any = None,
        warm_start_from: Any = None,
    ) -> None:
        check_not_overridden(type(self), Estimator)
        self._config = resolve_config(config, model_dir)
        _logger.info("Using config: %s", dataclasses.asdict(self._config))
        warnings = check_model_fn(model_fn, params)
        assert model_fn is not None
        for warning in warnings:
            _logger.warning(warning)
        self._model_fn = model_fn
        self._params = copy.deepcopy(params or {})
        self._restored: Restored | None = None
        self._warm_start = as_settings(warm_start_from)

    @property
    def model_dir(self) -> str:
        """The directory of checkpoints, as it was given."""
        assert self._config.model_dir is not None
        return self._config.model_dir

    @property
    def config(self) -> RunConfig:
        """The configuration in force, with model_dir filled in."""
        return copy.copy(self._config)

    @property
    def params(self) -> Any:
        """A copy of the params."""
        return copy.deepcopy(self._params)

    @property
    def model_fn(self) -> Callable[..., Any]:
        """The model function as (features, labels, mode, config), with params bound."""

        def public_model_fn(features: Any, labels: Any, mode: str, config: RunConfig) -> Any:
            return call_model_fn(
                self._model_fn, features, labels, mode=mode, params=self.params, config=config
            )

        return public_model_fn

    @property
    def restore_report(self) -> dict[str, Any]:
        """What the last train, evaluate or predict took from a checkpoint; {} before the first.

        "source" (None: initial values), "step", "commit_seq"; lists of tensor names: "restored",
        "reset" (slots that fit and were not taken), "missing" (slots that only the model has),
        "unexpected" (slots that only the checkpoint has), "unused" (of no use to this call);
        "input_batches": after how many batches of the input training continued; "passed_over": a
        {"path", "reason"} for each newer checkpoint that could not be used; "warm_start": None, or
        "source" and lists of names: "taken", "partly", "skipped", "fresh".
        """
        return {} if self._restored is None else self._restored.report()

    def eval_dir(self, name: str | None = None) -> str:
        """Returns where results of evaluate belong: `eval` or `eval_<name>` in model_dir."""
        return os.path.join(self.model_dir, f"eval_{name}" if name else "eval")

    def latest_checkpoint(self) -> str | None:
        """Returns the path of the newest checkpoint, or None."""
        return latest_checkpoint(self.model_dir)

    def get_variable_names(self) -> list[str]:
        """Returns the names of all stored tensors, sorted. Raises: as get_variable_value."""
        self._checkpoint()  # says what is missing; the directory is then looked at again
        return [name for name, _ in list_variables(self.model_dir)]

    def get_variable_value(self, name: str) -> Any:
        """Returns a tensor of the newest checkpoint; ":0" is dropped.

        Raises:
          errors.NotFoundError: no such tensor.
          errors.NoCheckpointError: nothing is trained yet.
        """
        self._checkpoint()
        return load_variable(self.model_dir, name)

    def train(
        self,
        input_fn: Callable[..., Any],
        hooks: Sequence[SessionRunHook] | None = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Sequence[CheckpointSaverListener] | None = None,
        resume_from: str | os.PathLike[str] | None = None,
    ) -> Estimator:
        """Trains, from the newest checkpoint if there is one.

        Args:
          input_fn: Returns a Dataset of (features, labels), or such a pair; may declare mode,
            params, config.
          hooks: Called around the steps.
          steps: So many more steps; None: until the input ends, or max_steps.
          max_steps: Up to this global step; returns at once if it is reached.
          saving_listeners: Told of every checkpoint.
          resume_from: An older checkpoint of model_dir to continue from, as a path or a name:
            "model.ckpt-800". It becomes the newest one at once; those of later steps stay until
            retention deletes them, and are never continued from again.

        Returns: self.

        Raises:
          ValueError: steps and max_steps are both given, or not positive; resume_from names no
            checkpoint of model_dir.
          TypeError: something is no hook, or no listener.
          errors.NoCheckpointError: resume_from names one that is not there.
          errors.CheckpointMismatchError: the model does not fit the checkpoint; nothing is changed.
          errors.ModelDirLockedError: another process, or another Estimator of this one, is training
            in model_dir; nothing is changed.
          errors.CheckpointCorruptError: no checkpoint can be used, or the newest cannot and
            RunConfig(on_corrupt="error") forbids to take an older one.
          errors.NanLossDuringTrainingError: the loss became NaN; no such state is saved.
          errors.CheckpointSaveError: the last state could not be saved.
          errors.TrainingInterrupted: a signal of RunConfig.save_on_signals came; the last finished
            step is saved.
          errors.InvalidArgumentError: the data do not fit the model, or there are none.
        """
        if self._config.task_type in ("evaluator", "ps"):
            raise ValueError(
                f"Train has been called with task type {self._config.task_type!r}; only the chief "
                "and workers train, see train_and_evaluate"
            )
        check_positive("steps", steps)
        check_positive("max_steps", max_steps)
        if steps is not None and max_steps is not None:
            raise ValueError(
                f"Can not provide both steps and max_steps, got {steps} and {max_steps}; steps "
                "counts from here, max_steps from the very first step"
            )
        all_hooks = check_hooks(hooks)
        listeners = check_listeners(saving_listeners)
        self._check_model_dir()
        found_seq = newest_seq(self.model_dir)
        start = self._starting_point(
            default="previous",
            allow_fresh_start=self._config.allow_fresh_start,
            named=None if resume_from is None else resume_path(self.model_dir, resume_from),
        )
        if max_steps is not None and start.has_reached(max_steps):
            _logger.info("Skipping training since max_steps has already saved.")
            return self
        stop = None
        if steps is not None or max_steps is not None:
            stop = StopAtStepHook(num_steps=steps, last_step=max_steps)
        with ends_on_signals(self._config, self.model_dir):
            train_model(
                self._model_fn,
                input_fn,
                params=self.params,
                config=self.config,
                model_dir=self.model_dir,
                start=start,
                found_seq=found_seq,
                hooks=all_hooks,
                stop=stop,
                listeners=listeners,
                on_restored=self._remember,
                warm_start_from=self._warm_start,
            )
        return self

    def evaluate(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Sequence[SessionRunHook] | None = None,
        checkpoint_path: str | os.PathLike[str] | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Returns the metrics over the input, sorted by name, with `global_step` last.

        They are also noted in `eval_dir(name)`, where RunConfig(keep_best=...) finds them.

        Args:
          input_fn: As of train.
          steps: Batches at the most; None: until the input ends.
          hooks: Called around the batches.
          checkpoint_path: A checkpoint; None: the newest.
          name: Tells evaluations on different data apart.

        Raises:
          ValueError: steps is not positive.
          errors.NoCheckpointError: there is no checkpoint.
          errors.CheckpointMismatchError: the model does not fit it.
          errors.CheckpointCorruptError: it is damaged.
          errors.InvalidArgumentError: the data do not fit the model, or there are none.
        """
        check_positive("steps", steps)
        all_hooks = check_hooks(hooks)
        start = self._existing_point(checkpoint_path)
        own = start.path is not None and os.path.dirname(
            os.path.abspath(start.path)
        ) == os.path.abspath(self.model_dir)
        results = evaluate_model(
            self._model_fn,
            input_fn,
            params=self.params,
            config=self.config,
            start=start,
            hooks=all_hooks,
            steps=steps,
            notes_dir=self.eval_dir(name) if own else None,
            on_restored=self._remember,
            warm_start_from=self._warm_start,
        )
        write_results(self.eval_dir(name), results, start.path)
        kind = "" if name is None else f" ({name})"
        _logger.info("Evaluated checkpoint%s: %s", kind, start.path)
        return results

    def predict(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Sequence[SessionRunHook] | None = None,
        checkpoint_path: str | os.PathLike[str] | None = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Yields predictions; nothing happens before the first one is asked for.

        Args:
          input_fn: As of train; labels are dropped.
          predict_keys: Names of the predictions wanted; None: all.
          hooks: Called around the batches.
          checkpoint_path: A checkpoint; None: the newest.
          yield_single_examples: False: whole batches.

        Raises:
          ValueError: no such predictions, or predictions of different lengths.
          errors.NoCheckpointError: there is no checkpoint.
          errors.CheckpointMismatchError: the model does not fit it.
          errors.CheckpointCorruptError: it is damaged.
        """
        batches = predict_batches(
            self._model_fn,
            input_fn,
            params=self.params,
            config=self.config,
            start=self._existing_point(checkpoint_path),
            hooks=check_hooks(hooks),
            predict_keys=predict_keys,
            on_restored=self._remember,
            warm_start_from=self._warm_start,
        )
        for batch in batches:
            if yield_single_examples:
                yield from examples(batch)
            else:
                yield batch

    def _export(
        self,
        export_dir_base: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Mapping[str, str | os.PathLike[str]] | None,
        checkpoint_path: str | os.PathLike[str] | None,
    ) -> str:
        return export_model(
            self._model_fn,
            serving_input_receiver_fn,
            export_dir_base,
            assets_extra=assets_extra,
            params=self.params,
            config=self.config,
            start=self._existing_point(checkpoint_path),
            on_restored=self._remember,
            warm_start_from=self._warm_start,
        )

    def _remember(self, restored: Restored) -> None:
        self._restored = restored

    def _starting_point(
        self, *, default: str, allow_fresh_start: bool = False, named: str | None = None
    ) -> StartingPoint:
        return StartingPoint(
            self.model_dir,
            on_corrupt=self._config.on_corrupt or default,
            allow_fresh_start=allow_fresh_start,
            named=named,
        )

    def _existing_point(self, path: str | os.PathLike[str] | None) -> StartingPoint:
        start = self._starting_point(default="error", named=os.fspath(path) if path else None)
        if start.reader is None and self._warm_start is None:
            raise self._untrained()
        return start

    def _checkpoint(self) -> str:
        latest = self.latest_checkpoint()
        if latest is None:
            raise self._untrained()
        return latest

    def _untrained(self) -> errors.NoCheckpointError:
        return errors.NoCheckpointError(
            f"Could not find trained model in model_dir: {self.model_dir}. Call train first, "
            "or give the model_dir that it was trained in.",
            {"path": self.model_dir},
        )

    def _check_model_dir(self) -> None:
        problem = model_dir_problem(self.model_dir)
        if problem is not None:
            raise errors.FailedPreconditionError(None, None, problem, {"path": self.model_dir})
