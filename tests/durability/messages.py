"""T20: every way a model can differ from its checkpoint, against the stored text of the error.

One scenario is one change of the model, or several at once, with DNNClassifier and with a
model_fn; its text stands in messages/<scenario>.txt and is compared to the letter. Independent of
that text, every tensor that differs must be named in it, none that matches, and nothing may be
changed on disk. `python tests/durability/messages.py` writes the texts anew.
Shown to fail by leaving slots out of the comparison (32 violations in 19 scenarios) and by giving
it other facts about the model (8).
"""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from campaign import Campaign, Outcome, Setting

import holdfast as tf
from holdfast import errors
from holdfast._variables import new_variable
from holdfast.estimator import Estimator, EstimatorSpec, ModeKeys, RunConfig

_TEXTS = Path(__file__).resolve().parent / "messages"
_FEATURES = ("a", "b", "c")


def _data(classes: int) -> Callable[[], Any]:
    features = {name: np.arange(6, dtype=np.float32) for name in (*_FEATURES, "d")}
    labels = np.arange(6) % classes
    return lambda: tf.data.Dataset.from_tensor_slices((features, labels)).repeat().batch(6)


def _config() -> RunConfig:
    return RunConfig(tf_random_seed=1, durability="process")


def _dnn(model_dir: Path, **changes: Any) -> Estimator:
    """A DNNClassifier as the checkpoint's, but for the changes."""
    names = changes.pop("features", _FEATURES)
    settings = {"hidden_units": [8, 4], "n_classes": 3, **changes}
    return tf.estimator.DNNClassifier(
        feature_columns=[tf.feature_column.numeric_column(name) for name in names],
        model_dir=str(model_dir),
        config=_config(),
        **settings,
    )


def _custom(model_dir: Path, **changes: Any) -> Estimator:
    """A model_fn of one's own as the checkpoint's, but for the changes."""
    settings = {"units": [8], "name": None, "classes": 3, "dtype": "float32", "words": 5}
    settings = {**settings, "optimizer": tf.train.AdagradOptimizer, **changes}

    def model_fn(features: Any, labels: Any, mode: str) -> EstimatorSpec:
        net = tf.concat([tf.expand_dims(features[name], 1) for name in _FEATURES], 1)
        for units in settings["units"]:
            net = tf.layers.dense(net, units, activation=tf.nn.relu, name=settings["name"])
        logits = tf.layers.dense(net, settings["classes"], name="out")
        n = settings["words"]
        new_variable("words", [n], "int64", np.zeros(n, np.int64), role="vocabulary")
        tf.get_variable("scale", initializer=np.ones(2, settings["dtype"]), trainable=False)
        if mode == ModeKeys.PREDICT:
            return EstimatorSpec(mode, predictions={"logits": logits})
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        step = tf.train.get_global_step()
        train_op = settings["optimizer"](0.1).minimize(loss, global_step=step)
        return EstimatorSpec(mode, loss=loss, train_op=train_op)

    return Estimator(model_fn, str(model_dir), _config())


@dataclasses.dataclass(frozen=True)
class _Scenario:
    """A model that differs from the checkpoint's by `changes`.

    Attributes:
      make: _dnn or _custom.
      changes: What differs.
      call: The call that finds out.
    """

    make: Callable[..., Estimator]
    changes: Mapping[str, Any]
    call: str = "train"


_SGD = tf.train.GradientDescentOptimizer
_SCENARIOS: dict[str, _Scenario] = {
    "dnn_n_classes": _Scenario(_dnn, {"n_classes": 5}),
    "dnn_n_classes_binary": _Scenario(_dnn, {"n_classes": 2}),
    "dnn_hidden_units_wider": _Scenario(_dnn, {"hidden_units": [16, 4]}),
    "dnn_hidden_units_deeper": _Scenario(_dnn, {"hidden_units": [8, 4, 2]}),
    "dnn_hidden_units_shallower": _Scenario(_dnn, {"hidden_units": [8]}),
    "dnn_hidden_units_none": _Scenario(_dnn, {"hidden_units": []}),
    "dnn_inputs": _Scenario(_dnn, {"features": (*_FEATURES, "d")}),
    "dnn_optimizer": _Scenario(_dnn, {"optimizer": "SGD"}),
    "dnn_everything": _Scenario(
        _dnn,
        {"n_classes": 4, "hidden_units": [6, 4, 2], "features": ("a", "b"), "optimizer": "SGD"},
    ),
    "dnn_evaluate": _Scenario(_dnn, {"n_classes": 5, "hidden_units": [16]}, "evaluate"),
    "dnn_predict": _Scenario(_dnn, {"n_classes": 5, "hidden_units": [16]}, "predict"),
    "custom_units": _Scenario(_custom, {"units": [9]}),
    "custom_depth": _Scenario(_custom, {"units": [8, 8]}),
    "custom_classes": _Scenario(_custom, {"classes": 4}),
    "custom_renamed_layer": _Scenario(_custom, {"name": "hidden"}),
    "custom_optimizer": _Scenario(_custom, {"optimizer": _SGD}),
    "custom_dtype": _Scenario(_custom, {"dtype": "float64"}),
    "custom_vocabulary": _Scenario(_custom, {"words": 7}),
    "custom_everything": _Scenario(
        _custom,
        {"name": "hidden", "classes": 4, "dtype": "float64", "words": 7, "optimizer": _SGD},
    ),
}


def _classes(scenario: _Scenario) -> int:
    named = "n_classes" if scenario.make is _dnn else "classes"
    return int(scenario.changes.get(named, 3))


def _message(scenario: _Scenario, model_dir: Path) -> str:
    """Returns the error's text with the directory taken out; "" if there is none."""
    estimator = scenario.make(model_dir, **scenario.changes)
    data = _data(_classes(scenario))
    try:
        if scenario.call == "predict":
            next(iter(estimator.predict(data)))
        else:
            getattr(estimator, scenario.call)(data, steps=1)
    except errors.CheckpointMismatchError as error:
        return str(error).replace(str(model_dir), "model_dir") + "\n"
    return ""


def _tensors(make: Callable[..., Estimator], folder: Path, **changes: Any) -> dict[str, Any]:
    """Returns (dtype, shape) of every tensor of the model's checkpoint, which is made."""
    classes = int(changes.get("n_classes", changes.get("classes", 3)))
    make(folder, **changes).train(_data(classes), steps=1)
    reader = tf.train.load_checkpoint(folder)
    dtypes = reader.get_variable_to_dtype_map()
    return {name: (dtypes[name], shape) for name, shape in _shapes(reader).items()}


def _shapes(reader: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(shape) for name, shape in reader.get_variable_to_shape_map().items()}


def _named(text: str) -> set[str]:
    """Returns the names in the lines that say what differs."""
    lines = [line.split() for line in text.splitlines() if line.startswith("  ")]
    return {words[1] for words in lines}


def _wrong_names(scenario: _Scenario, text: str, folder: Path) -> str | None:
    """Compares the names in the text with those that two trainings from scratch differ in."""
    stored = _tensors(scenario.make, folder / "stored")
    model = _tensors(scenario.make, folder / "model", **scenario.changes)
    if scenario.call != "train":  # no slots there
        stored, model = (
            {k: v for k, v in x.items() if "Adagrad" not in k} for x in (stored, model)
        )
    differ = {name for name in {*stored, *model} if stored.get(name) != model.get(name)}
    named = _named(text)
    if named == differ:
        return None
    return f"not named: {sorted(differ - named)}; named and equal: {sorted(named - differ)}"


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".holdfast-lock"
    }


def _attack(setting: Setting) -> Outcome:
    violations = []
    unknown = {path.stem for path in _TEXTS.glob("*.txt")} - set(_SCENARIOS)
    violations += [f"messages/{name}.txt belongs to no scenario" for name in sorted(unknown)]
    for name, scenario in _SCENARIOS.items():
        folder = setting.folder / name
        model_dir = folder / "model_dir"
        scenario.make(model_dir).train(_data(3), steps=1)
        before = _tree(model_dir)
        text = _message(scenario, model_dir)
        path = _TEXTS / f"{name}.txt"
        if not path.exists() or text != path.read_text():
            violations.append(f"{name}: the text is not that of messages/{name}.txt:\n{text}")
        wrong = _wrong_names(scenario, text, folder)
        if wrong:
            violations.append(f"{name}: {wrong}")
        if _tree(model_dir) != before:
            violations.append(f"{name}: model_dir was changed")
    return Outcome(cases=len(_SCENARIOS), violations=violations)


def _run(setting: Setting) -> Outcome:
    logger = logging.getLogger("holdfast")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        return _attack(setting)
    finally:
        logger.setLevel(level)


CAMPAIGN = Campaign(
    id="T20",
    name="models that do not fit their checkpoint: every difference in one message, to the letter",
    unit="scenarios",
    sizes={"change": 0, "nightly": 0, "release": 0},
    run=_run,
)


def main() -> None:
    """Writes the texts of today's messages, to be read before they are committed."""
    for name, scenario in _SCENARIOS.items():
        with tempfile.TemporaryDirectory() as folder:
            model_dir = Path(folder) / "model_dir"
            scenario.make(model_dir).train(_data(3), steps=1)
            (_TEXTS / f"{name}.txt").write_text(_message(scenario, model_dir))
    print(f"{len(_SCENARIOS)} texts in {_TEXTS}")


if __name__ == "__main__":
    sys.exit(main())
