"""Estimator.export_saved_model: signatures, receivers, directories; as TensorFlow does."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import exported as ex
import numpy as np
import pytest

import holdfast as hf
from holdfast import errors, saved_model

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


def test_the_path_is_bytes_and_the_directory_is_named_by_the_time(
    classifier: Any, tmp_path: Path
) -> None:
    path = classifier.export_saved_model(tmp_path / "new" / "export", ex.raw(ex.iris_features()))
    assert isinstance(path, bytes)
    name = os.path.basename(path).decode()
    assert len(name) == 10
    assert name.isdecimal()
    assert os.listdir(tmp_path / "new" / "export") == [name]
    assert sorted(os.listdir(path)) == [b"COMMIT", b"data-00000-of-00001.bin", b"manifest.json"]


def test_exports_of_one_second_get_names_of_their_own(classifier: Any, tmp_path: Path) -> None:
    receiver = ex.raw(ex.iris_features())
    paths = [classifier.export_savedmodel(tmp_path, receiver) for _ in range(4)]
    assert len(set(paths)) == 4
    assert sorted(os.listdir(tmp_path)) == [os.path.basename(p).decode() for p in paths]


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
    dtype = "float64" if isinstance(given["x"], list) else "float32"
    assert model.signatures["serving_default"].inputs == {"x": (dtype, (None, 4))}


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
    assert {"raw", "raw:predict", "raw:classification"} <= set(model.signatures)


def test_assets_extra_stand_beside_the_model(classifier: Any, tmp_path: Path) -> None:
    source = tmp_path / "warmup"
    source.write_bytes(b"requests")
    path = Path(
        classifier.export_saved_model(
            tmp_path / "export",
            ex.raw(ex.iris_features()),
            {"a/b/warmup.bin": source, "plain": str(source)},
        ).decode()
    )
    assert (path / "assets.extra" / "a" / "b" / "warmup.bin").read_bytes() == b"requests"
    assert (path / "assets.extra" / "plain").read_bytes() == b"requests"
    saved_model.load(path)


@pytest.mark.parametrize("destination", ["../out", "/etc/passwd", "a/../../b", "", "a//b", "."])
def test_assets_extra_stay_in_their_directory(
    classifier: Any, tmp_path: Path, destination: str
) -> None:
    (tmp_path / "source").write_bytes(b"")
    with pytest.raises(errors.InvalidArgumentError, match=r"inside assets\.extra"):
        classifier.export_saved_model(
            tmp_path / "export", ex.raw(ex.iris_features()), {destination: tmp_path / "source"}
        )
    assert not (tmp_path / "export").exists()


def test_a_missing_asset_leaves_nothing_behind(classifier: Any, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFoundError, match="no-such-file"):
        classifier.export_saved_model(
            tmp_path / "export", ex.raw(ex.iris_features()), {"a": tmp_path / "no-such-file"}
        )
    assert os.listdir(tmp_path / "export") == []


def test_an_export_is_of_the_checkpoint_asked_for(tmp_path: Path) -> None:
    estimator = ex.trained_classifier(tmp_path / "model")
    first = hf.train.latest_checkpoint(str(tmp_path / "model"))
    features = ex.iris_features()
    estimator.train(
        lambda: hf.data.Dataset.from_tensor_slices((features, np.zeros(40, int))).batch(8), steps=3
    )
    path = estimator.export_saved_model(
        tmp_path / "export", ex.raw(features), checkpoint_path=first
    )
    assert saved_model.load(path).global_step == 5
    assert ex.exported(estimator, tmp_path / "export", ex.raw(features)).global_step == 8


def test_a_checkpoint_asked_for_must_be_there(classifier: Any, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFoundError, match="no-such-checkpoint"):
        classifier.export_saved_model(
            tmp_path / "export",
            ex.raw(ex.iris_features()),
            checkpoint_path=str(tmp_path / "no-such-checkpoint"),
        )
    assert not (tmp_path / "export").exists()


def test_without_a_checkpoint_there_is_nothing_to_export(tmp_path: Path) -> None:
    estimator = hf.estimator.DNNClassifier(
        [4], [hf.feature_column.numeric_column("x")], model_dir=str(tmp_path / "model")
    )
    with pytest.raises(errors.NoCheckpointError, match="Could not find trained model"):
        estimator.export_saved_model(tmp_path / "export", ex.raw({"x": [1.0]}))
    assert not (tmp_path / "export").exists()


def test_a_model_must_be_the_checkpoints(classifier: Any, tmp_path: Path) -> None:
    other = hf.estimator.DNNClassifier(
        hidden_units=[8, 7],
        feature_columns=[hf.feature_column.numeric_column(key) for key in ex.KEYS],
        n_classes=3,
        model_dir=classifier.model_dir,
    )
    with pytest.raises(errors.CheckpointMismatchError, match="dnn/hiddenlayer_1"):
        other.export_saved_model(tmp_path / "export", ex.raw(ex.iris_features()))


def test_what_a_receiver_lacks_is_named(classifier: Any, tmp_path: Path) -> None:
    def receiver() -> Any:
        x = hf.placeholder(hf.float32, [None], "given")
        extra = hf.placeholder(hf.float32, [None], "forgotten")
        features = dict.fromkeys(ex.KEYS[:3], x) | {ex.KEYS[3]: extra}
        return hf.estimator.export.ServingInputReceiver(features, {"given": x})

    with pytest.raises(
        errors.InvalidArgumentError,
        match='signature "predict": expected inputs for all that its outputs need; got none for '
        'the placeholder "forgotten"',
    ):
        classifier.export_saved_model(tmp_path, receiver)


def test_a_model_that_writes_is_no_export(tmp_path: Path) -> None:
    def build(features: dict[str, Any]) -> Any:
        calls = hf.get_variable("calls", [], initializer=hf.zeros_initializer())
        return {"y": features["x"] + hf.assign_add(calls, 1.0)}

    estimator = ex.untrained(build, {"x": np.ones(1, np.float32)}, tmp_path / "model")
    with pytest.raises(errors.InvalidArgumentError, match="expected operations that only read"):
        estimator.export_saved_model(tmp_path / "export", ex.raw({"x": np.ones(1, np.float32)}))


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


def test_several_export_outputs_need_a_default(tmp_path: Path) -> None:
    from holdfast.estimator.export._outputs import with_default

    with hf.Graph().as_default():
        y = hf.constant([1.0])
        output = hf.estimator.export.PredictOutput(y)
        with pytest.raises(ValueError, match="none of them is specified as the default"):
            with_default({"a": output, "b": output}, {"y": y})
        assert set(with_default({"a": output}, {"y": y})) == {"a", "serving_default"}
        with pytest.raises(TypeError, match="Values in export_outputs must be ExportOutput"):
            with_default({"a": y}, {"y": y})


def test_a_receiver_is_needed(classifier: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="An input_receiver_fn must be defined"):
        classifier.export_saved_model(tmp_path, None)
    with pytest.raises(TypeError, match="must return a ServingInputReceiver"):
        classifier.export_saved_model(tmp_path, lambda: ex.iris_features())


def test_as_text_changes_nothing_and_says_so(
    classifier: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = ex.raw(ex.iris_features())
    with caplog.at_level(logging.INFO, "holdfast"):
        text = Path(classifier.export_savedmodel(tmp_path, receiver, None, True).decode())
    assert "the graph of an export is always text: see manifest.json in it" in caplog.text
    plain = Path(classifier.export_saved_model(tmp_path, receiver).decode())
    graphs = [json.loads((path / "manifest.json").read_text())["graph"] for path in (text, plain)]
    assert graphs[0] == graphs[1]
    assert sorted(os.listdir(text)) == sorted(os.listdir(plain))


def test_an_export_predicts_and_does_nothing_else(classifier: Any, tmp_path: Path) -> None:
    receiver = ex.raw(ex.iris_features())
    modes = hf.estimator.ModeKeys
    every_mode = dict.fromkeys((modes.TRAIN, modes.EVAL, modes.PREDICT), receiver)
    for call, message in [
        (
            lambda: classifier.export_saved_model(
                tmp_path, receiver, experimental_mode=modes.TRAIN
            ),
            r"experimental_mode: expected 'infer' alone, got \['train'\]\. An export predicts; to "
            "evaluate or train on, give an Estimator the model_dir",
        ),
        (
            lambda: classifier.experimental_export_all_saved_models(tmp_path, every_mode),
            r"input_receiver_fn_map: expected 'infer' alone, got \['train', 'eval', 'infer'\]",
        ),
        (
            lambda: classifier.experimental_export_all_saved_models(tmp_path, {}),
            r"No valid modes for exporting found\. Got \[\]; expected 'infer'",
        ),
        (
            lambda: classifier.export_saved_model(tmp_path, receiver, experimental_mode="serve"),
            r"No valid modes for exporting found\. Got \['serve'\]",
        ),
        (
            lambda: classifier.experimental_export_all_saved_models(
                tmp_path, {modes.PREDICT: None}
            ),
            "An input_receiver_fn must be defined",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    assert os.listdir(tmp_path) == []


def test_all_saved_models_are_the_one_that_predicts(tmp_path: Path) -> None:
    estimator = ex.trained_classifier(tmp_path / "model")
    first = hf.train.latest_checkpoint(str(tmp_path / "model"))
    features = ex.iris_features()
    estimator.train(
        lambda: hf.data.Dataset.from_tensor_slices((features, np.zeros(40, int))).batch(8), steps=3
    )
    (tmp_path / "note").write_bytes(b"x")
    path = estimator.experimental_export_all_saved_models(
        tmp_path / "export",
        {hf.estimator.ModeKeys.PREDICT: ex.raw(features)},
        {"note": tmp_path / "note"},
        as_text=True,
        checkpoint_path=first,
    )
    assert isinstance(path, bytes)
    assert saved_model.load(path).global_step == 5
    assert (Path(path.decode()) / "assets.extra" / "note").read_bytes() == b"x"


def test_a_killed_exports_leftovers_go_with_the_next(classifier: Any, tmp_path: Path) -> None:
    half = tmp_path / ".tmp-1790000000-0123456789abcdef"
    (half / "assets.extra").mkdir(parents=True)
    (half / "data-00000-of-00001.bin").write_bytes(b"HFSH")
    path = classifier.export_saved_model(tmp_path, ex.raw(ex.iris_features()))
    assert os.listdir(tmp_path) == [os.path.basename(path).decode()]


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
    with pytest.raises(TypeError, match="expected a TensorSpec, an example array"):
        export.build_raw_serving_input_receiver_fn({"x": 3})
    with pytest.raises(ValueError, match="expected a first axis for the batch"):
        export.build_raw_serving_input_receiver_fn({"x": hf.TensorSpec([], hf.float32)})
