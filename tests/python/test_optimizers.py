"""Optimizers against TensorFlow's numbers, their slots' names, and their refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "optimizers.npz")
# Five float32 updates; TensorFlow's order of operations may differ in the last place of each.
RTOL = 1e-6

OPTIMIZERS: dict[str, Callable[[], tf.train.Optimizer]] = {
    "GradientDescent": lambda: tf.train.GradientDescentOptimizer(0.1),
    "Adagrad": lambda: tf.train.AdagradOptimizer(0.1),
}


@pytest.fixture
def graph() -> Iterator[tf.Graph]:
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_five_dense_steps(name: str, graph: tf.Graph) -> None:
    optimizer = OPTIMIZERS[name]()
    v = tf.get_variable("v", initializer=GOLDEN["dense_init"])
    g = tf.get_variable("g", [6], trainable=False)
    step = tf.train.get_or_create_global_step()
    train_op = optimizer.apply_gradients([(g, v)], global_step=step)
    trainer = _core.Trainer(graph.core, 0)
    for gradient, expected in zip(GOLDEN["dense_grads"], GOLDEN[f"v1/{name}/dense"], strict=True):
        trainer.write_variable("g", gradient)
        trainer.run(1, graph.run_targets([train_op]), [])
        np.testing.assert_allclose(trainer.read_variable("v"), expected, rtol=RTOL)
    assert trainer.global_step == 5
    for key in GOLDEN:
        if key.startswith(f"v1/{name}/dense_slot/"):
            slot = optimizer.get_slot(v, key.rpartition("/")[2])
            assert slot is not None
            got = trainer.read_variable(slot.op.name)
            np.testing.assert_allclose(got, GOLDEN[key], rtol=RTOL)
    names = [x.op.name for x in tf.global_variables() if x.op.name.startswith("v")]
    assert names == GOLDEN[f"v1/{name}/variables"].tolist()


@pytest.mark.usefixtures("graph")
def test_slots_are_named_by_the_scope_of_their_variable() -> None:
    with tf.variable_scope("dnn", slot_part="t_0"):
        canned = tf.get_variable("kernel", [2, 2])
    custom = tf.get_variable("w", [2])
    optimizer = tf.train.AdagradOptimizer(0.05)
    loss = tf.reduce_sum(tf.square(canned)) + tf.reduce_sum(custom)
    optimizer.minimize(loss)
    slots = [optimizer.get_slot(v, "accumulator") for v in (canned, custom)]
    assert [s.op.name for s in slots if s is not None] == ["dnn/kernel/t_0/Adagrad", "w/Adagrad"]
    assert optimizer.get_slot_names() == ["accumulator"]
    assert optimizer.get_slot(custom, "momentum") is None
    first = slots[0]
    assert first is not None
    facts = {k: first.op.get_attr(k) for k in ("role", "slot_of", "slot", "optimizer", "value")}
    assert facts == {
        "role": "slot",
        "slot_of": "dnn/kernel",
        "slot": "accumulator",
        "optimizer": "Adagrad",
        "value": 0.1,
    }
    assert first not in tf.trainable_variables()


def test_minimize_moves_every_variable_from_the_same_loss(graph: tf.Graph) -> None:
    # loss = a * b at a = 2, b = 3: the gradients are 3 and 2, whatever is updated first.
    a = tf.get_variable("a", initializer=np.float32(2))
    b = tf.get_variable("b", initializer=np.float32(3))
    train_op = tf.train.GradientDescentOptimizer(0.5).minimize(a * b)
    trainer = _core.Trainer(graph.core, 0)
    trainer.run(1, graph.run_targets([train_op]), [])
    # 2 - 0.5 * 3 = 0.5 and 3 - 0.5 * 2 = 2
    assert [float(trainer.read_variable(n)) for n in "ab"] == [0.5, 2.0]


def test_global_step_stands_still_unless_given(graph: tf.Graph) -> None:
    step = tf.train.create_global_step()
    v = tf.get_variable("v", initializer=np.float32(1))
    plain = tf.train.GradientDescentOptimizer(0.1).minimize(v * v)
    counting = tf.train.GradientDescentOptimizer(0.1).minimize(v * v, global_step=step)
    trainer = _core.Trainer(graph.core, 0)
    trainer.run(2, [plain.node], [])
    assert trainer.global_step == 0
    trainer.run(2, [counting.node], [])
    assert trainer.global_step == 2


@pytest.mark.parametrize("kind", ["number", "tensor", "function"])
def test_learning_rate_may_be_a_number_a_tensor_or_a_function(kind: str, graph: tf.Graph) -> None:
    step = tf.train.create_global_step()
    decayed = 0.5 / (tf.to_float(step) + 1.0)
    rate = {"number": 0.5, "tensor": decayed, "function": lambda: decayed}[kind]
    v = tf.get_variable("v", initializer=np.float32(8))
    train_op = tf.train.GradientDescentOptimizer(rate).minimize(v, global_step=step)
    trainer = _core.Trainer(graph.core, 0)
    trainer.run(2, [train_op.node], [])
    # The gradient is 1: 8 - 0.5 - 0.5, or with the decay 8 - 0.5 / 1 - 0.5 / 2.
    assert float(trainer.read_variable("v")) == (7.0 if kind == "number" else 7.25)


def test_float64_variables_are_updated_in_float64(graph: tf.Graph) -> None:
    v = tf.get_variable("v", initializer=np.array([1.0]))
    w = tf.get_variable("w", initializer=np.array([1.0]))
    loss = tf.reduce_sum(v) + tf.reduce_sum(w)
    descend = tf.train.GradientDescentOptimizer(0.25).minimize(loss, var_list=[v])
    adagrad = tf.train.AdagradOptimizer(0.5, 3.0).minimize(loss, var_list=[w])
    trainer = _core.Trainer(graph.core, 0)
    trainer.run(1, [descend.node, adagrad.node], [])
    assert trainer.read_variable("v").tolist() == [0.75]
    assert trainer.read_variable("w").tolist() == [0.75]  # 1 - 0.5 * 1 / sqrt(3 + 1)


@pytest.mark.usefixtures("graph")
def test_refusals() -> None:
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    v = tf.get_variable("v", [2])
    with pytest.raises(ValueError, match="initial_accumulator_value must be positive: 0"):
        tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)
    with pytest.raises(ValueError, match=r"No gradients provided for any variable.*\['v:0'\]"):
        optimizer.minimize(tf.constant(1.0))
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply_gradients([(None, v)])
    with pytest.raises(ValueError, match="No variables provided"):
        optimizer.apply_gradients([])
    with pytest.raises(ValueError, match="expected a float Tensor"):
        optimizer.minimize(tf.constant(1))
    with pytest.raises(TypeError, match=r"Argument is not a tf\.Variable"):
        optimizer.minimize(tf.reduce_sum(v), var_list=[tf.constant(1.0)])
    with pytest.raises(ValueError, match="learning_rate: expected a scalar"):
        tf.train.GradientDescentOptimizer([0.1, 0.2]).minimize(tf.reduce_sum(v))


def test_no_trainable_variables_is_an_error(graph: tf.Graph) -> None:
    with pytest.raises(ValueError, match="No variables to optimize"):
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))
    assert graph.get_collection(tf.GraphKeys.TRAIN_OP) == []


@pytest.mark.usefixtures("graph")
def test_global_step_is_made_once() -> None:
    assert tf.train.get_global_step() is None
    step = tf.train.create_global_step()
    assert (step.name, step.dtype, step.shape) == ("global_step:0", tf.int64, [])
    assert step.op.get_attr("role") == "global_step"
    assert tf.train.get_or_create_global_step() is step
    assert step not in tf.trainable_variables()
    with pytest.raises(ValueError, match='"global_step" already exists'):
        tf.train.create_global_step()
