"""The holdfast command, run in this process as a shell would run it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import holdfast
from holdfast.cli._app import app
from holdfast.cli._split import split_rows
from holdfast.cli._table import read_table

IRIS = Path(holdfast.__path__[0]) / "cli" / "iris.csv"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """A table of two classes told apart by x; the label stands first and is an integer."""
    rows = [f"{i % 2},{(i % 2) * 4 + (i * 7 % 10) / 10},{i % 3}" for i in range(60)]
    return write(tmp_path / "colours.csv", ["colour,x,two words", *rows])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model_dir of Iris, trained for 300 steps. Not to be written to."""
    model_dir = tmp_path_factory.mktemp("models") / "iris"
    run_json("train", "--model-dir", model_dir, "--steps", 300)
    return model_dir


def test_train_on_iris_reaches_the_accuracy_and_lists_the_checkpoints(tmp_path: Path) -> None:
    result = run("train", "--model-dir", tmp_path / "models" / "iris")
    assert result.exit_code == 0, result.output
    assert "iris (built in): 150 rows, 4 numeric columns, 3 classes of Species" in result.stdout
    assert "model.ckpt-0" in result.stdout
    assert "model.ckpt-1000" in result.stdout
    accuracy = float(result.stdout.split("held-out rows: ")[1].split()[0])
    assert accuracy >= 0.93


@pytest.mark.parametrize("seed", range(10, 15))
def test_iris_is_learnt_whatever_the_seed(tmp_path: Path, seed: int) -> None:
    facts = run_json("train", "--model-dir", tmp_path / "m", "--seed", seed)
    assert facts["held_out_rows"] == 30
    assert facts["held_out"]["accuracy"] >= 0.93


def test_the_same_command_again_continues(tmp_path: Path) -> None:
    command = ("train", "--model-dir", tmp_path / "m", "--steps", 100)
    assert "continuing" not in run(*command).stdout
    again = run(*command)
    assert "continuing from step 100 " in again.stdout
    assert "trained to step 200 " in again.stdout
    assert run_json(*command)["continued_from"] == 200


def test_training_twice_gives_the_bits_of_training_once(tmp_path: Path) -> None:
    for steps in (150, 150):
        run_json("train", "--model-dir", tmp_path / "twice", "--steps", steps)
    run_json("train", "--model-dir", tmp_path / "once", "--steps", 300)
    twice, once = (
        holdfast.train.load_checkpoint(str(tmp_path / name)) for name in ("twice", "once")
    )
    for name, _ in holdfast.train.list_variables(str(tmp_path / "once")):
        np.testing.assert_array_equal(twice.get_tensor(name), once.get_tensor(name), err_msg=name)


def test_save_steps_and_keep_decide_which_checkpoints_stay(tmp_path: Path) -> None:
    facts = run_json(
        *("train", "--model-dir", tmp_path / "m", "--steps", 100),
        *("--save-steps", 20, "--keep", 3),
    )
    assert [c["step"] for c in facts["checkpoints"]] == [60, 80, 100]


def test_a_table_with_an_integer_label_is_trained_evaluated_and_predicted(
    colours: Path, tmp_path: Path
) -> None:
    model_dir = tmp_path / "m"
    facts = run_json("train", colours, "--label", "colour", "--model-dir", model_dir)
    assert facts["held_out"]["accuracy"] == 1.0
    evaluated = run_json("evaluate", colours, "--model-dir", model_dir)
    assert evaluated["rows"] == facts["held_out_rows"] == 12
    assert evaluated["metrics"]["accuracy"] == 1.0
    unlabelled = write(tmp_path / "new.csv", ["two words,x", "1,0.3", "2,4.5"])
    predicted = run("predict", unlabelled, "--model-dir", model_dir)
    lines = predicted.stdout.splitlines()
    assert lines[0] == "colour,p(0),p(1)"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1"]


def test_predict_as_json_names_classes_and_probabilities(trained: Path) -> None:
    facts = run_json("predict", "--model-dir", trained)
    assert facts["classes"] == ["setosa", "versicolor", "virginica"]
    assert len(facts["predictions"]) == 150
    first = facts["predictions"][0]
    assert first["class"] == "setosa"
    assert sum(first["probabilities"]) == pytest.approx(1.0, abs=1e-5)


def test_evaluate_uses_the_rows_that_training_held_out(trained: Path) -> None:
    facts = run_json("evaluate", "--model-dir", trained)
    assert facts["held_out"] is True
    assert facts["rows"] == 30
    assert facts["metrics"]["global_step"] == 300
    assert "accuracy" in run("evaluate", "--model-dir", trained).stdout


def test_evaluate_and_predict_take_an_older_checkpoint(trained: Path) -> None:
    oldest = trained / "model.ckpt-0"
    facts = run_json("evaluate", "--model-dir", trained, "--checkpoint", oldest)
    assert facts["metrics"]["global_step"] == 0


def test_inspect_names_tensors_with_shape_dtype_and_size(trained: Path) -> None:
    facts = run_json("inspect", trained)
    assert [c["step"] for c in facts["checkpoints"]] == [0, 300]
    tensors = {t["name"]: t for t in facts["tensors"]}
    kernel = tensors["dnn/hiddenlayer_0/kernel"]
    assert kernel == {
        "name": "dnn/hiddenlayer_0/kernel",
        "role": "variable",
        "dtype": "float32",
        "shape": [4, 10],
        "bytes": 160,
        "nonfinite": 0,
        **{figure: kernel[figure] for figure in ("min", "max", "mean")},
        "damage": None,
    }
    assert tensors["dnn/hiddenlayer_0/kernel/t_0/Adagrad"]["role"] == "slot"
    text = run("inspect", trained / "model.ckpt-0").stdout
    assert "dnn/logits/bias" in text


def failure(*arguments: object) -> tuple[int, str]:
    """Returns exit code and message of a command that must fail without a traceback."""
    result = run(*arguments)
    assert "Traceback" not in result.output
    assert result.stderr.startswith("holdfast: "), result.output
    return result.exit_code, result.stderr


def test_other_hidden_units_name_the_tensors_and_change_nothing(
    trained: Path, tmp_path: Path
) -> None:
    model_dir = tmp_path / "m"
    shutil.copytree(trained, model_dir)
    before = {p: p.read_bytes() for p in model_dir.rglob("*") if p.is_file()}
    code, message = failure("train", "--model-dir", model_dir, "--hidden", "20,20")
    assert code == 4
    assert "dnn/hiddenlayer_0/kernel" in message
    assert {p: p.read_bytes() for p in model_dir.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "expected a header line with column names, found an empty file"),
        (["a,b"], "expected rows below the header, found none"),
        (["a,a", "1,2"], 'line 1: two columns are named "a"'),
        (["a,", "1,2"], "line 1: column 2 has no name"),
        (["1,2", "3,4"], "line 1: expected column names, found only numbers: 1, 2"),
        (["a,b", "1,2,3"], "line 2: expected 2 cells as in the header, found 3"),
        (["a,b", "1,x", ",y"], 'line 3, column "a": expected a number, found nothing'),
        (["a,b", "1,x", "oops,y"], "line 3, column \"a\": expected a finite number, found 'oops'"),
        (
            ["a,b", "1,x", "1e39,y"],
            "found '1e39'; models of this version take numeric columns: correct it, or train "
            "without the column (--drop 'a')",
        ),
        (["a,b", "1,x", "inf,y"], "line 3, column \"a\": expected a finite number, found 'inf'"),
        (["a,b", "1,x", "2,"], 'line 3, column "b": expected a label, found nothing'),
        (["a,b", "1,1", "2,2.5"], 'line 3, column "b": expected a class (text or an integer)'),
        (["a,b", "1,x", "2,x"], "should hold two or more classes, found only 'x'"),
        (["b", "x", "y"], "expected numeric columns beside 'b', found none"),
    ],
)
def test_a_bad_table_gets_a_sentence_and_leaves_no_model_dir(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("".join(line + "\n" for line in lines))
    code, text = failure("train", path, "--model-dir", tmp_path / "m")
    assert code == 3
    assert message in text
    assert str(path) in text
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("train", "nowhere.csv"), 3, "nowhere.csv: there is no such file"),
        (("train", "--label", "Colour"), 3, 'there is no column "Colour"; its columns are: Sepal'),
        (("train", "--hidden", "10,x"), 2, "expected positive numbers such as 10,10, got '10,x'"),
        (("train", "--optimizer", "Magic"), 2, "expected one of Adagrad, SGD, got 'Magic'"),
        (("train", "--learning-rate", "0"), 2, "expected a positive number, got 0.0"),
        (("train", "--save-steps", "5", "--save-secs", "5"), 2, "exclude each other"),
        (("evaluate", "--model-dir", "nowhere"), 4, "found no holdfast.json; train one with: "),
        (("predict", "--model-dir", "nowhere"), 4, "found no holdfast.json; train one with: "),
        (("inspect", "nowhere"), 4, "No checkpoint at 'nowhere': it is no directory. Expected a"),
        (("train", "--learning-rate", "1e38", "--optimizer", "SGD"), 5, "NaN"),
    ],
)
def test_each_mistake_has_its_sentence_and_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    more = ("--model-dir", "m") if arguments[0] == "train" else ()
    found, text = failure(*arguments, *more)
    assert message in text
    assert found == code


def test_a_model_dir_that_is_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    code, message = failure("train", "--model-dir", path)
    assert code == 4
    assert f"{path}: expected a directory" in message


def test_checkpoints_of_another_program_are_not_continued(tmp_path: Path) -> None:
    holdfast.train.write_checkpoint(str(tmp_path), {"w": np.zeros(3, np.float32)}, 7)
    code, message = failure("train", "--model-dir", tmp_path)
    assert code == 4
    assert "found checkpoints without holdfast.json" in message


def test_a_class_never_seen_is_named_with_its_line(trained: Path, tmp_path: Path) -> None:
    lines = [*IRIS.read_text().splitlines()[:3], "1,2,3,4,tulip"]
    code, message = failure("evaluate", write(tmp_path / "t.csv", lines), "--model-dir", trained)
    assert code == 3
    assert "line 4" in message
    assert "found 'tulip'" in message


def test_errors_are_json_on_request_and_tracebacks_with_debug(tmp_path: Path) -> None:
    result = run("evaluate", "--model-dir", tmp_path, "--json")
    assert json.loads(result.stderr)["exit_code"] == result.exit_code == 4
    with_debug = run("evaluate", "--model-dir", tmp_path, "--debug")
    assert type(with_debug.exception).__name__ == "CommandError"


def test_names_with_brackets_are_printed_as_they_are(tmp_path: Path) -> None:
    rows = [f"{i},{'ab'[i % 2]}" for i in range(20)]
    path = write(tmp_path / "t.csv", ["x [cm],[bold]kind", *rows])
    result = run("train", path, "--model-dir", tmp_path / "m", "--steps", 1)
    assert "2 classes of [bold]kind" in result.stdout


def test_the_program_runs_as_installed() -> None:
    program = "from holdfast.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"holdfast {holdfast.__version__} (")


def test_columns_are_typed_by_their_cells(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", ["i,f,s,m", "1,1,x,", "-2,2.5e3,y,7"]))
    kinds = {name: column.kind for name, column in table.columns.items()}
    assert kinds == {"i": "int", "f": "float", "s": "string", "m": "int"}


def test_quoted_cells_byte_order_marks_and_crlf_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbfname, x\r\n"a, b", 1\r\n\r\n"c ""d""",2\r\n')
    table = read_table(path)
    assert table.column("name").cells == ["a, b", 'c "d"']
    assert table.column("x").lines == [2, 4]
    np.testing.assert_array_equal(table.column("x").numbers(), np.float32([1, 2]))


def test_the_split_takes_the_same_share_of_every_class_and_never_moves() -> None:
    classes = [0] * 50 + [1] * 20 + [2]
    kept, held = split_rows(classes, 0.2)
    assert sorted([*kept, *held]) == list(range(71))
    assert [sum(classes[i] == c for i in held) for c in range(3)] == [10, 4, 0]
    # Rows 0 to 9 of a class of ten; computed once, and not to change from one release to the next.
    assert split_rows([0] * 10, 0.3)[1].tolist() == [2, 4, 6]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_told_and_no_mistake_of_holdfast(trained: Path) -> None:
    program = "from holdfast.cli._app import app; app()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program, "inspect", str(trained)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.stderr == (
        "holdfast: the output could not be written: No space left on device; what was printed is "
        "not whole\n"
    )
    assert done.returncode == 74
