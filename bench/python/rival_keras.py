"""Keras 2.15 as a side of the comparison: a model, Adagrad, and `fit`."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import serving
import tensorflow as tf
import workloads


class _Clock(tf.keras.callbacks.Callback):
    """The seconds of the steps alone: without turning arrays into tensors at each call of fit."""

    def on_train_begin(self, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_train_end(self, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self._started


class Keras:
    """A Keras model and `fit` on arrays, which shuffles row numbers and gathers batches by them."""

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        self._workload = workload
        times, self._epoch = workloads.whole_batches(workload)
        self._inputs = [np.tile(rows["numeric"], (times, 1))]
        self._labels = np.tile(rows["labels"], times)
        numeric = tf.keras.Input((workload.numeric,))
        inputs, joined, first = [numeric], numeric, []
        if workload.categorical:
            # One table for all columns, ids moved apart, as in the PyTorch side.
            columns, buckets, dimension = weights["embeddings"].shape
            self._inputs.append(np.tile(rows["ids"] + np.arange(columns) * buckets, (times, 1)))
            ids = tf.keras.Input((columns,), dtype=tf.int64)
            found = tf.keras.layers.Embedding(columns * buckets, dimension)(ids)
            inputs.append(ids)
            joined = tf.keras.layers.Concatenate()([tf.keras.layers.Flatten()(found), numeric])
            first = [weights["embeddings"].reshape(-1, dimension)]
        for name, _, outputs in workload.layers():
            activation = None if name == "logits" else "relu"
            joined = tf.keras.layers.Dense(outputs, activation)(joined)
        self._model = tf.keras.Model(inputs, joined)
        dense = [weights[f"{n}/{p}"] for n, _, _ in workload.layers() for p in ("kernel", "bias")]
        self._model.set_weights(first + dense)
        self._compile(1)
        self._checking = True

    def _compile(self, steps_at_once: int) -> None:
        losses, workload = tf.keras.losses, self._workload
        softmax, binary = losses.SparseCategoricalCrossentropy, losses.BinaryCrossentropy
        kind = binary if workload.logits == 1 else softmax
        rate, start = workload.learning_rate, workloads.ACCUMULATOR
        self._model.compile(
            tf.keras.optimizers.Adagrad(rate, start, epsilon=0.0),
            kind(from_logits=True, reduction=losses.Reduction.SUM),
            steps_per_execution=steps_at_once,
        )

    def losses(self, steps: int) -> list[float]:
        """Returns the loss of each of the first steps, rows in order."""
        losses = []
        for rows in workloads.batches_in_order(self._workload, steps):
            batch = [values[rows] for values in self._inputs]
            losses.append(float(self._model.train_on_batch(batch, self._labels[rows])))
        return losses

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps; above an epoch, as shares of whole epochs."""
        if self._checking:  # Keras recommends many steps at once for small models
            self._compile(self._epoch)
            self._checking = False
        epochs, each = -(-steps // self._epoch), min(steps, self._epoch)
        clock = _Clock()
        self._model.fit(
            self._inputs,
            self._labels,
            batch_size=self._workload.batch,
            epochs=epochs,
            steps_per_epoch=each,
            verbose=0,
            callbacks=[clock],
        )
        return clock.seconds * steps / (epochs * each)


if __name__ == "__main__":
    threads = int(sys.argv[1])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.get_logger().setLevel("ERROR")
    serving.serve({"Keras fit": Keras}, tf.__version__)
