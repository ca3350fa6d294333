"""What a signal makes of a call of train: a saved state, and TrainingInterrupted."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

from holdfast import _signals, errors
from holdfast.estimator._run_config import RunConfig
from holdfast.train import latest_checkpoint

_logger = logging.getLogger("holdfast")


@contextlib.contextmanager
def ends_on_signals(config: RunConfig, model_dir: str) -> Iterator[None]:
    """A call of train, which config.save_on_signals end after the step they come in.

    Args:
      config: Of the Estimator.
      model_dir: Where the state is saved by then.

    Raises:
      errors.TrainingInterrupted: such a signal came; from what a handler of the user's raised.
    """
    with _signals.guard(config.save_on_signals or ()) as guard:
        try:
            yield
        except _signals.Interruption:
            pass  # while input_fn, model_fn or the first batches were waited for
        except Exception:
            if guard.received is not None:
                _logger.warning("%s had come when training failed.", guard.received.name)
            raise
    if guard.received is None:
        return
    error = _error(guard, model_dir)
    _logger.warning("%s", error)
    raise error from guard.handler_error


def _error(guard: _signals.Guard, model_dir: str) -> errors.TrainingInterrupted:
    assert guard.received is not None
    name = guard.received.name
    facts: dict[str, object] = {"signal": name, "signals": guard.count}
    newest = _newest(model_dir)
    if newest is None:
        facts["path"] = model_dir
        text = f"model_dir {model_dir!r} holds no checkpoint, and train starts anew there."
    else:
        facts.update(path=newest, step=newest.rsplit("-", 1)[1])
        text = f"The newest checkpoint is {newest}; train continues from it."
    return errors.TrainingInterrupted(f"Training was interrupted by {name}. {text}", facts)


def _newest(model_dir: str) -> str | None:
    try:
        return latest_checkpoint(model_dir) if os.path.isdir(model_dir) else None
    except errors.OpError as error:
        _logger.warning("No checkpoint of %s can be read: %s", model_dir, error)
        return None
