"""Export outputs: what a model_fn offers, and the signatures made of them.

Source: tensorflow/python/saved_model/model_utils/export_output.py of TF 1.x.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast import dtypes
from holdfast._tensor import Tensor
from holdfast.saved_model import SignatureDef
from holdfast.saved_model import signature_constants as constants

_SINGLE_OUTPUT = "output"  # TF's names of what has none


class ExportOutput:
    """One way to answer a request. The base of the three below."""

    def as_signature(self, name: str, receiver_tensors: Mapping[str, Tensor]) -> SignatureDef:
        """Returns the signature `name` on these inputs.

        Raises: ValueError if the inputs are not what this kind of answer takes.
        """
        raise NotImplementedError


class ClassificationOutput(ExportOutput):
    """Classes with their scores.

    Args:
      scores: Float [batch, n]; None: classes alone.
      classes: Strings [batch, n]; None: scores alone.

    Raises:
      ValueError: neither is given, or one is of a wrong dtype.
    """

    def __init__(self, scores: Tensor | None = None, classes: Tensor | None = None) -> None:
        if scores is not None and not _is_tensor(scores, floating=True):
            raise ValueError(
                f"Classification scores must be a float32 Tensor; got {scores!r}. Give the "
                "probabilities, or leave scores out."
            )
        if classes is not None and not _is_tensor(classes, floating=False):
            raise ValueError(
                f"Classification classes must be a string Tensor; got {classes!r}. Give the names "
                "of the classes as text."
            )
        if scores is None and classes is None:
            raise ValueError(
                "At least one of scores and classes must be set. Give scores, classes, or both."
            )
        self.scores = scores
        self.classes = classes

    def as_signature(self, name: str, receiver_tensors: Mapping[str, Tensor]) -> SignatureDef:
        """As of ExportOutput."""
        outputs = {
            constants.CLASSIFY_OUTPUT_CLASSES: self.classes,
            constants.CLASSIFY_OUTPUT_SCORES: self.scores,
        }
        return SignatureDef(
            name=name,
            method=constants.CLASSIFY_METHOD_NAME,
            inputs={constants.CLASSIFY_INPUTS: _examples("Classification", receiver_tensors)},
            outputs={key: value for key, value in outputs.items() if value is not None},
        )


class RegressionOutput(ExportOutput):
    """Numbers.

    Args:
      value: Float, [batch] or [batch, n].

    Raises:
      ValueError: it is of another dtype.
    """

    def __init__(self, value: Tensor) -> None:
        if not _is_tensor(value, floating=True):
            raise ValueError(
                f"Regression output value must be a float32 Tensor; got {value!r}. Cast it to "
                "float32."
            )
        self.value = value

    def as_signature(self, name: str, receiver_tensors: Mapping[str, Tensor]) -> SignatureDef:
        """As of ExportOutput."""
        return SignatureDef(
            name=name,
            method=constants.REGRESS_METHOD_NAME,
            inputs={constants.REGRESS_INPUTS: _examples("Regression", receiver_tensors)},
            outputs={constants.REGRESS_OUTPUTS: self.value},
        )


class PredictOutput(ExportOutput):
    """Any tensors.

    Args:
      outputs: A tensor, which is called "output", or a dict of tensors.

    Raises:
      ValueError: something is no tensor, or a name no str.
    """

    def __init__(self, outputs: Any) -> None:
        named = outputs if isinstance(outputs, Mapping) else {_SINGLE_OUTPUT: outputs}
        for name, value in named.items():
            if not isinstance(name, str):
                raise ValueError(f"Prediction output key must be a string; got {name!r}")
            if not isinstance(value, Tensor):
                raise ValueError(f"Prediction output value must be a Tensor; got {value!r}")
        self.outputs: dict[str, Tensor] = dict(named)

    def as_signature(self, name: str, receiver_tensors: Mapping[str, Tensor]) -> SignatureDef:
        """As of ExportOutput."""
        return SignatureDef(
            name=name,
            method=constants.PREDICT_METHOD_NAME,
            inputs=receiver_tensors,
            outputs=self.outputs,
        )


def with_default(outputs: Any, predictions: Any) -> dict[str, ExportOutput]:
    """Returns the export outputs of a spec, one of them the default.

    Args:
      outputs: The spec's; None: the predictions.
      predictions: The spec's.

    Raises:
      TypeError: outputs is no dict, a key no str, or a value no ExportOutput.
      ValueError: there are several and none is the default.
    """
    if outputs is None:
        return {constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: PredictOutput(predictions)}
    if not isinstance(outputs, Mapping):
        raise TypeError(f"export_outputs must be dict, given: {outputs!r}")
    for name, value in outputs.items():
        if not isinstance(name, str):
            raise TypeError(
                "Keys in export_outputs must be str, the names of signatures. Given "
                f"{name!r}: {value!r}"
            )
        if not isinstance(value, ExportOutput):
            raise TypeError(
                "Values in export_outputs must be ExportOutput objects, such as "
                f"export.PredictOutput. Given {name!r}: {value!r}"
            )
    named = dict(outputs)
    if named and constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY not in named:
        if len(named) > 1:
            raise ValueError(
                "Multiple export_outputs were provided, but none of them is specified as the "
                f"default: {sorted(named)}. Do this by naming one of them with signature_constants."
                "DEFAULT_SERVING_SIGNATURE_DEF_KEY."
            )
        (only,) = named.values()
        named[constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY] = only
    return named


def _examples(kind: str, receiver_tensors: Mapping[str, Tensor]) -> Tensor:
    # TF Serving sends tf.train.Example to these two.
    found = list(receiver_tensors.values())
    if len(found) != 1 or not _is_tensor(found[0], floating=False):
        shown = ", ".join(f"{k}: {t.dtype.name}" for k, t in receiver_tensors.items())
        raise ValueError(
            f"{kind} input must be a single string Tensor; got {{{shown}}}. Use "
            "build_parsing_serving_input_receiver_fn for it."
        )
    return found[0]


def _is_tensor(value: Any, *, floating: bool) -> bool:
    """Returns whether it is a tensor of floats, or else of strings."""
    if not isinstance(value, Tensor):
        return False
    dtype = dtypes.as_dtype(value.dtype)
    return dtype.is_floating if floating else dtype is dtypes.string
