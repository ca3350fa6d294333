"""Identity and embedding columns: values by hand, names, checkpoints, every message."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import holdfast as tf
from holdfast import _core, errors

fc = tf.feature_column
Array = npt.NDArray[Any]
TABLE = np.array([[1, 2], [3, 4], [5, 6]], np.float32)


def identity(key: str = "c", buckets: int = 3, default: int | None = None) -> Any:
    return fc.categorical_column_with_identity(key, buckets, default)


def embedding(column: Any = None, dimension: int = 2, **more: Any) -> Any:
    """A column that begins with TABLE."""
    more.setdefault("initializer", lambda shape, dtype: TABLE)
    return fc.embedding_column(column or identity(), dimension, **more)


def layer(features: dict[str, Array], columns: Any) -> Array:
    """The input layer of arrays, computed in a graph."""
    with tf.Graph().as_default() as graph:
        net = fc.input_layer({k: tf.constant(v) for k, v in features.items()}, columns)
    value: Array = _core.Trainer(graph.core, 0).run(1, [], [net.node]).fetched[0]
    return value


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_every_id_is_a_row(dtype: type) -> None:
    ids = np.array([2, 0, -1], dtype)
    expected = [[5.0, 6.0], [1.0, 2.0], [0.0, 0.0]]
    assert layer({"c": ids}, embedding()).tolist() == expected
    assert layer({"c": ids[:, None]}, embedding()).tolist() == expected


def test_ids_of_a_row_are_pooled_without_the_missing() -> None:
    # rows {1,2} + {5,6}; {3,4} twice; {5,6} beside two missing ones; none
    ids = np.array([[0, 2, -1], [1, 1, -1], [-1, 2, -9], [-1, -1, -1]])
    both = [[6.0, 8.0], [6.0, 8.0], [5.0, 6.0], [0.0, 0.0]]
    assert layer({"c": ids}, embedding(combiner="sum")).tolist() == both
    mean = [[3.0, 4.0], [3.0, 4.0], [5.0, 6.0], [0.0, 0.0]]
    assert layer({"c": ids}, embedding()).tolist() == mean
    root = np.array([[2], [2], [1], [1]]) ** 0.5
    got = layer({"c": ids}, embedding(combiner="sqrtn"))
    np.testing.assert_allclose(got, np.array(both) / root, rtol=1e-6)


def test_long_vectors_are_scaled_down_before_pooling() -> None:
    # |{3, 4}| = 5 -> {1.5, 2}; |{1, 2}| = 2.24 stays; their mean is {1.25, 2}
    got = layer({"c": np.array([[0, 1]])}, embedding(max_norm=2.5))
    np.testing.assert_allclose(got, [[1.25, 2.0]], rtol=1e-6)


def test_default_takes_the_place_of_what_is_no_id_and_not_of_a_missing_one() -> None:
    ids = np.array([0, 3, -1, -2, 99], np.int32)
    got = layer({"c": ids}, embedding(identity(default=1)))
    assert got.tolist() == [[1.0, 2.0], [3.0, 4.0], [0.0, 0.0], [3.0, 4.0], [3.0, 4.0]]


def test_columns_are_sorted_by_name() -> None:
    columns = [
        fc.numeric_column("d"),
        embedding(identity("b")),  # b_embedding
        fc.numeric_column("b"),
        embedding(identity("Z")),  # upper case first
    ]
    one = np.array([1])
    features = {"d": one * 7.0, "b": one * 2, "Z": one * 0}
    # Z_embedding, b, b_embedding, d
    assert layer(features, columns).tolist() == [[1.0, 2.0, 2.0, 5.0, 6.0, 7.0]]


def test_columns_are_values() -> None:
    column = fc.embedding_column(identity(), 2)
    assert column == fc.embedding_column(identity(), 2)
    assert column != fc.embedding_column(identity(), 3)
    assert len({column, fc.embedding_column(identity(), 2)}) == 1
    assert (identity().name, identity().num_buckets, column.name) == ("c", 3, "c_embedding")
    assert (column.combiner, column.variable_shape, column.trainable) == ("mean", (2,), True)
    with pytest.raises(AttributeError):
        column.dimension = 4


def test_table_is_a_variable_of_the_scope() -> None:
    column = fc.embedding_column(identity(buckets=5000), 16)
    variables: dict[Any, Any] = {}
    with tf.Graph().as_default() as graph:
        features = {"c": tf.placeholder(tf.int64, [None])}
        with tf.variable_scope("dnn/input_from_feature_columns"):
            net = fc.input_layer(features, [column], ["mine"], cols_to_vars=variables)
        (table,) = variables[column]
        assert graph.get_collection("mine") == [table]
        assert tf.trainable_variables() == tf.global_variables() == [table]
    name = "dnn/input_from_feature_columns/input_layer/c_embedding/embedding_weights"
    assert (table.name, table.shape, net.shape) == (f"{name}:0", [5000, 16], [None, 16])
    values = _core.Trainer(graph.core, 1).read_variable(name)
    # Truncated at two deviations of 1 / sqrt(16): at most 0.5; what is left deviates by 0.88 / 4.
    assert np.abs(values).max() <= 0.5
    assert abs(values.mean()) < 0.005
    assert abs(values.std() - 0.8796 / 4) < 0.005


@pytest.mark.parametrize(("of_column", "of_layer"), [(False, True), (True, False)])
def test_table_that_is_not_trainable(of_column: bool, of_layer: bool) -> None:
    with tf.Graph().as_default():
        features = {"c": tf.placeholder(tf.int64, [None])}
        fc.input_layer(features, [embedding(trainable=of_column)], trainable=of_layer)
        assert tf.trainable_variables() == []
        assert len(tf.global_variables()) == 1


def test_outside_a_graph_there_is_no_table() -> None:
    with pytest.raises(
        RuntimeError, match=r"'c_embedding' learns a variable.*use it in a model_fn"
    ):
        fc.input_layer({"c": np.array([1])}, [embedding()])


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: identity(3), r"key must be a string\. Got: type <class 'int'>\. Given: 3"),  # type: ignore[arg-type]
    (lambda: identity(buckets=0), "num_buckets 0 < 1, column_name c"),
    (lambda: identity(buckets=2.5), "num_buckets must be an integer; got 2.5"),  # type: ignore[arg-type]
    (lambda: identity(default=3), r"default_value 3 not in range \[0, 3\), column_name c"),
    (lambda: identity(default=-1), r"default_value -1 not in range \[0, 3\), column_name c"),
    (lambda: embedding(dimension=0), r"Invalid dimension 0\."),
    (lambda: embedding(dimension=None), r"Invalid dimension None\."),  # type: ignore[arg-type]
    (lambda: embedding(initializer=3), "initializer must be callable .* column_name: c; got 3"),
    (lambda: embedding(max_norm=0.0), "max_norm must be a number above 0, or None; got 0.0"),
    (lambda: embedding(ckpt_to_load_from="d"), "Must specify both `ckpt_to_load_from` and"),
    (lambda: embedding(tensor_name_in_ckpt="t"), "Must specify both `ckpt_to_load_from` and"),
]


@pytest.mark.parametrize(("make", "text"), MISTAKES)
def test_mistake_in_a_column(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


IDS = np.array([0, 1])
LAYER_MISTAKES: list[tuple[Any, Any, str]] = [
    (IDS.astype(np.float32), embedding(), "Invalid input, not integer. key: c dtype: float32"),
    (np.array(["a"]), embedding(), "Invalid input, not integer. key: c dtype: string"),
    (np.zeros((2, 2, 2), np.int64), embedding(), r"\[batch, size\]; got \(2, 2, 2\)"),
    (IDS, identity(), "must be a dense column: .* embedding_column"),
    (IDS, embedding(combiner="max"), "combiner must be one of 'mean', 'sqrtn' or 'sum'; got"),
    (IDS, embedding(fc.numeric_column("c")), "expected a categorical column, as categorical_col"),
    (IDS, embedding(identity("d")), "Feature d is not in features dictionary"),
]


@pytest.mark.parametrize(("ids", "column", "text"), LAYER_MISTAKES)
def test_mistake_in_the_layer(ids: Array, column: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        layer({"c": ids}, [column])


# Training


ROWS = 64
NAME = "dnn/input_from_feature_columns/input_layer/c_embedding/embedding_weights"


def table_of_ids(buckets: int = 20, rows: int = ROWS) -> tuple[dict[str, Array], Array]:
    """Rows of one number and up to three ids, of which the first decides the label."""
    random = np.random.default_rng(4)
    ids = random.integers(-1, buckets, (rows, 3))
    ids[:, 0] = random.integers(0, buckets, rows)
    return {"x": random.random(rows, np.float32), "c": ids}, ids[:, 0] % 2


def ids_input(buckets: int = 20, repeat: int | None = None) -> Callable[[], Any]:
    data = tf.data.Dataset.from_tensor_slices(table_of_ids(buckets))
    return lambda: data.repeat(repeat).batch(16)


def classifier(model_dir: Path, buckets: int = 20, **more: Any) -> Any:
    columns = [
        fc.numeric_column("x"),
        fc.embedding_column(identity(buckets=more.pop("column_buckets", buckets)), 4, **more),
    ]
    config = tf.estimator.RunConfig(tf_random_seed=7, durability="process")
    return tf.estimator.DNNClassifier([8], columns, str(model_dir), config=config)


def test_classifier_learns_what_only_the_ids_say(tmp_path: Path) -> None:
    estimator = classifier(tmp_path)
    estimator.train(ids_input(), steps=300)
    accuracy = estimator.evaluate(ids_input(repeat=1))["accuracy"]
    assert accuracy > 0.9  # the other ids of a row say nothing of its label
    rows = list(estimator.predict(ids_input(repeat=1)))
    right = [row["class_ids"][0] for row in rows] == table_of_ids()[1]
    assert np.mean(right) == accuracy
    names = estimator.get_variable_names()
    assert NAME in names
    assert f"{NAME}/t_0/Adagrad" in names


def test_training_continues_a_checkpoint_bit_for_bit(tmp_path: Path) -> None:
    for directory, parts in (("whole", [20]), ("halves", [8, 12])):
        for steps in parts:
            classifier(tmp_path / directory).train(ids_input(), steps=steps)
    whole, halves = (classifier(tmp_path / d) for d in ("whole", "halves"))
    for name in whole.get_variable_names():
        np.testing.assert_array_equal(
            whole.get_variable_value(name), halves.get_variable_value(name), err_msg=name
        )


def test_rows_that_no_id_names_keep_their_bits(tmp_path: Path) -> None:
    estimator = classifier(tmp_path, column_buckets=5000)
    estimator.train(ids_input(), steps=1)
    before = tf.train.load_variable(str(tmp_path / "model.ckpt-0"), NAME)
    estimator.train(ids_input(), steps=10)
    after = estimator.get_variable_value(NAME)
    squares = estimator.get_variable_value(f"{NAME}/t_0/Adagrad")
    np.testing.assert_array_equal(after[20:], before[20:])
    assert (squares[20:] == np.float32(0.1)).all()
    assert (after[:20] != before[:20]).any(axis=1).all()
    assert (squares[:20] > np.float32(0.1)).any(axis=1).all()


def test_id_past_the_table_is_an_error_that_names_it(tmp_path: Path) -> None:
    features, labels = table_of_ids()
    features["c"][5, 1] = 20
    data = tf.data.Dataset.from_tensor_slices((features, labels)).batch(16)
    text = (
        r"embedding_column 'c_embedding': indices\[16\] = 20 is not in \[0, 20\): expected an id "
        r"below 20, got 20 in row 5 of the batch; raise num_buckets of "
        r"categorical_column_with_identity\('c', 20\), or give it a default_value"
    )
    with pytest.raises(errors.InvalidArgumentError, match=text):
        classifier(tmp_path).train(lambda: data, steps=1)
    classifier(tmp_path).train(ids_input(), steps=1)
    with pytest.raises(errors.InvalidArgumentError, match=text):
        classifier(tmp_path).evaluate(lambda: data)


def test_table_of_another_size_is_a_mismatch(tmp_path: Path) -> None:
    classifier(tmp_path).train(ids_input(), steps=1)
    with pytest.raises(errors.CheckpointMismatchError, match=NAME):
        classifier(tmp_path, 21).train(ids_input(), steps=1)


def test_warm_start_takes_the_table(tmp_path: Path) -> None:
    source = classifier(tmp_path / "source")
    source.train(ids_input(), steps=5)
    columns = [fc.numeric_column("x"), fc.embedding_column(identity(buckets=20), 4)]
    started = tf.estimator.DNNClassifier(
        [8], columns, str(tmp_path / "new"), warm_start_from=str(tmp_path / "source")
    )
    started.train(ids_input(), steps=1)
    begun = tf.train.load_variable(str(tmp_path / "new" / "model.ckpt-0"), NAME)
    np.testing.assert_array_equal(begun, source.get_variable_value(NAME))


class TestCheckpointOfAColumn:
    """ckpt_to_load_from and tensor_name_in_ckpt."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        values = {"old/table": np.full((20, 4), 0.25, np.float32), "narrow": np.zeros((20, 3))}
        tf.train.write_checkpoint(str(tmp_path / "source"), values, 3)
        return tmp_path / "source"

    def test_table_begins_from_it_once(self, source: Path, tmp_path: Path) -> None:
        estimator = classifier(
            tmp_path / "new", ckpt_to_load_from=source, tensor_name_in_ckpt="old/table"
        )
        estimator.train(ids_input(), steps=3)
        begun = tf.train.load_variable(str(tmp_path / "new" / "model.ckpt-0"), NAME)
        assert (begun == 0.25).all()
        trained = estimator.get_variable_value(NAME)
        assert (trained != 0.25).any()
        estimator.train(ids_input(), steps=1)  # continues its own
        again = tf.train.load_variable(str(tmp_path / "new" / "model.ckpt-3"), NAME)
        np.testing.assert_array_equal(again, trained)

    @pytest.mark.parametrize(
        ("tensor", "text"),
        [
            ("none", "Tensor none is not found in .* it has: global_step, narrow, old/table"),
            ("narrow", r"doesn't match with shape of tensor narrow \(float64 \[20, 3\]\)"),
        ],
    )
    def test_what_does_not_fit(self, source: Path, tmp_path: Path, tensor: str, text: str) -> None:
        estimator = classifier(
            tmp_path / "new", ckpt_to_load_from=str(source), tensor_name_in_ckpt=tensor
        )
        with pytest.raises(ValueError, match=text):
            estimator.train(ids_input(), steps=1)
        assert not (tmp_path / "new").exists()


# One step against NumPy, and against the dense gradient


def stepped(table: Array, ids: Array, dy: Array, combiner: str, how: str) -> list[Array]:
    """The table after a step of sum(dy * pooled rows), and the accumulators if there are some.

    `how`: the optimizer's name, and "dense" behind it where the gradient is used elsewhere too.
    """
    name, _, dense = how.partition(" ")
    with tf.Graph().as_default() as graph:
        column = fc.embedding_column(
            identity(buckets=len(table)), table.shape[1], combiner, lambda shape, dtype: table
        )
        net = fc.input_layer(
            {"c": tf.constant(ids) + tf.get_variable("zero", [], ids.dtype)}, column
        )
        loss = tf.reduce_sum(net * tf.constant(dy))
        optimizer = getattr(tf.train, f"{name}Optimizer")(0.5)
        pairs = optimizer.compute_gradients(loss, [tf.trainable_variables()[-1]])
        if dense:
            pairs = [(gradient * 1.0, variable) for gradient, variable in pairs]
        step = optimizer.apply_gradients(pairs)
    trainer = _core.Trainer(graph.core, 0, 2)
    trainer.run(1, graph.run_targets([step]), [])
    own = [n for n in trainer.variable_names() if n != "zero"]
    return [trainer.read_variable(n) for n in sorted(own)]


def expected_gradient(shape: tuple[int, ...], ids: Array, dy: Array, combiner: str) -> Array:
    gradient = np.zeros(shape)
    for row, grad in zip(ids, dy.astype(np.float64), strict=True):
        present = row[row >= 0]
        n = max(len(present), 1)
        scale = {"sum": 1.0, "mean": 1 / n, "sqrtn": n**-0.5}[combiner]
        for i in present:
            gradient[i] += scale * grad
    return gradient


@st.composite
def batches(draw: Callable[..., Any]) -> tuple[Array, Array, Array]:
    rows, dimension = draw(st.integers(1, 9)), draw(st.integers(1, 20))
    batch, size = draw(st.integers(0, 12)), draw(st.integers(1, 4))
    dtype = draw(st.sampled_from([np.int32, np.int64]))
    cells = st.integers(-2, rows - 1)
    ids = np.array(draw(st.lists(cells, min_size=batch * size, max_size=batch * size)), dtype)
    random = np.random.default_rng(draw(st.integers(0, 99)))
    table = random.normal(size=(rows, dimension)).astype(np.float32)
    dy = random.normal(size=(batch, dimension)).astype(np.float32)
    return table, ids.reshape(batch, size), dy


@settings(max_examples=60, deadline=None)
@given(batch=batches(), combiner=st.sampled_from(["sum", "mean", "sqrtn"]))
def test_step_is_that_of_numpy_and_of_the_dense_gradient(
    batch: tuple[Array, Array, Array], combiner: str
) -> None:
    table, ids, dy = batch
    gradient = expected_gradient(table.shape, ids, dy, combiner)
    squares = np.float32(0.1) + gradient**2
    adagrad = stepped(table, ids, dy, combiner, "Adagrad")
    np.testing.assert_allclose(adagrad[1], squares, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        adagrad[0], table - 0.5 * gradient / squares**0.5, rtol=1e-5, atol=1e-5
    )
    descent = stepped(table, ids, dy, combiner, "GradientDescent")
    np.testing.assert_allclose(descent[0], table - 0.5 * gradient, rtol=1e-5, atol=1e-5)
    for name, rows in (("Adagrad", adagrad), ("GradientDescent", descent)):
        dense = stepped(table, ids, dy, combiner, f"{name} dense")
        for a, b in itertools.zip_longest(rows, dense):
            np.testing.assert_array_equal(a, b)
