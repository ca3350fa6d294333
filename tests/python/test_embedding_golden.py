"""Embeddings as TensorFlow trains them: golden/tf_v1, golden/units.json, golden/optimizers.npz.

The recorded runs hash strings; here the same buckets are ids: Fingerprint64(text) mod buckets.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from golden_run import STEPS, Golden, Losses, assert_repeats

import holdfast as tf

fc = tf.feature_column
GOLDEN = Path(__file__).parents[1] / "golden"
UNITS = json.loads((GOLDEN / "units.json").read_text())["feature_columns"]

KIND = {"aa": 2, "bb": 2, "cc": 1, "dd": 1}  # of 5
OCCUPATION = {  # of 13
    "Armed-Forces": 4,
    "Craft-repair": 6,
    "Exec-managerial": 4,
    "Other-service": 5,
    "Priv-house-serv": 8,
    "Sales": 3,
    "Tech-support": 12,
}
TAGS = {"": -1, "black": 5, "blue": 6, "green": 2, "red": 1, "white": 3}  # of 7
EDUCATION = ["Bachelors", "HS-grad", "11th", "Masters", "Some-college"]
AGES = [18, 25, 30, 40, 50, 65]


def ids_of(texts, buckets):
    return np.vectorize(buckets.__getitem__, otypes=[np.int64])(texts)


def repeated(golden, model_dir, estimator_of, input_of):
    tf.train.write_checkpoint(str(model_dir), golden.part("init"), 0)
    config = tf.estimator.RunConfig(tf_random_seed=1, durability="process")
    estimator = estimator_of(str(model_dir), config)
    losses = Losses()
    estimator.train(golden.input_fn("train", True, input_of), hooks=[losses], steps=STEPS)
    assert_repeats(golden, estimator, losses.values, input_of)


def census(features):
    """Buckets and indicators, which are columns of their own, as numbers of the same names."""
    bucket = np.searchsorted(np.asarray(AGES, np.float32), features["age"], side="right")
    return {
        "age": features["age"],
        "hours": features["hours"],
        "age_bucketized": np.eye(len(AGES) + 1, dtype=np.float32)[bucket],
        "education_indicator": (features["education"][:, None] == EDUCATION).astype(np.float32),
        "occupation": ids_of(features["occupation"], OCCUPATION),
        "tags": ids_of(features["tags"], TAGS),
    }


def test_classifier_with_single_and_several_missing_ids(tmp_path):
    columns = [
        fc.numeric_column("hours"),
        fc.numeric_column("age"),
        fc.numeric_column("age_bucketized", 7),
        fc.numeric_column("education_indicator", 5),
        fc.embedding_column(fc.categorical_column_with_identity("occupation", 13), 3),
        fc.embedding_column(fc.categorical_column_with_identity("tags", 7), 2),
    ]

    def classifier(model_dir, config):
        return tf.estimator.DNNClassifier([8, 6], columns, model_dir, config=config)

    repeated(Golden("v1_dnn_embedding"), tmp_path, classifier, census)


def test_embedding_in_a_model_fn(tmp_path):
    columns = [
        fc.numeric_column(key) for key in ("SepalLength", "SepalWidth", "PetalLength", "PetalWidth")
    ]
    kind = fc.categorical_column_with_identity("kind", 5)
    columns.append(fc.embedding_column(kind, 2))

    def model_fn(features, labels, mode):
        net = fc.input_layer(features, columns)
        for units in (10, 10):
            net = tf.layers.dense(net, units, activation=tf.nn.relu)
        logits = tf.layers.dense(net, 3)
        predictions = {
            "class_ids": tf.argmax(logits, 1)[:, tf.newaxis],
            "probabilities": tf.nn.softmax(logits),
            "logits": logits,
        }
        if mode == tf.estimator.ModeKeys.PREDICT:
            return tf.estimator.EstimatorSpec(mode, predictions=predictions)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        accuracy = tf.metrics.accuracy(labels, tf.argmax(logits, 1))
        train_op = None
        if mode == tf.estimator.ModeKeys.TRAIN:
            step = tf.train.get_global_step()
            train_op = tf.train.AdagradOptimizer(0.1).minimize(loss, global_step=step)
        return tf.estimator.EstimatorSpec(
            mode, loss=loss, train_op=train_op, eval_metric_ops={"accuracy": accuracy}
        )

    def estimator(model_dir, config):
        return tf.estimator.Estimator(model_fn, model_dir, config)

    def with_ids(features):
        return {**features, "kind": ids_of(features["kind"], KIND)}

    repeated(Golden("v1_custom_estimator"), tmp_path, estimator, with_ids)


@pytest.mark.parametrize("combiner", ["mean", "sum", "sqrtn"])
@pytest.mark.parametrize("max_norm", [None, 1.0])
def test_pooled_rows(combiner, max_norm):
    table = np.asarray(UNITS["embedding_weights"], np.float32)
    ids = np.asarray(UNITS["features"]["id"], np.int64)
    with tf.Graph().as_default() as graph:
        column = fc.embedding_column(
            fc.categorical_column_with_identity("id", 6),
            2,
            combiner,
            initializer=lambda shape, dtype: table,
            max_norm=max_norm,
        )
        net = fc.input_layer({"id": tf.constant(ids)}, [column])
    got = tf._core.Trainer(graph.core, 0).run(1, [], [net.node]).fetched[0]
    name = f"embedding id {combiner}" + ("" if max_norm is None else " max_norm 1")
    np.testing.assert_allclose(got, UNITS["columns"][name]["output"], rtol=1e-6)


@pytest.mark.parametrize("name", ["Adagrad", "GradientDescent"])
def test_sparse_updates_with_duplicates(name):
    golden = np.load(GOLDEN / "optimizers.npz")
    init = golden["sparse_init"]
    with tf.Graph().as_default() as graph:
        ids = [golden[f"sparse_indices_{i}"] for i in range(4)]
        values = [golden[f"sparse_values_{i}"] for i in range(4)]
        table = tf.get_variable("v", initializer=init)
        steps = []
        for i, v in zip(ids, values, strict=True):
            rows = tf._tensor.apply("embedding", [table, i.astype(np.int64)], {"combiner": "sum"})
            loss = tf.reduce_sum(rows * v)  # its gradient in the rows is v
            optimizer = getattr(tf.train, f"{name}Optimizer")(0.1, name=name)
            steps.append((optimizer.minimize(loss), optimizer))
    trainers = tf._core.Trainer(graph.core, 0)
    slots = {}
    for i, (step, _) in enumerate(steps):
        if i > 0 and name == "Adagrad":  # each step's optimizer has a slot of its own
            trainers.write_variable(f"v/Adagrad_{i}", slots["accumulator"])
        trainers.run(1, graph.run_targets([step]), [])
        expected = golden[f"v1/{name}/sparse"][i]
        np.testing.assert_allclose(trainers.read_variable("v"), expected, rtol=1e-6)
        if name == "Adagrad":
            slots["accumulator"] = trainers.read_variable(f"v/Adagrad_{i}" if i else "v/Adagrad")
    if name == "Adagrad":
        expected = golden["v1/Adagrad/sparse_slot/accumulator"]
        np.testing.assert_allclose(slots["accumulator"], expected, rtol=1e-6)
