"""What export_saved_model makes: signatures, receivers, predictions; as TensorFlow does."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import exported as ex
import numpy as np
import pytest

import holdfast as hf
from holdfast import errors

NAMES = ["setosa", "versicolor", "virginica"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ex.trained_classifier(tmp_path_factory.mktemp("three"), 3, NAMES)


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ex.trained_classifier(tmp_path_factory.mktemp("two"), 2)


def parsing() -> Any:
    columns = [hf.feature_column.numeric_column(key) for key in ex.KEYS]
    spec = hf.feature_column.make_parse_example_spec(columns)
    return hf.estimator.export.build_parsing_serving_input_receiver_fn(spec)


def examples(features: dict[str, Any]) -> list[bytes]:
    rows = len(features[ex.KEYS[0]])
    return [
        ex.example({key: ex.feature([float(features[key][i])]) for key in ex.KEYS})
        for i in range(rows)
    ]


@pytest.mark.parametrize("batch", [1, 2, 17, 40])
def test_a_raw_export_predicts_what_the_estimator_does(
    classifier: Any, tmp_path: Path, batch: int
) -> None:
    features = ex.iris_features()
    model = ex.exported(classifier, tmp_path, ex.raw(features))
    expected = ex.predicted(classifier, features, batch)
    for first in range(0, 40, batch):
        rows = slice(first, first + batch)
        outputs = model({key: value[rows] for key, value in features.items()})
        assert list(outputs) == list(expected)
        assert all(ex.same(outputs[key], expected[key][rows]) for key in expected)


def test_a_raw_export_has_predict_alone_and_says_so(
    classifier: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "holdfast"):
        model = ex.exported(classifier, tmp_path, ex.raw(ex.iris_features()))
    assert list(model.signatures) == ["predict"]
    assert "Export includes no default signature!" in caplog.text
    assert "Classification input must be a single string Tensor" in caplog.text
    assert "Signatures INCLUDED in export for Predict: ['predict']" in caplog.text
    assert model.default_name == "predict"


def test_a_parsing_export_has_the_signatures_of_a_multi_class_head(
    classifier: Any, tmp_path: Path
) -> None:
    model = ex.exported(classifier, tmp_path, parsing())
    assert list(model.signatures) == ["classification", "predict", "serving_default"]
    default = model.signatures["serving_default"]
    assert default.method == "tensorflow/serving/classify"
    assert default.inputs == {"inputs": ("string", (None,))}
    assert default.outputs == {"classes": ("string", (None, 3)), "scores": ("float32", (None, 3))}
    assert model.signatures["predict"].inputs == {"examples": ("string", (None,))}

    features = ex.iris_features()
    expected = ex.predicted(classifier, features, 40)
    outputs = model(examples(features))
    assert ex.same(outputs["scores"], expected["probabilities"])
    assert outputs["classes"][7].tolist() == [name.encode() for name in NAMES]
    again = model.signatures["predict"](examples=examples(features))
    assert all(ex.same(again[key], expected[key]) for key in expected)


def test_a_parsing_export_has_the_signatures_of_a_binary_head(binary: Any, tmp_path: Path) -> None:
    model = ex.exported(binary, tmp_path, parsing())
    assert list(model.signatures) == ["classification", "predict", "regression", "serving_default"]
    features = ex.iris_features()
    expected = ex.predicted(binary, features, 40)
    regression = model.signatures["regression"]
    assert regression.method == "tensorflow/serving/regress"
    assert ex.same(regression(examples(features))["outputs"], expected["logistic"])
    scores = model.signatures["classification"](examples(features))["scores"]
    assert ex.same(scores, expected["probabilities"])


def test_a_csv_receiver_reads_lines(classifier: Any, tmp_path: Path) -> None:
    def receiver() -> Any:
        lines = hf.placeholder(hf.string, [None], "lines")
        columns = hf.decode_csv(lines, [[0.0]] * 4)
        return hf.estimator.export.ServingInputReceiver(
            dict(zip(ex.KEYS, columns, strict=True)), lines
        )

    model = ex.exported(classifier, tmp_path, receiver)
    assert model.signatures["predict"].inputs == {"input": ("string", (None,))}
    features = ex.iris_features()
    lines = [",".join(repr(float(features[key][i])) for key in ex.KEYS).encode() for i in range(40)]
    expected = ex.predicted(classifier, features, 40)
    outputs = model.signatures["predict"](lines)
    assert all(ex.same(outputs[key], expected[key]) for key in expected)


def test_only_what_predicts_is_inside(classifier: Any, tmp_path: Path) -> None:
    model = ex.exported(classifier, tmp_path, ex.raw(ex.iris_features()))
    names = [name for name, *_ in model.variables]
    layers = ("hiddenlayer_0", "hiddenlayer_1", "logits")
    weights = [f"dnn/{layer}/{part}" for layer in layers for part in ("bias", "kernel")]
    assert names == [*weights, "global_step"]
    assert "Adagrad" not in " ".join(names)
    ops = {model.graph.op(node) for node in range(len(model.graph))}
    assert "histogram" not in ops
    assert model.global_step == 5
    assert model.facts["head"] == {"kind": "multi_class", "n_classes": 3}


@pytest.mark.parametrize(
    "given",
    [
        {"x": hf.TensorSpec([None, 4], hf.float32)},
        {"x": np.zeros((3, 4), np.float32)},
        {"x": [[0.0] * 4]},
    ],
)
def test_raw_receivers_take_specs_arrays_and_lists(given: dict[str, Any], tmp_path: Path) -> None:
    estimator = ex.untrained(
        lambda f: {"y": f["x"] * 2.0}, {"x": np.ones((1, 4), np.float32)}, tmp_path / "model"
    )
    model = ex.exported(estimator, tmp_path / "export", ex.raw(given))
    assert model.signatures["serving_default"].inputs == {"x": ("float32", (None, 4))}


def test_raw_receivers_take_placeholders_and_a_batch_size(tmp_path: Path) -> None:
    estimator = ex.untrained(
        lambda f: f["x"] * 2.0, {"x": np.ones((1, 2), np.float32)}, tmp_path / "model"
    )

    def receiver() -> Any:
        x = hf.placeholder(hf.float32, [None, 2], "given")
        build = hf.estimator.export.build_raw_serving_input_receiver_fn
        return build({"x": x}, default_batch_size=3)()

    model = ex.exported(estimator, tmp_path / "export", receiver)
    assert model.signatures["serving_default"].inputs == {"x": ("float32", (3, 2))}
    assert model.signatures["serving_default"].outputs == {"output": ("float32", (3, 2))}
    with pytest.raises(errors.InvalidArgumentError, match=r"expected shape \[3, 2\]; got \[1, 2\]"):
        model(np.ones((1, 2), np.float32))


def test_other_ways_in_are_signatures_of_their_own(classifier: Any, tmp_path: Path) -> None:
    def receiver() -> Any:
        made = parsing()()
        return hf.estimator.export.ServingInputReceiver(
            made.features, made.receiver_tensors, {"raw": made.receiver_tensors["examples"]}
        )

    model = ex.exported(classifier, tmp_path, receiver)
    names = {"raw:serving_default", "raw:predict", "raw:classification"}
    assert {name for name in model.signatures if name.startswith("raw")} == names


def test_a_way_in_may_begin_behind_the_parsing(binary: Any, tmp_path: Path) -> None:
    def receiver() -> Any:
        made = parsing()()
        return hf.estimator.export.ServingInputReceiver(
            made.features, made.receiver_tensors, {"parsed": made.features}
        )

    model = ex.exported(binary, tmp_path, receiver)
    features = ex.iris_features()
    parsed = model.signatures["parsed:predict"]
    assert set(parsed.inputs) == set(ex.KEYS)
    outputs = parsed({key: value.reshape(40, 1) for key, value in features.items()})
    expected = model.signatures["predict"](examples(features))
    assert all(ex.same(outputs[key], expected[key]) for key in expected)
    assert "parsed:classification" not in model.signatures  # takes a string
    variables = [name for name, role, *_ in model.variables if role == "variable"]
    assert len(variables) == 6  # shared


def test_a_way_in_that_leaves_an_input_open_is_named(tmp_path: Path) -> None:
    def receiver() -> Any:
        x, y = (hf.placeholder(hf.float32, [None], name) for name in "xy")
        twice = x * 2.0
        return hf.estimator.export.ServingInputReceiver(
            {"x": twice, "y": y}, {"x": x, "y": y}, {"half": {"x, doubled": twice}}
        )

    x = {key: np.ones(1, np.float32) for key in "xy"}
    estimator = ex.untrained(lambda f: f["x"] + f["y"], x, tmp_path / "model")
    with pytest.raises(errors.InvalidArgumentError, match='got none for the placeholder "y"'):
        ex.exported(estimator, tmp_path / "export", receiver)


def test_export_outputs_of_a_model_fn_become_signatures(tmp_path: Path) -> None:
    export = hf.estimator.export

    def model_fn(features: Any, labels: Any, mode: str) -> Any:
        doubled = features["x"] * 2.0
        step = hf.assign_add(hf.train.get_global_step(), np.int64(1))
        return hf.estimator.EstimatorSpec(
            mode,
            predictions={"y": doubled},
            loss=hf.constant(0.0),
            train_op=step,
            export_outputs={
                "twice": export.PredictOutput(doubled),
                "serving_default": export.PredictOutput({"a": doubled, "b": features["x"]}),
            },
        )

    x = {"x": np.ones(2, np.float32)}
    estimator = hf.estimator.Estimator(model_fn, str(tmp_path / "model"), config=ex.config())
    estimator.train(lambda: hf.data.Dataset.from_tensor_slices(x).batch(1), steps=1)
    model = ex.exported(estimator, tmp_path / "export", ex.raw(x))
    assert list(model.signatures) == ["serving_default", "twice"]
    assert model(**x)["a"].tolist() == [2.0, 2.0]
    assert list(model.signatures["twice"].outputs) == ["output"]


def test_receivers_check_what_they_are_given() -> None:
    export = hf.estimator.export
    with hf.Graph().as_default():
        x = hf.placeholder(hf.float32, [None])
        assert export.ServingInputReceiver(x, x).features == {"feature": x}
        assert export.TensorServingInputReceiver(x, x).features is x
        for arguments, message in [
            ((None, x), "features must be defined"),
            (({"a": 1}, x), "feature a must be a Tensor"),
            (({"a": x}, None), "receiver_tensors must be defined"),
            (({1: x}, x), "feature keys must be strings: 1"),
            ((x, x, [x]), "receiver_tensors_alternatives must be a dict"),
        ]:
            with pytest.raises(ValueError, match=message):
                export.ServingInputReceiver(*arguments)
        with pytest.raises(ValueError, match="feature must be a Tensor"):
            export.TensorServingInputReceiver({"a": x}, x)
    with pytest.raises(TypeError, match=r"features must be a dict of examples by name; got array"):
        export.build_raw_serving_input_receiver_fn(np.ones((2, 3)))
    with pytest.raises(TypeError, match="expected a TensorSpec, an example array"):
        export.build_raw_serving_input_receiver_fn({"x": 3})
    with pytest.raises(ValueError, match="expected a first axis for the batch"):
        export.build_raw_serving_input_receiver_fn({"x": hf.TensorSpec([], hf.float32)})
