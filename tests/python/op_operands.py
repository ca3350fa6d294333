"""What tests of operations are given: strategies that draw arrays and attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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
