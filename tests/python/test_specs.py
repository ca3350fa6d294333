"""holdfast.estimator.EstimatorSpec: what a model_fn may return."""

import pytest

import holdfast as tf
from holdfast.estimator import EstimatorSpec, ModeKeys, SessionRunHook


@pytest.fixture
def graph():
    graph = tf.Graph()
    with graph.as_default():
        yield graph


def test_mode_keys_are_those_of_tensorflow():
    assert (ModeKeys.TRAIN, ModeKeys.EVAL, ModeKeys.PREDICT) == ("train", "eval", "infer")


def test_what_each_mode_needs(graph):
    loss, op = tf.constant(1.0), tf.no_op()
    with pytest.raises(ValueError, match="Missing loss"):
        EstimatorSpec(ModeKeys.TRAIN, train_op=op)
    with pytest.raises(ValueError, match="Missing train_op"):
        EstimatorSpec(ModeKeys.TRAIN, loss=loss)
    with pytest.raises(ValueError, match="Missing loss"):
        EstimatorSpec(ModeKeys.EVAL)
    with pytest.raises(ValueError, match="Missing predictions"):
        EstimatorSpec(ModeKeys.PREDICT)
    assert EstimatorSpec(ModeKeys.TRAIN, loss=loss, train_op=op).train_op is op
    assert EstimatorSpec(ModeKeys.EVAL, loss=loss).loss is loss
    assert EstimatorSpec(ModeKeys.PREDICT, predictions=loss).predictions is loss


def test_a_loss_of_one_element_becomes_a_scalar(graph):
    spec = EstimatorSpec(ModeKeys.EVAL, loss=tf.constant([[1.0]]))
    assert spec.loss.shape.as_list() == []


def test_a_loss_for_each_example_is_refused(graph):
    with pytest.raises(ValueError, match="Loss must be scalar"):
        EstimatorSpec(ModeKeys.EVAL, loss=tf.constant([1.0, 2.0]))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("loss", 1.0, "loss must be a Tensor"),
        ("train_op", "minimize", "train_op must be a Tensor or an Operation"),
        ("predictions", {"y": 1.0}, r"predictions\['y'\] must be a Tensor"),
        ("eval_metric_ops", [1], "eval_metric_ops must be a dict"),
        ("eval_metric_ops", {"a": 1.0}, r"eval_metric_ops\['a'\] must be a \(value, update\) pair"),
        ("training_hooks", [1], "All training_hooks must be SessionRunHook instances"),
        ("evaluation_hooks", ["x"], "All evaluation_hooks must be"),
        ("scaffold", object(), "scaffold must be None"),
    ],
)
def test_wrong_types_name_the_field(graph, field, value, words):
    good = {"loss": tf.constant(1.0), "train_op": tf.no_op()}
    with pytest.raises(TypeError, match=words):
        EstimatorSpec(ModeKeys.TRAIN, **{**good, field: value})


def test_tensors_of_two_graphs_are_refused(graph):
    loss = tf.constant(1.0)
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    with pytest.raises(ValueError, match="are from different graphs"):
        EstimatorSpec(ModeKeys.PREDICT, predictions={"a": loss, "b": other})


def test_hooks_become_tuples(graph):
    hook = SessionRunHook()
    spec = EstimatorSpec(ModeKeys.EVAL, loss=tf.constant(1.0), evaluation_hooks=[hook])
    assert spec.evaluation_hooks == (hook,)
    assert spec.training_hooks == ()


def test_predict_has_the_default_signature_among_its_export_outputs(graph):
    y = tf.constant([1.0])
    output = tf.estimator.export.PredictOutput(y)
    assert set(EstimatorSpec("infer", {"y": y}).export_outputs) == {"serving_default"}
    spec = EstimatorSpec("infer", {"y": y}, export_outputs={"a": output})
    assert spec.export_outputs == {"a": output, "serving_default": output}
    assert EstimatorSpec("infer", {"y": y}, export_outputs={}).export_outputs == {}


def test_predict_checks_export_outputs(graph):
    y = tf.constant([1.0])
    output = tf.estimator.export.PredictOutput(y)
    for outputs, error, message in [
        ([output], TypeError, "export_outputs must be dict, given"),
        ({"a": y}, TypeError, "Values in export_outputs must be ExportOutput objects"),
        ({1: output}, TypeError, "Keys in export_outputs must be str, the names of signatures"),
        ({"a": output, "b": output}, ValueError, "none of them is specified as the default"),
    ]:
        with pytest.raises(error, match=message):
            EstimatorSpec("infer", {"y": y}, export_outputs=outputs)
    spec = EstimatorSpec("eval", loss=tf.constant(1.0), export_outputs=[output])
    assert spec.export_outputs == [output]  # as in TensorFlow: nobody looks at it
