"""Which values of a training and of an evaluation are recorded, at which steps."""

import numpy as np
import pytest
from event_reading import event_files, scalars, steps_by_tag, values
from iris_like import classifier, input_fn, state_of
from line_model import X, line, line_data, line_model

import holdfast as tf

QUIET = {"save_summary_steps": 0, "log_step_count_steps": None}


def noting_model(features, labels, mode, params):
    spec = line_model(features, labels, mode, params)
    tf.summary.scalar("twice the loss", 2 * spec.loss)
    with tf.name_scope("inside"):
        tf.summary.histogram("x", features["x"])
        tf.summary.text("note", tf.constant("**bold**"))
    tf.summary.scalar("count", tf.constant(3), family="things")
    return spec


def test_summaries_of_a_model_fn_are_recorded(tmp_path):
    line(tmp_path, noting_model, save_summary_steps=2).train(line_data, steps=4)
    by_step = {(step, value.tag): value for step, value in values(tmp_path)}
    assert {step for step, _ in by_step} == {1, 3}
    # w = b = 0, so that the first loss is the mean of (2 x + 1)^2.
    loss = np.mean((2 * X + 1) ** 2)
    assert by_step[1, "loss"].simple_value == loss
    assert by_step[1, "twice_the_loss"].simple_value == 2 * loss
    assert by_step[3, "inside/note"].text == b"**bold**"
    assert by_step[3, "things/count"].simple_value == 3
    histogram = by_step[3, "inside/x"].histo
    assert (histogram.min, histogram.max, histogram.num) == (0, 3, 4)
    assert (histogram.sum, histogram.sum_squares) == (X.sum(), np.square(X).sum())
    assert sum(histogram.bucket) == 4
    assert histogram.bucket_limit == sorted(histogram.bucket_limit)
    assert histogram.bucket_limit[-1] >= 3


def test_a_loss_of_ones_own_is_not_recorded_twice(tmp_path):
    def model(features, labels, mode, params):
        spec = line_model(features, labels, mode, params)
        tf.summary.scalar("loss", spec.loss + 100)
        return spec

    line(tmp_path, model).train(line_data, steps=1)
    assert [v > 100 for _, v in scalars(tmp_path)["loss"]] == [True]


def test_what_is_no_summary_is_refused():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match=r"summary.scalar 'a': expected a scalar; got shape"):
            tf.summary.scalar("a", tf.constant([1.0]))
        with pytest.raises(ValueError, match=r"summary.scalar 'a': expected a number; got a str"):
            tf.summary.scalar("a", tf.constant("b"))
        with pytest.raises(ValueError, match=r"summary.text 'a': expected one string; got float32"):
            tf.summary.text("a", tf.constant(1.0))


LAYERS = [f"dnn/dnn/{layer}" for layer in ("hiddenlayer_0", "hiddenlayer_1", "logits")]
TAGS = {
    "loss",
    "average_loss",
    *(f"{layer}/{what}" for layer in LAYERS for what in ("fraction_of_zero_values", "activation")),
}


def config(**more):
    return tf.estimator.RunConfig(tf_random_seed=7, durability="process", **more)


def test_a_canned_estimator_records_tensorflows_tags_at_tensorflows_steps(tmp_path):
    estimator = classifier(tmp_path, config=config(save_summary_steps=3, log_step_count_steps=2))
    estimator.train(input_fn(), steps=5)
    found = steps_by_tag(tmp_path)
    assert found.pop("global_step/sec") == [3, 5]
    assert found == {tag: [1, 4] for tag in TAGS}
    estimator.train(input_fn(), steps=5)  # steps 1, 1 + 3, ... of this call
    found = steps_by_tag(tmp_path)
    assert found.pop("global_step/sec") == [3, 5, 8, 10]
    assert found == {tag: [1, 4, 6, 9] for tag in TAGS}


def test_the_numbers_are_those_of_the_training(tmp_path):
    fetched = []

    class Fetch(tf.train.SessionRunHook):
        def before_run(self, run_context):
            graph = run_context.session.graph
            names = [name for name in layers if graph.core.find(name) >= 0]
            return tf.train.SessionRunArgs([graph.get_tensor_by_name(name) for name in names])

        def after_run(self, run_context, run_values):
            fetched.append(run_values.results[0])

    layers = ["dnn/hiddenlayer_0/Relu", "dnn/dnn/hiddenlayer_0/Relu"]
    estimator = classifier(tmp_path, config=config(save_summary_steps=1))
    estimator.train(input_fn(), steps=3, hooks=[Fetch()])
    by_step = {(step, value.tag): value for step, value in values(tmp_path)}
    for step, hidden in enumerate(fetched, start=1):
        zeros = by_step[step, "dnn/dnn/hiddenlayer_0/fraction_of_zero_values"]
        assert zeros.simple_value == np.float32(np.mean(hidden == 0))
        histogram = by_step[step, "dnn/dnn/hiddenlayer_0/activation"].histo
        assert (histogram.min, histogram.max) == (hidden.min(), hidden.max())
        assert histogram.num == hidden.size
        assert histogram.sum == pytest.approx(hidden.astype(float).sum(), rel=1e-12)
        loss = by_step[step, "loss"].simple_value
        assert by_step[step, "average_loss"].simple_value == pytest.approx(loss / 10, rel=1e-6)
    assert len(fetched) == 3


def test_summaries_change_no_bit_of_the_training(tmp_path):
    classifier(tmp_path / "a", config=config(save_summary_steps=2)).train(input_fn(), steps=21)
    classifier(tmp_path / "b", config=config(**QUIET)).train(input_fn(), steps=21)
    assert state_of(tmp_path / "a") == state_of(tmp_path / "b")


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path):
    classifier(tmp_path, config=config(**QUIET)).train(input_fn(), steps=3)
    assert not event_files(tmp_path)


@pytest.mark.parametrize(
    ("more", "tags"),
    [
        ({"save_summary_steps": None, "log_step_count_steps": 1}, {"global_step/sec"}),
        ({"save_summary_steps": 1, "log_step_count_steps": None}, {"loss"}),
    ],
)
def test_each_of_the_two_cadences_can_be_switched_off(tmp_path, more, tags):
    line(tmp_path, **more).train(line_data, steps=3)
    assert set(steps_by_tag(tmp_path)) == tags


def test_every_metric_of_an_evaluation_is_recorded(tmp_path):
    estimator = classifier(tmp_path)
    estimator.train(input_fn(), steps=2)
    first = estimator.evaluate(input_fn(), steps=2)
    estimator.train(input_fn(), steps=3)
    second = estimator.evaluate(input_fn(), steps=2)
    assert scalars(tmp_path / "eval") == {
        name: [(2, np.float32(first[name])), (5, np.float32(second[name]))]
        for name in first
        if name != "global_step"
    }
    texts = [value.text for _, value in values(tmp_path / "eval") if value.text is not None]
    assert texts == [str(tmp_path / f"model.ckpt-{step}").encode() for step in (2, 5)]
    assert len(event_files(tmp_path / "eval")) == 1
    estimator.evaluate(input_fn(), steps=1, name="held out")
    assert set(scalars(tmp_path / "eval_held out")) == set(first) - {"global_step"}


def test_an_evaluation_that_cannot_be_recorded_is_a_warning(tmp_path, caplog):
    estimator = line(tmp_path).train(line_data, steps=1)
    (tmp_path / "eval_x").write_text("in the way")
    assert estimator.evaluate(line_data, steps=1, name="x")["global_step"] == 1
    assert "training goes on, and what TensorBoard would show" in caplog.text
