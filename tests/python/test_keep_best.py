"""keep_best: from the metrics of evaluate to the checkpoints that stay."""

import json
import shutil

import numpy as np
import pytest
from iris_like import steps_of
from line_model import line, line_data

import holdfast as tf
from holdfast import _core
from holdfast.train import _evaluations


class Evaluate(tf.estimator.CheckpointSaverListener):
    """Notes a made-up metric for every checkpoint, as an evaluation would."""

    def __init__(self, model_dir, metrics, name="eval"):
        self._dir, self._metrics, self._name = str(model_dir), metrics, name

    def after_save(self, session, global_step_value):
        value = self._metrics.get(global_step_value)
        if value is not None:
            info = _core.CheckpointReader(f"{self._dir}/model.ckpt-{global_step_value}").info
            _evaluations.record(f"{self._dir}/{self._name}", info, {"score": np.float32(value)})


def train(model_dir, steps, metrics=None, keep_best=("score", 2, "max"), name="eval"):
    often = {"save_checkpoints_steps": 1, "keep_checkpoint_max": 1, "keep_best": keep_best}
    listener = Evaluate(model_dir, metrics or {}, name)
    line(model_dir, **often).train(line_data, steps=steps, saving_listeners=[listener])
    return steps_of(model_dir)


def test_evaluate_decides_which_checkpoints_stay(tmp_path):
    estimator = line(tmp_path, save_checkpoints_steps=1, keep_checkpoint_max=0)
    estimator.train(line_data, steps=6)
    for step in (1, 2, 3):  # the loss falls with every step
        path = str(tmp_path / f"model.ckpt-{step}")
        estimator.evaluate(line_data, steps=1, checkpoint_path=path)
    best = line(
        tmp_path, keep_checkpoint_max=1, keep_best=("loss", 2, "min"), save_checkpoints_steps=1
    )
    best.train(line_data, steps=1)
    assert steps_of(tmp_path) == [2, 3, 7]


def test_the_best_stay_and_are_written_down(tmp_path):
    metrics = {0: 0.5, 1: 0.9, 2: 0.7, 3: float("nan"), 4: 0.6}
    assert train(tmp_path, 5, metrics) == [1, 2, 5]
    notes = json.loads((tmp_path / "checkpoint.json").read_text())
    assert notes["best"] == [
        {"name": "model.ckpt-1", "metric": "score", "value": pytest.approx(0.9), "mode": "max"},
        {"name": "model.ckpt-2", "metric": "score", "value": pytest.approx(0.7), "mode": "max"},
    ]
    assert notes["all"][0]["keep"] == ["best:score"]


def test_the_best_outlive_a_restart_and_the_loss_of_either_file(tmp_path):
    train(tmp_path, 3, {1: 0.9})
    assert train(tmp_path, 1) == [1, 4]
    (tmp_path / "eval" / "metrics.jsonl").unlink()
    assert train(tmp_path, 1) == [1, 5]
    _evaluations.record(
        str(tmp_path / "eval"),
        _core.CheckpointReader(str(tmp_path / "model.ckpt-1")).info,
        {"score": 0.9},
    )
    (tmp_path / "checkpoint.json").unlink()
    assert train(tmp_path, 1) == [1, 6]


def test_a_metric_of_a_named_evaluation(tmp_path):
    assert train(tmp_path, 3, {1: 0.9}, ("dev/score", 1, "max"), "eval_dev") == [1, 3]
    assert train(tmp_path, 1, keep_best=("score", 1, "max")) == [4]


def test_a_damaged_line_costs_itself_alone(tmp_path, caplog):
    train(tmp_path, 2, {0: 0.9, 1: 0.8}, ("score", 3, "max"))
    notes = tmp_path / "eval" / "metrics.jsonl"
    lines = notes.read_bytes().split(b"\n")
    endless, nested = b'{"commit_seq": 1e999}', b"[" * 100_000
    cut = [line[:20] if b'"step": 0,' in line else line for line in lines]
    notes.write_bytes(b"\n".join([b"\xff{", b"[]", b"{}", endless, nested, *cut]))
    found = _evaluations.values(str(tmp_path), "score")
    assert list(found.values()) == [pytest.approx(0.8)]
    notes.write_bytes(b'{"commit_seq": 1, "crea')  # cut by a full disk: the next line is whole
    info = _core.CheckpointReader(str(tmp_path / "model.ckpt-1")).info
    _evaluations.record(str(tmp_path / "eval"), info, {"score": 7})
    assert list(_evaluations.values(str(tmp_path), "score").values()) == [7.0]


def test_a_line_is_json_that_every_program_reads(tmp_path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    line(tmp_path).train(line_data, steps=1)
    info = _core.CheckpointReader(str(tmp_path / "model.ckpt-1")).info
    odd = {"a": np.nan, "b": np.float32(-np.inf), "c": True, "d": np.zeros(3), "e": b"text"}
    _evaluations.record(str(tmp_path / "eval"), info, odd)
    text = (tmp_path / "eval" / "metrics.jsonl").read_text()
    document = json.loads(text, parse_constant=refuse)
    assert document["step"] == 1
    assert document["metrics"] == {"a": "nan", "b": "-inf", "c": 1, "e": "b'text'"}
    assert _evaluations.values(str(tmp_path), "b") == {_evaluations.key_of(info): -np.inf}
    assert _evaluations.values(str(tmp_path), "e") == {}


def test_the_last_evaluation_of_a_checkpoint_counts(tmp_path):
    line(tmp_path).train(line_data, steps=1)
    info = _core.CheckpointReader(str(tmp_path / "model.ckpt-1")).info
    for value in (0.1, 0.2):
        _evaluations.record(str(tmp_path / "eval"), info, {"score": value})
    assert _evaluations.values(str(tmp_path), "score") == {_evaluations.key_of(info): 0.2}


def test_evaluations_of_a_directory_that_was_started_over_do_not_count(tmp_path):
    train(tmp_path, 2, {1: 0.9})
    for path in tmp_path.glob("model.ckpt-*"):
        shutil.rmtree(path)
    (tmp_path / "checkpoint.json").unlink()
    assert train(tmp_path, 3) == [3]  # the same commit numbers, other checkpoints


def test_an_evaluation_that_cannot_be_noted_is_a_warning(tmp_path, caplog):
    estimator = line(tmp_path).train(line_data, steps=1)
    (tmp_path / "eval").write_text("in the way")
    assert estimator.evaluate(line_data, steps=1)["global_step"] == 1
    assert "Could not note the evaluation of" in caplog.text


def test_a_checkpoint_from_elsewhere_is_not_noted(tmp_path):
    line(tmp_path / "a").train(line_data, steps=1)
    path = str(tmp_path / "a" / "model.ckpt-1")
    line(tmp_path / "b").evaluate(line_data, steps=1, checkpoint_path=path)
    assert not (tmp_path / "b" / "eval" / "metrics.jsonl").exists()
