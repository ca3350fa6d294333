"""Dense networks on tabular data, trained on the CPU, never losing the training.

`import holdfast as tf` serves programs written for tf.estimator: `tf.estimator`,
`tf.feature_column`, `tf.data`, `tf.train`, `tf.layers`, `tf.nn`, `tf.losses`, `tf.metrics` and the
functions that a model_fn uses. Modules are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from holdfast import _core
from holdfast import errors as errors  # its classes are what errors of the core are raised as

__version__ = _core.version()

_SUBMODULES = (
    "data",
    "dtypes",
    "errors",
    "estimator",
    "feature_column",
    "initializers",
    "inputs",
    "io",
    "layers",
    "logging",
    "losses",
    "metrics",
    "nn",
    "random",
    "saved_model",
    "summary",
    "train",
)

# Where each name of the top level lives.
_HOMES = {
    "dtypes": (
        "DType",
        "TensorShape",
        "as_dtype",
        "bool",
        "double",
        "float16",
        "float32",
        "float64",
        "half",
        "int16",
        "int32",
        "int64",
        "int8",
        "string",
        "uint16",
        "uint32",
        "uint64",
        "uint8",
    ),
    "data._structure": ("TensorSpec",),
    "initializers": (
        "constant_initializer",
        "glorot_normal_initializer",
        "glorot_uniform_initializer",
        "ones_initializer",
        "random_normal_initializer",
        "random_uniform_initializer",
        "truncated_normal_initializer",
        "variance_scaling_initializer",
        "zeros_initializer",
    ),
    "_graph": (
        "Graph",
        "GraphKeys",
        "add_to_collection",
        "add_to_collections",
        "control_dependencies",
        "get_collection",
        "get_collection_ref",
        "get_default_graph",
        "name_scope",
        "set_random_seed",
    ),
    "_operation": ("Operation",),
    "_tensor": ("Tensor", "convert_to_tensor"),
    "_scope": ("AUTO_REUSE", "VariableScope", "get_variable_scope", "variable_scope"),
    "_variables": (
        "Variable",
        "get_variable",
        "global_variables",
        "local_variables",
        "trainable_variables",
    ),
    "_state": ("assign", "assign_add", "assign_sub", "group", "no_op"),
    "_gradients": ("gradients",),
    "_math": (
        "abs",
        "add",
        "add_n",
        "cast",
        "ceil",
        "clip_by_value",
        "div",
        "div_no_nan",
        "divide",
        "equal",
        "exp",
        "floor",
        "floordiv",
        "floormod",
        "greater",
        "greater_equal",
        "identity",
        "is_finite",
        "is_nan",
        "less",
        "less_equal",
        "log",
        "log1p",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "maximum",
        "minimum",
        "mod",
        "multiply",
        "negative",
        "not_equal",
        "pow",
        "reciprocal",
        "round",
        "rsqrt",
        "sign",
        "sqrt",
        "square",
        "squared_difference",
        "stop_gradient",
        "subtract",
        "to_double",
        "to_float",
        "to_int32",
        "to_int64",
        "truediv",
        "where",
    ),
    "_reduce": (
        "argmax",
        "argmin",
        "clip_by_global_norm",
        "clip_by_norm",
        "global_norm",
        "matmul",
        "norm",
        "reduce_all",
        "reduce_any",
        "reduce_max",
        "reduce_mean",
        "reduce_min",
        "reduce_prod",
        "reduce_sum",
    ),
    "_shape": (
        "concat",
        "constant",
        "expand_dims",
        "fill",
        "gather",
        "newaxis",
        "one_hot",
        "ones",
        "ones_like",
        "placeholder",
        "range",
        "rank",
        "reshape",
        "shape",
        "size",
        "squeeze",
        "stack",
        "tile",
        "transpose",
        "unstack",
        "zeros",
        "zeros_like",
    ),
    "io": ("FixedLenFeature", "VarLenFeature", "decode_csv", "parse_example"),
    "nn": ("sigmoid", "softplus", "tanh"),
}

_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted({*_SUBMODULES, *_HOME_OF, "__version__"})


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"holdfast.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'holdfast' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"holdfast.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
