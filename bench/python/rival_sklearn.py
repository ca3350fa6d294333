"""scikit-learn's MLPClassifier as a side of the comparison.

It has no Adagrad: its cheapest solver stands in, stochastic gradient descent without momentum. So
only the loss at the initial weights can be compared with the others'.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import serving
import sklearn
import threadpoolctl
import workloads
from sklearn.neural_network import MLPClassifier


class Mlp:
    """MLPClassifier.fit with a warm start, so many epochs at a time."""

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        if workload.categorical:
            raise serving.MissingError("scikit-learn has no embeddings")
        threadpoolctl.threadpool_limits(threads)
        self._workload = workload
        times, self._epoch = workloads.whole_batches(workload)
        self._numeric = np.tile(rows["numeric"], (times, 1))
        self._labels = np.tile(rows["labels"], times)
        self._model = MLPClassifier(
            workload.hidden,
            solver="sgd",
            momentum=0.0,
            alpha=0.0,
            batch_size=workload.batch,
            learning_rate_init=workload.learning_rate,
            warm_start=True,
            tol=0.0,
            n_iter_no_change=1_000_000_000,
            max_iter=1,
        )
        warnings.simplefilter("ignore")  # it has not converged, it says after every fit
        self._model.fit(self._numeric, self._labels)
        for i, (name, _, _) in enumerate(workload.layers()):
            self._model.coefs_[i][...] = weights[f"{name}/kernel"]
            self._model.intercepts_[i][...] = weights[f"{name}/bias"]

    def losses(self, steps: int) -> list[float]:
        """Returns the loss of the first batch alone, of the initial weights."""
        rows = workloads.batches_in_order(self._workload, 1)[0]
        chosen = self._model.predict_proba(self._numeric[rows])[
            np.arange(len(rows)), self._labels[rows]
        ]
        return [float(-np.log(chosen.astype(np.float64)).sum())]

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps; above an epoch, as shares of whole epochs."""
        epochs, each = -(-steps // self._epoch), min(steps, self._epoch)
        rows = each * self._workload.batch
        self._model.set_params(max_iter=epochs)
        started = time.perf_counter()
        self._model.fit(self._numeric[:rows], self._labels[:rows])
        return (time.perf_counter() - started) * steps / (epochs * each)


if __name__ == "__main__":
    serving.serve({"scikit-learn": Mlp}, sklearn.__version__)
