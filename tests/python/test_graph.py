"""Graphs under construction: names, scopes, variables, collections, promotion, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import numpy as np
import pytest

import holdfast as tf


@pytest.fixture
def graph() -> Iterator[tf.Graph]:
    with tf.Graph().as_default() as graph:
        yield graph


def test_default_graph_belongs_to_the_thread(graph: tf.Graph) -> None:
    seen: list[object] = []

    def look() -> None:
        try:
            tf.get_default_graph()
        except RuntimeError as error:
            seen.append(str(error))

    thread = Thread(target=look)
    thread.start()
    thread.join()
    assert tf.get_default_graph() is graph
    assert len(seen) == 1
    assert "no graph is being built in this thread" in str(seen[0])


def test_inner_default_graph_hides_the_outer_one(graph: tf.Graph) -> None:
    with tf.Graph().as_default() as inner:
        assert tf.get_default_graph() is inner
    assert tf.get_default_graph() is graph


@pytest.mark.usefixtures("graph")
def test_operations_are_numbered_within_their_name_scope() -> None:
    with tf.name_scope("head") as head:
        first = tf.constant(1.0)
        second = tf.constant(1.0)
    with tf.name_scope("head"):
        third = tf.constant(1.0, name="loss")
    with tf.name_scope(head):
        fourth = tf.constant(1.0)
    names = [t.name for t in (first, second, third, fourth)]
    assert names == ["head/Const:0", "head/Const_1:0", "head_1/loss:0", "head/Const_2:0"]
    assert first.op.name == "head/Const"


@pytest.mark.usefixtures("graph")
def test_name_with_a_space_is_refused() -> None:
    with pytest.raises(ValueError, match="'x y' is not a valid name"), tf.name_scope("x y"):
        pass


@pytest.mark.usefixtures("graph")
def test_variables_are_named_by_variable_scope_and_not_by_name_scope() -> None:
    with tf.name_scope("ignored"), tf.variable_scope("dnn"), tf.variable_scope("hiddenlayer_0"):
        kernel = tf.get_variable("kernel", [4, 10])
    assert (kernel.name, kernel.op.name) == (
        "dnn/hiddenlayer_0/kernel:0",
        "dnn/hiddenlayer_0/kernel",
    )
    assert kernel.get_shape().as_list() == [4, 10]
    assert kernel.dtype == tf.float32
    assert kernel.op.get_attr("initializer") == "glorot_uniform"
    assert tf.trainable_variables() == [kernel]
    assert tf.global_variables("dnn/") == [kernel]
    assert tf.global_variables("linear/") == []


@pytest.mark.usefixtures("graph")
def test_default_names_of_scopes_are_unique_within_their_scope() -> None:
    def layer() -> str:
        with tf.variable_scope(None, default_name="dense") as scope:
            return scope.name

    assert [layer(), layer()] == ["dense", "dense_1"]
    with tf.variable_scope("tower"):
        assert [layer(), layer()] == ["tower/dense", "tower/dense_1"]
    with tf.variable_scope("tower", reuse=True):
        assert layer() == "tower/dense"
    assert layer() == "dense_2"


@pytest.mark.usefixtures("graph")
def test_variable_is_shared_only_when_the_scope_reuses() -> None:
    with tf.variable_scope("a"):
        first = tf.get_variable("v", [2])
        with pytest.raises(ValueError, match="Variable a/v already exists, disallowed"):
            tf.get_variable("v", [2])
    with tf.variable_scope("a", reuse=True):
        assert tf.get_variable("v", [2]) is first
        with pytest.raises(ValueError, match="Variable a/w does not exist"):
            tf.get_variable("w", [2])
        with pytest.raises(ValueError, match=r"specified shape \(3,\) and found shape \(2,\)"):
            tf.get_variable("v", [3])
        with pytest.raises(ValueError, match="specified dtype float64 and found dtype float32"):
            tf.get_variable("v", [2], tf.float64)
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("v") is first
        assert tf.get_variable("w", [1]).op.name == "a/w"


@pytest.mark.usefixtures("graph")
def test_scope_initializer_and_dtype_hold_for_inner_scopes() -> None:
    with (
        tf.variable_scope("a", initializer=tf.zeros_initializer(), dtype=tf.float64),
        tf.variable_scope("b"),
    ):
        variable = tf.get_variable("v", [2])
    assert variable.op.get_attr("initializer") == "zeros"
    assert variable.dtype == tf.float64


@pytest.mark.usefixtures("graph")
def test_get_variable_takes_shape_and_dtype_of_an_array() -> None:
    variable = tf.get_variable("v", initializer=np.arange(6, dtype=np.float64).reshape(2, 3))
    assert (variable.shape, variable.dtype) == ([2, 3], tf.float64)
    assert variable.op.get_attr("values") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    with pytest.raises(ValueError, match=r"Shape of a new variable \(w\) must be fully defined"):
        tf.get_variable("w", initializer=tf.zeros_initializer())
    with pytest.raises(ValueError, match=r"expected shape \[2\]; got \[3\]"):
        tf.get_variable("x", [2], initializer=np.zeros(3, np.float32))


@pytest.mark.usefixtures("graph")
def test_variable_class_numbers_its_names_and_reads_constants() -> None:
    first = tf.Variable(1.5)
    second = tf.Variable(tf.constant([1, 2]), trainable=False)
    assert [first.name, second.name] == ["Variable:0", "Variable_1:0"]
    assert (first.dtype, second.dtype, second.shape) == (tf.float32, tf.int32, [2])
    assert tf.trainable_variables() == [first]
    with pytest.raises(TypeError, match="known only when the graph runs"):
        tf.Variable(tf.placeholder(tf.float32, [2]))


@pytest.mark.usefixtures("graph")
def test_variable_name_taken_by_an_operation_is_refused() -> None:
    tf.constant(1.0, name="v")
    with pytest.raises(ValueError, match="'v' is taken: the graph has a 'constant' operation"):
        tf.get_variable("v", [1])


@pytest.mark.usefixtures("graph")
def test_constants_keep_dtypes_and_python_numbers_become_single_precision() -> None:
    table = [
        (1.5, tf.float32),
        (3, tf.int32),
        (2**40, tf.int64),
        (True, tf.bool),
        ("a", tf.string),
        ([b"a", "b"], tf.string),
        ([1.0, 2.0], tf.float32),
        (np.float64(1.0), tf.float64),
        (np.arange(3), tf.int64),
        (np.array(["x"]), tf.string),
    ]
    for value, dtype in table:
        assert tf.constant(value).dtype == dtype, value


@pytest.mark.usefixtures("graph")
def test_constant_refuses_what_would_change_its_meaning() -> None:
    with pytest.raises(TypeError, match=r"Expected int32, but got 1\.5 of type 'float'"):
        tf.constant(1.5, tf.int32)
    with pytest.raises(TypeError, match="Expected float32, but got 'a' of type string"):
        tf.constant("a", tf.float32)
    with pytest.raises(TypeError, match="does not fit into int32"):
        tf.constant(2**31, tf.int32)
    with pytest.raises(TypeError, match="got an array of uint8"):
        tf.constant(np.zeros(2, np.uint8))
    with pytest.raises(TypeError, match=r"Expected Tensor's shape: \(2,\), got \(3,\)"):
        tf.constant([1, 2, 3], shape=[2], verify_shape=True)


@pytest.mark.usefixtures("graph")
def test_last_value_of_a_constant_fills_its_shape() -> None:
    constant = tf.constant([1.0, 2.0], shape=[2, 2])
    assert constant.op.get_attr("values") == [1.0, 2.0, 2.0, 2.0]
    assert tf.constant(7, shape=[3]).op.get_attr("values") == [7]


@pytest.mark.usefixtures("graph")
def test_symbolic_tensor_refuses_python_control_flow() -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with pytest.raises(TypeError, match=r"Python bool is not allowed.*tf\.where"):
        bool(x)
    with pytest.raises(TypeError, match="not iterable"):
        iter(x)
    with pytest.raises(TypeError, match="not iterable"):
        list(x)
    with pytest.raises(TypeError, match="len is not well defined"):
        len(x)
    with pytest.raises(NotImplementedError, match=r"symbolic tensor \(x:0\) to a numpy array"):
        np.asarray(x)
    with pytest.raises(NotImplementedError, match="there are no sessions here"):
        x.eval()


@pytest.mark.usefixtures("graph")
def test_tensors_are_equal_only_to_themselves_and_can_be_keys() -> None:
    a, b = tf.constant(1.0), tf.constant(1.0)
    assert a == a
    assert a != b
    assert {a: 1, b: 2}[a] == 1


def test_elements_are_found_by_name(graph: tf.Graph) -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    assert graph.get_tensor_by_name("x:0") is x
    assert graph.get_operation_by_name("x") == x.op
    assert graph.as_node("x") == x.node
    with pytest.raises(KeyError, match="'y:0' refers to a Tensor which does not exist"):
        graph.get_tensor_by_name("y:0")
    with tf.Graph().as_default() as other:
        with pytest.raises(ValueError, match="not an element of this graph"):
            other.as_node(x)
        with pytest.raises(TypeError, match="expected a Tensor, an Operation or a name; got 3"):
            other.as_node(3)


def test_finalized_graph_refuses_nodes(graph: tf.Graph) -> None:
    graph.finalize()
    with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified"):
        tf.constant(1.0)


def test_control_dependencies_join_the_targets(graph: tf.Graph) -> None:
    counter = tf.get_variable("n", [], tf.int64, trainable=False)
    update = tf.assign_add(counter, 1)
    with tf.control_dependencies([update]):
        result = tf.identity(tf.constant(1.0))
    behind = tf.identity(result)
    assert graph.run_targets([behind]) == [update.node, behind.node]
    assert graph.run_targets([update]) == [update.node]
    with tf.control_dependencies([update]), tf.control_dependencies(None):
        free = tf.identity(tf.constant(1.0))
    assert graph.run_targets([free]) == [free.node]


def test_group_reads_its_members_and_the_control_dependencies(graph: tf.Graph) -> None:
    a, b, c = tf.constant(1.0), tf.constant(2.0), tf.constant(3.0)
    with tf.control_dependencies([c]):
        grouped = tf.group(a, [b, None], name="both")
        nothing = tf.no_op()
    assert (grouped.name, [t.node for t in grouped.inputs]) == ("both", [a.node, b.node, c.node])
    assert [t.node for t in nothing.inputs] == [c.node]
    with pytest.raises(ValueError, match="Unknown keyword arguments: names"):
        tf.group(a, names="x")


def test_collections_are_copied_and_filtered_by_name(graph: tf.Graph) -> None:
    with tf.name_scope("a"):
        first = tf.constant(1.0)
    second = tf.constant(1.0, name="b")
    tf.add_to_collections(["one", "two"], first)
    tf.add_to_collection("one", second)
    assert tf.get_collection("one") == [first, second]
    assert tf.get_collection("one", scope="a/") == [first]
    assert tf.get_collection("two") == [first]
    tf.get_collection("one").clear()
    assert len(tf.get_collection("one")) == 2
    tf.get_collection_ref("one").clear()
    assert graph.get_collection("one") == []


def test_top_level_names_exist_and_unknown_ones_do_not() -> None:
    for name in tf.__all__:
        assert getattr(tf, name) is not None or name == "newaxis"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tf.nonsense
