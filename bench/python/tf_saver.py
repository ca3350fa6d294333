"""TensorFlow's Saver as a rival: a server in TensorFlow's own environment, run by checkpoint.py.

`python tf_saver.py FOLDER` makes a variable of every .npy file in FOLDER, prints a line of JSON
with its version, then answers each line of its input: `save PREFIX` and `restore PREFIX` with the
seconds taken, `check` with whether the variables still hold what the files hold.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow.compat.v1 as tf


def main() -> None:
    """Serves until its input ends."""
    tf.disable_eager_execution()
    arrays = {path.stem: np.load(path) for path in sorted(Path(sys.argv[1]).glob("*.npy"))}
    values = {name: tf.placeholder(array.dtype, array.shape) for name, array in arrays.items()}
    variables = {
        name: tf.get_variable(name, initializer=value, use_resource=True)
        for name, value in values.items()
    }
    saver = tf.train.Saver(variables, max_to_keep=None)
    with tf.Session() as session:
        feeds = {values[name]: array for name, array in arrays.items()}
        session.run(tf.global_variables_initializer(), feeds)
        print(json.dumps({"version": tf.__version__}), flush=True)
        for line in sys.stdin:
            command, _, prefix = line.strip().partition(" ")
            started = time.perf_counter()
            if command == "save":
                saver.save(session, prefix, write_meta_graph=False)
            elif command == "restore":
                saver.restore(session, prefix)
            seconds = time.perf_counter() - started
            answer: float | bool = seconds
            if command == "check":
                held = session.run(variables)
                answer = all(held[name].tobytes() == arrays[name].tobytes() for name in arrays)
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
