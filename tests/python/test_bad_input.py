"""Bad input: a typed error that says what is wrong, and a model_dir that stays as it is."""

import functools
import pathlib

import numpy as np
import pytest
from iris_like import KEYS, classifier, columns, input_fn, table, tree_of, without_events

import holdfast as tf
from holdfast import errors


@pytest.fixture
def trained(tmp_path):
    classifier(tmp_path).train(input_fn(), steps=3)
    return tmp_path


def failure(trained, data, error, *, call="train", steps_recorded=False, **changes):
    """The text of the error that one call raises; the directory must stay as it is.

    But for the event file, where steps have been finished before.
    """

    def tree():
        return without_events(tree_of(trained)) if steps_recorded else tree_of(trained)

    before = tree()
    estimator = classifier(trained, **changes)
    run = functools.partial(getattr(estimator, call), data, steps=2)
    with pytest.raises(error) as caught:
        run()
    assert tree() == before
    return str(caught.value)


def dataset(features, labels, batch=10):
    return lambda: tf.data.Dataset.from_tensor_slices((features, labels)).batch(batch)


@pytest.mark.parametrize("call", ["train", "evaluate"])
def test_a_missing_key_is_named(trained, call):
    features, labels = table()
    del features["PetalWidth"]
    text = failure(trained, dataset(features, labels), ValueError, call=call)
    assert "PetalWidth" in text
    assert "SepalLength" in text  # what there is instead


def test_a_wrong_width_names_key_and_shapes(trained):
    features, labels = table()
    features["PetalWidth"] = np.ones((60, 2), np.float32)
    text = failure(trained, dataset(features, labels), ValueError)
    assert "PetalWidth" in text
    assert "2" in text


def test_strings_in_a_numeric_column(trained):
    features, labels = table()
    features["PetalWidth"] = np.array(["wide"] * 60)
    text = failure(trained, dataset(features, labels), (ValueError, TypeError))
    assert "PetalWidth" in text
    assert "string" in text


@pytest.mark.parametrize("call", ["train", "evaluate"])
def test_a_label_out_of_range_names_value_and_row(trained, call):
    features, labels = table()
    labels[4] = 3
    text = failure(trained, dataset(features, labels), errors.InvalidArgumentError, call=call)
    assert "labels" in text
    assert "3" in text
    assert "row 4" in text


def test_an_unknown_word_names_the_vocabulary(trained):
    features, labels = table()
    words = np.array(["setosa", "versicolor", "virginica"])[labels]
    words[7] = "rose"
    text = failure(
        trained,
        dataset(features, words),
        errors.InvalidArgumentError,
        label_vocabulary=["setosa", "versicolor", "virginica"],
    )
    assert "row 7" in text
    assert "label_vocabulary ['setosa', 'versicolor', 'virginica']" in text


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(60, np.float32), "Labels dtype should be integer. Instead got float32"),
        (np.array(["a"] * 60), "Labels dtype should be integer. Instead got string"),
        (np.eye(3, dtype=np.int64)[np.zeros(60, np.int64)], "not one-hot rows"),
    ],
)
def test_labels_of_a_wrong_kind(trained, labels, words):
    assert words in failure(trained, dataset(table()[0], labels), ValueError)


def test_no_labels(trained):
    features, _ = table()
    data = lambda: tf.data.Dataset.from_tensor_slices(features).batch(10)  # noqa: E731
    assert "You must provide a labels Tensor. Given: None" in failure(trained, data, ValueError)


def test_features_that_are_no_dict(trained):
    features, labels = table()
    text = failure(trained, dataset(features["PetalWidth"], labels), ValueError)
    assert "features should be a dictionary" in text


@pytest.mark.parametrize("call", ["train", "evaluate"])
def test_an_empty_dataset(trained, call):
    features, labels = table()
    empty = {key: value[:0] for key, value in features.items()}
    text = failure(trained, dataset(empty, labels[:0]), errors.InvalidArgumentError, call=call)
    assert "The dataset of input_fn is empty" in text


def test_a_generator_without_rows(trained):
    spec = (dict.fromkeys(KEYS, tf.float32), tf.int64)
    shapes = (dict.fromkeys(KEYS, ()), ())
    data = lambda: tf.data.Dataset.from_generator(lambda: iter(()), spec, shapes).batch(10)  # noqa: E731
    text = failure(trained, data, errors.InvalidArgumentError)
    assert "The dataset of input_fn is empty" in text


def test_no_feature_columns(trained):
    before = tree_of(trained)
    estimator = tf.estimator.DNNClassifier([10], [], str(trained), n_classes=3)
    with pytest.raises(ValueError, match="feature_columns"):
        estimator.train(input_fn(), steps=1)
    assert tree_of(trained) == before


def test_a_model_dir_that_is_a_file(tmp_path):
    file = tmp_path / "models"
    file.write_text("mine")
    with pytest.raises(errors.FailedPreconditionError, match="is a file; expected a directory"):
        classifier(file).train(input_fn(), steps=1)
    assert file.read_text() == "mine"


def test_a_model_dir_that_cannot_be_made():
    with pytest.raises(errors.OpError) as caught:
        classifier("/proc/holdfast/model").train(input_fn(), steps=1)
    assert "/proc/holdfast" in str(caught.value)


STRICT = tf.estimator.RunConfig(tf_random_seed=7, durability="process", on_corrupt="error")


def shard_of(model_dir):
    return next(pathlib.Path(model_dir).glob("model.ckpt-3/data-*.bin"))


@pytest.mark.parametrize("call", ["train", "evaluate"])
def test_a_flipped_byte_names_file_and_tensor(trained, call):
    shard = shard_of(trained)
    data = bytearray(shard.read_bytes())
    data[64] ^= 1  # the first byte of the first tensor
    shard.chmod(0o644)
    shard.write_bytes(bytes(data))
    text = failure(trained, input_fn(), errors.CheckpointCorruptError, call=call, config=STRICT)
    assert shard.name in text
    assert "dnn/" in text or "global_step" in text


def test_a_truncated_shard_names_file_and_sizes(trained):
    shard = shard_of(trained)
    size = shard.stat().st_size
    shard.chmod(0o644)
    with shard.open("r+b") as file:
        file.truncate(size - 8)
    text = failure(trained, input_fn(), errors.CheckpointCorruptError, config=STRICT)
    assert shard.name in text
    assert str(size) in text
    assert str(size - 8) in text


@pytest.mark.parametrize("nonfinite", ["warn", "error", "allow"])
def test_a_nan_loss_names_the_step_and_is_never_saved(trained, nonfinite):
    features, labels = table()
    features["PetalWidth"][15] = np.nan  # row 15 is in the second batch
    config = tf.estimator.RunConfig(
        tf_random_seed=7, save_checkpoints_steps=100, durability="process", nonfinite=nonfinite
    )
    data = dataset(features, labels)
    error = errors.NanLossDuringTrainingError
    text = failure(trained, data, error, config=config, steps_recorded=True)
    assert "the loss of step 4 is NaN" in text


def test_no_checkpoint(tmp_path):
    estimator = classifier(tmp_path / "nothing")
    with pytest.raises(errors.NoCheckpointError, match="Could not find trained model in model_dir"):
        estimator.evaluate(input_fn(repeat=1))
    with pytest.raises(errors.NoCheckpointError):
        next(estimator.predict(input_fn(repeat=1)))
    with pytest.raises(errors.NoCheckpointError):
        estimator.get_variable_names()
    assert estimator.latest_checkpoint() is None
    assert not (tmp_path / "nothing").exists()


def test_a_checkpoint_path_that_does_not_exist(trained):
    with pytest.raises(errors.NotFoundError, match=r"model\.ckpt-9"):
        classifier(trained).evaluate(input_fn(), checkpoint_path=str(trained / "model.ckpt-9"))


def test_an_unknown_variable_names_the_closest(trained):
    with pytest.raises(errors.NotFoundError, match="dnn/logits/kernel"):
        classifier(trained).get_variable_value("dnn/logits/kernels")


def test_a_weight_column_that_is_missing(trained):
    text = failure(trained, input_fn(), ValueError, weight_column="importance")
    assert "importance" in text


def test_an_input_fn_that_is_no_function(trained):
    data = input_fn()()
    assert "put the call into a lambda" in failure(trained, data, TypeError)


def test_columns_are_checked_by_name(trained):
    text = failure(trained, input_fn(), ValueError, feature_columns=columns((*KEYS, "Colour")))
    assert "Colour" in text
