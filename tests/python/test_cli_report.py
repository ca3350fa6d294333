"""holdfast report: the page, its numbers, and how it looks in a browser."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from headless_browser import chromium, find_chromium
from iris_like import classifier, input_fn
from typer.testing import CliRunner

import holdfast as tf
from holdfast.cli._app import app
from holdfast.cli._curves import Curve, read_runs
from holdfast.summary import FileWriter, SessionLog, Summary

pytest.importorskip("matplotlib", reason="the extra [report] is not installed")
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "iris"
    config = tf.estimator.RunConfig(
        tf_random_seed=7,
        durability="process",
        save_summary_steps=10,
        log_step_count_steps=20,
        save_checkpoints_steps=100,
        keep_checkpoint_max=3,
    )
    estimator = classifier(folder, config=config)
    for _ in range(4):
        estimator.train(input_fn(), steps=150)
        estimator.evaluate(input_fn(), steps=3)
    estimator.evaluate(input_fn(), steps=3, name="held")
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["report", *(str(a) for a in arguments)])


@pytest.fixture(scope="module")
def page(model_dir, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    result = run(model_dir, "--out", path, "--png", path.parent / "png")
    assert result.exit_code == 0, result.output
    assert f"written: {path}" in result.stdout
    return path


class References(HTMLParser):
    """Every attribute by which a page could load or link something."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "data", "action", "srcset"):
                self.found.append((tag, value))
        if tag in ("script", "link", "iframe", "object", "embed", "img", "base"):
            self.found.append((tag, ""))


def test_the_page_refers_to_nothing_outside_it(page):
    text = page.read_text("utf-8")
    references = References()
    references.feed(text)
    assert all(value.startswith("#") for _, value in references.found), references.found
    assert not re.search(r"url\((?!['\"]?#)|@import", text)
    # What is left are names of namespaces.
    assert set(re.findall(r'(\S*)="https?://', text)) <= {"xmlns", "xmlns:xlink"}


def test_the_page_says_what_there_is(page, model_dir):
    text = page.read_text("utf-8")
    for part in ("Training and evaluation", "Last evaluation", "Checkpoints", "Model"):
        assert f"<h2>{part}</h2>" in text
    reader = tf.train.load_checkpoint(str(model_dir))
    numbers = sum(
        int(np.prod(shape, dtype=int))
        for name, shape in reader.get_variable_to_shape_map().items()
        if name != "global_step" and "Adagrad" not in name
    )
    assert f"{numbers:,} trained numbers" in text
    assert "kernel [4, 10]" in text
    assert text.index("dnn/hiddenlayer_0") < text.index("dnn/hiddenlayer_1")
    assert text.index("dnn/hiddenlayer_1") < text.index("dnn/logits")
    names = [Path(path).name for path in checkpoint_paths(model_dir)]
    assert len(names) == 3
    assert all(f"<td>{name}</td>" in text for name in names)
    assert "more were written and have been deleted since." in text
    accuracy = read_runs(model_dir)["eval_held"].curves["accuracy"].values[-1]
    assert f">{accuracy:.6g}<" in text


def checkpoint_paths(model_dir):
    return tf.train.get_checkpoint_state(str(model_dir)).all_model_checkpoint_paths


def test_plots_are_images_too(page):
    names = {path.name for path in (page.parent / "png").iterdir()}
    assert {"loss.png", "steps-per-second.png", "accuracy.png", "checkpoints.png"} <= names
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in (page.parent / "png").iterdir())


@pytest.mark.skipif(
    find_chromium() is None and not os.environ.get("CI"),
    reason="no Chromium (apt-get install chromium); continuous integration has one",
)
def test_the_page_is_drawn_and_asks_for_nothing(page, tmp_path):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def drawn(pixels):
        blue = np.abs(pixels.astype(int) - (31, 119, 180)).max(axis=2) < 40  # the first curve's
        return blue.sum() > 1000

    with chromium(tmp_path) as browser:
        opened = browser.open(page.as_uri(), height=2600)
        assert drawn(opened.wait_until_drawn(SCREENSHOTS / "report.png", drawn))
        assert set(opened.requests) == {page.as_uri()}


def test_json(model_dir, tmp_path):
    result = run(model_dir, "--out", tmp_path / "r.html", "--json")
    assert json.loads(result.stdout) == {
        "page": str(tmp_path / "r.html"),
        "images": [],
        "problems": [],
    }


def test_names_are_no_html(tmp_path):
    with FileWriter(tmp_path / "<b>" / "eval_<i>") as writer:
        writer.add_summary(Summary([Summary.Value("<script>alert(1)</script>", 1.0)]), 1)
    result = run(tmp_path / "<b>", "--out", tmp_path / "r.html")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "<script" not in text
    assert "<b>" not in text
    assert "<i>" not in text


def test_a_damaged_event_file_is_named_and_the_rest_shown(tmp_path):
    with FileWriter(tmp_path) as writer:
        for step in range(5):
            writer.add_summary(Summary([Summary.Value("loss", 1.0 + step)]), step)
    (path,) = tmp_path.glob("events*")
    path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    result = run(tmp_path, "--out", tmp_path / "r.html")
    assert result.exit_code == 0
    text = (tmp_path / "r.html").read_text("utf-8")
    assert '<p class="problem">' in text
    assert "expected the masked crc32c" in text
    assert read_runs(tmp_path)["training"].curves["loss"].steps == [0, 1, 2, 3]


def test_points_of_a_lost_run_are_left_out(tmp_path):
    for start, steps in ((1, [1, 2, 3, 4]), (3, [3, 5])):
        with FileWriter(tmp_path) as writer:
            writer.add_session_log(SessionLog(SessionLog.START), start)
            for step in steps:
                writer.add_summary(Summary([Summary.Value("loss", start + step / 10)]), step)
    curve = read_runs(tmp_path)["training"].curves["loss"]
    assert curve.steps == [1, 2, 3, 5]
    np.testing.assert_allclose(curve.values, [1.1, 1.2, 3.3, 3.5], rtol=1e-6)


def test_a_curve_never_goes_back():
    curve = Curve()
    for step, value in ((1, 1.0), (5, 2.0), (3, 3.0), (3, 4.0)):
        curve.add(step, value)
    assert (curve.steps, curve.values) == ([1, 3], [1.0, 4.0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "report: there is no directory"),
        ("empty", "report: neither checkpoints nor event files are in"),
    ],
)
def test_what_is_no_model_dir(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / name)
    assert result.exit_code == 4
    assert message in result.stderr


def test_without_matplotlib(model_dir, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    result = run(model_dir)
    assert result.exit_code == 2
    assert "pip install 'holdfast[report]'" in result.stderr
