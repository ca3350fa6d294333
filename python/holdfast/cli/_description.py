"""holdfast.json: what the commands need to know of a model beside its checkpoints."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.cli._failures import CommandError, ExitCode

FILE_NAME = "holdfast.json"
_FORMAT = "holdfast.command"
_VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Description:
    """A classifier of tables. Fixed when training starts; a resumed run uses what it says.

    Args:
      data: The table it was first trained on: a path, or "iris".
      features: Names of the numeric columns, in the order of the network's inputs.
      label: Name of the label column.
      classes: The labels, in the order of class ids.
      mean: Of each feature over the rows trained on; the network sees (x - mean) / scale.
      scale: Standard deviation likewise; 1 for a constant column.
      hidden_units: Units of each hidden layer.
      optimizer: "Adagrad" or "SGD".
      learning_rate: The optimizer's.
      held_out: Share of the rows kept from training.
    """

    data: str
    features: tuple[str, ...]
    label: str
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    hidden_units: tuple[int, ...]
    optimizer: str
    learning_rate: float
    held_out: float

    def replace(self, **changes: Any) -> Description:
        """Returns a copy with the changes that are not None."""
        return dataclasses.replace(self, **{k: v for k, v in changes.items() if v is not None})

    def to_json(self) -> str:
        """Returns the text of the file."""
        facts = {"format": _FORMAT, "version": _VERSION, **dataclasses.asdict(self)}
        return json.dumps(facts, indent=1) + "\n"

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Description:
        """Returns the description. Raises: KeyError, TypeError or ValueError if it is none."""
        if facts["format"] != _FORMAT or facts["version"] != _VERSION:
            raise ValueError(f"format {facts['format']!r}, version {facts['version']!r}")
        values = {f.name: facts[f.name] for f in dataclasses.fields(cls)}
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(value)
        description = cls(**values)
        if not len(description.features) == len(description.mean) == len(description.scale):
            raise ValueError("features, mean and scale differ in length")
        return description

    def save(self, model_dir: Path) -> None:
        """Writes the file so that a crash leaves the old one or the new one, never a part.

        Raises: CommandError if nothing can be written there.
        """
        temporary: str | None = None
        try:
            model_dir.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=model_dir, prefix=".holdfast.json-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.to_json())
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)  # mkstemp makes private files
            os.replace(temporary, model_dir / FILE_NAME)
        except OSError as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            raise CommandError(
                f"{model_dir}: expected a directory that can be written to: {error.strerror}; "
                "choose another one with --model-dir",
                ExitCode.CHECKPOINT,
            ) from error


def load_description(model_dir: Path) -> Description | None:
    """Returns the description in a model_dir; None if there is none.

    Raises: CommandError if the file is not one of ours.
    """
    path = model_dir / FILE_NAME
    try:
        return Description.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CommandError(
            f"{path}: expected what `holdfast train` wrote, found something else "
            f"({type(error).__name__}: {error}); restore the file, or use another --model-dir",
            ExitCode.CHECKPOINT,
        ) from error


def require_description(model_dir: Path) -> Description:
    """Returns the description in a model_dir. Raises: CommandError if there is none."""
    description = load_description(model_dir)
    if description is None:
        raise CommandError(
            f"{model_dir}: expected a model trained by `holdfast train`, found no {FILE_NAME}; "
            f"train one with: holdfast train --model-dir {model_dir}",
            ExitCode.CHECKPOINT,
        )
    return description
