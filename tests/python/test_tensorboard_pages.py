"""TensorBoard's pages in a browser: charts of a real model_dir are drawn.

Screenshots are left in build/screenshots for looking at.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from headless_browser import chromium, find_chromium
from iris_like import classifier, input_fn
from tensorboard_server import tensorboard

import holdfast as tf

pytest.importorskip("tensorboard", reason="the extra [tensorboard] is not installed")
pytestmark = pytest.mark.skipif(
    find_chromium() is None and not os.environ.get("CI"),
    reason="no Chromium (apt-get install chromium); continuous integration has one",
)
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
TOP, LEFT = 130, 360  # of the charts: what is above and left of them is menus


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    config = tf.estimator.RunConfig(
        tf_random_seed=7, durability="process", save_summary_steps=10, log_step_count_steps=20
    )
    estimator = classifier(folder / "iris", config=config)
    for _ in range(2):
        estimator.train(input_fn(), steps=50)
        estimator.evaluate(input_fn(), steps=3)
    with tensorboard(folder / "iris", folder / "tensorboard.log") as running:
        yield running


def near(pixels, colour, distance):
    """How many pixels of the charts are of about this colour."""
    charts = pixels[TOP:, LEFT:].astype(int)
    return int((np.abs(charts - colour).max(axis=2) <= distance).sum())


# The colours of the first two runs, "." and "eval".
ORANGE, BLUE = (255, 112, 67), (0, 119, 187)


def has_curves(pixels):
    """Lines of both runs."""
    return near(pixels, ORANGE, 40) > 100 and near(pixels, BLUE, 40) > 100


def has_mountains(pixels):
    """Distributions: surfaces, not lines."""
    return near(pixels, ORANGE, 70) > 3000


def has_boxes(pixels):
    """Boxes of scopes, with names in them."""
    return near(pixels, (238, 238, 238), 2) > 5000 and near(pixels, (60, 60, 60), 60) > 150


PAGES = {"scalars": has_curves, "histograms": has_mountains, "graphs": has_boxes}


@pytest.mark.parametrize("page", PAGES)
def test_charts_are_drawn(page, browser, server):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"tensorboard-{page}.png"
    pixels = browser.open(f"{server.url}#{page}").wait_until_drawn(path, PAGES[page])
    assert PAGES[page](pixels), f"nothing is drawn: see {path}"


def test_an_empty_page_shows_nothing_of_it(browser, tmp_path):
    page = browser.open("data:text/html,<h1>nothing</h1>")
    pixels = page.screenshot(tmp_path / "empty.png")
    assert not any(drawn(pixels) for drawn in PAGES.values())
