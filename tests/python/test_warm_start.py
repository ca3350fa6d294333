"""Warm start: initial values from the checkpoint of another training."""

import logging

import numpy as np
import pytest
from iris_like import classifier, input_fn

import holdfast as tf
from holdfast import errors
from holdfast.estimator import WarmStartSettings


@pytest.fixture
def source(tmp_path):
    """A trained classifier of 3 classes with hidden layers of 10 and 10."""
    directory = tmp_path / "source"
    classifier(directory).train(input_fn(), steps=5)
    return directory


def tensors(path):
    reader = tf.train.load_checkpoint(str(path))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def started(model_dir, settings, **changes):
    """The tensors at the first step of a training, its estimator, and how it starts without."""
    estimator = classifier(model_dir, warm_start_from=settings, **changes)
    estimator.train(input_fn(classes=changes.get("n_classes", 3)), steps=1)
    first = sorted(model_dir.glob("model.ckpt-*"), key=lambda p: int(p.name.split("-")[1]))[0]
    cold = model_dir.parent / "cold"
    classifier(cold, **changes).train(input_fn(classes=changes.get("n_classes", 3)), steps=1)
    return tensors(first), estimator, tensors(cold / "model.ckpt-0")


def is_slot(name):
    return name.endswith("Adagrad")


@pytest.mark.parametrize("how", ["directory", "checkpoint", "bytes", "settings"])
def test_a_path_gives_weights_and_biases_only(tmp_path, source, how, caplog):
    settings = {
        "directory": source,
        "checkpoint": str(source / "model.ckpt-5"),
        "bytes": str(source).encode(),
        "settings": WarmStartSettings(str(source)),
    }[how]
    with caplog.at_level(logging.INFO):
        values, estimator, cold = started(tmp_path / "new", settings)
    stored = tensors(source)
    for name, value in values.items():
        expected = cold if is_slot(name) or name == "global_step" else stored
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
    report = estimator.restore_report["warm_start"]
    assert report["source"] == str(source / "model.ckpt-5")
    assert len(report["taken"]) == 6
    assert len(report["fresh"]) == 7
    assert report["partly"] == report["skipped"] == []
    assert (
        "6 taken, 0 partly, 0 skipped, 7 fresh.\n  taken    dnn/hiddenlayer_0/bias" in caplog.text
    )


def test_it_happens_once(tmp_path, source, caplog):
    model_dir = tmp_path / "new"
    classifier(model_dir, warm_start_from=str(source)).train(input_fn(), steps=3)
    expected = tmp_path / "same"
    classifier(expected, warm_start_from=str(source)).train(input_fn(), steps=4)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        estimator = classifier(model_dir, warm_start_from=str(source))
        estimator.train(input_fn(), steps=1)
    assert "Warm-starting" not in caplog.text
    assert estimator.restore_report["warm_start"] is None
    ours, theirs = tensors(model_dir), tensors(expected)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_a_list_of_expressions_means_slots_and_global_step_too(tmp_path, source):
    settings = WarmStartSettings(str(source), [".*"])
    values, _, _ = started(tmp_path / "new", settings)
    assert values["global_step"] == 5
    stored = tensors(source)
    assert all(np.array_equal(values[name], stored[name]) for name in stored)


def test_an_expression_is_matched_from_the_start(tmp_path, source):
    values, estimator, cold = started(
        tmp_path / "new", WarmStartSettings(str(source), "dnn/hiddenlayer_0|kernel")
    )
    taken = ["dnn/hiddenlayer_0/bias", "dnn/hiddenlayer_0/kernel"]
    assert estimator.restore_report["warm_start"]["taken"] == taken
    np.testing.assert_array_equal(values["dnn/logits/kernel"], cold["dnn/logits/kernel"])


def test_other_names(tmp_path, source):
    names = {"dnn/hiddenlayer_1/bias:0": "dnn/hiddenlayer_0/bias"}
    settings = WarmStartSettings(str(source), var_name_to_prev_var_name=names)
    values, _, _ = started(tmp_path / "new", settings)
    stored = tensors(source)
    np.testing.assert_array_equal(
        values["dnn/hiddenlayer_1/bias"], stored["dnn/hiddenlayer_0/bias"]
    )
    unused = WarmStartSettings(
        str(source), ".*logits", var_name_to_prev_var_name={"dnn/hiddenlayer_1/bias": "x"}
    )
    with pytest.raises(ValueError, match=r"\['dnn/hiddenlayer_1/bias'\] are not among"):
        classifier(tmp_path / "bad", warm_start_from=unused).train(input_fn(), steps=1)


def test_what_does_not_fit_is_an_error_that_names_all_of_it(tmp_path, source):
    estimator = classifier(
        tmp_path / "new", hidden_units=[12, 10, 4], n_classes=5, warm_start_from=str(source)
    )
    with pytest.raises(ValueError, match="7 of the selected variables do not fit") as caught:
        estimator.train(input_fn(classes=5), steps=1)
    text = str(caught.value)
    assert (
        "dnn/hiddenlayer_0/kernel: the checkpoint has dnn/hiddenlayer_0/kernel as float32 "
        "[4, 10], the model float32 [4, 12]"
    ) in text
    assert "dnn/hiddenlayer_2/bias: the checkpoint has no dnn/hiddenlayer_2/bias" in text
    assert "The checkpoint has: dnn/hiddenlayer_0/bias, " in text
    assert 'on_mismatch="skip"' in text
    assert not (tmp_path / "new").exists()


def test_skip_goes_on_without(tmp_path, source):
    settings = WarmStartSettings(str(source), on_mismatch="skip")
    values, estimator, cold = started(tmp_path / "new", settings, n_classes=5)
    skipped = ["dnn/logits/bias", "dnn/logits/kernel"]
    assert estimator.restore_report["warm_start"]["skipped"] == skipped
    stored = tensors(source)
    for name in values:
        if name.startswith("dnn/hidden") and not is_slot(name):
            np.testing.assert_array_equal(values[name], stored[name])
    for name in skipped:
        np.testing.assert_array_equal(values[name], cold[name])


def test_overlap_takes_the_common_part(tmp_path, source):
    settings = WarmStartSettings(str(source), on_mismatch="overlap")
    values, estimator, cold = started(tmp_path / "new", settings, n_classes=5)
    assert estimator.restore_report["warm_start"]["partly"] == [
        "dnn/logits/bias",
        "dnn/logits/kernel",
    ]
    kernel = values["dnn/logits/kernel"]
    np.testing.assert_array_equal(kernel[:, :3], tensors(source)["dnn/logits/kernel"])
    np.testing.assert_array_equal(kernel[:, 3:], cold["dnn/logits/kernel"][:, 3:])


def test_evaluate_and_predict_use_it_if_it_gives_everything(tmp_path, source):
    data = input_fn(repeat=1)
    expected = classifier(source).evaluate(data)
    estimator = classifier(tmp_path / "new", warm_start_from=str(source))
    results = estimator.evaluate(data)
    assert results["loss"] == expected["loss"]
    assert results["global_step"] == 0
    assert len(list(estimator.predict(data))) == 60
    partly = WarmStartSettings(str(source), ".*logits")
    with pytest.raises(errors.NoCheckpointError, match="leaves variables at initial values"):
        classifier(tmp_path / "new", warm_start_from=partly).evaluate(data)


def test_a_source_that_is_not_there(tmp_path):
    estimator = classifier(tmp_path / "new", warm_start_from=str(tmp_path / "none"))
    with pytest.raises(errors.NotFoundError, match="No checkpoint at"):
        estimator.train(input_fn(), steps=1)


@pytest.mark.parametrize(
    ("arguments", "more", "text"),
    [
        (("",), {}, "`ckpt_to_initialize_from` MUST be set"),
        (("d",), {"on_mismatch": "never"}, "on_mismatch must be one of"),
        (("d", ".*", {"words": object()}), {}, "var_name_to_vocab_info is not supported"),
    ],
)
def test_settings_are_checked(arguments, more, text):
    with pytest.raises(ValueError, match=text):
        WarmStartSettings(*arguments, **more)
