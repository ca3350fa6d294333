"""holdfast export, predict and inspect of exported models."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import exported as ex
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import holdfast as hf
from holdfast.cli._app import app

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "v1" / "exports"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def run_json(*arguments: object) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def exported(model: Any, examples: dict[str, Any], folder: Path) -> Path:
    """An export of an untrained model of raw features."""
    estimator = ex.untrained(model, examples, folder / "model")
    return Path(estimator.export_saved_model(folder / "export", ex.raw(examples)).decode())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model_dir = tmp_path_factory.mktemp("cli") / "model"
    done = run("train", "--model-dir", model_dir, "--steps", 20)
    assert done.exit_code == 0, done.stderr
    return model_dir


@pytest.fixture(scope="module")
def export(trained: Path) -> Path:
    facts = run_json("export", trained)
    assert facts["step"] == 20
    assert facts["signatures"] == ["predict"]
    assert facts["checkpoint"].endswith("model.ckpt-20")
    assert Path(facts["export"]).parent == trained / "export"
    return Path(facts["export"])


@pytest.fixture(scope="module")
def iris_csv() -> Path:
    return Path(hf.__file__).parent / "cli" / "iris.csv"


def test_export_prints_the_path_and_what_to_do_with_it(trained: Path, tmp_path: Path) -> None:
    done = run("export", trained, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert Path(first).parent == tmp_path / "out"
    assert second.startswith("step 20, ")
    assert f"signatures: predict; try: holdfast predict {first} ROWS.csv" in second


def test_an_export_predicts_what_its_checkpoint_does(
    trained: Path, export: Path, iris_csv: Path
) -> None:
    from_export = run("predict", export, iris_csv)
    from_checkpoint = run("predict", iris_csv, "--model-dir", trained)
    assert from_export.exit_code == 0, from_export.stderr
    assert from_export.stdout == from_checkpoint.stdout
    facts = run_json("predict", export, iris_csv)
    assert len(facts["predictions"]) == 150
    assert facts["export"] == str(export)
    assert facts["predictions"][0].keys() == {"class", "probabilities"}


def test_classes_are_names_for_other_callers(export: Path) -> None:
    model = hf.saved_model.load(export)
    names = model(np.zeros((1, 4), np.float32))["all_classes"][0].tolist()
    assert names == [name.encode() for name in model.facts["table"]["classes"]]


def test_columns_of_other_exports_are_found_by_name(tmp_path: Path) -> None:
    rows = ["SepalLength,SepalWidth,PetalLength,PetalWidth", "5.1,3.5,1.4,0.2", "6.7,3.0,5.2,2.3"]
    table = tmp_path / "rows.csv"
    table.write_text("\n".join(rows) + "\n")
    done = run("predict", GOLDEN / "iris", table)
    assert done.exit_code == 0, done.stderr
    lines = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [line["classes"] for line in lines] == ["setosa", "virginica"]
    assert "probabilities[2]" in lines[0]
    facts = run_json("predict", GOLDEN / "iris", table)
    assert facts["predictions"][0]["classes"] == ["setosa"]
    (tmp_path / "words.csv").write_text("word\nword 7\nunknown\n")
    done = run("predict", GOLDEN / "words", tmp_path / "words.csv")
    assert [line["ids"] for line in csv.DictReader(io.StringIO(done.stdout))] == ["7", "-1"]


def test_inspect_shows_signatures_variables_and_graph(export: Path) -> None:
    facts = run_json("inspect", export)
    (signature,) = facts["signatures"]
    assert signature["name"] == "predict"
    assert signature["default"] is True
    assert signature["inputs"] == [{"name": "features", "dtype": "float32", "shape": [None, 4]}]
    assert facts["graph"][0]["op"] == "placeholder"
    assert [v["name"] for v in facts["variables"]][-1] == "global_step"
    done = run("inspect", export)
    assert done.exit_code == 0, done.stderr
    assert "signature predict (tensorflow/serving/predict), the default:" in done.stdout
    assert "dnn/hiddenlayer_0/kernel" in done.stdout
    assert "softmax" in done.stdout
    assert f"exported model {export}: step 20, " in done.stdout
    words = run_json("inspect", GOLDEN / "words")
    lookup = next(node for node in words["graph"] if node["op"] == "vocabulary_lookup")
    assert lookup["attributes"]["vocabulary"][98] == "\\xff\\xfe"
    assert "vocabulary=[" in run("inspect", GOLDEN / "words").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("predict",), 2, "expected a model: holdfast predict EXPORT_DIR ROWS.csv"),
        (("predict", GOLDEN / "iris"), 2, "expected a model: holdfast predict EXPORT_DIR"),
        (("predict", "a", "b", "--model-dir", "c"), 2, "expected an exported model or --model-dir"),
        (
            ("predict", "a", "b", "--checkpoint", "c"),
            2,
            "--checkpoint: an exported model holds one",
        ),
        (("predict", "nowhere", "rows.csv"), 4, "nowhere: expected an exported model, got no such"),
        (("predict", GOLDEN / "iris", "no.csv"), 3, "no.csv: there is no such file"),
        (("export", "nowhere"), 4, "found no holdfast.json"),
    ],
)
def test_mistakes_end_with_a_sentence(
    arguments: tuple[object, ...], code: int, message: str
) -> None:
    done = run(*arguments)
    assert done.exit_code == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("SepalLength\n5.1\n")
    done = run("predict", GOLDEN / "iris", tmp_path / "rows.csv")
    assert done.exit_code == 3
    assert 'there is no column "PetalLength"; its columns are: SepalLength' in done.stderr


def test_an_error_of_the_table_comes_before_any_output(export: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("SepalLength\n5.1\n")
    done = run("predict", export, tmp_path / "rows.csv")
    assert done.exit_code == 3
    assert done.stdout == ""


@pytest.fixture(scope="module")
def copying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export whose outputs are its inputs: an int64, an int32, a bool and a float64."""
    examples = {
        "id": np.zeros(1, np.int64),
        "small": np.zeros(1, np.int32),
        "flag": np.zeros(1, np.bool_),
        "wide": np.zeros(1, np.float64),
    }

    def model(f: Any) -> Any:
        return {key: hf.identity(value) for key, value in f.items()}

    return exported(model, examples, tmp_path_factory.mktemp("copying"))


def test_numbers_of_a_table_arrive_exactly(copying: Path, tmp_path: Path) -> None:
    lines = ["id,small,flag,wide", f"{2**53 + 1},{2**24 + 1},1,0.1", f"{-(2**63)},-3.0,0,1e300"]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    first, second = run_json("predict", copying, tmp_path / "rows.csv")["predictions"]
    assert first == {"id": 2**53 + 1, "small": 2**24 + 1, "flag": True, "wide": 0.1}
    assert second == {"id": -(2**63), "small": -3, "flag": False, "wide": 1e300}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (f"{2**63},0,0,0", f'column "id": expected a whole number from -{2**63} to {2**63 - 1}'),
        ("2.5,0,0,0", "found '2.5'; the model takes int64 there: correct it"),
        ("9" * 5000 + ",0,0,0", 'column "id": expected a whole number'),
        ("1e17,0,0,0", "found '1e17'; the model takes int64"),
        (f"0,{2**31},0,0", f'column "small": expected a whole number from -{2**31} to {2**31 - 1}'),
        ("0,0,2,0", "column \"flag\": expected a whole number from 0 to 1, found '2'"),
        ("0,,0,0", 'column "small": expected a number, found nothing'),
        ("0,0,0,1e400", "column \"wide\": expected a finite number, found '1e400'"),
    ],
)
def test_numbers_that_an_input_cannot_hold_are_refused(
    copying: Path, tmp_path: Path, cells: str, message: str
) -> None:
    (tmp_path / "rows.csv").write_text(f"id,small,flag,wide\n{cells}\n")
    done = run("predict", copying, tmp_path / "rows.csv")
    assert done.exit_code == 3
    assert message in done.stderr


def test_inputs_that_no_column_can_be_are_refused(tmp_path: Path) -> None:
    x = {"x": np.zeros((1, 2, 3), np.float32)}
    path = exported(lambda f: f["x"] * 2.0, x, tmp_path)
    (tmp_path / "rows.csv").write_text("x\n1\n")
    done = run("predict", path, tmp_path / "rows.csv")
    assert done.exit_code == 4
    assert "expected inputs of one column each, found 'x' of shape [None, 2, 3]" in done.stderr


def test_outputs_that_are_no_rows_are_refused(tmp_path: Path) -> None:
    x = {"x": np.zeros(1, np.float32)}
    path = exported(lambda f: {"m": hf.reduce_mean(f["x"])}, x, tmp_path)
    (tmp_path / "rows.csv").write_text("x\n1\n2\n")
    for options in ((), ("--json",)):
        done = run("predict", path, tmp_path / "rows.csv", *options)
        assert done.exit_code == 4
        assert "found 'm' of shape [] for 2 rows; call this model from Python" in done.stderr


def test_json_has_no_infinities(tmp_path: Path) -> None:
    x = {"x": np.zeros(1, np.float32)}
    path = exported(lambda f: {"log": hf.log(f["x"])}, x, tmp_path)
    (tmp_path / "rows.csv").write_text("x\n0\n-1\n1\n")
    predictions = run_json("predict", path, tmp_path / "rows.csv")["predictions"]
    assert [row["log"] for row in predictions] == ["-inf", "nan", 0.0]
    done = run("predict", path, tmp_path / "rows.csv")
    assert done.stdout.split() == ["log", "-inf", "nan", "0.0"]
