"""Layers: names and sharing of variables, results, refusals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core


@pytest.fixture
def graph() -> Iterator[tf.Graph]:
    with tf.Graph().as_default() as graph:
        yield graph


def _fetch(graph: tf.Graph, tensor: tf.Tensor, **values: object) -> np.ndarray:
    trainer = _core.Trainer(graph.core, 1)
    for name, value in values.items():
        trainer.write_variable(name.replace("__", "/"), np.asarray(value, np.float32))
    return trainer.run(1, [], [tensor.node]).fetched[0]


def test_dense_of_hand_made_numbers(graph: tf.Graph) -> None:
    x = tf.constant([[1.0, 2.0]])
    net = tf.layers.dense(x, 2, activation=tf.nn.relu)
    got = _fetch(graph, net, dense__kernel=[[1, -1], [10, -10]], dense__bias=[0.5, 1.0])
    # 1*1 + 2*10 + 0.5 = 21.5; -1 - 20 + 1 = -20 becomes 0
    assert got.tolist() == [[21.5, 0.0]]


@pytest.mark.usefixtures("graph")
def test_dense_layers_are_numbered_and_begin_as_in_tensorflow() -> None:
    x = tf.placeholder(tf.float32, [None, 4])
    net = tf.layers.dense(tf.layers.dense(x, 10), 3, use_bias=False)
    assert [v.op.name for v in tf.trainable_variables()] == [
        "dense/kernel",
        "dense/bias",
        "dense_1/kernel",
    ]
    kernel, bias = tf.trainable_variables()[:2]
    assert (kernel.shape, bias.shape, net.shape) == ([4, 10], [10], [None, 3])
    assert kernel.op.get_attr("initializer") == "glorot_uniform"
    assert bias.op.get_attr("initializer") == "zeros"


@pytest.mark.usefixtures("graph")
def test_names_scopes_and_reuse() -> None:
    x = tf.placeholder(tf.float32, [None, 4])
    with tf.variable_scope("dnn"):
        tf.layers.dense(x, 2, name="logits")
        with pytest.raises(ValueError, match="dnn/logits/kernel already exists"):
            tf.layers.dense(x, 2, name="logits")
        tf.layers.dense(x, 2, name="logits", reuse=True)
    assert [v.op.name for v in tf.trainable_variables()] == [
        "dnn/logits/kernel",
        "dnn/logits/bias",
    ]


@pytest.mark.usefixtures("graph")
def test_layer_object_shares_its_variables() -> None:
    x = tf.placeholder(tf.float32, [None, 4])
    layer = tf.layers.Dense(2, trainable=False)
    layer(x)
    layer(x)
    assert [v.op.name for v in layer.variables] == ["dense/kernel", "dense/bias"]
    assert tf.global_variables() == layer.variables
    assert tf.trainable_variables() == []
    assert layer.name == "dense"


def test_dense_of_three_dimensions_keeps_them(graph: tf.Graph) -> None:
    x = tf.constant(np.arange(6, dtype=np.float32).reshape(2, 3, 1))
    net = tf.layers.dense(x, 1, kernel_initializer=tf.ones_initializer())
    np.testing.assert_array_equal(_fetch(graph, net), np.arange(6).reshape(2, 3, 1))


def test_regularizer_joins_the_losses(graph: tf.Graph) -> None:
    x = tf.constant([[1.0]])
    tf.layers.dense(
        x, 2, kernel_initializer=tf.constant_initializer(3.0), kernel_regularizer=tf.nn.l2_loss
    )
    total = tf.losses.get_regularization_loss()
    assert float(_fetch(graph, total)) == 9.0  # (9 + 9) / 2


@pytest.mark.usefixtures("graph")
def test_dense_refuses_what_it_cannot_multiply() -> None:
    with pytest.raises(ValueError, match=r"at least two dimensions.*got shape \(\?,\)"):
        tf.layers.dense(tf.placeholder(tf.float32, [None]), 2)
    with pytest.raises(ValueError, match=r"last of a known size.*got shape \(\?, \?\)"):
        tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 2)
    with pytest.raises(ValueError, match="positive number of units; got 0"):
        tf.layers.dense(tf.placeholder(tf.float32, [None, 2]), 0)


def test_dropout_does_something_only_while_training(graph: tf.Graph) -> None:
    ones = tf.ones([1000])
    assert _fetch(graph, tf.layers.dropout(ones, 0.5)).tolist() == [1.0] * 1000
    dropped = _fetch(graph, tf.layers.dropout(ones, 0.5, training=True))
    assert set(np.unique(dropped)) == {0.0, 2.0}
    with pytest.raises(TypeError, match="expected a bool for training"):
        tf.layers.dropout(ones, training=tf.constant(True))
    with pytest.raises(ValueError, match=r"range \[0, 1\); got 1"):
        tf.layers.dropout(ones, rate=1)


@pytest.mark.usefixtures("graph")
def test_flatten_keeps_the_batch() -> None:
    assert tf.layers.flatten(tf.placeholder(tf.float32, [None, 28, 28])).shape == [None, 784]
    assert tf.layers.Flatten()(tf.placeholder(tf.float32, [5])).shape == [5, 1]


@pytest.mark.parametrize("name", ["conv2d", "max_pooling2d", "batch_normalization"])
def test_layers_that_are_not_here_say_what_to_do(name: str) -> None:
    with pytest.raises(AttributeError, match=f"does not have layers.{name} yet: "):
        getattr(tf.layers, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tf.layers.nonsense
