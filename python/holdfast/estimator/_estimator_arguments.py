"""What an Estimator is made with and called with: rules, defaults and refusals."""

from __future__ import annotations

import logging
import os
import tempfile
from typing import Any

from holdfast.estimator._run_config import RunConfig
from holdfast.train import CheckpointSaverListener

_logger = logging.getLogger("holdfast")
_OVERRIDABLE = frozenset({"model_fn", "latest_checkpoint"})


def check_not_overridden(subclass: type, base: type) -> None:
    """Raises: ValueError when a subclass of `base` overrides its members."""
    members = {name for name in dir(base) if not name.startswith("__")} - _OVERRIDABLE
    overridden = sorted(
        {
            name
            for cls in subclass.__mro__
            if issubclass(cls, base) and cls is not base
            for name in members & set(vars(cls))
        }
    )
    if overridden:
        raise ValueError(
            f"Subclasses of Estimator cannot override members of Estimator. "
            f"{subclass.__name__} does override {overridden}; give a model_fn instead"
        )


def resolve_config(config: Any, model_dir: str | os.PathLike[str] | None) -> RunConfig:
    """Returns the config with a model_dir: of either argument, else a new temporary one."""
    if config is None:
        config = RunConfig()
        _logger.info("Using default config.")
    if not isinstance(config, RunConfig):
        raise ValueError(f"config must be an instance of RunConfig, but provided {config!r}.")
    given = None if model_dir is None else os.fspath(model_dir)
    if given is not None and config.model_dir is not None and given != config.model_dir:
        raise ValueError(
            "`model_dir` are set both in constructor and `RunConfig`, but with different values. "
            f"In constructor: {given!r}, in `RunConfig`: {config.model_dir!r}"
        )
    chosen = given or config.model_dir
    if not chosen:
        chosen = tempfile.mkdtemp()
        _logger.warning("Using temporary folder as model directory: %s", chosen)
    return config.replace(model_dir=chosen)


def check_positive(name: str, value: int | None) -> None:
    """Raises: ValueError when it is given and is not positive."""
    if value is not None and value <= 0:
        raise ValueError(f"Must specify {name} > 0, given: {value}")


def check_listeners(listeners: Any) -> list[CheckpointSaverListener]:
    """Returns them as a list. Raises: TypeError when one is none."""
    result = list(listeners or [])
    for listener in result:
        if not isinstance(listener, CheckpointSaverListener):
            raise TypeError(
                f"saving_listeners must be a list of CheckpointSaverListener, given: {listener!r}"
            )
    return result
