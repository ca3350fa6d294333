"""What saving costs a training: steps timed with no save, with synchronous and with async saves."""

from __future__ import annotations

import itertools
import logging
import tempfile
import time
from typing import Any

import numpy as np

import holdfast as tf

INPUTS, HIDDEN, CLASSES, BATCH = 512, (1024, 1024), 10, 256
ROWS = 4096
SAVE_EVERY = 100
STEPS = 300  # timed: three saves, or none


class _Clock(tf.train.SessionRunHook):
    """The seconds from the end of one step to the end of another, what happens between included."""

    def __init__(self, first: int, last: int) -> None:
        self._first, self._last = first, last
        self._started = self.seconds = 0.0

    def steps_to_next_look(self, progress: Any) -> int | None:
        done = progress.iteration
        return self._first - done if done < self._first else max(1, self._last - done)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        done = run_context.session.iteration
        if done == self._first:
            self._started = time.perf_counter()
        elif done == self._last:
            self.seconds = time.perf_counter() - self._started


def state_bytes() -> int:
    """Returns the bytes of the model's variables and of Adagrad's accumulators."""
    sizes = [INPUTS, *HIDDEN, CLASSES]
    return 2 * 4 * sum(a * b + b for a, b in itertools.pairwise(sizes))


def seconds_of(saving: str, durability: str, threads: int) -> float:
    """Returns the seconds of 300 steps. saving: "no", "sync" or "async"."""
    rng = np.random.default_rng(0)
    features = rng.random((ROWS, INPUTS), np.float32)
    labels = rng.integers(0, CLASSES, ROWS)
    logging.getLogger("holdfast").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        estimator = tf.estimator.DNNClassifier(
            hidden_units=list(HIDDEN),
            feature_columns=[tf.feature_column.numeric_column("x", shape=(INPUTS,))],
            model_dir=folder,
            n_classes=CLASSES,
            optimizer=tf.train.AdagradOptimizer(0.001),
            config=tf.estimator.RunConfig(
                num_threads=threads,
                durability=durability,
                async_save=saving == "async",
                save_checkpoints_steps=None if saving == "no" else SAVE_EVERY,
                save_checkpoints_secs=None,
                save_summary_steps=None,
                log_step_count_steps=None,
            ),
        )
        # Half-way between saves, so that each block holds as many whole ones as the other.
        clock = _Clock(SAVE_EVERY // 2, SAVE_EVERY // 2 + STEPS)
        estimator.train(
            lambda: (
                tf.data.Dataset.from_tensor_slices(({"x": features}, labels)).repeat().batch(BATCH)
            ),
            hooks=[clock],
            steps=SAVE_EVERY + STEPS,
        )
    return clock.seconds
