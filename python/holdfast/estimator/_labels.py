"""Checks of labels, and their way from text to class ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast import dtypes
from holdfast._shape import expand_dims
from holdfast._tensor import Tensor, apply

_SHOWN = 10  # entries of a vocabulary in a message


def check_labels(labels: Any) -> Tensor:
    """Returns labels as [batch, 1].

    Raises: ValueError if there are none, or they are not [batch] or [batch, 1].
    """
    if labels is None:
        raise ValueError(
            "You must provide a labels Tensor. Given: None. Let input_fn return (features, "
            "labels), or a Dataset of such pairs."
        )
    if not isinstance(labels, Tensor):
        raise ValueError(f"labels must be one Tensor, got {labels!r}")
    sizes = list(labels.shape)
    if len(sizes) == 1:
        return expand_dims(labels, axis=-1)
    if len(sizes) == 2 and sizes[1] in (None, 1):
        return apply("check_shape", [labels], {"shape": [-1, 1], "what": "labels"})
    raise ValueError(
        f"Mismatched label shape. Expected labels dimension=1, shape [batch] or [batch, 1]; got "
        f"{labels.shape}. Labels are class ids, not one-hot rows"
        + ("; batch the dataset." if not sizes else ".")
    )


def label_ids(labels: Tensor, vocabulary: Sequence[str]) -> Tensor:
    """Returns the position of each label in the vocabulary; -1 where it is not there.

    Raises: ValueError if labels are not strings.
    """
    if labels.dtype != dtypes.string:
        raise ValueError(
            f"Labels dtype should be string if there is a vocabulary. Instead got "
            f"{labels.dtype.name}. Drop label_vocabulary if labels are class ids."
        )
    return apply("vocabulary_lookup", [labels], {"vocabulary": list(vocabulary), "default": -1})


def in_range(
    values: Tensor, minimum: float, maximum: float, vocabulary: Sequence[str] | None
) -> Tensor:
    """Returns the values, checked at every step: an error names value and row."""
    hint = ""
    if vocabulary is not None:
        shown = ", ".join(repr(word) for word in vocabulary[:_SHOWN])
        more = "" if len(vocabulary) <= _SHOWN else ", ..."
        hint = f"-1 stands for a label that is not in label_vocabulary [{shown}{more}]"
    attributes = {"minimum": minimum, "maximum": maximum, "what": "labels", "hint": hint}
    return apply("check_range", [values], attributes)
