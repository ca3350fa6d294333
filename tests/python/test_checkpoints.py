"""holdfast.train: finding, listing, reading and writing checkpoints."""

import os

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core, errors

TENSORS = {
    "dnn/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "dnn/bias:0": np.float32([1.5]),
    "counts": np.array([3, 4], np.int64),
}


@pytest.fixture
def model_dir(tmp_path):
    tf.train.write_checkpoint(tmp_path, TENSORS, 7)
    return tmp_path


def test_what_is_written_is_read(model_dir):
    path = str(model_dir / "model.ckpt-7")
    assert tf.train.latest_checkpoint(model_dir) == path
    for place in (model_dir, path):
        assert tf.train.list_variables(place) == [
            ("counts", [2]),
            ("dnn/bias", [1]),
            ("dnn/kernel", [2, 3]),
            ("global_step", []),
        ]
        np.testing.assert_array_equal(
            tf.train.load_variable(place, "dnn/kernel:0"), TENSORS["dnn/kernel"]
        )


def test_a_tensor_without_dimensions_is_a_scalar(model_dir):
    step = tf.train.load_variable(model_dir, "global_step")
    assert type(step) is np.int64
    assert step == 7


def test_reader(model_dir):
    reader = tf.train.load_checkpoint(str(model_dir))
    assert reader.has_tensor("dnn/bias")
    assert not reader.has_tensor("dnn/biases")
    assert reader.get_variable_to_shape_map()["dnn/kernel"] == [2, 3]
    assert reader.get_variable_to_dtype_map()["counts"] == tf.int64
    assert b"dnn/kernel (float32) [2, 3]" in reader.debug_string()
    np.testing.assert_array_equal(reader.get_tensor("counts"), [3, 4])


def test_an_unknown_name_lists_the_closest(model_dir):
    with pytest.raises(errors.NotFoundError, match="dnn/kernel"):
        tf.train.load_variable(model_dir, "dnn/kernels")


def test_the_latest_is_the_one_committed_last(model_dir):
    tf.train.write_checkpoint(model_dir, TENSORS, 3)
    latest = tf.train.latest_checkpoint(model_dir)
    assert os.path.basename(latest) == "model.ckpt-3"
    state = tf.train.get_checkpoint_state(model_dir)
    assert state.model_checkpoint_path == latest
    assert [os.path.basename(path) for path in state.all_model_checkpoint_paths] == [
        "model.ckpt-7",
        "model.ckpt-3",
    ]
    assert len(state.all_model_checkpoint_timestamps) == 2


def test_nothing_there(tmp_path):
    assert tf.train.latest_checkpoint(tmp_path) is None
    assert tf.train.latest_checkpoint(tmp_path / "none") is None
    assert tf.train.get_checkpoint_state(tmp_path) is None
    with pytest.raises(errors.NoCheckpointError, match="it holds no checkpoint"):
        tf.train.load_checkpoint(tmp_path)
    with pytest.raises(errors.NoCheckpointError, match="it is no directory"):
        tf.train.list_variables(tmp_path / "none")
    with pytest.raises(ValueError, match="No checkpoint at"):  # what TF raises here
        tf.train.load_checkpoint(tmp_path)


def test_a_moved_model_dir_is_read_where_it_is(model_dir, tmp_path_factory):
    new = tmp_path_factory.mktemp("elsewhere") / "model"
    model_dir.rename(new)
    assert tf.train.latest_checkpoint(new) == str(new / "model.ckpt-7")
    assert tf.train.load_variable(new, "global_step") == 7


@pytest.mark.parametrize(
    ("tensors", "step", "words"),
    [
        ({"a": np.zeros(1)}, -1, "global_step must be at least 0, got -1"),
        ({"global_step": np.int64(4)}, 5, "global_step is 5, the tensor of that name is 4"),
    ],
)
def test_write_checkpoint_checks_the_step(tmp_path, tensors, step, words):
    with pytest.raises(ValueError, match=words):
        tf.train.write_checkpoint(tmp_path / "m", tensors, step)
    assert not (tmp_path / "m").exists()


def test_checkpoints_iterator_yields_each_once_and_ends_on_timeout(model_dir):
    asked = []

    def stop():
        asked.append(True)
        return len(asked) == 2

    found = tf.train.checkpoints_iterator(str(model_dir), timeout=0, timeout_fn=stop)
    assert os.path.basename(next(found)) == "model.ckpt-7"
    tf.train.write_checkpoint(model_dir, TENSORS, 8)
    assert [os.path.basename(path) for path in found] == ["model.ckpt-8"]
    assert len(asked) == 2


def test_bytes_of_a_damaged_file_that_are_no_text_are_quoted(model_dir):
    (model_dir / "checkpoint.json").write_bytes(b'{"format": "\xe3("}')
    with pytest.raises(errors.CheckpointCorruptError, match=r"\\xe3"):
        _core.read_bookkeeping(str(model_dir))
    assert any("\\xe3" in text for text in _core.CheckpointWriter(str(model_dir)).take_warnings())


def test_a_damaged_bookkeeping_file_costs_a_warning_only(model_dir, caplog):
    from iris_like import classifier, input_fn, steps_of

    directory = model_dir / "trained"
    classifier(directory).train(input_fn(), steps=2)
    (directory / "checkpoint.json").write_text("{")
    classifier(directory).train(input_fn(), steps=2)
    assert steps_of(directory) == [0, 2, 4]
    assert "is rebuilt from the checkpoints" in caplog.text
