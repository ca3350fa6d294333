"""Calls of export_saved_model and its kin: arguments, checkpoints, directories, refusals."""

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


def trained_twice(model_dir: Path) -> tuple[Any, str]:
    """An estimator, and the checkpoint of it that is not the newest."""
    estimator = ex.trained_classifier(model_dir)
    first = hf.train.latest_checkpoint(str(model_dir))
    assert first is not None
    data = ex.iris_features(), np.zeros(40, int)
    estimator.train(lambda: hf.data.Dataset.from_tensor_slices(data).batch(8), steps=3)
    return estimator, first


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


def test_an_empty_base_is_the_working_directory(
    classifier: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = classifier.export_saved_model("", ex.raw(ex.iris_features()))
    assert os.listdir(tmp_path) == [os.path.basename(os.fsdecode(path))]


def test_exports_of_one_second_get_names_of_their_own(classifier: Any, tmp_path: Path) -> None:
    receiver = ex.raw(ex.iris_features())
    paths = [classifier.export_savedmodel(tmp_path, receiver) for _ in range(4)]
    assert len(set(paths)) == 4
    assert sorted(os.listdir(tmp_path)) == [os.path.basename(p).decode() for p in paths]


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


@pytest.mark.parametrize(
    ("assets", "error", "message"),
    [
        (
            ["a"],
            TypeError,
            r"expected a dict of destinations inside assets.extra to .* got \['a'\]",
        ),
        ({1: "a"}, TypeError, r"assets_extra: expected paths, got 1 in {1: 'a'}"),
        ({"a": None}, TypeError, r"assets_extra: expected paths, got None in {'a': None}"),
        ({"a": "."}, ValueError, r"assets_extra\['a'\]: expected a file, got the directory '.'"),
    ],
)
def test_assets_extra_are_files_by_destination(
    classifier: Any, tmp_path: Path, assets: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        classifier.export_saved_model(
            tmp_path / "export", ex.raw(ex.iris_features()), assets_extra=assets
        )
    assert not (tmp_path / "export").exists()


def test_an_export_is_of_the_checkpoint_asked_for(tmp_path: Path) -> None:
    estimator, first = trained_twice(tmp_path / "model")
    features = ex.iris_features()
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


def test_a_model_dir_is_no_checkpoint(classifier: Any, tmp_path: Path) -> None:
    model_dir = classifier.model_dir
    with pytest.raises(errors.FailedPreconditionError) as caught:
        classifier.export_saved_model(
            tmp_path, ex.raw(ex.iris_features()), checkpoint_path=model_dir
        )
    assert str(caught.value) == (
        f"{model_dir}: expected a checkpoint, got a model_dir with checkpoints. Name one of them, "
        f"such as {model_dir}/model.ckpt-5."
    )


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


def test_export_outputs_must_name_a_signature(tmp_path: Path) -> None:
    def model_fn(features: Any, labels: Any, mode: str) -> Any:
        step = hf.assign_add(hf.train.get_global_step(), np.int64(1))
        return hf.estimator.EstimatorSpec(
            mode, features, loss=hf.constant(0.0), train_op=step, export_outputs={}
        )

    x = {"x": np.ones(1, np.float32)}
    estimator = hf.estimator.Estimator(model_fn, str(tmp_path / "model"), config=ex.config())
    estimator.train(lambda: hf.data.Dataset.from_tensor_slices(x).batch(1), steps=1)
    with pytest.raises(ValueError, match="No signature can be made: export_outputs is empty"):
        estimator.export_saved_model(tmp_path / "export", ex.raw(x))


def test_export_outputs_take_tensors() -> None:
    export = hf.estimator.export
    for value in (np.ones((1, 2), np.float32), [1.0], "a"):
        with pytest.raises(ValueError, match="Classification scores must be a float32 Tensor; got"):
            export.ClassificationOutput(scores=value)
        with pytest.raises(ValueError, match="Classification classes must be a string Tensor; got"):
            export.ClassificationOutput(classes=value)
        with pytest.raises(ValueError, match="Regression output value must be a float32 Tensor"):
            export.RegressionOutput(value)


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
    estimator, first = trained_twice(tmp_path / "model")
    features = ex.iris_features()
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
