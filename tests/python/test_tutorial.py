"""The code samples of TensorFlow's save-and-restore tutorial, with `import holdfast as tf`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import holdfast as tf

COLUMNS = ["SepalLength", "SepalWidth", "PetalLength", "PetalWidth", "Species"]
SPECIES = ["setosa", "versicolor", "virginica"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tutorial writes to models/iris below the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def iris() -> tuple[Any, Any, Any, Any]:
    """(train_x, train_y), (test_x, test_y): every fifth row is a test row."""
    table = pd.read_csv(Path(tf.__path__[0]) / "cli" / "iris.csv", names=COLUMNS, header=0)
    labels = table.pop("Species").map(SPECIES.index)
    is_test = np.arange(len(table)) % 5 == 0
    return table[~is_test], labels[~is_test], table[is_test], labels[is_test]


@pytest.fixture
def my_feature_columns(iris: Any) -> list[Any]:
    return [tf.feature_column.numeric_column(key=key) for key in iris[0]]


def train_input_fn(features: Any, labels: Any, batch_size: int) -> Any:
    """An input function for training."""
    dataset = tf.data.Dataset.from_tensor_slices((dict(features), labels))
    return dataset.shuffle(1000).repeat().batch(batch_size)


def eval_input_fn(features: Any, labels: Any, batch_size: int) -> Any:
    """An input function for evaluation or prediction."""
    inputs = dict(features) if labels is None else (dict(features), labels)
    return tf.data.Dataset.from_tensor_slices(inputs).batch(batch_size)


def make_classifier(my_feature_columns: list[Any], hidden_units: list[int]) -> Any:
    return tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns,
        hidden_units=hidden_units,
        n_classes=3,
        model_dir="models/iris",
    )


def checkpoint_names(folder: str) -> set[str]:
    return {name for name in os.listdir(folder) if name.startswith("model.ckpt-")}


def bytes_below(folder: str) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def test_sample_1_a_classifier_with_a_model_dir(my_feature_columns: list[Any]) -> None:
    classifier = tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns,
        hidden_units=[10, 10],
        n_classes=3,
        model_dir="models/iris",
    )
    assert classifier.model_dir == "models/iris"
    assert not os.path.exists("models/iris"), "the constructor writes nothing"


def test_sample_2_training_writes_checkpoints(iris: Any, my_feature_columns: list[Any]) -> None:
    train_x, train_y, _, _ = iris
    classifier = make_classifier(my_feature_columns, [10, 10])
    classifier.train(input_fn=lambda: train_input_fn(train_x, train_y, batch_size=100), steps=200)
    assert checkpoint_names("models/iris") == {"model.ckpt-0", "model.ckpt-200"}
    assert classifier.latest_checkpoint() == os.path.join("models/iris", "model.ckpt-200")
    assert classifier.get_variable_names() == [
        "dnn/hiddenlayer_0/bias",
        "dnn/hiddenlayer_0/bias/t_0/Adagrad",
        "dnn/hiddenlayer_0/kernel",
        "dnn/hiddenlayer_0/kernel/t_0/Adagrad",
        "dnn/hiddenlayer_1/bias",
        "dnn/hiddenlayer_1/bias/t_0/Adagrad",
        "dnn/hiddenlayer_1/kernel",
        "dnn/hiddenlayer_1/kernel/t_0/Adagrad",
        "dnn/logits/bias",
        "dnn/logits/bias/t_0/Adagrad",
        "dnn/logits/kernel",
        "dnn/logits/kernel/t_0/Adagrad",
        "global_step",
    ]


def test_sample_3_without_a_model_dir_a_temporary_one_is_made_and_logged(
    my_feature_columns: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    classifier = tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns, hidden_units=[10, 10], n_classes=3
    )
    assert os.path.isdir(classifier.model_dir)
    assert os.listdir(classifier.model_dir) == []
    assert classifier.model_dir in caplog.text
    os.rmdir(classifier.model_dir)


def test_sample_4_a_run_config_sets_the_checkpoint_frequency(
    iris: Any, my_feature_columns: list[Any]
) -> None:
    train_x, train_y, _, _ = iris
    my_checkpointing_config = tf.estimator.RunConfig(
        save_checkpoints_secs=20 * 60,  # Save checkpoints every 20 minutes.
        keep_checkpoint_max=10,  # Retain the 10 most recent checkpoints.
    )
    classifier = tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns,
        hidden_units=[10, 10],
        n_classes=3,
        model_dir="models/iris",
        config=my_checkpointing_config,
    )
    assert classifier.config.save_checkpoints_secs == 1200
    assert classifier.config.keep_checkpoint_max == 10
    for _ in range(12):
        classifier.train(lambda: train_input_fn(train_x, train_y, 100), steps=10)
    # Steps 0, 10, 20, ..., 120 were saved; the 10 most recent are kept.
    assert checkpoint_names("models/iris") == {f"model.ckpt-{s}" for s in range(30, 130, 10)}


def test_sample_5_train_evaluate_and_predict_again_use_the_checkpoint(
    iris: Any, my_feature_columns: list[Any]
) -> None:
    train_x, train_y, test_x, test_y = iris
    config = tf.estimator.RunConfig(tf_random_seed=1)
    classifier = tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns,
        hidden_units=[10, 10],
        n_classes=3,
        model_dir="models/iris",
        config=config,
    )
    classifier.train(input_fn=lambda: train_input_fn(train_x, train_y, 100), steps=1000)
    eval_result = classifier.evaluate(input_fn=lambda: eval_input_fn(test_x, test_y, 100))
    assert eval_result["accuracy"] >= 0.93
    assert eval_result["global_step"] == 1000

    predict_x = {
        "SepalLength": [5.1, 5.9, 6.9],
        "SepalWidth": [3.3, 3.0, 3.1],
        "PetalLength": [1.7, 4.2, 5.4],
        "PetalWidth": [0.5, 1.5, 2.1],
    }
    predictions = list(classifier.predict(input_fn=lambda: eval_input_fn(predict_x, None, 100)))
    assert [SPECIES[p["class_ids"][0]] for p in predictions] == SPECIES
    for prediction in predictions:
        assert prediction["probabilities"].sum() == pytest.approx(1.0, abs=1e-6)


def test_sample_6_training_again_continues(iris: Any, my_feature_columns: list[Any]) -> None:
    train_x, train_y, _, _ = iris
    for expected in (200, 400):
        classifier = make_classifier(my_feature_columns, [10, 10])
        classifier.train(lambda: train_input_fn(train_x, train_y, 100), steps=200)
        assert classifier.get_variable_value("global_step") == expected


def test_sample_7_other_hidden_units_raise_and_change_nothing(
    iris: Any, my_feature_columns: list[Any]
) -> None:
    train_x, train_y, test_x, test_y = iris
    make_classifier(my_feature_columns, [10, 10]).train(
        lambda: train_input_fn(train_x, train_y, 100), steps=20
    )
    before = bytes_below("models/iris")
    classifier = make_classifier(my_feature_columns, [20, 20])
    for call in (
        lambda: classifier.train(lambda: train_input_fn(train_x, train_y, 100), steps=20),
        lambda: classifier.evaluate(lambda: eval_input_fn(test_x, test_y, 100)),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            call()
        assert isinstance(raised.value, tf.errors.CheckpointMismatchError)
        message = str(raised.value)
        for name, asked, stored in (
            ("dnn/hiddenlayer_0/bias", "[20]", "[10]"),
            ("dnn/hiddenlayer_0/kernel", "[4, 20]", "[4, 10]"),
            ("dnn/hiddenlayer_1/kernel", "[20, 20]", "[10, 10]"),
            ("dnn/logits/kernel", "[20, 3]", "[10, 3]"),
        ):
            lines = [line.replace(",", ", ").replace(",  ", ", ") for line in message.split("\n")]
            assert any(name in line and asked in line and stored in line for line in lines), message
    assert bytes_below("models/iris") == before
