"""holdfast as a side of the prediction benchmark: an Estimator's export, loaded."""

from __future__ import annotations

import tempfile
import time
from typing import Any

import numpy as np
import serving
import workloads

import holdfast as tf


def export(workload: workloads.Workload, weights: Any, folder: str) -> str:
    """Exports a DNNClassifier that has the workload's weights and one column x; returns the path.

    Raises: MissingError if this build exports nothing.
    """
    if not hasattr(tf.estimator, "export"):
        raise serving.MissingError("this build has no Estimator.export_saved_model")
    model_dir = f"{folder}/model"
    tf.train.write_checkpoint(model_dir, workloads.checkpoint_names(workload, weights), 0)
    estimator = tf.estimator.DNNClassifier(
        hidden_units=list(workload.hidden),
        feature_columns=[tf.feature_column.numeric_column("x", (workload.numeric,))],
        model_dir=model_dir,
        n_classes=workload.classes,
    )
    receiver = tf.estimator.export.build_raw_serving_input_receiver_fn(
        {"x": np.zeros((1, workload.numeric), np.float32)}
    )
    path = estimator.export_saved_model(f"{folder}/export", receiver)
    return path.decode() if isinstance(path, bytes) else str(path)


class Model:
    """saved_model.load, called with an array. Every output is computed, `probabilities` is one."""

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = export(workload, weights, self._folder.name)
        self._predict = tf.saved_model.load(self._path, threads=threads).signatures["predict"]
        self._rows = rows["numeric"]

    def path(self) -> str:
        """Returns where the export is, until `close`."""
        return self._path

    def probabilities(self, count: int) -> list[list[float]]:
        """Returns the answers for the first rows."""
        found = self._predict(self._rows[:count])["probabilities"]
        return [[float(p) for p in row] for row in found]

    def run(self, batch: int, calls: int) -> float:
        """Returns the seconds of so many calls with a batch each."""
        batches = workloads.slices(self._rows, batch)
        predict = self._predict
        started = time.perf_counter()
        for i in range(calls):
            predict(batches[i % len(batches)])
        return time.perf_counter() - started

    def close(self) -> None:
        """Removes the export."""
        self._folder.cleanup()


if __name__ == "__main__":
    serving.serve({"holdfast": Model}, tf.__version__)
