"""Whole training steps of random nets: equal bits with every instruction set and thread count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import holdfast as tf
from holdfast import _core

ACTIVATIONS: dict[str, Callable[[tf.Tensor], tf.Tensor] | None] = {
    "linear": None,
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "leaky_relu": tf.nn.leaky_relu,
    "elu": tf.nn.elu,
    "selu": tf.nn.selu,
    "tanh": tf.nn.tanh,
    "sigmoid": tf.nn.sigmoid,
    "softplus": tf.nn.softplus,
    "softsign": tf.nn.softsign,
}
OPTIMIZERS: dict[str, Callable[[], tf.train.Optimizer]] = {
    "adagrad": lambda: tf.train.AdagradOptimizer(0.05),
    "descent": lambda: tf.train.GradientDescentOptimizer(0.01),
}


@dataclass(frozen=True)
class Net:
    batch: int
    inputs: int
    hidden: tuple[int, ...]
    classes: int
    activation: str
    optimizer: str
    dropout: float
    clipped: bool  # the gradient is needed by itself: no update inside the product
    steps: int
    seed: int


@pytest.fixture(autouse=True)
def _isa_of_before() -> Iterator[None]:
    before = _core.isa()
    yield
    _core.choose_isa(before)


def build(net: Net) -> tuple[tf.Graph, list[int]]:
    """The graph that trains `net` on one fixed batch, and the nodes that make a step."""
    random = np.random.default_rng(net.seed)
    x = random.normal(size=(net.batch, net.inputs)).astype(np.float32)
    labels = random.integers(0, net.classes, net.batch)
    with tf.Graph().as_default() as graph:
        y = tf.constant(x)
        for units in net.hidden:
            y = tf.layers.dense(y, units, activation=ACTIVATIONS[net.activation])
            if net.dropout:
                y = tf.nn.dropout(y, rate=net.dropout)
        logits = tf.layers.dense(y, net.classes)
        loss = tf.losses.sparse_softmax_cross_entropy(tf.constant(labels), logits)
        optimizer = OPTIMIZERS[net.optimizer]()
        step = tf.train.get_or_create_global_step()
        pairs = [(g, v) for g, v in optimizer.compute_gradients(loss) if g is not None]
        if net.clipped:
            pairs = [(tf.clip_by_value(g, -0.01, 0.01), v) for g, v in pairs]
        train = optimizer.apply_gradients(pairs, global_step=step)
        return graph, graph.run_targets([train])


def bits_of(net: Net, isa: str, threads: int) -> dict[str, bytes]:
    """Every variable after the steps."""
    _core.choose_isa(isa)
    graph, targets = build(net)
    trainer = _core.Trainer(graph.core, net.seed, threads)
    trainer.run(net.steps, targets, [])
    assert trainer.global_step == net.steps
    return {
        name: np.ascontiguousarray(trainer.read_variable(name)).tobytes()
        for name in trainer.variable_names()
    }


def check(net: Net) -> None:
    isas = _core.runnable_isas()
    expected = bits_of(net, isas[0], 1)
    for isa in isas[1:]:
        assert bits_of(net, isa, 1) == expected, isa
    for threads in (2, 3):
        assert bits_of(net, isas[-1], threads) == expected, threads


# Small nets mostly; some whose steps are worth a second thread.
SMALL = st.integers(1, 40)
NETS = st.builds(
    Net,
    batch=st.one_of(SMALL, st.integers(100, 300)),
    inputs=st.one_of(SMALL, st.integers(60, 200)),
    hidden=st.lists(st.one_of(SMALL, st.integers(60, 200)), max_size=3).map(tuple),
    classes=st.integers(2, 40),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    dropout=st.sampled_from([0.0, 0.3]),
    clipped=st.booleans(),
    steps=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)


@settings(
    deadline=None,
    max_examples=500,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(NETS)
def test_random_nets_have_equal_bits(net: Net) -> None:
    check(net)


# The shapes the benchmarks run at, a few steps of each.
@pytest.mark.parametrize(
    ("batch", "inputs", "hidden", "classes"),
    [
        pytest.param(100, 4, (10, 10), 3, id="iris"),
        pytest.param(1024, 28, (300, 300, 300, 300), 2, id="higgs"),
        pytest.param(256, 784, (1024, 1024), 10, id="mnist"),
    ],
)
def test_nets_of_the_benchmarks_have_equal_bits(
    batch: int, inputs: int, hidden: tuple[int, ...], classes: int
) -> None:
    check(Net(batch, inputs, hidden, classes, "relu", "adagrad", 0.0, False, 2, 7))


def test_an_unknown_instruction_set_is_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match='got "sse9"'):
        _core.choose_isa("sse9")
