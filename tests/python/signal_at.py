"""Signals at chosen moments of a training, for tests of what becomes of it."""

import json
import os
import signal
import threading

import numpy as np

import holdfast as tf
from holdfast import _core

TERM, INT = signal.SIGTERM, signal.SIGINT
FOR_EVER = 300  # seconds; a test that waits for so long has failed


def send(number=TERM):
    signal.raise_signal(number)


def send_soon(number=TERM):
    """Sends a signal from outside, while the main thread waits for something."""
    threading.Timer(0.05, os.kill, (os.getpid(), number)).start()


class At(tf.train.SessionRunHook):
    """Does something after its n-th call, and notes the steps and whether `end` was called."""

    def __init__(self, call, work=send):
        self.call, self.work, self.steps, self.ended = call, work, [], False

    def after_run(self, run_context, run_values):
        self.steps.append(run_context.session.global_step)
        if len(self.steps) == self.call:
            self.work()

    def end(self, session):
        self.ended = True


def position(model_dir):
    """(step, batches consumed) of the newest checkpoint."""
    reader = _core.CheckpointReader(tf.train.latest_checkpoint(str(model_dir)))
    return reader.info.step, json.loads(reader.state_json)["input"]["consumed"]


def rows_data(wait):
    """An input function over a generator that calls wait(row) before each row; 4 rows a batch."""

    def rows():
        for number in range(10**6):
            wait(number)
            yield {"x": np.float32(number % 4)}, np.float32(number)

    types, shapes = ({"x": tf.float32}, tf.float32), ({"x": ()}, ())
    return lambda: tf.data.Dataset.from_generator(rows, types, shapes).batch(4)
