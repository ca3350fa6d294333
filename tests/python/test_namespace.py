"""The public names: all that is promised is there, listed, documented and quick to import."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import holdfast as tf
from holdfast._absent import absent_names

MODULES = (
    "data",
    "dtypes",
    "errors",
    "estimator",
    "feature_column",
    "initializers",
    "inputs",
    "io",
    "layers",
    "logging",
    "losses",
    "metrics",
    "nn",
    "random",
    "saved_model",
    "summary",
    "train",
)

# What a program written for tf.estimator finds here.
PROMISED = {
    "": "float32 float64 int32 int64 string bool Graph TensorShape TensorSpec Variable "
    "get_variable set_random_seed reduce_mean argmax cast decode_csv FixedLenFeature VarLenFeature",
    "data": "Dataset TextLineDataset make_one_shot_iterator resumable",
    "data.experimental": "CsvDataset make_csv_dataset",
    "errors": "OpError InvalidArgumentError NotFoundError NoCheckpointError "
    "CheckpointMismatchError CheckpointCorruptError CheckpointSaveError",
    "estimator": "DNNClassifier Estimator EstimatorSpec ModeKeys RunConfig export inputs",
    "estimator.export": "ServingInputReceiver TensorServingInputReceiver PredictOutput "
    "ClassificationOutput RegressionOutput build_raw_serving_input_receiver_fn "
    "build_parsing_serving_input_receiver_fn",
    "estimator.inputs": "numpy_input_fn pandas_input_fn",
    "feature_column": "numeric_column input_layer make_parse_example_spec",
    "io": "decode_csv parse_example FixedLenFeature VarLenFeature",
    "layers": "dense dropout",
    "nn": "relu relu6 leaky_relu elu selu tanh sigmoid softplus softsign softmax dropout "
    "softmax_cross_entropy_with_logits sigmoid_cross_entropy_with_logits",
    "losses": "Reduction sigmoid_cross_entropy sparse_softmax_cross_entropy mean_squared_error",
    "metrics": "accuracy auc mean precision recall",
    "random": "set_seed set_random_seed",
    "saved_model": "DEFAULT_SERVING_SIGNATURE_DEF_KEY load signature_constants",
    "train": "AdagradOptimizer GradientDescentOptimizer get_global_step latest_checkpoint "
    "list_variables load_checkpoint load_variable write_checkpoint",
}


def module(name: str) -> ModuleType:
    return importlib.import_module(f"holdfast.{name}" if name else "holdfast")


@pytest.mark.parametrize("path", PROMISED)
def test_promised_names_are_there(path: str) -> None:
    owner = tf
    for part in filter(None, path.split(".")):
        owner = getattr(owner, part)
    assert [name for name in PROMISED[path].split() if not hasattr(owner, name)] == []


def test_every_submodule_is_under_test() -> None:
    found = {name for name in tf.__all__ if isinstance(getattr(tf, name), ModuleType)}
    assert found == set(MODULES)


@pytest.mark.parametrize("name", ["", *MODULES])
def test_all_names_each_thing_once_and_truly(name: str) -> None:  # its order is ruff's business
    listed = list(module(name).__all__)
    assert len(listed) == len(set(listed))
    assert [entry for entry in listed if not hasattr(module(name), entry)] == []


@pytest.mark.parametrize("name", ["", *MODULES])
def test_everything_public_is_documented(name: str) -> None:
    silent = []
    for entry in module(name).__all__:
        value = getattr(module(name), entry)
        if inspect.isclass(value) or inspect.isfunction(value):
            if not value.__doc__:
                silent.append(entry)
            silent += [
                f"{entry}.{member}"
                for member, method in vars(value).items()
                if inspect.isfunction(method)
                and not member.startswith("_")
                and not inspect.getdoc(getattr(value, member))
            ]
    assert module(name).__doc__
    assert silent == []


@pytest.mark.parametrize("name", ["estimator", "layers", "train"])
def test_absent_names_say_what_there_is(name: str) -> None:
    owner = module(name)
    for absent, instead in absent_names(name).items():
        assert absent not in owner.__all__
        with pytest.raises(AttributeError, match=rf"does not have {name}\.{absent} yet") as caught:
            getattr(owner, absent)
        for there in instead:
            assert hasattr(owner, there)
            assert f"{name}.{there}" in str(caught.value)
    with pytest.raises(AttributeError, match=f"module 'holdfast.{name}' has no attribute 'x'"):
        _ = owner.x


def test_an_absent_optimizer_names_those_there_are() -> None:
    there = [name for name in tf.train.__all__ if name.endswith("Optimizer")]
    assert {*absent_names("train")["AdamOptimizer"], "Optimizer"} == set(there)


_IMPORT = """
import sys, time
start = time.perf_counter()
import holdfast
seconds = time.perf_counter() - start
print(seconds, *sorted({"typer", "rich", "pandas"} & set(sys.modules)))
"""


def test_import_takes_less_than_150_ms_and_leaves_the_rest_alone() -> None:
    def measure() -> tuple[float, list[str]]:
        command = [sys.executable, "-c", _IMPORT]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, *loaded = done.stdout.split()
        return float(seconds), loaded

    best, loaded = min(measure() for _ in range(5))
    assert loaded == []
    assert best < 0.15  # with NumPy, which holdfast imports
