"""One operation, what it is given and what it should answer: how a case is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from op_operands import Array, Operands

from holdfast import _core


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
