"""An export predicts what the Estimator does, bit for bit, whatever the model is made of.

From Python, and in a C++ process that has no Python.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import every_op
import exported as ex
import numpy as np
import pytest
from every_op import USES, Use
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from predict_process import PredictProcess

from holdfast import _core, saved_model
from holdfast._tensor import Tensor

BATCHES = (0, 1, 2, 17, 4096)


def rows_of(features: dict[str, Any], count: int) -> dict[str, Any]:
    return {key: value[:count] for key, value in features.items()}


@pytest.fixture(scope="module")
def process(cpp_build: Path) -> Iterator[PredictProcess]:
    """One for all tests: it loads one export after the other."""
    with PredictProcess(cpp_build) as started:
        yield started


def check(build: Any, batches: tuple[int, ...], seed: int, process: PredictProcess) -> None:
    """Exports a graph and compares three ways of predicting for each batch size."""
    features = every_op.features(max(batches), seed)
    with tempfile.TemporaryDirectory() as folder:
        estimator = ex.untrained(build, rows_of(features, 1), Path(folder) / "model")
        path = estimator.export_saved_model(Path(folder) / "export", ex.raw(features))
        model = saved_model.load(path)
        process.load(path)
        for batch in batches:
            inputs = rows_of(features, batch)
            needed = {key: inputs[key] for key in model.default.inputs}
            outputs = model(needed)
            in_cpp = process.predict(needed, model.default_name or "")
            assert set(in_cpp) == set(outputs)
            for key in outputs:
                assert ex.same(outputs[key], in_cpp[key]), (key, batch)
            if batch > 0:
                (expected,) = batches_of(estimator, inputs)
                for key in expected:
                    assert ex.same(outputs[key], expected[key]), (key, batch)


def batches_of(estimator: Any, inputs: dict[str, Any]) -> list[dict[str, Any]]:
    import holdfast as hf

    rows = len(next(iter(inputs.values())))
    return list(
        estimator.predict(
            lambda: hf.data.Dataset.from_tensor_slices(inputs).batch(rows),
            yield_single_examples=False,
        )
    )


def test_every_operation_is_used() -> None:
    used = {use.op for use in USES}
    known = set(_core.op_names()) - every_op.WRITERS - every_op.FUSED - {"placeholder"}
    assert used == known


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.op}({','.join(use.takes)})")
def test_one_operation(use: Use, process: PredictProcess) -> None:
    def build(features: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"y": use(*(features[kind] for kind in use.takes))}

    check(build, (0, 1, 3), 1, process)


@st.composite
def recipes(draw: st.DrawFn) -> list[tuple[int, list[int]]]:
    """Up to 14 uses, each with the places of its inputs among the values there are."""
    steps = []
    for _ in range(draw(st.integers(1, 14))):
        use = draw(st.integers(0, len(USES) - 1))
        places = [draw(st.integers(0, 30)) for _ in USES[use].takes]
        steps.append((use, places))
    return steps


def network(recipe: list[tuple[int, list[int]]]) -> Any:
    def build(features: dict[str, Tensor]) -> dict[str, Tensor]:
        values: dict[str, list[Tensor]] = {kind: [tensor] for kind, tensor in features.items()}
        outputs: dict[str, Tensor] = {}
        for i, (index, places) in enumerate(recipe):
            use = USES[index]
            pools = [values[kind] for kind in use.takes]
            inputs = [pool[place % len(pool)] for pool, place in zip(pools, places, strict=True)]
            result = use(*inputs)
            if use.gives:
                values[use.gives].append(result)
            outputs[f"y{i}"] = result
        return outputs

    return build


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(recipe=recipes(), seed=st.integers(0, 1000))
def test_random_graphs(
    process: PredictProcess, recipe: list[tuple[int, list[int]]], seed: int
) -> None:
    check(network(recipe), BATCHES, seed, process)


def test_the_comparison_sees_a_difference() -> None:
    a = np.array([0.0], np.float32)
    assert not ex.same(a, -a)
    assert not ex.same(a, a.astype(np.float64))
    assert ex.same(a, a.copy())
