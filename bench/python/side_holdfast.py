"""holdfast as a side of the comparison: a DNNClassifier, trained through Estimator.train."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import serving
import workloads

import holdfast as tf


class _Turns(tf.train.SessionRunHook):
    """Stops a training between turns; looks only at their ends."""

    def __init__(self, turnstile: serving.Turnstile) -> None:
        self._turnstile = turnstile
        self._end = 0

    def after_create_session(self, session: Any, coord: None) -> None:
        self._end = self._turnstile.next_turn()

    def steps_to_next_look(self, progress: Any) -> int | None:
        return max(1, self._end - progress.iteration)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        if run_context.session.iteration < self._end:
            return
        steps = self._turnstile.next_turn()
        self._end += steps
        if not steps:
            run_context.request_stop()


class _Losses(tf.train.SessionRunHook):
    """Keeps the loss of every step. For the check only: it returns to Python each step."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def begin(self) -> None:
        self._loss = tf.get_collection("losses")[-1]

    def before_run(self, run_context: Any) -> Any:
        return tf.train.SessionRunArgs(self._loss)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.losses.append(float(run_values.results))


class Estimator:
    """A DNNClassifier with every setting at its default but the number of threads."""

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        self._workload = workload
        self._rows = workloads.feature_columns(workload, rows)
        self._labels = rows["labels"]
        self._weights = weights
        self._threads = threads
        self._folder = tempfile.TemporaryDirectory()
        self._turnstile = serving.Turnstile(self._train)

    def _columns(self) -> list[Any]:
        """Returns the feature columns. Raises: MissingError without embedding columns."""
        workload, feature_column = self._workload, tf.feature_column
        shape = (workload.numeric // len(workload.numeric_keys),)
        numeric = [feature_column.numeric_column(key, shape) for key in workload.numeric_keys]
        if not workload.categorical:
            return numeric
        if not hasattr(feature_column, "embedding_column"):
            raise serving.MissingError("this build has no embedding_column")
        embedded = [
            feature_column.embedding_column(
                feature_column.categorical_column_with_identity(key, workload.buckets),
                workload.dimension,
            )
            for key in workload.categorical_keys
        ]
        return [*numeric, *embedded]

    def _estimator(self, model_dir: str) -> Any:
        """Returns an estimator that will start from the workload's weights."""
        columns = self._columns()
        state: dict[str, Any] = {}
        named = workloads.checkpoint_names(self._workload, self._weights)
        for name, value in named.items():
            state[name] = value
            state[f"{name}/t_0/Adagrad"] = np.full_like(value, workloads.ACCUMULATOR)
        tf.train.write_checkpoint(model_dir, state, 0)
        return tf.estimator.DNNClassifier(
            hidden_units=list(self._workload.hidden),
            feature_columns=columns,
            model_dir=model_dir,
            n_classes=self._workload.classes,
            optimizer=tf.train.AdagradOptimizer(self._workload.learning_rate),
            config=tf.estimator.RunConfig(num_threads=self._threads),
        )

    def _input(self, shuffle: bool) -> Any:
        dataset = tf.data.Dataset.from_tensor_slices((self._rows, self._labels))
        if shuffle:
            dataset = dataset.shuffle(self._workload.rows)
        return dataset.repeat().batch(self._workload.batch)

    def losses(self, steps: int) -> list[float]:
        """Returns the loss of each of the first steps, rows in order."""
        hook = _Losses()
        with tempfile.TemporaryDirectory() as folder:
            estimator = self._estimator(folder)
            estimator.train(lambda: self._input(False), hooks=[hook], steps=steps)
        return hook.losses

    def _train(self) -> None:
        estimator = self._estimator(self._folder.name)
        estimator.train(lambda: self._input(True), hooks=[_Turns(self._turnstile)])

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps of one training, shuffled."""
        return self._turnstile.run(steps)

    def close(self) -> None:
        """Ends the training and removes its files."""
        self._turnstile.close()
        self._folder.cleanup()


if __name__ == "__main__":
    serving.serve({"holdfast": Estimator}, tf.__version__)
