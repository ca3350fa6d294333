"""The live line: what it says, on terminals, in notebooks, in pipes."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
from line_model import line, line_data

import holdfast as tf
from holdfast.train import _live_line
from holdfast.train._progress_text import ProgressFacts, line_of

FACTS = ProgressFacts(
    what="training",
    done=250,
    total=1000,
    step=1250,
    last_step=2000,
    speed=100.0,
    loss=0.25,
    saved=1000,
)


# The text


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            200,
            "training step 1,250/2,000  loss 0.25  0:08 left  100 steps/s  saved 1,000  "
            "━━━━━━━━━━──────────────────────────────",
        ),
        (
            85,
            "training step 1,250/2,000  loss 0.25  0:08 left  100 steps/s  saved 1,000  ━━────────",
        ),
        (80, "training step 1,250/2,000  loss 0.25  0:08 left  100 steps/s  saved 1,000"),
        (70, "step 1,250/2,000  loss 0.25  0:08 left  100 steps/s  saved 1,000"),
        (50, "training step 1,250/2,000  loss 0.25  0:08 left"),
        (40, "step 1,250/2,000  loss 0.25  0:08 left"),
        (20, "step 1,250/2,000"),
        (6, "step 1"),
    ],
)
def test_the_line_fits_and_gives_up_the_least_important_first(width, expected):
    assert line_of(FACTS, width) == expected


def test_the_line_fits_in_every_width():
    for width in range(1, 250):
        assert len(line_of(FACTS, width)) <= width


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ProgressFacts(what="training"), "training step 0"),
        (ProgressFacts(what="evaluating", step=3, speed=0.25), "evaluating step 3  0.25 steps/s"),
        (ProgressFacts(what="training", loss=float("nan")), "training step 0  loss nan"),
        (
            ProgressFacts(what="training", total=10**6, speed=0.1),
            "training step 0  115 d 17 h left  0.1 steps/s",
        ),
        (
            ProgressFacts(what="training", total=12_345, speed=1.0),
            "training step 0  3:25:45 left  1 steps/s",
        ),
    ],
)
def test_what_is_not_known_is_not_said(facts, expected):
    assert line_of(facts, 60).split("  ━")[0].split("  ─")[0] == expected


# On a terminal

TRAIN = """
import sys, time
import holdfast as tf
from line_model import line, line_data

class Slow(tf.train.SessionRunHook):
    def after_run(self, run_context, run_values):
        time.sleep(0.01)

estimator = line(sys.argv[1], save_checkpoints_steps=30)
estimator.train(line_data, hooks=[Slow()], steps=60)
estimator.evaluate(lambda: line_data(1), hooks=[Slow()])
estimator.evaluate(line_data, hooks=[Slow()], steps=40)
"""
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def environment(**more):
    paths = [str(Path(__file__).parent), *sys.path]
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "TERM": "xterm", **more}


def on_a_terminal(columns, *command):
    """What a program writes to a terminal of so many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment()
    ) as program:
        os.close(theirs)
        written = b""
        try:
            while more := os.read(ours, 65536):
                written += more
        except OSError:  # the other end is closed
            pass
        finally:
            os.close(ours)
        assert program.wait(120) == 0, written.decode()
    return written.decode()


def frames(written):
    """The lines that were shown, one after another in the same place."""
    return [text for text in re.split(r"[\r\n]", _ESCAPE.sub("", written)) if text.strip()]


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_shows_one_line(tmp_path, columns):
    written = on_a_terminal(columns, sys.executable, "-c", TRAIN, str(tmp_path))
    shown = frames(written)
    assert all(len(text) < columns for text in shown)
    training = [text for text in shown if text.startswith("training ")]
    assert any(re.match(r"training step \d+/60  loss \d.* left  \d+ steps/s", t) for t in training)
    assert any("saved 30" in text for text in training)
    assert training[-1].startswith("training step 60/60")
    assert any("━" in text for text in training) == (columns == 200) or columns == 80
    assert any(re.match(r"evaluating step \d+/40", text) for text in shown)
    assert any(re.match(r"evaluating step 1 ?", text) for text in shown)
    # One line: never a second one below it, but at the end of each call, when it is taken away.
    assert written.count("\n") == written.count("\x1b[1A") == 3
    last = re.split(r"\r|\x1b\[[0-9]*[AG]", written)[-1]
    assert not _ESCAPE.sub("", last).strip()
    assert written.count("\x1b[?25h") >= written.count("\x1b[?25l"), "the cursor stays hidden"


def test_the_command_shows_the_line(tmp_path):
    command = "from holdfast.cli import main; main()"
    arguments = ("train", "--model-dir", str(tmp_path / "m"), "--steps", "20000")
    written = on_a_terminal(80, sys.executable, "-c", command, *arguments)
    assert re.search(r"training step [\d,]+/20,000  loss ", written)
    assert "trained to step 20000" in written


def test_what_a_program_prints_stands_above_the_line(tmp_path):
    program = """
import sys, logging
import holdfast as tf
from line_model import line, line_data

class Say(tf.train.SessionRunHook):
    def after_run(self, run_context, run_values):
        print("printed", run_context.session.global_step)
        logging.getLogger("holdfast").warning("warned")

line(sys.argv[1]).train(line_data, hooks=[Say()], steps=3)
"""
    shown = frames(on_a_terminal(80, sys.executable, "-c", program, str(tmp_path)))
    for step in (1, 2, 3):
        assert f"printed {step}" in shown
    assert shown.count("warned") == 3


# In pipes and files


def piped(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    return done.stdout, done.stderr


def test_a_pipe_gets_nothing(tmp_path):
    assert piped(TRAIN, str(tmp_path)) == ("", "")


def test_a_pipe_gets_plain_lines_if_asked(tmp_path):
    program = TRAIN.replace("save_checkpoints_steps=30", "save_checkpoints_steps=30, progress=True")
    out, err = piped(program, str(tmp_path))
    assert out == ""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", err), "control characters"
    assert err.isascii()
    lines = err.splitlines()
    assert len(lines) == 3  # shorter than ten seconds: the end of each call
    assert re.fullmatch(
        r"training step 60/60  loss \S+  0:00 left  \d+ steps/s  saved 60  #+", lines[0]
    )
    assert lines[1].startswith("evaluating step 1 ")
    assert lines[2].startswith("evaluating step 40/40 ")


def test_output_in_a_pipe_stays_clean_while_the_terminal_shows_the_line(tmp_path):
    program = "import os, sys; os.execvp('sh', ['sh', '-c', sys.argv[1]])"
    printing = TRAIN.replace("time.sleep(0.01)", "print('mine'); time.sleep(0.01)")
    (tmp_path / "program.py").write_text(printing)
    command = f"{sys.executable} {tmp_path / 'program.py'} {tmp_path / 'm'} > {tmp_path / 'out'}"
    written = on_a_terminal(80, sys.executable, "-c", program, command)
    assert "training step" in written
    assert "mine" not in written
    assert set((tmp_path / "out").read_text().splitlines()) == {"mine"}


# Where else


@pytest.mark.parametrize(
    ("config", "shown"), [({"progress": False}, 0), ({}, 0), ({"progress": True}, 1)]
)
def test_run_config_decides(tmp_path, capsys, config, shown):
    line(tmp_path, **config).train(line_data, steps=2)
    assert capsys.readouterr().err.count("training step 2/2") == shown


def test_info_lines_in_the_log_take_the_place_of_the_line(monkeypatch, caplog):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with caplog.at_level("INFO", logger="holdfast"):
        assert _live_line.open_display("auto") is None


def test_a_notebook_gets_a_line_that_is_overwritten(tmp_path, capsys, monkeypatch):
    class Shell:
        kernel = object()

    class IPython:
        get_ipython = staticmethod(Shell)

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    line(tmp_path).train(line_data, steps=3)
    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert out.count("\n") == 1
    last = out.rstrip("\n").split("\r")[-1]
    assert last.startswith("training step 3/3  loss ")
    assert "\x1b" not in out


class Recorder(tf.train.SessionRunHook):
    """Evaluates within the training."""

    def __init__(self, estimator):
        self._estimator = estimator

    def after_run(self, run_context, run_values):
        if run_context.session.iteration == 2:
            self._estimator.evaluate(line_data, steps=1)


def test_an_evaluation_within_a_training_shows_no_second_line(tmp_path, capsys):
    estimator = line(tmp_path, save_checkpoints_steps=1, progress=True)
    estimator.train(line_data, hooks=[Recorder(estimator)], steps=4)
    assert "evaluating" not in capsys.readouterr().err
    estimator.evaluate(line_data, steps=1)
    assert "evaluating step 1/1" in capsys.readouterr().err


def test_a_run_that_fails_takes_its_line_away(tmp_path):
    class Fail(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            raise RuntimeError("on purpose")

    estimator = line(tmp_path, progress=True)
    for call in (estimator.train, estimator.evaluate):
        with pytest.raises(RuntimeError, match="on purpose"):
            call(line_data, hooks=[Fail()])
        assert _live_line._shown == []


def test_the_line_moves_a_few_times_a_second_whatever_a_step_costs(tmp_path, monkeypatch):
    shown = []

    class Display:
        interval = 0.1

        def show(self, facts):
            shown.append((time.monotonic(), facts))

        def close(self):
            shown.append(None)

    monkeypatch.setattr(_live_line, "_PlainLines", Display)
    line(tmp_path, progress=True).train(line_data, steps=200_000)
    assert shown.pop() is None
    times = [moment for moment, _ in shown]
    steps = [facts.done for _, facts in shown]
    assert steps == sorted(steps)
    assert steps[-1] > 0
    # Ten a second, and those of the beginning, when the speed is not known yet.
    assert len(times) <= 30 + (times[-1] - times[0]) / 0.05
    assert np.isfinite(shown[-1][1].loss)


@pytest.mark.parametrize("value", ["always", 2])
def test_other_values_of_progress_are_refused(value):
    with pytest.raises(ValueError, match='progress must be True, False or "auto"'):
        tf.estimator.RunConfig(progress=value)
