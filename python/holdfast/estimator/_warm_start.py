"""Warm start: initial values from another training's checkpoint, for a model_dir without one."""

from __future__ import annotations

import dataclasses
import logging
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from holdfast import _core, errors
from holdfast._graph import Graph, GraphKeys
from holdfast.train._checkpoints import open_checkpoint

_logger = logging.getLogger("holdfast")
_ON_MISMATCH = ("error", "skip", "overlap")


@dataclasses.dataclass(frozen=True)
class WarmStartSettings:
    """Which initial values come from which checkpoint.

    Args:
      ckpt_to_initialize_from: A checkpoint, or a directory: its newest one.
      vars_to_warm_start: A regular expression, matched from the start of the names of trainable
        variables; or a list of them, matched with the names of all variables, optimizer slots and
        global_step; or a list of variables. None: none, for lack of vocabularies.
      var_name_to_vocab_info: Must be None or empty: there are no vocabularies yet.
      var_name_to_prev_var_name: Name in the model -> name in the checkpoint.
      on_mismatch: What happens to a selected variable that the checkpoint lacks or has with another
        dtype or shape: "error": it raises; "skip": it keeps its initial value; "overlap": of
        another shape, the part that both have is taken; else as "skip".

    Raises:
      ValueError: a value breaks its rule.
    Source: tf.estimator.WarmStartSettings; on_mismatch is holdfast's own.
    """

    ckpt_to_initialize_from: str | os.PathLike[str]
    vars_to_warm_start: str | Sequence[Any] | None = ".*"
    var_name_to_vocab_info: Mapping[str, Any] | None = None
    var_name_to_prev_var_name: Mapping[str, str] | None = None
    on_mismatch: str = dataclasses.field(default="error", kw_only=True)

    def __post_init__(self) -> None:
        if not self.ckpt_to_initialize_from:
            raise ValueError(
                "`ckpt_to_initialize_from` MUST be set in WarmStartSettings: a checkpoint, or a "
                "directory that holds one"
            )
        if self.var_name_to_vocab_info:
            raise ValueError(
                "var_name_to_vocab_info is not supported yet, as there are no vocabularies; "
                f"got {sorted(self.var_name_to_vocab_info)}. Leave it out; on_mismatch='overlap' "
                "keeps the rows of a vocabulary that has only grown at its end."
            )
        if self.on_mismatch not in _ON_MISMATCH:
            raise ValueError(
                f"WarmStartSettings: on_mismatch must be one of {_ON_MISMATCH}, got "
                f"{self.on_mismatch!r}"
            )


def as_settings(warm_start_from: Any) -> WarmStartSettings | None:
    """Returns the settings that an Estimator's argument stands for.

    Raises: ValueError if it is of another type.
    """
    if warm_start_from is None or isinstance(warm_start_from, WarmStartSettings):
        return warm_start_from
    if isinstance(warm_start_from, (str, bytes, os.PathLike)):
        return WarmStartSettings(os.fsdecode(warm_start_from))
    raise ValueError(
        "warm_start_from must be a string or a WarmStartSettings, instead got "
        f"{type(warm_start_from).__name__}"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WarmStarted:
    """What became of each variable, by name.

    Attributes:
      source: Path of the checkpoint.
      taken: Equal to the checkpoint's.
      partly: The common part is.
      skipped: Selected, and not taken.
      fresh: Not selected.
    """

    source: str
    taken: tuple[str, ...]
    partly: tuple[str, ...]
    skipped: tuple[str, ...]
    fresh: tuple[str, ...]

    def report(self) -> dict[str, Any]:
        """Returns the attributes, as lists."""
        fields = dataclasses.asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()}

    def log(self) -> None:
        """Writes the table."""
        kinds = {k: v for k, v in self.report().items() if k != "source"}
        counts = ", ".join(f"{len(names)} {kind}" for kind, names in kinds.items())
        rows = [f"\n  {kind:<8} {name}" for kind, names in kinds.items() for name in names]
        _logger.info("Warm-starting from %s: %s.%s", self.source, counts, "".join(rows))


def warm_start(trainer: _core.Trainer, graph: Graph, settings: WarmStartSettings) -> WarmStarted:
    """Writes the checkpoint's values over initial ones; all of them, or nothing.

    Raises:
      ValueError: a selected variable does not fit, or a name is given for one not selected.
      errors.NoCheckpointError: there is no such checkpoint.
      errors.CheckpointCorruptError: it is damaged.
    """
    reader = open_checkpoint(settings.ckpt_to_initialize_from)
    everything = _global_names(trainer, graph)
    selected = _selected(settings, graph, everything)
    previous = {_plain(k): _plain(v) for k, v in (settings.var_name_to_prev_var_name or {}).items()}
    unknown = sorted(set(previous) - set(selected))
    if unknown:
        raise ValueError(
            f"var_name_to_prev_var_name: {unknown} are not among the variables to warm-start: "
            f"{selected}"
        )
    stored = {tensor.name: tensor for tensor in reader.tensors}
    values: dict[str, Any] = {}
    partly: list[str] = []
    problems: dict[str, str] = {}
    for name in selected:
        own = trainer.read_variable(name)
        source = previous.get(name, name)
        if source not in stored:
            problems[name] = f"the checkpoint has no {source}"
            continue
        value = reader.read(source)
        if value.dtype == own.dtype and value.shape == own.shape:
            values[name] = value
        elif settings.on_mismatch == "overlap" and _overlap(own, value):
            values[name] = own
            partly.append(name)
        else:
            problems[name] = (
                f"the checkpoint has {source} as {value.dtype} {list(value.shape)}, the model "
                f"{own.dtype} {list(own.shape)}"
            )
    if problems and settings.on_mismatch == "error":
        raise _misfit(reader.info.path, problems, sorted(stored))
    for name, value in values.items():
        trainer.write_variable(name, value)
    done = WarmStarted(
        source=reader.info.path,
        taken=tuple(name for name in values if name not in partly),
        partly=tuple(partly),
        skipped=tuple(problems),
        fresh=tuple(name for name in everything if name not in selected),
    )
    done.log()
    return done


def check_complete(done: WarmStarted, trainer: _core.Trainer, graph: Graph) -> None:
    """Refuses to evaluate or predict with values that nothing has trained.

    Raises: errors.NoCheckpointError if a variable is not taken as a whole.
    """
    untrained = sorted(set(_global_names(trainer, graph)) - set(done.taken) - {"global_step"})
    if untrained:
        raise errors.NoCheckpointError(
            f"The warm start from {done.source} leaves variables at initial values, and model_dir "
            f"has no checkpoint: {untrained}. Call train first, or select every variable.",
            {"path": done.source},
        )


def _overlap(own: Any, value: Any) -> bool:
    """Copies the part that both arrays have into `own`; False where they do not compare."""
    if value.dtype != own.dtype or value.ndim != own.ndim:
        return False
    common = tuple(slice(0, min(a, b)) for a, b in zip(own.shape, value.shape, strict=True))
    own[common] = value[common]
    return True


def _misfit(path: str, problems: Mapping[str, str], stored: Sequence[str]) -> ValueError:
    lines = "".join(f"\n  {name}: {problem}" for name, problem in problems.items())
    return ValueError(
        f"Warm start from {path}: {len(problems)} of the selected variables do not fit:{lines}\n"
        f"The checkpoint has: {', '.join(stored)}.\n"
        "Select others (vars_to_warm_start), name them (var_name_to_prev_var_name), or let "
        'on_mismatch="skip" or "overlap" go on without.'
    )


def _global_names(trainer: _core.Trainer, graph: Graph) -> list[str]:
    core = graph.core
    roles = {n: core.attributes(core.find(n)).get("role") for n in trainer.variable_names()}
    return sorted(name for name, role in roles.items() if role != "local")


def _selected(settings: WarmStartSettings, graph: Graph, everything: Sequence[str]) -> list[str]:
    chosen = settings.vars_to_warm_start
    if chosen is None:
        return []
    if isinstance(chosen, str):
        trainable = graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        names = [_plain(variable.name) for variable in trainable]
        return sorted(name for name in names if re.match(chosen, name))
    if all(isinstance(item, str) for item in chosen):
        return sorted(n for n in everything if any(re.match(item, n) for item in chosen))
    names = [_plain(getattr(item, "name", "")) for item in chosen]
    unknown = [item for item, name in zip(chosen, names, strict=True) if name not in everything]
    if unknown:
        raise ValueError(
            "vars_to_warm_start must be a regular expression, a list of them, or a list of "
            f"variables of the model; got {unknown}"
        )
    return names


def _plain(name: str) -> str:
    return str(name).removesuffix(":0")
