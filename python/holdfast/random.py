"""Seeds, at the places where TensorFlow 1.x and 2.x keep them.

Source: tf.random.set_random_seed of 1.x, tf.random.set_seed of 2.x.
"""

from holdfast._graph import set_random_seed
from holdfast._graph import set_random_seed as set_seed

__all__ = ["set_random_seed", "set_seed"]
