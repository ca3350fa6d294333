"""Every family of operations against NumPy, over shapes that Hypothesis chooses.

A `Case` is an operation, a strategy that draws its operands (op_operands.py), and what NumPy makes
of them in float64 (op_references.py). Operands are variables, so that nothing is computed while the
program is planned; texts are constants.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_case import Case, check, evaluate
from op_operands import (
    FLOATS,
    FULL,
    IDS,
    NUMBERS,
    ROWS,
    WORDS,
    Operands,
    along,
    broadcasting,
    chosen,
    clipped,
    converted,
    gathered,
    hot,
    joined,
    labelled,
    layers,
    like_a_wider_one,
    one,
    permuted,
    powers,
    products,
    reduced,
    reshaped,
    scored,
    sliced,
    tiled,
    with_new_axis,
    within,
)
from op_references import (
    auc_counts,
    dense,
    histogram,
    largest,
    log_softmax,
    looked_up,
    mean,
    one_hot,
    reduction,
    sigmoid_loss,
    smallest,
    softmax,
    sum_like,
    take,
    turned,
    zero_fraction,
)

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
