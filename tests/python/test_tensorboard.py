"""TensorBoard reads what holdfast writes: its HTTP API is asked for tags, steps and values."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from event_reading import scalars, values
from iris_like import classifier, input_fn
from line_model import line, line_data
from tensorboard_server import tensorboard

import holdfast as tf

pytest.importorskip("tensorboard", reason="the extra [tensorboard] is not installed")

BACK_ENDS = pytest.mark.parametrize("load_fast", ["auto", "false"])
LAYERS = [f"dnn/dnn/{layer}" for layer in ("hiddenlayer_0", "hiddenlayer_1", "logits")]


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
    """Training, evaluations with and without a name, and texts of a model_fn."""
    folder = tmp_path_factory.mktemp("models") / "iris"
    config = tf.estimator.RunConfig(
        tf_random_seed=7, durability="process", save_summary_steps=10, log_step_count_steps=20
    )
    estimator = classifier(folder, config=config)
    for _ in range(2):
        estimator.train(input_fn(), steps=50)
        estimator.evaluate(input_fn(), steps=3)
    estimator.evaluate(input_fn(), steps=3, name="held")
    return folder


def points(server, tag, run="."):
    """{step: value}; every step is there once."""
    found = server.get("data/plugin/scalars/scalars", run=run, tag=tag)
    steps = [step for _, step, _ in found]
    assert steps == sorted(set(steps)), tag
    return {step: value for _, step, value in found}


@BACK_ENDS
def test_tensorboard_shows_tags_steps_and_values(model_dir, tmp_path, load_fast):
    with tensorboard(model_dir, tmp_path / "log", "--load_fast", load_fast) as server:
        check_scalars(server, model_dir)
        check_histograms(server, model_dir)
        check_texts(server, model_dir)
        check_graph(server)


def check_scalars(server, model_dir):
    def ask():
        return server.get("data/plugin/scalars/tags")

    tags = server.wait_for(ask, lambda found: {".", "eval", "eval_held"} <= set(found))
    assert set(tags["."]) == {
        "loss",
        "average_loss",
        "global_step/sec",
        *(f"{layer}/fraction_of_zero_values" for layer in LAYERS),
    }
    for run, folder in {".": ".", "eval": "eval", "eval_held": "eval_held"}.items():
        written = scalars(model_dir / folder)
        assert set(tags[run]) == set(written)
        for tag, curve in written.items():
            shown = points(server, tag, run)
            assert list(shown) == [step for step, _ in curve]
            np.testing.assert_allclose(list(shown.values()), [v for _, v in curve], rtol=1e-6)
    assert list(points(server, "loss")) == [*range(1, 100, 10)]
    assert list(points(server, "global_step/sec")) == [21, 41, 71, 91]
    assert list(points(server, "accuracy", "eval")) == [50, 100]


def check_histograms(server, model_dir):
    tags = server.get("data/plugin/histograms/tags")
    assert set(tags["."]) == {f"{layer}/activation" for layer in LAYERS}
    written = {(step, value.tag): value.histo for step, value in values(model_dir)}
    for tag in tags["."]:
        shown = server.get("data/plugin/histograms/histograms", run=".", tag=tag)
        assert [step for _, step, _ in shown] == [*range(1, 100, 10)]
        for _, step, buckets in shown:
            histogram = written[step, tag]
            assert sum(count for _, _, count in buckets) == pytest.approx(histogram.num, rel=1e-6)
            filled = [bucket for bucket in buckets if bucket[2] > 0]
            assert filled[0][0] <= histogram.min <= filled[0][1]
            assert filled[-1][0] <= histogram.max <= filled[-1][1]


def check_texts(server, model_dir):
    assert "checkpoint_path" in server.get("data/plugin/text/tags")["eval"]
    shown = server.get("data/plugin/text/text", run="eval", tag="checkpoint_path")
    assert [entry["step"] for entry in shown] == [50, 100]
    for entry in shown:  # Markdown, as HTML
        text = re.sub("<[^>]*>", "", entry["text"]).strip()
        assert text == str(model_dir / f"model.ckpt-{entry['step']}")


def check_graph(server):
    info = server.get("data/plugin/graphs/info")
    assert info["."]["run_graph"]
    graph = server.text("data/plugin/graphs/graph", run=".")
    names = set(re.findall(r'name: "([^"]+)"', graph))
    for part in ("dnn/hiddenlayer_0/kernel", "dnn/logits/bias", "global_step"):
        assert part in names
    inputs = set(re.findall(r'input: "([^"]+)"', graph))
    assert inputs
    assert inputs <= names


# Trains for ever on a line, 500 steps a second, records every step, saves now and then.
FOR_EVER = """
import sys, time
import holdfast as tf
from line_model import line, line_data

class Slow(tf.train.SessionRunHook):
    def after_run(self, run_context, run_values):
        time.sleep(0.002)

config = {"save_checkpoints_steps": 300, "save_summary_steps": 1}
line(sys.argv[1], **config).train(line_data, hooks=[Slow()])
"""


def train_and_kill(model_dir, behind):
    """Kills a training behind that step so that recorded steps are lost; the step it resumes at."""
    while True:
        run_and_kill(model_dir, behind)
        if last_recorded(model_dir) > newest(model_dir):
            return newest(model_dir)


def run_and_kill(model_dir, behind):
    paths = [str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with subprocess.Popen([sys.executable, "-c", FOR_EVER, str(model_dir)], env=environment) as it:
        try:
            end = time.monotonic() + 120
            while newest(model_dir) <= behind or last_recorded(model_dir) <= newest(model_dir):
                assert it.poll() is None
                assert time.monotonic() < end
                time.sleep(0.02)
        finally:
            it.send_signal(signal.SIGKILL)


def newest(model_dir):
    path = tf.train.latest_checkpoint(model_dir)
    return 0 if path is None else int(path.rsplit("-", 1)[1])


def last_recorded(model_dir):
    curve = scalars(model_dir).get("loss", [(0, 0.0)])
    return curve[-1][0]


@pytest.fixture(scope="module")
def killed_twice(tmp_path_factory):
    """A model_dir that was killed, resumed, killed, resumed; with the curve that is true."""
    folder = tmp_path_factory.mktemp("killed")
    second = train_and_kill(folder, train_and_kill(folder, 0))
    line(folder, save_summary_steps=7).train(line_data, steps=30)
    third = {*range(second + 1, second + 31, 7)}
    return folder, {*range(1, second + 1)} | third


@BACK_ENDS
def test_after_kills_the_curve_has_every_step_once_and_none_that_was_lost(
    killed_twice, tmp_path, load_fast
):
    folder, expected = killed_twice
    with tensorboard(folder, tmp_path / "log", "--load_fast", load_fast) as server:

        def ask():
            tags = server.get("data/plugin/scalars/tags")
            return points(server, "loss") if "loss" in tags.get(".", {}) else {}

        shown = server.wait_for(ask, lambda found: set(found) == expected)
    assert set(shown) == expected
    # Of a step that was run twice, both times with the same bits, one value.
    written = dict(scalars(folder)["loss"])
    for step, value in shown.items():
        assert value == pytest.approx(written[step], rel=1e-6, abs=1e-30)
