"""holdfast.estimator.DNNClassifier: network, heads, and the rules of its arguments."""

import inspect

import numpy as np
import pytest
from iris_like import KEYS, classifier, columns, input_fn, table

import holdfast as tf


def test_signature_is_that_of_tensorflow_1():
    parameters = inspect.signature(tf.estimator.DNNClassifier).parameters
    assert list(parameters) == [
        "hidden_units",
        "feature_columns",
        "model_dir",
        "n_classes",
        "weight_column",
        "label_vocabulary",
        "optimizer",
        "activation_fn",
        "dropout",
        "input_layer_partitioner",
        "config",
        "warm_start_from",
        "loss_reduction",
        "batch_norm",
    ]
    assert parameters["optimizer"].default == "Adagrad"
    assert parameters["loss_reduction"].default == tf.losses.Reduction.SUM
    assert parameters["activation_fn"].default is tf.nn.relu


def test_variables_are_named_as_in_tensorflow(tmp_path):
    estimator = classifier(tmp_path, hidden_units=[5, 4]).train(input_fn(), steps=1)
    variables = [
        f"dnn/{layer}/{part}"
        for layer in ("hiddenlayer_0", "hiddenlayer_1", "logits")
        for part in ("bias", "kernel")
    ]
    slots = [f"{name}/t_0/Adagrad" for name in variables]
    assert estimator.get_variable_names() == sorted([*variables, *slots, "global_step"])
    assert dict(tf.train.list_variables(str(tmp_path)))["dnn/hiddenlayer_1/kernel"] == [5, 4]


def test_no_hidden_layer_gives_logits_on_the_input(tmp_path):
    classifier(tmp_path, hidden_units=[]).train(input_fn(), steps=1)
    assert dict(tf.train.list_variables(str(tmp_path)))["dnn/logits/kernel"] == [4, 3]


def test_it_learns(tmp_path):
    estimator = classifier(tmp_path).train(input_fn(), steps=200)
    assert estimator.evaluate(input_fn(repeat=1))["accuracy"] > 0.95


def test_multi_class_results_and_predictions(tmp_path):
    estimator = classifier(tmp_path).train(input_fn(), steps=20)
    results = estimator.evaluate(input_fn(repeat=1))
    assert list(results) == ["accuracy", "average_loss", "loss", "global_step"]
    assert {type(results[name]) for name in ("accuracy", "average_loss", "loss")} == {np.float32}
    assert type(results["global_step"]) is np.int64
    rows = list(estimator.predict(input_fn(repeat=1)))
    assert len(rows) == 60
    first = rows[0]
    assert {name: (value.dtype.str, value.shape) for name, value in first.items()} == {
        "logits": ("<f4", (3,)),
        "probabilities": ("<f4", (3,)),
        "class_ids": ("<i8", (1,)),
        "classes": ("|O", (1,)),
        "all_class_ids": ("<i4", (3,)),
        "all_classes": ("|O", (3,)),
    }
    assert list(first) == [
        "logits",
        "probabilities",
        "class_ids",
        "classes",
        "all_class_ids",
        "all_classes",
    ]
    assert first["classes"][0] == str(first["class_ids"][0]).encode()
    assert first["all_classes"].tolist() == [b"0", b"1", b"2"]
    share = np.mean([r["class_ids"][0] for r in rows] == table()[1])
    assert results["accuracy"] == np.float32(share)


def test_binary_results_and_predictions(tmp_path):
    estimator = classifier(tmp_path, n_classes=2).train(input_fn(classes=2), steps=20)
    results = estimator.evaluate(input_fn(classes=2, repeat=1))
    assert list(results) == [
        "accuracy",
        "accuracy_baseline",
        "auc",
        "auc_precision_recall",
        "average_loss",
        "label/mean",
        "loss",
        "precision",
        "prediction/mean",
        "recall",
        "global_step",
    ]
    mean = np.mean(table(classes=2)[1])
    np.testing.assert_allclose(results["label/mean"], mean, rtol=1e-6)
    np.testing.assert_allclose(results["accuracy_baseline"], max(mean, 1 - mean), rtol=1e-6)
    row = next(estimator.predict(input_fn(classes=2, repeat=1)))
    assert list(row)[:3] == ["logits", "logistic", "probabilities"]
    assert row["logistic"].shape == (1,)
    np.testing.assert_allclose(row["probabilities"][1], row["logistic"][0], rtol=1e-5)
    assert row["all_class_ids"].tolist() == [0, 1]
    assert row["class_ids"][0] == int(row["logits"][0] > 0)


def test_a_vocabulary_turns_words_into_classes_and_back(tmp_path):
    features, labels = table()
    words = np.array(["setosa", "versicolor", "virginica"])
    estimator = classifier(tmp_path, label_vocabulary=list(words))
    data = lambda: tf.data.Dataset.from_tensor_slices((features, words[labels])).batch(20)  # noqa: E731
    estimator.train(data)
    row = next(estimator.predict(data))
    assert row["classes"][0] == words[row["class_ids"][0]].encode()
    assert row["all_classes"].tolist() == [word.encode() for word in words]
    assert estimator.evaluate(data)["global_step"] == 3


def test_a_weight_of_zero_takes_a_row_away(tmp_path):
    features, labels = table()
    half = np.arange(60) % 2 == 0
    weighted = {**features, "w": half.astype(np.float32)}
    kept = {key: value[half] for key, value in features.items()}

    def losses(data, **more):
        estimator = classifier(tmp_path / str(len(more)), **more).train(data, steps=1)
        return estimator.evaluate(data, steps=1)

    everything = lambda: tf.data.Dataset.from_tensor_slices((weighted, labels)).batch(60)  # noqa: E731
    without = lambda: tf.data.Dataset.from_tensor_slices((kept, labels[half])).batch(30)  # noqa: E731
    a, b = losses(everything, weight_column="w"), losses(without)
    for name in ("accuracy", "average_loss", "loss"):
        np.testing.assert_allclose(a[name], b[name], rtol=1e-5)


@pytest.mark.parametrize(
    ("reduction", "factor"),
    [
        (tf.losses.Reduction.SUM, 60.0),
        (tf.losses.Reduction.MEAN, 1.0),
        (tf.losses.Reduction.SUM_OVER_BATCH_SIZE, 1.0),
        (tf.losses.Reduction.SUM_BY_NONZERO_WEIGHTS, 1.0),
    ],
)
def test_loss_reductions(tmp_path, reduction, factor):
    estimator = classifier(tmp_path, loss_reduction=reduction)
    estimator.train(input_fn(batch=60), steps=1)
    results = estimator.evaluate(input_fn(batch=60, repeat=1))
    np.testing.assert_allclose(results["loss"], results["average_loss"] * factor, rtol=1e-5)


def test_loss_is_the_mean_over_batches_and_average_loss_over_examples(tmp_path):
    estimator = classifier(tmp_path).train(input_fn(), steps=5)
    results = estimator.evaluate(input_fn(batch=40, repeat=1))  # batches of 40 and 20
    np.testing.assert_allclose(results["loss"], results["average_loss"] * 30, rtol=1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [
        "SGD",
        tf.train.AdagradOptimizer(0.1),
        lambda: tf.train.GradientDescentOptimizer(0.01),
    ],
)
def test_optimizers_by_name_instance_and_function(tmp_path, optimizer):
    estimator = classifier(tmp_path, optimizer=optimizer)
    estimator.train(input_fn(), steps=2)
    estimator.train(input_fn(), steps=2)  # an instance serves every call
    assert estimator.get_variable_value("global_step") == 4


def test_the_default_is_adagrad_with_a_rate_of_0_05(tmp_path):
    a = classifier(tmp_path / "a").train(input_fn(), steps=3)
    b = classifier(tmp_path / "b", optimizer=tf.train.AdagradOptimizer(0.05))
    b.train(input_fn(), steps=3)
    for name in a.get_variable_names():
        np.testing.assert_array_equal(a.get_variable_value(name), b.get_variable_value(name))


@pytest.mark.parametrize("optimizer", ["Momentum", "adagrad", object(), lambda: "Adagrad"])
def test_other_optimizers_are_refused(tmp_path, optimizer):
    with pytest.raises(ValueError, match=r"Supported names are|is not an Optimizer instance"):
        classifier(tmp_path, optimizer=optimizer).train(input_fn(), steps=1)


def test_dropout_drops_in_training_only(tmp_path):
    plain = classifier(tmp_path / "a").train(input_fn(), steps=3)
    dropped = classifier(tmp_path / "b", dropout=0.5).train(input_fn(), steps=3)
    name = "dnn/logits/kernel"
    assert (plain.get_variable_value(name) != dropped.get_variable_value(name)).any()
    twice = [dropped.evaluate(input_fn(repeat=1)) for _ in range(2)]
    assert twice[0] == twice[1]


def test_no_activation_is_linear(tmp_path):
    estimator = classifier(tmp_path, hidden_units=[6], activation_fn=None)
    estimator.train(input_fn(), steps=5)
    value = estimator.get_variable_value
    x = np.stack([table()[0][key] for key in sorted(KEYS)], axis=1)
    hidden = x @ value("dnn/hiddenlayer_0/kernel") + value("dnn/hiddenlayer_0/bias")
    logits = hidden @ value("dnn/logits/kernel") + value("dnn/logits/bias")
    got = np.stack([row["logits"] for row in estimator.predict(input_fn(repeat=1))])
    np.testing.assert_allclose(got, logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n_classes": 1}, ValueError, "n_classes must be at least 2, got 1"),
        ({"label_vocabulary": "abc"}, TypeError, "label_vocabulary should be a list or tuple"),
        ({"loss_reduction": "none"}, ValueError, "loss_reduction must be one of"),
        ({"loss_reduction": "total"}, ValueError, "loss_reduction must be one of"),
        ({"warm_start_from": 7}, ValueError, "warm_start_from must be a string"),
        ({"batch_norm": True}, ValueError, "batch_norm=True is not supported"),
    ],
)
def test_arguments_against_their_rule(tmp_path, arguments, error, words):
    with pytest.raises(error, match=words):
        classifier(tmp_path, **{"n_classes": 3, **arguments})


def test_the_order_of_columns_does_not_matter(tmp_path):
    a = classifier(tmp_path / "a").train(input_fn(), steps=3)
    b = classifier(tmp_path / "b", feature_columns=columns(KEYS[::-1])).train(input_fn(), steps=3)
    name = "dnn/hiddenlayer_0/kernel"
    np.testing.assert_array_equal(a.get_variable_value(name), b.get_variable_value(name))


def test_soft_and_boolean_labels_are_legal_for_two_classes(tmp_path):
    features, labels = table(classes=2)
    for values in (labels.astype(bool), labels * np.float32(0.5)):
        data = lambda: tf.data.Dataset.from_tensor_slices((features, values)).batch(20)  # noqa: B023, E731
        classifier(tmp_path, n_classes=2).train(data)
    assert classifier(tmp_path, n_classes=2).get_variable_value("global_step") == 6
