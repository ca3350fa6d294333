"""RunConfig: where and how a run is made."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import os
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from holdfast import _signals
from holdfast.estimator._cluster import TaskConfig, parse_tf_config
from holdfast.estimator._input_resume import INPUT_RESUME

_DEFAULT_SAVE_SECS = 600  # TF's default interval, when neither is given


class _Unset:
    def __repr__(self) -> str:
        return "<not given>"

    def __copy__(self) -> _Unset:
        return self

    def __deepcopy__(self, memo: object) -> _Unset:
        return self


_UNSET: Final[Any] = _Unset()

_DURABILITIES = ("full", "process")
_NONFINITE = ("warn", "error", "allow")
_ASYNC_ON_BUSY = ("wait", "skip")
_ON_CORRUPT = ("error", "previous")
_RESTORE_OPTIMIZER = ("error", "reset")


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Where a run keeps its files, when it saves, what it keeps.

    The fields up to `checkpoint_save_graph_def` are TF's, in TF's order; the keyword-only rest is
    holdfast's own. None switches the check of a field off, as in TF.

    Args:
      model_dir: Directory of checkpoints; None: the Estimator's, or a new temporary one.
      tf_random_seed: Of initial weights, dropout and shuffling; None: a new one for every run. A
        restored checkpoint brings its own.
      save_summary_steps: Steps between summaries; 0 or None: none.
      save_checkpoints_steps: Steps between checkpoints; excludes save_checkpoints_secs.
      save_checkpoints_secs: Seconds between checkpoints; 600 if neither interval is given; None
        or 0 for the only interval given: no checkpoints at all.
      session_config: Must be None: there are no sessions.
      keep_checkpoint_max: How many of the newest checkpoints stay; 0 or None: all.
      keep_checkpoint_every_n_hours: One checkpoint more stays for each span of so many hours.
      log_step_count_steps: Steps between log lines of loss and speed; None: no such lines.
      train_distribute: Must be None, as eval_distribute and experimental_distribute.
      device_fn: Callable with one argument called `op`, or None. Has no effect: there is one CPU.
      protocol: None, "grpc" or "grpc+verbs". Has no effect on one machine.
      eval_distribute: Must be None.
      experimental_distribute: Must be None.
      experimental_max_worker_delay_secs: Seconds, for several machines only.
      session_creation_timeout_secs: Seconds, for several machines only.
      checkpoint_save_graph_def: Has no effect: a checkpoint holds no graph.
      durability: "full": a checkpoint survives a power cut once saved; "process": no syncs, it
        survives only the end of the process.
      nonfinite: What a save does about NaN or infinite values in the state: "warn" and save,
        "error": refuse the save, "allow": save silently.
      input_resume: Where a continued run starts in its input. "continue": after the batches that
        the checkpoint has seen; with a warning from the beginning, if the data are others (by
        names, sizes, dtypes and transformations) or a plain generator would have to be read over
        more than 10,000 batches. "replay": the same, and a generator is read over as many as it
        takes. "restart": from the beginning, as in TF. "error": refuse where "continue" warns.
      num_threads: Threads of training and prediction; None: the processors this process may use.
        Results do not depend on it.
      save_retries: So often a save that fails is begun anew, after waits of 1, 5, 5, ... seconds.
      max_failed_saves: So many failed saves in a row, retries included in each, end the training.
        A failed last save always raises.
      async_save: True: a checkpoint is written by a background thread while training goes on;
        training pauses only for a copy of the state, which needs as much memory again. A failure
        shows at the next save, or at the end of the run.
      async_on_busy: What a save does that is due while the one before is being written: "wait" for
        it, or "skip" itself.
      keep_best: (metric, n, "max" or "min"): the n checkpoints with the best values of a metric
        stay as well, as far as `evaluate` has been called on them while they were there. The
        metric of an evaluation with a name is "name/metric".
      save_on_signals: Signals, by name or number, that make train finish the step, save, and
        raise errors.TrainingInterrupted; () or None: none. SIGINT among them does so the first
        time and raises KeyboardInterrupt the second time. Handlers of the program are called as
        well. In the main thread only.
      progress: One line that shows step, speed, loss, time left and the last checkpoint while train
        and evaluate run: "auto": on a terminal (standard error) and in notebooks, unless the log
        shows INFO lines; True: in files and pipes as well, as a plain line every 10 seconds; False:
        nowhere.
      break_lock: Take model_dir over from a writer on another machine, which was killed there.
        Only where the file system cannot lock files, and so cannot tell; see
        errors.ModelDirLockedError. A writer that is known to run is never pushed aside.
      on_corrupt: What happens to a damaged newest checkpoint: "error": it raises; "previous": the
        next older one is taken, with a warning, and train renames the damaged one to
        `model.ckpt-<step>.corrupt`. None: "previous" for train, so that unattended training goes
        on, "error" for evaluate and predict.
      allow_fresh_start: Whether train begins at step 0 where there are checkpoints and none can be
        used; they are renamed to `.rejected-*`. Without it, that is an error.
      restore_optimizer: What train does about slots that do not fit those of the checkpoint, as
        after a change of optimizer: "error": it refuses; "reset": it begins with fresh slots.

    Raises:
      ValueError: a field breaks its rule, or contradicts TF_CONFIG.
      TypeError: the "service" of TF_CONFIG is not a JSON object.
    Source: tf.estimator.RunConfig.
    """

    model_dir: str | None = None
    tf_random_seed: int | None = None
    save_summary_steps: int | None = 100
    save_checkpoints_steps: int | None = _UNSET
    save_checkpoints_secs: float | None = _UNSET
    session_config: None = None
    keep_checkpoint_max: int | None = 5
    keep_checkpoint_every_n_hours: float | None = 10000
    log_step_count_steps: int | None = 100
    train_distribute: None = None
    device_fn: Callable[[Any], str] | None = None
    protocol: str | None = None
    eval_distribute: None = None
    experimental_distribute: None = None
    experimental_max_worker_delay_secs: int | None = None
    session_creation_timeout_secs: int = 7200
    checkpoint_save_graph_def: bool = True
    durability: str = dataclasses.field(default="full", kw_only=True)
    nonfinite: str = dataclasses.field(default="warn", kw_only=True)
    input_resume: str = dataclasses.field(default="continue", kw_only=True)
    num_threads: int | None = dataclasses.field(default=None, kw_only=True)
    max_failed_saves: int = dataclasses.field(default=3, kw_only=True)
    save_retries: int = dataclasses.field(default=2, kw_only=True)
    async_save: bool = dataclasses.field(default=False, kw_only=True)
    async_on_busy: str = dataclasses.field(default="wait", kw_only=True)
    keep_best: tuple[str, int, str] | None = dataclasses.field(default=None, kw_only=True)
    save_on_signals: Sequence[str | int] | None = dataclasses.field(
        default=("SIGTERM",), kw_only=True
    )
    break_lock: bool = dataclasses.field(default=False, kw_only=True)
    progress: bool | str = dataclasses.field(default="auto", kw_only=True)
    on_corrupt: str | None = dataclasses.field(default=None, kw_only=True)
    allow_fresh_start: bool = dataclasses.field(default=False, kw_only=True)
    restore_optimizer: str = dataclasses.field(default="error", kw_only=True)
    _task: TaskConfig = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        task = parse_tf_config(os.environ.get("TF_CONFIG", ""))
        model_dir = _path_text(self.model_dir)
        if task.model_dir is not None:
            if model_dir is not None and model_dir != task.model_dir:
                raise ValueError(
                    f"model_dir: the argument is {model_dir!r}, TF_CONFIG says {task.model_dir!r}; "
                    "give one of them, or equal ones"
                )
            model_dir = task.model_dir
        steps, secs = _save_intervals(self.save_checkpoints_steps, self.save_checkpoints_secs)
        self._set(model_dir=model_dir, save_checkpoints_steps=steps, save_checkpoints_secs=secs)
        self._set(_task=task)
        _check(self)

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def replace(self, **kwargs: Any) -> RunConfig:
        """Returns a changed copy.

        Setting one save interval clears the other; setting one to None leaves the other as it is.

        Raises:
          ValueError: an unknown name, a value against its rule, or both intervals.
        """
        allowed = [f.name for f in dataclasses.fields(self) if f.init]
        unknown = sorted(set(kwargs) - set(allowed))
        if unknown:
            raise ValueError(
                f"RunConfig.replace: {unknown} cannot be replaced; these can: {allowed}"
            )
        steps = kwargs.get("save_checkpoints_steps")
        secs = kwargs.get("save_checkpoints_secs")
        _check_exclusive(steps, secs)
        if steps is not None:
            kwargs["save_checkpoints_secs"] = None
        elif secs is not None:
            kwargs["save_checkpoints_steps"] = None
        if "model_dir" in kwargs:
            kwargs["model_dir"] = _path_text(kwargs["model_dir"])
        changed = copy.copy(self)
        changed._set(**kwargs)
        _check(changed)
        return changed

    @property
    def task_type(self) -> str:
        """The type of this process's task: "worker" without a cluster."""
        return self._task.task_type

    @property
    def task_id(self) -> int:
        """Index of this process among those of its type."""
        return self._task.task_id

    @property
    def global_id_in_cluster(self) -> int | None:
        """Index of this process in the cluster: chief, others by type name, parameter servers."""
        return self._task.global_id_in_cluster

    @property
    def cluster_spec(self) -> dict[str, list[str]]:
        """Addresses by task type; empty without a cluster."""
        return {job: list(addresses) for job, addresses in self._task.cluster.items()}

    @property
    def master(self) -> str:
        """Address of this process; "" when it is alone."""
        return self._task.master

    @property
    def evaluation_master(self) -> str:
        """Address of the evaluation: "eval_session_master" of TF_CONFIG, or ""."""
        return self._task.evaluation_master

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the checkpoints."""
        return self._task.is_chief

    @property
    def num_ps_replicas(self) -> int:
        """Parameter servers in the cluster."""
        return self._task.num_ps_replicas

    @property
    def num_worker_replicas(self) -> int:
        """Workers in the cluster, the chief included."""
        return self._task.num_worker_replicas

    @property
    def service(self) -> dict[str, Any] | None:
        """The "service" of TF_CONFIG, or None."""
        return None if self._task.service is None else dict(self._task.service)


def _path_text(value: str | os.PathLike[str] | None) -> str | None:
    return None if value is None else os.fspath(value)


def _check_exclusive(steps: object, secs: object) -> None:
    if steps is not None and secs is not None:
        raise ValueError(
            "save_checkpoints_steps and save_checkpoints_secs exclude each other: "
            f"got {steps} and {secs}; set one of them"
        )


def _save_intervals(steps: Any, secs: Any) -> tuple[int | None, float | None]:
    if steps is _UNSET and secs is _UNSET:
        return None, _DEFAULT_SAVE_SECS
    steps = None if steps is _UNSET else steps
    secs = None if secs is _UNSET else secs
    _check_exclusive(steps, secs)
    return steps, secs


# Field -> (its rule, the words for it).
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "model_dir": (lambda v: v != "", "a directory name that is not empty"),
    "tf_random_seed": (lambda v: _is_int(v), "an int"),
    "save_summary_steps": (lambda v: v >= 0, "at least 0"),
    "save_checkpoints_steps": (lambda v: v >= 0, "at least 0"),
    "save_checkpoints_secs": (lambda v: v >= 0, "at least 0"),
    "session_config": (lambda v: False, "None: there are no sessions; see num_threads"),
    "keep_checkpoint_max": (lambda v: v >= 0, "at least 0"),
    "keep_checkpoint_every_n_hours": (lambda v: v > 0, "greater than 0"),
    "log_step_count_steps": (lambda v: v > 0, "greater than 0, or None"),
    "train_distribute": (lambda v: False, "None: training runs on one machine"),
    "eval_distribute": (lambda v: False, "None: evaluation runs on one machine"),
    "experimental_distribute": (lambda v: False, "None: training runs on one machine"),
    "device_fn": (lambda v: _takes_op(v), "a function with exactly one argument called op"),
    "protocol": (lambda v: v in ("grpc", "grpc+verbs"), 'None, "grpc" or "grpc+verbs"'),
    "experimental_max_worker_delay_secs": (lambda v: _is_int(v), "an int"),
    "session_creation_timeout_secs": (lambda v: v > 0, "greater than 0"),
    "durability": (lambda v: v in _DURABILITIES, f"one of {_DURABILITIES}"),
    "nonfinite": (lambda v: v in _NONFINITE, f"one of {_NONFINITE}"),
    "input_resume": (lambda v: v in INPUT_RESUME, f"one of {INPUT_RESUME}"),
    "num_threads": (lambda v: _is_int(v) and v > 0, "an int greater than 0, or None"),
    "max_failed_saves": (lambda v: _is_int(v) and v > 0, "an int greater than 0"),
    "save_retries": (lambda v: _is_int(v) and v >= 0, "an int of at least 0"),
    "async_save": (lambda v: isinstance(v, bool), "True or False"),
    "async_on_busy": (lambda v: v in _ASYNC_ON_BUSY, f"one of {_ASYNC_ON_BUSY}"),
    "keep_best": (
        lambda v: _is_keep_best(v),
        'None or (metric, n greater than 0, "max" or "min") such as ("accuracy", 3, "max")',
    ),
    "save_on_signals": (
        lambda v: _are_signals(v),
        'a tuple of signals that a program can handle, as ("SIGTERM", "SIGINT")',
    ),
    "progress": (lambda v: isinstance(v, bool) or v == "auto", 'True, False or "auto"'),
    "break_lock": (lambda v: isinstance(v, bool), "True or False"),
    "on_corrupt": (lambda v: v in _ON_CORRUPT, f"None or one of {_ON_CORRUPT}"),
    "allow_fresh_start": (lambda v: isinstance(v, bool), "True or False"),
    "restore_optimizer": (lambda v: v in _RESTORE_OPTIMIZER, f"one of {_RESTORE_OPTIMIZER}"),
}


def _check(config: RunConfig) -> None:
    for name, (holds, words) in _RULES.items():
        value = getattr(config, name)
        if value is None:
            continue
        try:
            good = holds(value)
        except TypeError:
            good = False
        if not good:
            raise ValueError(f"RunConfig: {name} must be {words}, got {value!r}")


def _is_int(value: object) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _is_keep_best(value: Any) -> bool:
    if not isinstance(value, tuple) or len(value) != 3:
        return False
    metric, count, mode = value
    named = isinstance(metric, str) and metric != ""
    return named and _is_int(count) and count > 0 and mode in ("max", "min")


def _are_signals(values: Any) -> bool:
    try:
        _signals.as_signals(values)
    except (KeyError, ValueError):
        return False
    return True


def _takes_op(function: object) -> bool:
    if not callable(function):
        return False
    return list(inspect.signature(cast(Callable[..., Any], function)).parameters) == ["op"]
