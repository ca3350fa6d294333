"""Classes, codes and facts of holdfast.errors."""

from __future__ import annotations

import pickle

import pytest

from holdfast import errors

CODES = {
    1: "CancelledError",
    2: "UnknownError",
    3: "InvalidArgumentError",
    4: "DeadlineExceededError",
    5: "NotFoundError",
    6: "AlreadyExistsError",
    7: "PermissionDeniedError",
    8: "ResourceExhaustedError",
    9: "FailedPreconditionError",
    10: "AbortedError",
    11: "OutOfRangeError",
    12: "UnimplementedError",
    13: "InternalError",
    14: "UnavailableError",
    15: "DataLossError",
    16: "UnauthenticatedError",
}

OWN = {
    "NoCheckpointError": ("NotFoundError",),
    "CheckpointMismatchError": ("InvalidArgumentError", "NotFoundError"),
    "CheckpointCorruptError": ("DataLossError",),
    "CheckpointVersionError": ("UnimplementedError",),
    "CheckpointSaveError": ("UnavailableError",),
    "ModelDirLockedError": ("FailedPreconditionError",),
    "UnsafeInputError": ("DataLossError",),
    "TrainingInterrupted": ("AbortedError",),
}


@pytest.mark.parametrize(("code", "name"), CODES.items())
def test_class_and_number_of_each_canonical_code(code: int, name: str) -> None:
    cls = getattr(errors, name)
    error = cls("a node", "an op", "what happened")
    assert isinstance(error, errors.OpError)
    assert (error.error_code, str(error), error.message) == (code, "what happened", str(error))
    assert (error.node_def, error.op, error.details) == ("a node", "an op", {})
    assert errors.exception_type_from_error_code(code) is cls
    assert errors.error_code_from_exception_type(cls) == code


@pytest.mark.parametrize(("name", "tf_names"), OWN.items())
def test_own_class_is_also_what_a_tf_program_catches(name: str, tf_names: tuple[str, ...]) -> None:
    error = getattr(errors, name)("text", {"path": "/tmp/m", "step": 7})
    assert isinstance(error, errors.HoldfastError)
    for tf_name in tf_names:
        assert isinstance(error, getattr(errors, tf_name))
    assert error.error_code == getattr(errors, tf_names[0])("", "", "").error_code
    assert (error.path, error.step, error.details["step"]) == ("/tmp/m", 7, "7")


def test_nan_loss_is_a_runtime_error_with_tf_text() -> None:
    assert issubclass(errors.NanLossDuringTrainingError, RuntimeError)
    assert str(errors.NanLossDuringTrainingError()) == "NaN loss during training."


def test_full_disk_is_a_save_error_and_resource_exhausted() -> None:
    error = errors.CheckpointSaveError._from_core("no space", 8, {"path": "m"})
    assert isinstance(error, errors.CheckpointSaveError)
    assert isinstance(error, errors.ResourceExhaustedError)
    assert error.error_code == errors.RESOURCE_EXHAUSTED
    other = errors.CheckpointSaveError._from_core("try again", 14, {})
    assert not isinstance(other, errors.ResourceExhaustedError)


def test_facts_are_attributes_and_missing_ones_are_none() -> None:
    error = errors.CheckpointCorruptError(
        "bad bytes",
        {"file": "data-00000-of-00001.bin", "offset": 64, "expected": "a", "found": "b"},
    )
    assert (error.file, error.offset) == ("data-00000-of-00001.bin", 64)
    assert (error.expected, error.found) == ("a", "b")
    assert (error.path, error.step, error.tensor) == (None, None, None)


def test_error_of_the_core_keeps_its_code_and_facts() -> None:
    error = errors.InvalidArgumentError._from_core("text", 3, {"row": "4", "offset": "no number"})
    assert (str(error), error.error_code, error.details["row"]) == ("text", 3, "4")
    assert error.offset is None


@pytest.mark.parametrize("name", [*OWN, "NanLossDuringTrainingError", "OutOfRangeError"])
def test_errors_survive_pickling(name: str) -> None:
    error = getattr(errors, name)._from_core("text", 3, {"step": "9"})
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.details, copy.error_code) == ("text", {"step": "9"}, 3)


def test_op_error_takes_any_code() -> None:
    error = errors.OpError(None, None, "text", errors.ABORTED)
    assert error.error_code == 10
    assert error.experimental_payloads == {}
