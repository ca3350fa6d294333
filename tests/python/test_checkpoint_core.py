"""The binding of checkpoints: arrays in, the same arrays out, and errors that say where."""

import contextlib
import json
import pathlib

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest

from holdfast import _core, errors

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "float16", "int32", "uint32", "float32"),
    *("int64", "uint64", "float64", "complex64", "complex128"),
]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def _writer(folder: pathlib.Path) -> contextlib.closing[_core.CheckpointWriter]:
    return contextlib.closing(_core.CheckpointWriter(str(folder), "process"))


@hypothesis.settings(deadline=None, max_examples=50)
@hypothesis.given(
    array=st.sampled_from(DTYPES).flatmap(lambda name: hnp.arrays(np.dtype(name), SHAPES))
)
def test_every_dtype_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray
) -> None:
    folder = str(tmp_path_factory.mktemp("model"))
    path = _core.CheckpointWriter(folder, "process").save({"x": array}, 3)
    reader = _core.CheckpointReader(path)
    for read in (reader.read("x"), reader.read_all()["x"]):
        assert read.dtype == array.dtype
        assert read.shape == array.shape
        assert read.tobytes() == array.tobytes()
    reader.verify()


def test_arrays_in_any_memory_order_come_back_row_major(tmp_path: pathlib.Path) -> None:
    array = np.arange(24, dtype=np.float32).reshape(4, 6)
    tensors = {"f": np.asfortranarray(array), "s": array[::2, 1::3]}
    reader = _core.CheckpointReader(_core.CheckpointWriter(str(tmp_path)).save(tensors, 0))
    np.testing.assert_array_equal(reader.read("f"), array)
    np.testing.assert_array_equal(reader.read("s"), array[::2, 1::3])


def test_arrays_of_the_other_byte_order_keep_their_values(tmp_path: pathlib.Path) -> None:
    array = np.array([1.0, -2.5], ">f4")
    reader = _core.CheckpointReader(_core.CheckpointWriter(str(tmp_path)).save({"x": array}, 0))
    np.testing.assert_array_equal(reader.read("x"), array)


def test_strings_come_back_as_bytes(tmp_path: pathlib.Path) -> None:
    words = np.array([["a", "é"], ["", "long" * 1000]], dtype=object)
    reader = _core.CheckpointReader(_core.CheckpointWriter(str(tmp_path)).save({"w": words}, 0))
    read = reader.read("w")
    assert read.shape == (2, 2)
    assert [item.decode() for item in read.ravel()] == list(words.ravel())


def test_slots_and_the_step_get_their_roles(tmp_path: pathlib.Path) -> None:
    one = np.ones(1, np.float32)
    names = ["k", "k/t_0/Adagrad", "b", "b/Adam_1", "lonely/Adam"]
    reader = _core.CheckpointReader(
        _core.CheckpointWriter(str(tmp_path)).save(dict.fromkeys(names, one), 5)
    )
    facts = {t.name: (t.role, t.slot_of, t.slot, t.optimizer) for t in reader.tensors}
    assert facts["k/t_0/Adagrad"] == ("slot", "k", "accumulator", "Adagrad")
    assert facts["b/Adam_1"] == ("slot", "b", "v", "Adam")
    assert facts["lonely/Adam"][0] == "variable"
    assert facts["global_step"][0] == "global_step"
    assert reader.read("global_step") == 5


def test_state_and_model_come_back(tmp_path: pathlib.Path) -> None:
    writer = _core.CheckpointWriter(str(tmp_path))
    path = writer.save({}, 1, '{"user":{"a":[1,2.5]}}', '{"head":null}')
    reader = _core.CheckpointReader(path)
    assert json.loads(reader.state_json) == {"user": {"a": [1, 2.5]}}
    assert json.loads(reader.model_json) == {"head": None}


def test_nonfinite_values_are_counted(tmp_path: pathlib.Path) -> None:
    bad = np.array([1, np.nan, np.inf, -np.inf], np.float32)
    writer = _core.CheckpointWriter(str(tmp_path))
    writer.save({"w": bad, "v": bad.astype(np.float64)}, 1)
    assert _core.list_checkpoints(str(tmp_path))[0].nonfinite == 6


def test_a_corrupt_file_names_file_tensor_and_bytes(tmp_path: pathlib.Path) -> None:
    weights = np.arange(8, dtype=np.float32)
    path = pathlib.Path(_core.CheckpointWriter(str(tmp_path)).save({"dnn/w": weights}, 1))
    shard = path / "data-00000-of-00001.bin"
    data = bytearray(shard.read_bytes())
    data[66] ^= 4
    shard.chmod(0o644)
    shard.write_bytes(data)
    reader = _core.CheckpointReader(str(path))
    with pytest.raises(
        errors.CheckpointCorruptError,
        match=r'data-00000-of-00001.bin, tensor "dnn/w", bytes 64\.\.95: expected crc32c',
    ):
        reader.read("dnn/w")
    shard.write_bytes(data[:-1])
    with pytest.raises(errors.CheckpointCorruptError, match=r"expected \d+ bytes, got \d+"):
        _core.CheckpointReader(str(path))


def test_a_missing_tensor_names_the_closest(tmp_path: pathlib.Path) -> None:
    path = _core.CheckpointWriter(str(tmp_path)).save({"dnn/kernel": np.zeros(1)}, 1)
    with pytest.raises(errors.NotFoundError, match=r'"dnn/kernal".*closest.*dnn/kernel'):
        _core.CheckpointReader(path).read("dnn/kernal")


def test_no_checkpoint_is_an_error_of_its_own(tmp_path: pathlib.Path) -> None:
    assert _core.latest_checkpoint(str(tmp_path)) is None
    assert _core.list_checkpoints(str(tmp_path / "none")) == []
    with pytest.raises(errors.NoCheckpointError, match="expected a checkpoint"):
        _core.CheckpointReader.open_latest(str(tmp_path))


def test_bookkeeping_is_checked_and_comes_back(tmp_path: pathlib.Path) -> None:
    writer = _core.CheckpointWriter(str(tmp_path))
    assert _core.read_bookkeeping(str(tmp_path)) is None
    entry = {"name": "model.ckpt-1", "step": 1, "commit_seq": 1, "created_unix_ms": 9, "keep": []}
    writer.write_bookkeeping(json.dumps({"all": [entry], "last_preserved_unix_ms": None}))
    text = _core.read_bookkeeping(str(tmp_path))
    assert text is not None
    assert json.loads(text)["latest"] == "model.ckpt-1"
    notes = tmp_path / "checkpoint.json"
    notes.chmod(0o644)
    notes.write_text("{")
    with pytest.raises(errors.CheckpointCorruptError, match=r"checkpoint\.json"):
        _core.read_bookkeeping(str(tmp_path))


def test_wrong_arguments_are_named(tmp_path: pathlib.Path) -> None:
    writer = _core.CheckpointWriter(str(tmp_path))
    with pytest.raises(errors.InvalidArgumentError, match='tensor "t": dtype'):
        writer.save({"t": np.array(["2020-01-01"], "datetime64[D]")}, 1)
    with pytest.raises(errors.InvalidArgumentError, match='durability: expected "full"'):
        _core.CheckpointWriter(str(tmp_path), "sometimes")


def trainer_of(value: np.ndarray, step: int) -> _core.Trainer:
    """A trainer whose state is "w" and the step."""
    graph = _core.Graph()
    attributes = {"dtype": value.dtype.name, "shape": value.shape}
    graph.add("variable", [], attributes, "w")
    step_of = {"dtype": "int64", "shape": (), "role": "global_step"}
    graph.add("variable", [], step_of, "global_step")
    trainer = _core.Trainer(graph, seed=1, threads=2)
    trainer.write_variable("w", value)
    trainer.write_variable("global_step", np.array(step))
    return trainer


@pytest.mark.parametrize("rows", [3, 700_001])
def test_a_staged_state_is_saved_as_it_was(tmp_path: pathlib.Path, rows: int) -> None:
    value = np.arange(rows, dtype=np.float32)
    trainer = trainer_of(value, 7)
    staged = _core.StagedCheckpoint()
    assert staged.empty
    assert staged.bytes == 0
    trainer.stage(staged, '{"user": {"a": 1}}', '{"m": 2}')
    trainer.write_variable("w", np.full_like(value, -1))
    trainer.write_variable("global_step", np.array(8))
    assert (staged.empty, staged.step) == (False, 7)
    with _writer(tmp_path) as writer:
        path = writer.save_staged(staged)
        assert writer.save_staged(staged) == path  # an equal one is there
    reader = _core.CheckpointReader(path)
    np.testing.assert_array_equal(reader.read("w"), value)
    assert reader.info.step == 7
    assert reader.info.commit_seq == 1
    assert staged.bytes >= value.nbytes
    assert json.loads(reader.state_json)["user"] == {"a": 1}
    assert json.loads(reader.model_json) == {"m": 2}


def test_a_staged_save_holds_what_a_synchronous_one_does(tmp_path: pathlib.Path) -> None:
    trainer = trainer_of(np.array([[1, np.nan], [np.inf, 2]], np.float32), 7)
    staged = _core.StagedCheckpoint()
    trainer.stage(staged)
    with _writer(tmp_path / "a") as one, _writer(tmp_path / "b") as other:
        a = _core.CheckpointReader(one.save_staged(staged))
        b = _core.CheckpointReader(trainer.save(other))
    assert a.state_json == b.state_json
    assert a.info.nonfinite == b.info.nonfinite == 2
    for name, value in a.read_all().items():
        assert value.tobytes() == b.read(name).tobytes()


def test_saving_what_was_never_staged_is_an_error(tmp_path: pathlib.Path) -> None:
    staged = _core.StagedCheckpoint()
    message = "expected one that holds a copy, got an empty one"
    with pytest.raises(errors.FailedPreconditionError, match=message):
        _ = staged.step
    with (
        _writer(tmp_path) as writer,
        pytest.raises(errors.FailedPreconditionError, match=message),
    ):
        writer.save_staged(staged)


def test_a_trainer_goes_on_from_what_it_restored(tmp_path: pathlib.Path) -> None:
    graph = _core.Graph()
    w = graph.add("variable", [], {"dtype": "float32", "shape": (1_200_000,)}, "w")
    step = {"dtype": "int64", "shape": (), "role": "global_step"}
    graph.add("variable", [], step, "global_step")
    double = graph.add("assign_add", [w, w])
    trainer = _core.Trainer(graph, seed=0, threads=2)
    trainer.write_variable("w", np.full(1_200_000, 3, np.float32))
    with _writer(tmp_path) as writer:
        path = trainer.save(writer)
    trainer.run(2, [double], [])  # plans a program on the memory of now
    assert trainer.read_variable("w")[-1] == 12
    reader = _core.CheckpointReader(path)
    trainer.restore(reader)
    assert trainer.read_variable("w")[-1] == 3
    trainer.run(1, [double], [])
    np.testing.assert_array_equal(trainer.read_variable("w"), np.full(1_200_000, 6, np.float32))
    trainer.restore(reader)  # what ran did not write into what was read
    assert trainer.read_variable("w")[-1] == 3


def test_a_restore_takes_everything_or_nothing(tmp_path: pathlib.Path) -> None:
    value = np.arange(700_000, dtype=np.float32)
    with _writer(tmp_path) as writer:
        path = pathlib.Path(trainer_of(value, 7).save(writer))
    shard = path / "data-00000-of-00001.bin"
    damaged = bytearray(shard.read_bytes())
    damaged[-1] ^= 1  # the last tensor's
    shard.chmod(0o644)
    shard.write_bytes(damaged)
    trainer = trainer_of(value + 1, 9)
    with pytest.raises(errors.CheckpointCorruptError, match='tensor "w"'):
        trainer.restore(_core.CheckpointReader(str(path)))
    assert trainer.global_step == 9
    np.testing.assert_array_equal(trainer.read_variable("w"), value + 1)
