"""A small table for tests of estimators: four numbers and a label for each of 60 rows."""

import hashlib
import pathlib

import numpy as np

import holdfast as tf

KEYS = ("SepalLength", "SepalWidth", "PetalLength", "PetalWidth")


def table(rows=60, classes=3, seed=5):
    """(features, labels): class c is centred at c in every feature."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, rows)
    features = {key: (labels + random.normal(0, 0.4, rows)).astype(np.float32) for key in KEYS}
    return features, labels


def input_fn(batch=10, rows=60, classes=3, repeat=None, shuffle=False):
    """An input function over the table; endless unless `repeat` says how often."""
    features, labels = table(rows, classes)

    def read():
        dataset = tf.data.Dataset.from_tensor_slices((features, labels))
        if shuffle:
            dataset = dataset.shuffle(rows)
        return dataset.repeat(repeat).batch(batch)

    return read


def columns(keys=KEYS):
    return [tf.feature_column.numeric_column(key) for key in keys]


def classifier(model_dir, hidden_units=(10, 10), n_classes=3, **more):
    """A DNNClassifier with a fixed seed that saves only at its start and end."""
    config = more.pop("config", None) or tf.estimator.RunConfig(
        tf_random_seed=7, durability="process"
    )
    return tf.estimator.DNNClassifier(
        hidden_units=list(hidden_units),
        feature_columns=more.pop("feature_columns", None) or columns(),
        n_classes=n_classes,
        model_dir=str(model_dir),
        config=config,
        **more,
    )


def steps_of(model_dir):
    """Steps of the checkpoints in a directory, oldest first."""
    state = tf.train.get_checkpoint_state(str(model_dir))
    if state is None:
        return []
    return [int(path.rsplit("-", 1)[1]) for path in state.all_model_checkpoint_paths]


def state_of(model_dir):
    """Every tensor of the newest checkpoint, as bytes by name."""
    reader = tf.train.load_checkpoint(str(model_dir))
    return {
        name: np.asarray(reader.get_tensor(name)).tobytes()
        for name in reader.get_variable_to_shape_map()
    }


def without_events(tree):
    """What tree_of has returned, without event files."""
    return {name: digest for name, digest in tree.items() if "events.out.tfevents." not in name}


def tree_of(directory):
    """Every file below a directory by relative name, with a digest of its bytes."""
    root = pathlib.Path(directory)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
