"""OpenBLAS through NumPy: the matrix products of a step alone, for orientation.

No training: no bias, activation, loss, update or batch is made. A whole step that is faster than
this beats the library at its own part of the work.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[1]  # read when numpy is loaded

import numpy as np
import serving
import workloads


class Products:
    """For each layer the forward product and the two of its gradients, into arrays made before."""

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        rng = np.random.default_rng(2)
        batch = workload.batch
        self._products: list[tuple[Any, Any, Any]] = []
        embedded = workload.categorical * workload.dimension
        for number, (name, inputs, outputs) in enumerate(workload.layers()):
            w = weights[f"{name}/kernel"]
            x = rng.random((batch, inputs), np.float32)
            dy = rng.random((batch, outputs), np.float32)
            self._add(x, w)
            self._add(x.T, dy)
            if number:
                self._add(dy, w.T)
            elif embedded:
                self._add(dy, w[:embedded].T)
        self._check()

    def _add(self, a: Any, b: Any) -> None:
        self._products.append((a, b, np.empty((len(a), b.shape[1]), np.float32)))

    def _check(self) -> None:
        """Raises: AssertionError if a row of a product differs from its definition in float64."""
        for a, b, out in self._products:
            np.matmul(a, b, out=out)
            exact = a[-1].astype(np.float64) @ b.astype(np.float64)
            bound = 2e-7 * (a.shape[1] + 1) * np.abs(a).max() * np.abs(b).max()
            assert np.abs(out[-1] - exact).max() <= bound, "a product is wrong"

    def run(self, steps: int) -> float:
        """Returns the seconds of the products of so many steps."""
        started = time.perf_counter()
        for _ in range(steps):
            for a, b, out in self._products:
                np.matmul(a, b, out=out)
        return time.perf_counter() - started


if __name__ == "__main__":
    serving.serve({"OpenBLAS, products alone": Products}, np.__version__)
