"""holdfast.logging: the logger `holdfast` under TensorFlow's function names."""

import os
import subprocess
import sys

import pytest

_SCRIPT = """
import holdfast as tf
tf.logging.info("before")
tf.logging.warning("a warning")
tf.logging.set_verbosity({level})
tf.logging.info("step %d", 3)
assert tf.logging.get_logger().name == "holdfast"
print(tf.logging.get_verbosity())
"""


@pytest.mark.parametrize(
    ("level", "lines", "number"),
    [
        ("tf.logging.INFO", ["a warning", "INFO:holdfast:step 3"], "20"),
        ("'INFO'", ["a warning", "INFO:holdfast:step 3"], "20"),
        ("tf.logging.ERROR", ["a warning"], "40"),
    ],
)
def test_quiet_until_asked(level, lines, number):
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(level=level)],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines() == lines
    assert done.stdout.strip() == number
