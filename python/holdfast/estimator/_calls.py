"""How user functions are called: with those arguments that they declare."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

_MODEL_FN_ARGS = ("features", "labels", "mode", "params", "self", "config")


def argument_names(function: Callable[..., Any]) -> list[str]:
    """Returns the names of a callable's arguments that a caller may give by name."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in kinds
    ]


def call_with_declared(function: Callable[..., Any], offered: Mapping[str, Any]) -> Any:
    """Calls a function with those of the offered arguments that it declares."""
    names = argument_names(function)
    return function(**{name: value for name, value in offered.items() if name in names})


def check_model_fn(model_fn: Any, params: Any) -> list[str]:
    """Returns what to warn about.

    Raises: ValueError if the arguments of model_fn are not those an Estimator gives.
    """
    if model_fn is None:
        raise ValueError("model_fn must be provided to Estimator.")
    if not callable(model_fn):
        raise ValueError(f"model_fn must be callable, given: {model_fn!r}")
    names = argument_names(model_fn)
    if "features" not in names:
        raise ValueError(f"model_fn ({model_fn!r}) must include features argument.")
    unknown = [name for name in names if name not in _MODEL_FN_ARGS]
    if unknown:
        raise ValueError(
            f"model_fn ({model_fn!r}) has following not expected args: {unknown}; expected some of "
            "features, labels, mode, params, config"
        )
    if params is not None and "params" not in names:
        raise ValueError(
            f"model_fn ({model_fn!r}) does not include params argument, but params ({params!r}) is "
            "passed to Estimator."
        )
    if params is None and "params" in names:
        return ["Estimator's model_fn includes params argument, but params are not passed."]
    return []


def call_input_fn(input_fn: Any, *, mode: str, params: Any, config: Any) -> Any:
    """Calls an input function. Raises: TypeError if it is none."""
    if not callable(input_fn):
        raise TypeError(
            f"input_fn must be a function without arguments (or with mode, params, config), given: "
            f"{input_fn!r}; put the call into a lambda"
        )
    return call_with_declared(input_fn, {"mode": mode, "params": params, "config": config})


def call_model_fn(
    model_fn: Callable[..., Any],
    features: Any,
    labels: Any,
    *,
    mode: str,
    params: Any,
    config: Any,
) -> Any:
    """Calls a model function.

    Raises: ValueError if there are labels and it takes none.
    """
    names = argument_names(model_fn)
    offered = {"mode": mode, "params": params, "config": config}
    if "labels" in names:
        offered["labels"] = labels
    elif labels is not None:
        raise ValueError("model_fn does not take labels, but input_fn returns labels.")
    return call_with_declared(model_fn, {"features": features, **offered})
