"""TensorFlow's Estimator (V1) as two sides of the comparison; its last release is 2.15.

"TF Estimator" reads its rows as TensorFlow's guides to Estimators do: from_tensor_slices, shuffle,
repeat, batch, prefetch. "TF Estimator, gathered" shuffles row numbers and gathers a batch by them,
which no guide does for Estimators but is what Keras does inside `fit`.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import serving
import tensorflow as tf
import workloads

v1 = tf.compat.v1


class _Turns(v1.train.SessionRunHook):
    """Stops a training between turns."""

    def __init__(self, turnstile: serving.Turnstile) -> None:
        self._turnstile = turnstile
        self._left = 0

    def after_create_session(self, session: Any, coord: Any) -> None:
        self._left = self._turnstile.next_turn()

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._left -= 1
        if self._left:
            return
        self._left = self._turnstile.next_turn()
        if not self._left:
            run_context.request_stop()


class _Losses(v1.train.SessionRunHook):
    """Keeps the loss of each of the first steps."""

    def __init__(self, steps: int) -> None:
        self.losses: list[float] = []
        self.steps = steps

    def begin(self) -> None:
        self._loss = v1.get_collection(v1.GraphKeys.LOSSES)[-1]

    def before_run(self, run_context: Any) -> Any:
        wanted = len(self.losses) < self.steps
        return v1.train.SessionRunArgs(self._loss) if wanted else None

    def after_run(self, run_context: Any, run_values: Any) -> None:
        if run_values.results is not None:
            self.losses.append(float(run_values.results))


class _Weights(v1.train.SessionRunHook):
    """Gives the variables the workload's weights before the first step."""

    def __init__(self, named: dict[str, Any]) -> None:
        self._named = named

    def begin(self) -> None:
        self._assigned = []
        for variable in v1.trainable_variables():
            name = variable.op.name.replace("/part_0", "")
            value = v1.placeholder(tf.float32, variable.shape)
            self._assigned.append((v1.assign(variable, value).op, value, self._named[name]))

    def after_create_session(self, session: Any, coord: Any) -> None:
        for assign, value, array in self._assigned:
            session.run(assign, {value: array})


class Estimator:
    """tf.compat.v1.estimator.DNNClassifier, one training that is stopped between turns.

    Settings are at their defaults, but for the threads and the checkpoints: there are none, since
    they would not be timed, and take long for large tables.
    """

    gathered = False

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        self._workload = workload
        self._rows = workloads.feature_columns(workload, rows)
        self._labels = rows["labels"]
        self._weights = _Weights(workloads.checkpoint_names(workload, weights))
        self._losses = _Losses(0)
        self._threads = threads
        self._folder = tempfile.TemporaryDirectory()
        self._turnstile = serving.Turnstile(self._train)

    def _estimator(self) -> Any:
        workload, feature_column = self._workload, tf.feature_column
        shape = (workload.numeric // len(workload.numeric_keys),)
        columns = [feature_column.numeric_column(key, shape) for key in workload.numeric_keys]
        columns += [
            feature_column.embedding_column(
                feature_column.categorical_column_with_identity(key, workload.buckets),
                workload.dimension,
            )
            for key in workload.categorical_keys
        ]
        threads = v1.ConfigProto(
            intra_op_parallelism_threads=self._threads, inter_op_parallelism_threads=self._threads
        )
        return v1.estimator.DNNClassifier(
            hidden_units=list(workload.hidden),
            feature_columns=columns,
            model_dir=self._folder.name,
            n_classes=workload.classes,
            optimizer=v1.train.AdagradOptimizer(workload.learning_rate),
            config=tf.estimator.RunConfig(session_config=threads, save_checkpoints_secs=None),
        )

    def _input(self, shuffle: bool) -> Any:
        rows, labels, batch = self._rows, self._labels, self._workload.batch
        if not self.gathered:
            dataset = tf.data.Dataset.from_tensor_slices((rows, labels))
            if shuffle:
                dataset = dataset.shuffle(len(labels))
            return dataset.repeat().batch(batch).prefetch(tf.data.AUTOTUNE)
        tensors = {key: tf.constant(value) for key, value in rows.items()}
        targets = tf.constant(labels)
        numbers = tf.data.Dataset.range(len(labels))
        if shuffle:
            numbers = numbers.shuffle(len(labels))
        return (
            numbers.repeat()
            .batch(batch)
            .map(
                lambda chosen: (
                    {key: tf.gather(value, chosen) for key, value in tensors.items()},
                    tf.gather(targets, chosen),
                ),
                num_parallel_calls=tf.data.AUTOTUNE,
            )
            .prefetch(tf.data.AUTOTUNE)
        )

    def _train(self) -> None:
        checked = self._losses.steps

        def rows() -> Any:
            shuffled = self._input(True)
            return self._input(False).take(checked).concatenate(shuffled) if checked else shuffled

        hooks = [self._weights, self._losses, _Turns(self._turnstile)]
        self._estimator().train(rows, hooks=hooks)

    def losses(self, steps: int) -> list[float]:
        """Returns the loss of each of the first steps, rows in order. To be called before `run`."""
        self._losses = _Losses(steps)
        self._turnstile.run(steps)
        return self._losses.losses

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps of one training, shuffled."""
        return self._turnstile.run(steps)

    def close(self) -> None:
        """Ends the training and removes its files."""
        self._turnstile.close()
        self._folder.cleanup()


class Gathered(Estimator):
    """The same estimator, its batches gathered by shuffled row numbers."""

    gathered = True


if __name__ == "__main__":
    tf.get_logger().setLevel("ERROR")
    sides = {"TF Estimator": Estimator, "TF Estimator, gathered": Gathered}
    serving.serve(sides, tf.__version__)
