"""Loaded models: how they are called, what they refuse, and what they do not need."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import exported as ex
import numpy as np
import pytest

import holdfast as hf
from holdfast import _core, errors, saved_model

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "v1" / "exports"


@pytest.fixture(scope="module")
def iris() -> Any:
    return saved_model.load(GOLDEN / "iris")


def one_row(dtype: Any = np.float32) -> dict[str, Any]:
    return {key: np.array([1.5], dtype) for key in ex.KEYS}


def test_a_signature_takes_a_dict_or_keywords(iris: Any) -> None:
    by_dict = iris(one_row())
    by_keyword = iris.signatures["predict"](**one_row())
    assert list(by_dict) == list(by_keyword)
    assert all(ex.same(by_dict[key], by_keyword[key]) for key in by_dict)


def test_a_signature_of_one_input_takes_its_value() -> None:
    words = saved_model.load(GOLDEN / "words")
    expected = words({"word": np.array([b"word 7", b"\xff\xfe"], object)})
    assert expected["ids"].tolist() == [7, 98]
    for value in (["word 7", b"\xff\xfe"], np.array([b"word 7", b"\xff\xfe"])):
        assert ex.same(words(value)["scaled"], expected["scaled"])


def test_lists_strides_and_other_widths_are_converted(iris: Any) -> None:
    expected = iris(one_row())["probabilities"]
    strided = {key: np.repeat(value, 3)[::3] for key, value in one_row().items()}
    for inputs in (one_row(np.float64), {key: [1.5] for key in ex.KEYS}, strided):
        assert ex.same(iris(inputs)["probabilities"], expected)
    swapped = {key: value.astype(">f4") for key, value in one_row().items()}
    assert ex.same(iris(swapped)["probabilities"], expected)


@pytest.mark.parametrize("rows", [0, 1, 2, 17, 4096])
def test_batches_have_any_size(iris: Any, rows: int) -> None:
    values = np.random.default_rng(rows).normal(size=(4, rows)).astype(np.float32)
    inputs = {key: values[i] for i, key in enumerate(ex.KEYS)}
    outputs = iris(inputs)
    assert outputs["probabilities"].shape == (rows, 3)
    assert outputs["classes"].shape == (rows, 1)
    again = iris._model.predict(inputs)
    assert all(ex.same(outputs[key], again[key]) for key in outputs)
    for row in range(min(rows, 20)):
        alone = iris({key: value[row : row + 1] for key, value in inputs.items()})
        assert all(ex.same(outputs[key][row : row + 1], alone[key]) for key in outputs)


def test_outputs_are_new_arrays(iris: Any) -> None:
    first = iris(one_row())["probabilities"]
    kept = first.copy()
    iris({key: value * -3 for key, value in one_row().items()})
    assert ex.same(first, kept)
    first[:] = 0
    assert ex.same(iris(one_row())["probabilities"], kept)


def test_threads_call_at_once(iris: Any) -> None:
    values = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    expected = iris({key: values[i] for i, key in enumerate(ex.KEYS)})["probabilities"]
    wrong: list[int] = []

    def call(seed: int) -> None:
        random = np.random.default_rng(seed)
        for _ in range(200):
            first = int(random.integers(0, 60))
            rows = slice(first, first + int(random.integers(0, 5)))
            got = iris({key: values[i, rows] for i, key in enumerate(ex.KEYS)})["probabilities"]
            if not ex.same(got, expected[rows]):
                wrong.append(first)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_model_tells_what_it_is(iris: Any) -> None:
    assert repr(iris) == "<SavedModel of step 300: predict>"
    assert repr(iris.signatures["predict"]).startswith(
        "<ServingSignature 'predict' (PetalLength, PetalWidth, SepalLength, SepalWidth) -> logits,"
    )
    assert iris.signatures["predict"].name == "predict"
    assert iris.facts["hidden_units"] == [10, 10]
    with pytest.raises(TypeError):
        iris.signatures["other"] = iris.signatures["predict"]
    with pytest.raises(TypeError, match="cannot create"):
        _core.ServingSignature()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {key: [1.0] for key in ex.KEYS[1:]},
            'signature "predict", input "PetalLength": expected a value of float32 [?]; got none',
        ),
        (
            {**{key: [1.0] for key in ex.KEYS}, "Color": [1.0]},
            'signature "predict": expected the inputs PetalLength, PetalWidth, SepalLength, '
            'SepalWidth; got "Color"',
        ),
        (
            {**{key: [1.0] for key in ex.KEYS}, "PetalWidth": [1.0, 2.0]},
            'signature "predict", input "PetalWidth": expected as many rows as the inputs before '
            "it, 1; got 2",
        ),
        (
            {**{key: [1.0] for key in ex.KEYS}, "PetalWidth": 1.0},
            'signature "predict", input "PetalWidth": expected shape [?]; got []',
        ),
        (
            {**{key: [1.0] for key in ex.KEYS}, "PetalWidth": ["a"]},
            'signature "predict", input "PetalWidth": expected an array of float32; got one of <U1',
        ),
        (
            {**{key: [1.0] for key in ex.KEYS}, "PetalWidth": np.array([1j])},
            'signature "predict", input "PetalWidth": expected an array of float32; got one of '
            "complex128",
        ),
    ],
)
def test_what_does_not_fit_is_named(iris: Any, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.InvalidArgumentError) as caught:
        iris(inputs)
    assert str(caught.value) == message


def test_positional_arguments_are_one_at_the_most(iris: Any) -> None:
    message = "expected a dict of its 4 inputs by name, or each as a keyword argument; got 2"
    with pytest.raises(errors.InvalidArgumentError, match=message):
        iris([1.0], [2.0])
    with pytest.raises(errors.InvalidArgumentError, match="got 1 positional"):
        iris([1.0])


def test_floats_are_never_cut_to_integers(tmp_path: Path) -> None:
    ids = {"id": np.arange(3)}
    estimator = ex.untrained(lambda f: hf.one_hot(f["id"], 4), ids, tmp_path / "model")
    model = ex.exported(estimator, tmp_path / "export", ex.raw(ids))
    assert model([1, 2])["output"].argmax(axis=1).tolist() == [1, 2]
    for value in ([1.5], np.array([1.5]), np.array([1.0])):
        with pytest.raises(errors.InvalidArgumentError, match="expected an array of int64; got"):
            model(value)


@pytest.fixture(scope="module")
def copying(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model that returns what it is given: integers, flags and text."""
    directory = tmp_path_factory.mktemp("copying")
    examples = {
        "big": np.zeros(1, np.int64),
        "small": np.zeros(1, np.int32),
        "flag": np.zeros(1, np.bool_),
        "text": np.array(["a"]),
    }

    def model(f: Any) -> Any:
        return {key: hf.identity(value) for key, value in f.items()}

    estimator = ex.untrained(model, examples, directory / "model")
    return ex.exported(estimator, directory / "export", ex.raw(examples))


_COPIED: dict[str, Any] = {"big": [1], "small": [2], "flag": [True], "text": ["a"]}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("small", [2**31], "expected integers that int32 holds; got 2147483648"),
        ("small", np.array([-(2**40)]), "expected integers that int32 holds; got -1099511627776"),
        ("small", np.array([2**32 - 1], np.uint32), "expected integers that int32 holds; got 4294"),
        ("big", np.array([2**63], np.uint64), "expected integers that int64 holds; got 9223372036"),
        ("big", [[1, 2], [3]], "expected an array of int64; got a list that is none: setting an"),
        ("text", ["a", None], "array of objects: expected only str or bytes; got <class 'NoneTy"),
        ("text", ["\ud800"], "array of objects: expected text that UTF-8 can write; got '\\ud800'"),
        ("text", [1.5], "array of objects: expected only str or bytes; got <class 'float'>"),
        ("text", np.ones(1), "expected an array of string; got one of float64"),
    ],
)
def test_what_an_input_cannot_hold_is_refused(
    copying: Any, name: str, value: Any, problem: str
) -> None:
    with pytest.raises(errors.InvalidArgumentError) as caught:
        copying({**_COPIED, name: value})
    assert str(caught.value).startswith(f'signature "serving_default", input "{name}": {problem}')


def test_integers_of_other_widths_arrive_as_they_are(copying: Any) -> None:
    ends = [-(2**31), 2**31 - 1]
    outputs = copying(
        big=np.array(ends, np.int32), small=np.array(ends), flag=[False, True], text=["", "b"]
    )
    assert outputs["big"].tolist() == outputs["small"].tolist() == ends


def test_empty_lists_are_batches_of_no_rows(copying: Any) -> None:
    outputs = copying({key: [] for key in _COPIED})
    assert {key: value.shape for key, value in outputs.items()} == dict.fromkeys(_COPIED, (0,))


def test_an_input_that_predicts_while_it_is_read_does_no_harm(iris: Any) -> None:
    expected = iris(one_row())["probabilities"]

    class Asks:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            iris({key: [0.0, 0.0] for key in ex.KEYS})
            return np.array([1.5], np.float32)

    assert ex.same(iris({**one_row(), "PetalLength": Asks()})["probabilities"], expected)


class Held:
    """An input that hands out an array of its own and calls `then` while it is read."""

    def __init__(self, then: Any = lambda: None) -> None:
        self.array = np.array([1.5], np.float32)
        self._then = then

    def __array__(self, *_: Any, **__: Any) -> Any:
        self._then()
        return self.array


def test_a_refused_call_lets_its_inputs_go(iris: Any) -> None:
    # By order of inputs the first is converted, then the last is refused.
    first, last = sorted(ex.KEYS)[0], sorted(ex.KEYS)[-1]
    held = Held()
    array = weakref.ref(held.array)
    with pytest.raises(errors.InvalidArgumentError, match=last):
        iris({**one_row(), first: held, last: np.array(["no number"])})
    del held
    assert array() is None


def test_inputs_outlive_a_dict_that_is_emptied_while_they_are_read(iris: Any) -> None:
    keys = sorted(ex.KEYS)
    inputs: dict[str, Any] = one_row()
    expected = iris(one_row())["probabilities"]
    last = weakref.ref(inputs[keys[-1]])
    alive: list[bool] = []

    def empty() -> None:
        inputs.clear()
        alive.append(last() is not None)

    inputs[keys[0]] = Held(empty)
    assert ex.same(iris(inputs)["probabilities"], expected)
    assert alive == [True]


def test_neither_the_estimator_nor_the_models_code_is_needed(tmp_path: Path) -> None:
    program = """
import importlib.abc, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("holdfast.estimator", "holdfast.train", "holdfast.feature_column")):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import holdfast
model = holdfast.saved_model.load(sys.argv[1])
row = {name: [5.0] for name in model.default.inputs}
print(model(row)["classes"][0, 0].decode())
assert not [m for m in sys.modules if m.startswith(("holdfast.estimator", "holdfast._tensor"))]
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(GOLDEN / "iris")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"setosa", "versicolor", "virginica"}


def test_the_one_graph_has_tensorflows_tag() -> None:
    for tags in ("serve", ["serve"], {"serve"}):
        assert "predict" in saved_model.load(GOLDEN / "iris", tags).signatures
    for other in ("train", ["serve", "gpu"], []):
        with pytest.raises(ValueError, match="tags: expected 'serve', the one graph of an export"):
            saved_model.load(GOLDEN / "iris", tags=other)


def test_what_is_no_export_is_named(tmp_path: Path) -> None:
    cases: list[tuple[Path, type[Exception], str]] = [
        (tmp_path / "none", errors.NotFoundError, "expected an exported model, got no such direct"),
        (tmp_path, errors.NotFoundError, "got a directory without COMMIT"),
        (GOLDEN.parent / "tiny", errors.FailedPreconditionError, "a model_dir with checkpoints"),
        (
            GOLDEN.parent / "tiny" / "model.ckpt-7",
            errors.FailedPreconditionError,
            "expected an exported model, got a checkpoint. Export it first",
        ),
    ]
    for path, error, message in cases:
        with pytest.raises(error, match=message):
            saved_model.load(path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(errors.FailedPreconditionError, match="one of TensorFlow"):
        saved_model.load(tmp_path)
    with pytest.raises(errors.FailedPreconditionError, match="got an exported model"):
        _core.CheckpointReader(str(GOLDEN / "iris"))


def test_damage_is_found(tmp_path: Path) -> None:
    for name in ("COMMIT", "manifest.json", "data-00000-of-00001.bin"):
        folder = tmp_path / name
        shutil.copytree(GOLDEN / "iris", folder)
        file = folder / name
        data = bytearray(file.read_bytes())
        data[len(data) * 2 // 3] ^= 4
        file.chmod(0o644)
        file.write_bytes(data)
        with pytest.raises(errors.CheckpointCorruptError, match="exported model is damaged"):
            saved_model.load(folder)


def test_models_load_from_memory() -> None:
    files = {file.name: file.read_bytes() for file in (GOLDEN / "iris").iterdir()}
    model = saved_model.SavedModel(_core.Model.load_files(files))
    expected = saved_model.load(GOLDEN / "iris")(one_row())
    outputs = model(one_row())
    assert all(ex.same(outputs[key], expected[key]) for key in expected)
    del files["COMMIT"]
    with pytest.raises(errors.NotFoundError, match="in memory: expected an exported model"):
        _core.Model.load_files(files)
