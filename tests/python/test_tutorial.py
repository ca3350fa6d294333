"""The code samples of a tutorial on saving and restoring Estimators, with holdfast imported as tf.

Each test is one sample, run as a reader runs it: in a working directory of its own, with the Iris
table in pandas frames.
"""

import os
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import holdfast as tf

SPECIES = ["Setosa", "Versicolor", "Virginica"]


def load_data() -> tuple[pd.DataFrame, pd.Series]:
    with resources.files("holdfast.cli").joinpath("iris.csv").open() as file:
        table = pd.read_csv(file)
    labels = table.pop("Species").str.capitalize().map(SPECIES.index)
    return table, labels


def train_input_fn(features: pd.DataFrame, labels: pd.Series, batch_size: int) -> Any:
    dataset = tf.data.Dataset.from_tensor_slices((dict(features), labels))
    return dataset.shuffle(1000).repeat().batch(batch_size)


def eval_input_fn(features: pd.DataFrame, labels: pd.Series | None, batch_size: int) -> Any:
    inputs = dict(features) if labels is None else (dict(features), labels)
    return tf.data.Dataset.from_tensor_slices(inputs).batch(batch_size)


train_x, train_y = load_data()
my_feature_columns = [tf.feature_column.numeric_column(key=key) for key in train_x]


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_classifier(hidden_units: list[int], **arguments: Any) -> Any:
    return tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns, hidden_units=hidden_units, n_classes=3, **arguments
    )


def train(classifier: Any, steps: int = 200) -> None:
    classifier.train(input_fn=lambda: train_input_fn(train_x, train_y, batch_size=100), steps=steps)


def checkpoints(model_dir: str) -> list[str]:
    names = [name for name in os.listdir(model_dir) if name.startswith("model.ckpt-")]
    return sorted(names, key=lambda name: int(name.rsplit("-", 1)[1]))


def tree_bytes(root: str) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(Path(root).rglob("*")) if p.is_file()}


def test_1_a_classifier_is_made_with_a_model_dir() -> None:
    classifier = tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns,
        hidden_units=[10, 10],
        n_classes=3,
        model_dir="models/iris",
    )
    assert classifier.model_dir == "models/iris"
    assert not os.path.exists("models"), "nothing is written before training"


def test_2_training_fills_the_model_dir() -> None:
    classifier = make_classifier([10, 10], model_dir="models/iris")
    classifier.train(input_fn=lambda: train_input_fn(train_x, train_y, batch_size=100), steps=200)
    assert checkpoints("models/iris") == ["model.ckpt-0", "model.ckpt-200"]
    assert classifier.latest_checkpoint() == "models/iris/model.ckpt-200"
    assert classifier.get_variable_value("global_step") == 200


def test_3_without_a_model_dir_there_is_a_temporary_one() -> None:
    classifier = tf.estimator.DNNClassifier(
        feature_columns=my_feature_columns, hidden_units=[10, 10], n_classes=3
    )
    assert classifier.model_dir.startswith(tempfile.gettempdir())
    assert os.path.isdir(classifier.model_dir)
    os.rmdir(classifier.model_dir)


def test_4_checkpointing_is_configured() -> None:
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
    for _ in range(12):
        train(classifier, steps=1)
    steps = [int(name.rsplit("-", 1)[1]) for name in checkpoints("models/iris")]
    assert steps == list(range(3, 13)), "the 10 newest of the steps 0..12"


def test_5_training_again_continues() -> None:
    train(make_classifier([10, 10], model_dir="models/iris"))
    train(make_classifier([10, 10], model_dir="models/iris"))
    classifier = make_classifier([10, 10], model_dir="models/iris")
    assert classifier.get_variable_value("global_step") == 400


def test_6_a_restored_model_evaluates_and_predicts() -> None:
    train(make_classifier([10, 10], model_dir="models/iris"), steps=1000)
    classifier = make_classifier([10, 10], model_dir="models/iris")
    result = classifier.evaluate(input_fn=lambda: eval_input_fn(train_x, train_y, batch_size=100))
    assert result["global_step"] == 1000
    assert result["accuracy"] > 0.9
    predict_x = {
        "SepalLength": [5.1, 5.9, 6.9],
        "SepalWidth": [3.3, 3.0, 3.1],
        "PetalLength": [1.7, 4.2, 5.4],
        "PetalWidth": [0.5, 1.5, 2.1],
    }
    predictions = classifier.predict(
        input_fn=lambda: eval_input_fn(predict_x, labels=None, batch_size=100)
    )
    expected = ["Setosa", "Versicolor", "Virginica"]
    for pred_dict, expec in zip(predictions, expected, strict=True):
        class_id = pred_dict["class_ids"][0]
        assert SPECIES[class_id] == expec
        assert 0 < pred_dict["probabilities"][class_id] <= 1


@pytest.mark.parametrize("call", ["train", "evaluate", "predict"])
def test_7_another_architecture_in_the_same_model_dir_is_refused(call: str) -> None:
    train(make_classifier([10, 10], model_dir="models/iris"), steps=10)
    before = tree_bytes("models/iris")

    classifier2 = make_classifier([20, 20], model_dir="models/iris")
    calls: dict[str, Callable[[], Any]] = {
        "train": lambda: train(classifier2),
        "evaluate": lambda: classifier2.evaluate(lambda: eval_input_fn(train_x, train_y, 100)),
        "predict": lambda: next(classifier2.predict(lambda: eval_input_fn(train_x, None, 100))),
    }
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        calls[call]()

    text = str(caught.value)
    assert "dnn/hiddenlayer_0/bias" in text
    assert "checkpoint [10]" in text
    assert "model [20]" in text
    assert "hidden_units changed from [10, 10] to [20, 20]" in text
    assert tree_bytes("models/iris") == before, "a refused model changes no byte"
