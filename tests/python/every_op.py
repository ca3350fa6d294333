"""Every operation that a prediction may need, as a function of [batch, 4] values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import holdfast as hf
from holdfast._tensor import Tensor, apply

# What flows through a random graph: float32, int64, bool and text, each [batch, 4].
FLOAT, INT, BOOL, TEXT = "float32", "int64", "bool", "string"
NOWHERE = ""  # a result of another shape, which ends there


@dataclass(frozen=True)
class Use:
    """One way to use an operation: kinds in, kind out."""

    op: str
    takes: tuple[str, ...]
    gives: str
    attributes: Mapping[str, Any] | None = None
    build: Callable[..., Tensor] | None = None  # where attributes alone do not do

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Adds it to the graph."""
        if self.build is not None:
            return self.build(*inputs)
        return apply(self.op, list(inputs), dict(self.attributes or {}))


def features(rows: int, seed: int = 0) -> dict[str, Any]:
    """Values of each kind; floats within the domain of every function, mostly."""
    random = np.random.default_rng(seed)
    texts = np.array([b"a", b"7", b"12.5", b"\xff"], object)
    return {
        FLOAT: random.uniform(-3, 3, (rows, 4)).astype(np.float32),
        INT: random.integers(-5, 5, (rows, 4)),
        BOOL: random.integers(0, 2, (rows, 4)).astype(bool),
        TEXT: texts[random.integers(0, 4, (rows, 4))],
    }


def _weights(name: str, shape: list[int]) -> Tensor:
    # A new variable for each use.
    graph = hf.get_default_graph()
    with hf.variable_scope(graph.unique_name(name)):
        made: Tensor = hf.get_variable("w", shape)
        return made


def _dense(activation: str) -> Callable[[Tensor], Tensor]:
    def build(x: Tensor) -> Tensor:
        inputs = [x, _weights("dense", [4, 4]), _weights("bias", [4])]
        return apply("dense", inputs, {"activation": activation})

    return build


def _column(dtype: str) -> Callable[[Tensor], Tensor]:
    def build(x: Tensor) -> Tensor:
        numbers = apply("as_string", [x])
        fields = apply("split_csv", [numbers], {"fields": 1})
        return apply("csv_column", [fields, numbers], {"column": 0, "dtype": dtype})

    return build


def _example(x: Tensor) -> Tensor:
    # An empty message holds nothing: the default.
    empty = apply("vocabulary_gather", [x], {"vocabulary": ["", ""]})
    split = apply("split_example", [empty], {"keys": ["a"]})
    attributes = {"place": 0, "dtype": "float32", "shape": [], "default": [2.5]}
    return apply("example_feature", [split], attributes)


def _padded_example(x: Tensor) -> Tensor:
    # Key "a" with the integers 7 and 300: 12 0a 0a 08 0a 01 "a" 12 ..., as the encoding of
    # protocol buffers says; two of three values.
    value = b"\x1a\x05\x0a\x03\x07\xac\x02"
    entry = b"\x0a\x01a\x12" + bytes([len(value)]) + value
    entries = b"\x0a" + bytes([len(entry)]) + entry
    message = b"\x0a" + bytes([len(entries)]) + entries
    one = apply("vocabulary_gather", [x], {"vocabulary": [message, b""]})
    split = apply("split_example", [one], {"keys": ["a"]})
    attributes = {"place": 0, "dtype": "int64", "shape": [3], "default": [-1] * 3, "pad": True}
    return apply("example_feature", [split], attributes)


def _flat(x: Tensor) -> Tensor:
    return apply("reshape", [x], {"shape": [-1]})


def _column_of(x: Tensor) -> Tensor:
    return apply("slice", [x], {"begin": [0, 0], "end": [2**40, 1], "stride": [1, 1], "drop": [1]})


def _small_ids(x: Tensor) -> Tensor:
    return apply("clip_by_value", [x, hf.constant(np.int64(0)), hf.constant(np.int64(3))])


def _unary(names: str, kind: str, gives: str = "") -> list[Use]:
    return [Use(name, (kind,), gives or kind) for name in names.split()]


def _binary(names: str, kind: str, gives: str = "") -> list[Use]:
    return [Use(name, (kind, kind), gives or kind) for name in names.split()]


def _reductions(names: str, kind: str) -> list[Use]:
    return [
        Use(name, (kind,), NOWHERE, {"axes": axes, "keep_dims": keep})
        for name in names.split()
        for axes, keep in (([1], True), ([0], False), ([0, 1], False))
    ]


_GRADS: list[Use] = [
    Use("activation_grad", (FLOAT, FLOAT), FLOAT, {"activation": "tanh"}),
    Use("softmax_grad", (FLOAT, FLOAT), FLOAT),
    Use("log_softmax_grad", (FLOAT, FLOAT), FLOAT),
    Use("sigmoid_cross_entropy_grad", (FLOAT, FLOAT, FLOAT), FLOAT),
    Use(
        "softmax_cross_entropy_grad",
        (FLOAT, FLOAT, FLOAT),
        FLOAT,
        build=lambda x, y, d: apply("softmax_cross_entropy_grad", [x, y, _column_of(d)]),
    ),
    Use(
        "sparse_softmax_cross_entropy_grad",
        (FLOAT, INT, FLOAT),
        FLOAT,
        build=lambda x, i, d: apply(
            "sparse_softmax_cross_entropy_grad", [x, _column_of(_small_ids(i)), _column_of(d)]
        ),
    ),
    Use(
        "dense_grad_input",
        (FLOAT,),
        FLOAT,
        build=lambda d: apply("dense_grad_input", [d, _weights("kernel", [4, 4])]),
    ),
    Use("dense_grad_kernel", (FLOAT, FLOAT), NOWHERE),
    Use("column_sums", (FLOAT,), NOWHERE),
    Use("sum_like", (FLOAT, FLOAT), FLOAT),
    Use(
        "slice_grad",
        (FLOAT,),
        FLOAT,
        build=lambda x: apply(
            "slice_grad",
            [_column_of(x), x],
            {"begin": [0, 0], "end": [2**40, 1], "stride": [1, 1], "drop": [1]},
        ),
    ),
    Use(
        "join_part",
        (FLOAT, FLOAT),
        FLOAT,
        build=lambda x, y: apply(
            "join_part",
            [apply("concat", [x, y], {"axis": 1}), x, y],
            {"axis": 1, "index": 1},
        ),
    ),
    Use(
        "embedding_grad",
        (FLOAT, INT),
        NOWHERE,
        build=lambda d, i: apply("embedding_grad", [d, _small_ids(i), _weights("table", [4, 4])]),
    ),
    Use(
        "gather_grad",
        (FLOAT, INT),
        NOWHERE,
        build=lambda d, i: apply(
            "gather_grad", [d, _column_of(_small_ids(i)), _weights("table", [4, 4])]
        ),
    ),
]

USES: list[Use] = [
    *_unary("relu relu6 leaky_relu elu selu tanh sigmoid softplus softsign", FLOAT),
    *_unary("softmax log_softmax neg abs square sign sqrt rsqrt exp log log1p reciprocal", FLOAT),
    *_unary("floor ceil round stop_gradient identity zeros_like ones_like", FLOAT),
    *_unary("neg abs square sign identity", INT),
    *_unary("is_nan is_finite", FLOAT, BOOL),
    *_unary("logical_not", BOOL),
    *_unary("as_string", INT, TEXT),
    Use("histogram", (FLOAT,), NOWHERE),
    Use("zero_fraction", (FLOAT,), NOWHERE),
    *_binary("add sub mul div maximum minimum div_no_nan pow floordiv mod", FLOAT),
    *_binary("add sub mul maximum minimum", INT),
    *_binary("sigmoid_cross_entropy", FLOAT),
    *_binary("reshape_like broadcast_like", FLOAT),
    *_binary("equal not_equal less less_equal greater greater_equal", FLOAT, BOOL),
    *_binary("equal less_equal", INT, BOOL),
    *_binary("equal not_equal", TEXT, BOOL),
    *_binary("logical_and logical_or", BOOL),
    *_reductions("reduce_sum reduce_mean reduce_max reduce_min reduce_prod", FLOAT),
    *_reductions("reduce_any reduce_all", BOOL),
    Use("clip_by_value", (FLOAT, FLOAT, FLOAT), FLOAT),
    Use("where", (BOOL, FLOAT, FLOAT), FLOAT),
    Use("where", (BOOL, TEXT, TEXT), TEXT),
    Use("cast", (FLOAT,), INT, {"dtype": INT}),
    Use("cast", (INT,), FLOAT, {"dtype": FLOAT}),
    Use("cast", (BOOL,), INT, {"dtype": INT}),
    Use("argmax", (FLOAT,), NOWHERE, {"axis": -1}),
    Use("argmin", (INT,), NOWHERE, {"axis": 1}),
    Use("softmax_cross_entropy", (FLOAT, FLOAT), NOWHERE),
    Use(
        "sparse_softmax_cross_entropy",
        (FLOAT, INT),
        NOWHERE,
        build=lambda x, i: apply("sparse_softmax_cross_entropy", [x, _column_of(_small_ids(i))]),
    ),
    *(Use("dense", (FLOAT,), FLOAT, build=_dense(a)) for a in ("linear", "relu", "tanh", "elu")),
    Use("matmul", (FLOAT, FLOAT), NOWHERE, {"transpose_b": True}),
    Use(
        "matmul",
        (FLOAT,),
        FLOAT,
        build=lambda x: apply("matmul", [x, _weights("matrix", [4, 4])]),
    ),
    Use("dropout", (FLOAT,), FLOAT, {"rate": 0.5, "stream": "any"}),
    Use("reshape", (FLOAT,), NOWHERE, {"shape": [-1, 2, 2]}),
    Use("reshape", (TEXT,), NOWHERE, {"shape": [-1]}),
    Use(
        "squeeze",
        (FLOAT,),
        FLOAT,
        build=lambda x: apply("squeeze", [apply("expand_dims", [x], {"axis": 1})], {"axes": [1]}),
    ),
    Use("expand_dims", (TEXT,), NOWHERE, {"axis": -1}),
    Use("concat", (FLOAT, FLOAT), NOWHERE, {"axis": 1}),
    Use("concat", (TEXT, TEXT), NOWHERE, {"axis": 0}),
    Use("slice", (INT,), NOWHERE, build=_column_of),
    Use("stack", (FLOAT, FLOAT), NOWHERE, {"axis": 1}),
    Use("transpose", (FLOAT,), NOWHERE, {"perm": [1, 0]}),
    Use("tile", (FLOAT,), NOWHERE, {"multiples": [1, 3]}),
    Use(
        "gather",
        (INT,),
        NOWHERE,
        build=lambda i: apply("gather", [_weights("table", [4, 2]), _small_ids(i)]),
    ),
    Use("shape_of", (FLOAT,), NOWHERE),
    Use("size_of", (TEXT,), NOWHERE, {"axis": 0}),
    Use("one_hot", (INT,), NOWHERE, {"depth": 3, "on_value": 2.0}),
    Use("fill_like", (FLOAT,), FLOAT, build=lambda x: apply("fill_like", [x, hf.constant(0.5)])),
    Use("vocabulary_lookup", (TEXT,), INT, {"vocabulary": ["a", "7", b"\xff"], "default": 9}),
    Use("vocabulary_lookup", (INT,), INT, {"vocabulary": list(range(-90, 90)), "default": -1}),
    Use("vocabulary_gather", (INT,), TEXT, {"vocabulary": [f"name {i}" for i in range(99)]}),
    Use(
        "check_range",
        (BOOL,),
        NOWHERE,
        build=lambda b: apply(
            "check_range",
            [apply("cast", [b], {"dtype": INT})],
            {"minimum": 0, "maximum": 1, "what": "values"},
        ),
    ),
    Use("check_shape", (FLOAT,), FLOAT, {"shape": [-1, 4], "what": "values"}),
    Use("split_csv", (INT,), INT, build=_column(INT)),
    Use("csv_column", (INT,), FLOAT, build=_column(FLOAT)),
    Use("split_example", (INT,), FLOAT, build=_example),
    Use("example_feature", (INT,), FLOAT, build=_example),
    Use("example_feature", (INT,), NOWHERE, build=_padded_example),
    Use(
        "constant",
        (FLOAT,),
        FLOAT,
        build=lambda x: x + hf.constant(np.array([0.1, np.inf, -0.0, 3e38], np.float32)),
    ),
    Use("variable", (FLOAT,), FLOAT, build=lambda x: x * _weights("scale", [4])),
    Use(
        "embedding",
        (INT,),
        NOWHERE,
        build=lambda i: apply("embedding", [_weights("table", [4, 3]), _small_ids(i)]),
    ),
    Use("bounded_ids", (INT,), INT, {"size": 4, "default": 1}),
    Use("group", (FLOAT,), NOWHERE),
    Use(
        "auc_counts",
        (BOOL, FLOAT),
        NOWHERE,
        build=lambda b, x: apply(
            "auc_counts",
            [_flat(b), _flat(x), apply("ones_like", [_flat(x)])],
            {"thresholds": [0.1, 0.5]},
        ),
    ),
    *_GRADS,
]

# Operations that write to a variable are no part of a model that predicts, and the program's
# fusion makes some of them.
WRITERS = {
    "concat_embedding",
    "embedding_grad_adagrad",
    "embedding_grad_gradient_descent",
    "assign",
    "assign_add",
    "assign_sub",
    "apply_adagrad",
    "apply_gradient_descent",
    "dense_grad_kernel_adagrad",
    "dense_grad_kernel_gradient_descent",
}
# What the fusion makes of operations that a model may hold, and no graph may.
FUSED = {"scaled_gradients", "sparse_softmax_cross_entropy_with_gradients"}
