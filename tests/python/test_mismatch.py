"""A model that does not fit the checkpoint: one error with every difference, nothing changed."""

import pytest
from iris_like import KEYS, classifier, columns, input_fn, tree_of

import holdfast as tf
from holdfast.errors import CheckpointMismatchError


@pytest.fixture
def trained(tmp_path):
    classifier(tmp_path).train(input_fn(), steps=3)
    return tmp_path


def mismatch(model_dir, call, **changes):
    """The error of one call with a changed model; the directory must stay as it is."""
    before = tree_of(model_dir)
    data = input_fn(classes=changes.get("n_classes", 3))
    estimator = classifier(model_dir, **changes)
    calls = {
        "train": lambda: estimator.train(data, steps=1),
        "evaluate": lambda: estimator.evaluate(data, steps=1),
        "predict": lambda: next(estimator.predict(data)),
    }
    with pytest.raises(CheckpointMismatchError) as caught:
        calls[call]()
    assert tree_of(model_dir) == before
    assert isinstance(caught.value, tf.errors.InvalidArgumentError)
    assert isinstance(caught.value, tf.errors.NotFoundError)
    return str(caught.value)


@pytest.mark.parametrize("call", ["train", "evaluate", "predict"])
def test_other_widths_name_every_tensor_with_both_shapes(trained, call):
    text = mismatch(trained, call, hidden_units=[20, 20])
    for name, stored, wanted in [
        ("dnn/hiddenlayer_0/kernel", "[4, 10]", "[4, 20]"),
        ("dnn/hiddenlayer_0/bias", "[10]", "[20]"),
        ("dnn/hiddenlayer_1/kernel", "[10, 10]", "[20, 20]"),
        ("dnn/hiddenlayer_1/bias", "[10]", "[20]"),
        ("dnn/logits/kernel", "[10, 3]", "[20, 3]"),
    ]:
        line = next(line for line in text.splitlines() if f" {name} " in line)
        assert line.split()[0] == "shape"
        assert f"checkpoint {stored} " in line
        assert f"model {wanted}" in line
    assert "model.ckpt-3 does not fit this model" in text
    assert "hidden_units changed from [10, 10] to [20, 20]" in text
    assert "new model_dir" in text


def test_an_added_layer(trained):
    text = mismatch(trained, "train", hidden_units=[10, 10, 5])
    assert "missing" in text
    assert "dnn/hiddenlayer_2/kernel" in text
    assert "hidden_units changed from [10, 10] to [10, 10, 5]" in text


def test_a_removed_layer(trained):
    text = mismatch(trained, "train", hidden_units=[10])
    assert "unexpected" in text
    assert "dnn/hiddenlayer_1/kernel" in text
    assert "hidden_units changed from [10, 10] to [10]" in text


def test_a_variable_that_only_training_makes(tmp_path):
    def model_fn(features, labels, mode):
        if mode == "infer":
            return tf.estimator.EstimatorSpec(mode, predictions=features)
        loss = tf.reduce_sum(tf.get_variable("of_the_loss", [2]))
        train_op = tf.train.AdagradOptimizer(0.1).minimize(loss, tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)

    estimator = tf.estimator.Estimator(model_fn, str(tmp_path))
    estimator.train(input_fn(), steps=1)
    with pytest.raises(CheckpointMismatchError) as caught:
        next(estimator.predict(input_fn()))
    assert "unexpected  of_the_loss  checkpoint float32 [2]  not in the model" in str(caught.value)
    assert "If only training uses them: let model_fn make them in every mode" in str(caught.value)


def test_other_n_classes(trained):
    text = mismatch(trained, "train", n_classes=5)
    assert "dnn/logits/kernel" in text
    assert "axis 1: 3 -> 5" in text
    assert "n_classes was 3 when this checkpoint was written and is 5 now" in text


def test_other_input_width(trained):
    text = mismatch(trained, "train", feature_columns=columns(KEYS[:3]))
    assert "dnn/hiddenlayer_0/kernel" in text
    assert "axis 0: 4 -> 3" in text
    assert "input" in text.split("Likely cause:")[1]


def test_another_optimizer_is_a_difference_of_slots_only(trained):
    text = mismatch(trained, "train", optimizer="SGD")
    assert "dnn/hiddenlayer_0/kernel/t_0/Adagrad" in text
    assert "The variables fit; the optimizer's slots do not" in text
    assert "trained with Adagrad" in text


def test_another_optimizer_does_not_matter_to_evaluate_and_predict(trained):
    estimator = classifier(trained, optimizer="SGD")
    assert estimator.evaluate(input_fn(repeat=1))["global_step"] == 3
    assert len(list(estimator.predict(input_fn(repeat=1)))) == 60
