"""Every family of operations against NumPy, over shapes that Hypothesis chooses.

A `Case` is an operation, a strategy that draws its operands, and what NumPy makes of them in
float64. Operands are variables, so that nothing is computed while the program is planned; texts
are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from holdfast import _core

Array = npt.NDArray[Any]
Draw = Callable[..., Any]
NUMBERS = ("float32", "float64", "int32", "int64")
FLOATS = ("float32", "float64")
IDS = ("int32", "int64")
WORDS = np.array([b"", b"a", b"bc", b"\xc3\xa9"], object)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
ROWS = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)
FULL = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)


@dataclass(frozen=True)
class Operands:
    """What an operation is given."""

    arrays: Sequence[Array]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One operation.

    Attributes:
      reference: Of the operands, float32 ones widened to float64, and the attributes by name.
      ulps: Error allowed, in units of the last place of float32 at the size of `scale`; 0: the
        reference rounded to the result's dtype, bit for bit.
      scale: Of the same arguments: the size of what rounding acts on; by default the expected
        value.
    """

    op: str
    operands: st.SearchStrategy[Operands]
    reference: Callable[..., Any]
    ulps: float = 0
    scale: Callable[..., Any] | None = None


def evaluate(op: str, operands: Operands, threads: int = 1) -> Array:
    """The value of one operation, run by a Trainer."""
    graph = _core.Graph()
    nodes, variables = [], {}
    for i, array in enumerate(operands.arrays):
        attributes = {"dtype": "string", "shape": array.shape, "values": array.ravel().tolist()}
        if array.dtype == object:
            nodes.append(graph.add("constant", [], attributes))
            continue
        attributes = {"dtype": array.dtype.name, "shape": array.shape}
        nodes.append(graph.add("variable", [], attributes, f"x{i}"))
        variables[f"x{i}"] = array
    target = graph.add(op, nodes, dict(operands.attributes))
    trainer = _core.Trainer(graph, seed=0, threads=threads)
    for name, array in variables.items():
        trainer.write_variable(name, array)
    (value,) = trainer.run(1, [], [target]).fetched
    assert graph.dtype(target) == ("string" if value.dtype == object else value.dtype.name)
    assert tuple(graph.shape(target)) == value.shape
    return value


def check(case: Case, operands: Operands) -> None:
    """The operation's value is the reference's."""
    wide = [a.astype(np.float64) if a.dtype == np.float32 else a for a in operands.arrays]
    with np.errstate(all="ignore"):
        expected = np.asarray(case.reference(*wide, **operands.attributes))
        value = evaluate(case.op, operands)
        assert value.shape == expected.shape
        if case.ulps == 0 or value.dtype != np.float32:
            exact = expected.astype(value.dtype)
            if value.dtype == np.float64:  # the C library's last bit, or another order of a sum
                np.testing.assert_allclose(value, exact, rtol=1e-13, atol=1e-13)
            else:
                np.testing.assert_array_equal(value, exact)
            return
        scale = expected if case.scale is None else case.scale(*wide, **operands.attributes)
    unit = np.abs(scale) * 2.0**-23 + 2.0**-126  # below it float32 loses digits one by one
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(value[~finite], expected[~finite].astype(np.float32))
    error = np.abs(value - expected)
    assert np.all((error <= case.ulps * unit)[finite]), (operands, value, expected)


def filled(draw: Draw, shape: Sequence[int], dtype: str, low: float = -8, high: float = 8) -> Array:
    """Quarters between low and high: ties and zeros are common, and sums of them are exact."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if dtype == "string":
        return np.asarray(WORDS[random.integers(0, len(WORDS), tuple(shape))], object)
    if dtype == "bool":
        return np.asarray(random.integers(0, 2, tuple(shape)), bool)
    if dtype in IDS:
        return np.asarray(random.integers(int(low), int(high) + 1, tuple(shape)), dtype)
    quarters = random.integers(int(4 * low), int(4 * high) + 1, tuple(shape))
    return np.asarray(quarters / 4, dtype)


def uniform(draw: Draw, shape: Sequence[int], low: float, high: float) -> Array:
    """float32 numbers whose every bit is random."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.asarray(random.uniform(low, high, tuple(shape)), np.float32)


@st.composite
def broadcasting(draw: Draw, dtypes: Sequence[str], count: int = 2, low: float = -8) -> Operands:
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, min_side=0, max_side=5)
    ).input_shapes
    dtype = draw(st.sampled_from(dtypes))
    return Operands([filled(draw, shape, dtype, low) for shape in shapes])


@st.composite
def one(draw: Draw, dtypes: Sequence[str], shapes: st.SearchStrategy[Any] = SHAPES) -> Operands:
    return Operands([filled(draw, draw(shapes), draw(st.sampled_from(dtypes)))])


@st.composite
def within(
    draw: Draw, low: float, high: float, shapes: st.SearchStrategy[Any] = SHAPES
) -> Operands:
    return Operands([uniform(draw, draw(shapes), low, high)])


@st.composite
def powers(draw: Draw) -> Operands:
    shape = draw(SHAPES)
    return Operands([uniform(draw, shape, 0.1, 4), uniform(draw, shape, -3, 3)])


@st.composite
def chosen(draw: Draw) -> Operands:
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=0, max_side=5)
    ).input_shapes
    dtype = draw(st.sampled_from([*NUMBERS, "bool", "string"]))
    return Operands(
        [filled(draw, shapes[0], "bool"), *(filled(draw, s, dtype) for s in shapes[1:])]
    )


@st.composite
def clipped(draw: Draw) -> Operands:
    dtype = draw(st.sampled_from(NUMBERS))
    bounds = [filled(draw, (), dtype, -4, 0), filled(draw, (), dtype, 0, 4)]
    return Operands([filled(draw, draw(SHAPES), dtype), *bounds])


@st.composite
def reduced(draw: Draw, dtypes: Sequence[str], shapes: st.SearchStrategy[Any] = SHAPES) -> Operands:
    x = filled(draw, draw(shapes), draw(st.sampled_from(dtypes)))
    attributes: dict[str, Any] = {"keep_dims": draw(st.booleans())}
    if x.ndim > 0 and draw(st.booleans()):
        axes = draw(st.lists(st.integers(0, x.ndim - 1), unique=True, min_size=1))
        attributes["axes"] = [axis - x.ndim * draw(st.integers(0, 1)) for axis in axes]
    return Operands([x], attributes)


@st.composite
def along(draw: Draw) -> Operands:
    x = filled(draw, draw(FULL), draw(st.sampled_from(NUMBERS)))
    return Operands([x], {"axis": draw(st.integers(-x.ndim, x.ndim - 1))})


@st.composite
def products(draw: Draw) -> Operands:
    m, k, n = (draw(st.integers(0, 20)) for _ in range(3))
    turn_a, turn_b = draw(st.booleans()), draw(st.booleans())
    a = uniform(draw, (k, m) if turn_a else (m, k), -2, 2)
    b = uniform(draw, (n, k) if turn_b else (k, n), -2, 2)
    return Operands([a, b], {"transpose_a": turn_a, "transpose_b": turn_b})


@st.composite
def layers(draw: Draw) -> Operands:
    m, k, n = (draw(st.integers(0, 20)) for _ in range(3))
    arrays = [uniform(draw, shape, -2, 2) for shape in ((m, k), (k, n), (n,))]
    return Operands(arrays[: draw(st.integers(2, 3))])


@st.composite
def labelled(draw: Draw, kind: str) -> Operands:
    rows, classes = draw(st.integers(0, 6)), draw(st.integers(1, 20))
    logits = uniform(draw, (rows, classes), -10, 10)
    if kind == "sparse":
        return Operands([logits, filled(draw, (rows,), "int64", 0, classes - 1)])
    return Operands([logits, uniform(draw, (rows, classes), 0, 1)])


@st.composite
def permuted(draw: Draw) -> Operands:
    x = filled(draw, draw(SHAPES), draw(st.sampled_from([*NUMBERS, "bool", "string"])))
    return Operands([x], {"perm": draw(st.permutations(range(x.ndim)))})


@st.composite
def tiled(draw: Draw) -> Operands:
    x = filled(draw, draw(SHAPES), draw(st.sampled_from([*NUMBERS, "string"])))
    return Operands([x], {"multiples": [draw(st.integers(0, 3)) for _ in x.shape]})


@st.composite
def reshaped(draw: Draw) -> Operands:
    x = filled(draw, draw(FULL), "float32")
    shape = list(draw(st.permutations([*x.shape, 1])))
    shape[draw(st.integers(0, len(shape) - 1))] = -1
    return Operands([x], {"shape": shape})


@st.composite
def with_new_axis(draw: Draw) -> Operands:
    x = filled(draw, draw(SHAPES), "float32")
    return Operands([x], {"axis": draw(st.integers(-x.ndim - 1, x.ndim))})


@st.composite
def joined(draw: Draw, along_axis: bool) -> Operands:
    shape, dtype = list(draw(ROWS)), draw(st.sampled_from([*NUMBERS, "bool", "string"]))
    axis = draw(st.integers(0, len(shape) - 1))
    arrays = []
    for _ in range(draw(st.integers(1, 4))):
        if along_axis:
            shape[axis] = draw(st.integers(0, 4))
        arrays.append(filled(draw, shape, dtype))
    return Operands(arrays, {"axis": axis - len(shape) if along_axis else axis})


@st.composite
def sliced(draw: Draw) -> Operands:
    x = filled(draw, draw(SHAPES), draw(st.sampled_from([*NUMBERS, "bool", "string"])))
    begin, end, stride, drop = [], [], [], []
    for axis in range(draw(st.integers(0, x.ndim))):
        begin.append(draw(st.integers(-7, 7)))
        end.append(draw(st.integers(-7, 7)))
        stride.append(draw(st.sampled_from([-3, -2, -1, 1, 2, 3])))
        if x.shape[axis] > 0 and draw(st.booleans()):
            begin[axis] = draw(st.integers(-x.shape[axis], x.shape[axis] - 1))
            drop.append(axis)
    return Operands([x], {"begin": begin, "end": end, "stride": stride, "drop": drop})


@st.composite
def like_a_wider_one(draw: Draw, first_is_wide: bool) -> Operands:
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=5)
    )
    wide = filled(draw, shapes.result_shape, "float32")
    narrow = filled(draw, shapes.input_shapes[0], "float32")
    return Operands([wide, narrow] if first_is_wide else [narrow, wide])


@st.composite
def gathered(draw: Draw) -> Operands:
    params = filled(draw, draw(FULL), draw(st.sampled_from([*NUMBERS, "bool", "string"])))
    ids = filled(draw, draw(SHAPES), draw(st.sampled_from(IDS)), 0, len(params) - 1)
    return Operands([params, ids])


@st.composite
def hot(draw: Draw) -> Operands:
    ids = filled(draw, draw(SHAPES), draw(st.sampled_from(IDS)), -1, 5)
    axis = draw(st.integers(-ids.ndim - 1, ids.ndim))
    return Operands([ids], {"depth": draw(st.integers(0, 5)), "axis": axis, "off_value": 0.5})


@st.composite
def converted(draw: Draw) -> Operands:
    x = filled(draw, draw(SHAPES), draw(st.sampled_from([*NUMBERS, "bool"])))
    return Operands([x], {"dtype": draw(st.sampled_from([*NUMBERS, "bool"]))})


@st.composite
def scored(draw: Draw) -> Operands:
    n = draw(st.integers(0, 30))
    arrays = [filled(draw, (n,), "bool"), *(filled(draw, (n,), "float32", 0, 2) for _ in "pw")]
    return Operands(
        arrays, {"thresholds": sorted({float(t) for t in filled(draw, (4,), "float64")})}
    )


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return e / e.sum(-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(-1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def sigmoid_loss(x: Array, z: Array) -> Array:
    return np.maximum(x, 0) - x * z + np.log1p(np.exp(-np.abs(x)))


def turned(a: Array, b: Array, transpose_a: bool, transpose_b: bool) -> tuple[Array, Array]:
    return (a.T if transpose_a else a), (b.T if transpose_b else b)


def dense(x: Array, kernel: Array, bias: Array | float = 0.0) -> Array:
    return x @ kernel + bias


def take(x: Array, begin: Any, end: Any, stride: Any, drop: Any) -> Array:
    parts = [
        begin[i] if i in drop else slice(begin[i], end[i], stride[i]) for i in range(len(begin))
    ]
    return np.asarray(x[tuple(parts)])


def one_hot(ids: Array, depth: int, axis: int, off_value: float) -> Array:
    rows = np.where(ids[..., None] == np.arange(depth), 1.0, off_value)
    return np.moveaxis(rows, -1, axis)


def sum_like(wide: Array, like: Array) -> Array:
    axes = tuple(range(wide.ndim - like.ndim))
    total = wide.sum(axis=axes)
    kept = tuple(i for i, size in enumerate(like.shape) if size == 1)
    return np.asarray(total.sum(axis=kept, keepdims=True))


def auc_counts(labels: Array, scores: Array, weights: Array, thresholds: Any) -> Array:
    above = scores[None, :] > np.asarray(thresholds)[:, None]
    cells = [above & labels, above & ~labels, ~above & ~labels, ~above & labels]
    return np.stack([(cell * weights).sum(-1) for cell in cells])


def looked_up(x: Array, vocabulary: Sequence[bytes]) -> Array:
    positions = {word: i for i, word in enumerate(vocabulary)}
    return np.array([positions.get(word, -1) for word in x.flat], np.int64).reshape(x.shape)


def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's function under the operation's attribute names, in the dtype of the operand."""

    def reduce(x: Array, keep_dims: bool, axes: Sequence[int] | None = None) -> Array:
        axis = tuple(range(x.ndim)) if axes is None else tuple(axes)
        return np.asarray(function(x, axis=axis, keepdims=keep_dims)).astype(x.dtype)

    return reduce


def largest(x: Array, **how: Any) -> Any:
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return np.max(x, initial=lowest, **how)


def smallest(x: Array, **how: Any) -> Any:
    highest = np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    return np.min(x, initial=highest, **how)


def mean(x: Array, **how: Any) -> Any:
    if x.dtype.kind == "f":
        count = np.sum(np.ones_like(x), **how)
        return np.sum(x, **how) / count
    return np.trunc(np.mean(x, **how))


def zero_fraction(x: Array) -> Array:
    return np.float32(np.mean(x == 0) if x.size else np.nan)


def histogram(x: Array) -> Array:
    """min, max, num, sum, squares, buckets of min and max, then the count below each limit."""
    limits = np.array(_core.histogram_limits())
    counts = np.zeros(len(limits))
    ends = [x.min(), x.max()] if x.size else [0, 0]
    buckets = np.searchsorted(limits, [ends, *x.reshape(-1, 1).repeat(2, axis=1)], side="right")
    np.add.at(counts, buckets[1:, 0], 1)
    span = buckets[0] if x.size else [0, 0]
    return np.array([*ends, x.size, x.sum(), np.square(x).sum(), *span, *counts])


ANY_DTYPE = [*NUMBERS, "bool", "string"]
COMPARISONS = ("less", "less_equal", "greater", "greater_equal")
# Sums of quarters are exact, so those of float32 have no error at all.
ELEMENTWISE = [
    Case(op="add", operands=broadcasting(NUMBERS), reference=np.add),
    Case(op="sub", operands=broadcasting(NUMBERS), reference=np.subtract),
    Case(op="mul", operands=broadcasting(NUMBERS), reference=np.multiply),
    Case(op="div", operands=broadcasting(FLOATS), reference=np.divide),
    Case(op="div", operands=broadcasting(IDS, low=1), reference=np.floor_divide),
    Case(
        op="div_no_nan",
        operands=broadcasting(FLOATS),
        reference=lambda a, b: np.where(b == 0, 0.0, a / b),
    ),
    Case(op="maximum", operands=broadcasting(NUMBERS), reference=np.maximum),
    Case(op="minimum", operands=broadcasting(NUMBERS), reference=np.minimum),
    Case(op="floordiv", operands=broadcasting(FLOATS), reference=np.floor_divide),
    Case(op="floordiv", operands=broadcasting(IDS, low=1), reference=np.floor_divide),
    Case(op="mod", operands=broadcasting(FLOATS), reference=np.mod),
    Case(op="mod", operands=broadcasting(IDS, low=1), reference=np.mod),
    Case(op="pow", operands=powers(), reference=np.power, ulps=1),
    Case(op="clip_by_value", operands=clipped(), reference=np.clip),
    Case(op="equal", operands=broadcasting(ANY_DTYPE), reference=np.equal),
    Case(op="not_equal", operands=broadcasting(ANY_DTYPE), reference=np.not_equal),
    *(Case(op=op, operands=broadcasting(NUMBERS), reference=getattr(np, op)) for op in COMPARISONS),
    Case(op="logical_and", operands=broadcasting(["bool"]), reference=np.logical_and),
    Case(op="logical_or", operands=broadcasting(["bool"]), reference=np.logical_or),
    Case(op="logical_not", operands=one(["bool"]), reference=np.logical_not),
    Case(op="where", operands=chosen(), reference=np.where),
    Case(op="neg", operands=one(NUMBERS), reference=np.negative),
    Case(op="abs", operands=one(NUMBERS), reference=np.abs),
    Case(op="square", operands=one(NUMBERS), reference=np.square),
    Case(op="sign", operands=one(NUMBERS), reference=np.sign),
    Case(op="floor", operands=one(FLOATS), reference=np.floor),
    Case(op="ceil", operands=one(FLOATS), reference=np.ceil),
    Case(op="round", operands=one(FLOATS), reference=np.rint),
    Case(op="reciprocal", operands=one(FLOATS), reference=lambda x: 1 / x),
    Case(op="is_nan", operands=one(FLOATS), reference=np.isnan),
    Case(op="is_finite", operands=one(FLOATS), reference=np.isfinite),
    Case(op="sqrt", operands=within(0, 9), reference=np.sqrt),
    Case(op="rsqrt", operands=within(0.1, 9), reference=lambda x: 1 / np.sqrt(x), ulps=2),
    Case(op="exp", operands=within(-80, 80), reference=np.exp, ulps=2),
    Case(op="log", operands=within(0.001, 99), reference=np.log, ulps=2),
    Case(op="log1p", operands=within(-0.9, 9), reference=np.log1p, ulps=4),
]

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
# Near zero tanh and its kin cancel: their error is that of numbers of size 1.
ACTIVATIONS = [
    Case(op=op, operands=within(-10, 10), reference=reference, ulps=4, scale=lambda x: 1 + abs(x))
    for op, reference in {
        "relu": lambda x: np.maximum(x, 0),
        "relu6": lambda x: np.clip(x, 0, 6),
        "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
        "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
        "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
        "tanh": np.tanh,
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "softplus": lambda x: np.logaddexp(0, x),
        "softsign": lambda x: x / (1 + np.abs(x)),
    }.items()
]

# Rows of up to 20 classes with logits of up to 10, products of up to 20 terms: one rounding a term.
LAYERS = [
    Case(op="softmax", operands=within(-10, 10, ROWS), reference=softmax, ulps=16),
    Case(
        op="log_softmax",
        operands=within(-10, 10, ROWS),
        reference=log_softmax,
        ulps=16,
        scale=lambda x: 1 + np.abs(x),
    ),
    Case(
        op="sparse_softmax_cross_entropy",
        operands=labelled("sparse"),
        reference=lambda x, y: -log_softmax(x)[np.arange(len(y)), y],
        ulps=8,
        scale=lambda x, y: 20.0,
    ),
    Case(
        op="softmax_cross_entropy",
        operands=labelled("dense"),
        reference=lambda x, z: -(z * log_softmax(x)).sum(-1),
        ulps=24,
        scale=lambda x, z: (z * 20.0).sum(-1),
    ),
    Case(
        op="sigmoid_cross_entropy",
        operands=labelled("dense"),
        reference=sigmoid_loss,
        ulps=4,
        scale=lambda x, z: 1 + np.abs(x),
    ),
    Case(
        op="matmul",
        operands=products(),
        reference=lambda a, b, **how: np.matmul(*turned(a, b, **how)),
        ulps=21,
        scale=lambda a, b, **how: np.matmul(*turned(abs(a), abs(b), **how)),
    ),
    Case(
        op="dense",
        operands=layers(),
        reference=dense,
        ulps=22,
        scale=lambda *arrays: dense(*(np.abs(a) for a in arrays)),
    ),
]

REDUCTIONS = [
    Case(op="reduce_sum", operands=reduced(NUMBERS), reference=reduction(np.sum)),
    Case(op="reduce_mean", operands=reduced(FLOATS), reference=reduction(mean)),
    Case(op="reduce_mean", operands=reduced(IDS, FULL), reference=reduction(mean)),
    Case(op="reduce_max", operands=reduced(NUMBERS), reference=reduction(largest)),
    Case(op="reduce_min", operands=reduced(NUMBERS), reference=reduction(smallest)),
    Case(
        op="reduce_prod", operands=reduced(NUMBERS), reference=reduction(np.prod), ulps=126
    ),  # 5^3
    Case(op="reduce_any", operands=reduced(["bool"]), reference=reduction(np.any)),
    Case(op="reduce_all", operands=reduced(["bool"]), reference=reduction(np.all)),
    Case(op="argmax", operands=along(), reference=np.argmax),
    Case(op="argmin", operands=along(), reference=np.argmin),
    Case(op="sum_like", operands=like_a_wider_one(True), reference=sum_like),
    Case(op="histogram", operands=one(NUMBERS), reference=histogram),
    Case(op="zero_fraction", operands=one(NUMBERS), reference=zero_fraction),
    Case(op="histogram", operands=within(-1e-9, 1e9), reference=histogram),
    Case(op="auc_counts", operands=scored(), reference=auc_counts),
]

COPIES = [
    Case(
        op="broadcast_like",
        operands=like_a_wider_one(False),
        reference=lambda x, like: np.broadcast_to(x, like.shape),
    ),
    Case(op="transpose", operands=permuted(), reference=lambda x, perm: x.transpose(perm)),
    Case(op="tile", operands=tiled(), reference=lambda x, multiples: np.tile(x, multiples)),
    Case(op="reshape", operands=reshaped(), reference=lambda x, shape: x.reshape(shape)),
    Case(op="squeeze", operands=one(["float32"]), reference=np.squeeze),
    Case(op="expand_dims", operands=with_new_axis(), reference=np.expand_dims),
    Case(
        op="concat", operands=joined(True), reference=lambda *x, axis: np.concatenate(x, axis=axis)
    ),
    Case(op="stack", operands=joined(False), reference=lambda *x, axis: np.stack(x, axis=axis)),
    Case(op="slice", operands=sliced(), reference=take),
    Case(op="gather", operands=gathered(), reference=lambda x, ids: x[ids]),
    Case(op="one_hot", operands=hot(), reference=one_hot),
    Case(op="cast", operands=converted(), reference=lambda x, dtype: x.astype(dtype)),
    Case(op="zeros_like", operands=one(NUMBERS), reference=np.zeros_like),
    Case(op="ones_like", operands=one(NUMBERS), reference=np.ones_like),
    Case(op="shape_of", operands=one(ANY_DTYPE), reference=np.shape),
    Case(op="size_of", operands=one(ANY_DTYPE), reference=np.size),
    Case(
        op="vocabulary_lookup",
        operands=one(["string"]).map(lambda x: Operands(x.arrays, {"vocabulary": list(WORDS[1:])})),
        reference=looked_up,
    ),
    Case(
        op="as_string",
        operands=one(IDS),
        reference=lambda x: np.array([b"%d" % i for i in x.flat], object).reshape(x.shape),
    ),
]

CASES = [*ELEMENTWISE, *ACTIVATIONS, *LAYERS, *REDUCTIONS, *COPIES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_operation_agrees_with_numpy(case: Case, data: st.DataObject) -> None:
    check(case, data.draw(case.operands))


@pytest.mark.parametrize("op", ["add", "exp", "reduce_sum", "reduce_max", "transpose", "tanh"])
def test_threads_do_not_change_the_bits(op: str) -> None:
    shape = (400, 301)
    x = np.asarray(np.random.default_rng(3).normal(size=shape), np.float32)
    attributes: dict[str, Any] = {"perm": [1, 0]} if op == "transpose" else {}
    if op.startswith("reduce"):
        attributes = {"axes": [0]}
    operands = Operands([x, x] if op == "add" else [x], attributes)
    alone = evaluate(op, operands, threads=1)
    np.testing.assert_array_equal(alone.view(np.int32), evaluate(op, operands, 3).view(np.int32))
