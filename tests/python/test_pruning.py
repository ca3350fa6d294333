"""Pins, prune, and what retention does when something is in its way."""

import os

import pytest
from iris_like import steps_of, tree_of
from line_model import Untrained, line, line_data

import holdfast as tf
from holdfast import _core, errors
from holdfast.train._pruning import prune
from holdfast.train._retention import Retention
from holdfast.train._saver import Saver
from holdfast.train._saver_options import SavedState, SaverOptions
from holdfast.train._schedule import SaveSchedule


def trained(model_dir, steps=6, **config):
    config = {"save_checkpoints_steps": 1, "keep_checkpoint_max": 0, **config}
    return line(model_dir, **config).train(line_data, steps=steps)


def names(answer):
    return {os.path.basename(path): reason for path, reason in answer}


def pin_names(model_dir):
    return sorted(path.name for path in model_dir.glob(".pin-*"))


def test_a_pinned_checkpoint_stays_until_it_is_unpinned(tmp_path):
    trained(tmp_path, 2)
    tf.train.pin_checkpoint(tmp_path / "model.ckpt-1")
    trained(tmp_path, 3, keep_checkpoint_max=1)
    assert steps_of(tmp_path) == [1, 5]
    tf.train.unpin_checkpoint(str(tmp_path / "model.ckpt-1"))
    trained(tmp_path, 1, keep_checkpoint_max=1)
    assert steps_of(tmp_path) == [6]
    assert pin_names(tmp_path) == []


def test_pinning_works_while_a_run_is_going(tmp_path):
    class Pin(tf.estimator.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            if global_step_value == 2:
                tf.train.pin_checkpoint(tmp_path / "model.ckpt-2")

    often = {"save_checkpoints_steps": 1, "keep_checkpoint_max": 1}
    line(tmp_path, **often).train(line_data, steps=5, saving_listeners=[Pin()])
    assert steps_of(tmp_path) == [2, 5]


def test_only_checkpoints_can_be_pinned(tmp_path):
    with pytest.raises(errors.NoCheckpointError, match=r"model\.ckpt-3"):
        tf.train.pin_checkpoint(tmp_path / "model.ckpt-3")
    with pytest.raises(errors.InvalidArgumentError, match=r"ends in model\.ckpt-<step>"):
        tf.train.pin_checkpoint(tmp_path)
    tf.train.unpin_checkpoint(tmp_path / "model.ckpt-3")
    assert not list(tmp_path.iterdir())


def test_prune_deletes_what_the_rules_do_not_keep(tmp_path):
    trained(tmp_path)
    tf.train.pin_checkpoint(tmp_path / "model.ckpt-1")
    rules = {"keep_checkpoint_max": 2, "keep_checkpoint_every_n_hours": None}
    expected = {
        "model.ckpt-0": None,
        "model.ckpt-1": "pinned",
        "model.ckpt-2": None,
        "model.ckpt-3": None,
        "model.ckpt-4": None,
        "model.ckpt-5": "recent",
        "model.ckpt-6": "recent, newest_finite",
    }
    before = tree_of(tmp_path)
    assert names(prune(tmp_path, dry_run=True, **rules)) == expected
    assert tree_of(tmp_path) == before
    assert names(prune(tmp_path, **rules)) == expected
    assert steps_of(tmp_path) == [1, 5, 6]
    assert trained(tmp_path, 1).get_variable_value("global_step") == 7  # the lock is free again


def test_prune_keeps_the_best(tmp_path):
    estimator = trained(tmp_path, 3)
    for step in range(4):
        path = str(tmp_path / f"model.ckpt-{step}")
        estimator.evaluate(line_data, steps=1, checkpoint_path=path)
    answer = prune(
        tmp_path,
        keep_checkpoint_max=1,
        keep_checkpoint_every_n_hours=None,
        keep_best=("loss", 1, "max"),
    )
    assert names(answer)["model.ckpt-0"] == "best:loss"
    assert steps_of(tmp_path) == [0, 3]


def test_prune_leaves_a_model_dir_alone_that_is_being_trained_in(tmp_path):
    trained(tmp_path)
    rules = {"keep_checkpoint_max": 1, "keep_checkpoint_every_n_hours": None}
    writer = _core.CheckpointWriter(str(tmp_path))
    try:
        before = tree_of(tmp_path)
        with pytest.raises(errors.ModelDirLockedError):
            prune(tmp_path, **rules)
        assert tree_of(tmp_path) == before
        assert names(prune(tmp_path, dry_run=True, **rules))["model.ckpt-0"] is None
    finally:
        writer.close()


def test_prune_of_nothing_makes_nothing(tmp_path):
    with pytest.raises(errors.NoCheckpointError, match="no checkpoint to prune in"):
        prune(tmp_path / "new", keep_checkpoint_max=1, keep_checkpoint_every_n_hours=None)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def stuck(monkeypatch):
    """Names of checkpoints that cannot be deleted."""
    names = set()

    class Writer(_core.CheckpointWriter):
        def remove(self, path):
            if os.path.basename(path) in names:
                raise errors.UnavailableError(None, None, f"rename {path}: Input/output error")
            super().remove(path)

    monkeypatch.setattr(_core, "CheckpointWriter", Writer)
    return names


def test_prune_deletes_the_others_and_raises(tmp_path, stuck):
    trained(tmp_path, 4)
    stuck.add("model.ckpt-1")
    with pytest.raises(errors.UnavailableError, match=r"model\.ckpt-1: Input/output") as caught:
        prune(tmp_path, keep_checkpoint_max=1, keep_checkpoint_every_n_hours=None)
    assert steps_of(tmp_path) == [1, 4]
    trained(tmp_path, 1)  # the lock is free
    del caught  # which had kept the frame alive, and all that is in it


def test_what_cannot_be_deleted_is_tried_again_at_the_next_save(tmp_path, stuck, caplog):
    class Unstick(tf.estimator.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            if global_step_value == 4:
                stuck.clear()

    stuck.add("model.ckpt-1")
    often = {"save_checkpoints_steps": 1, "keep_checkpoint_max": 2}
    line(tmp_path, **often).train(line_data, steps=5, saving_listeners=[Unstick()])
    assert steps_of(tmp_path) == [4, 5]
    warnings = [r.message for r in caplog.records if "Could not delete" in r.message]
    assert len(warnings) == 2  # at the saves of 3 and 4
    assert "trying again at the next save" in warnings[0]


def test_a_directory_that_cannot_be_judged_loses_nothing(tmp_path, monkeypatch, caplog):
    def broken(model_dir):
        raise errors.UnavailableError(None, None, f"list {model_dir}: Input/output error")

    monkeypatch.setattr(_core, "pinned_checkpoints", broken)
    trained(tmp_path, 3, keep_checkpoint_max=1)
    assert steps_of(tmp_path) == [0, 1, 2, 3]
    assert "so none is; trying again at the next save: list" in caplog.text


def test_an_older_start_is_saved_anew_so_that_it_is_the_newest(tmp_path):
    trained(tmp_path, 3)
    session = Untrained(global_step=1)
    saver = Saver(
        str(tmp_path),
        SaveSchedule(save_steps=10),
        SaverOptions(retention=Retention(keep_checkpoint_max=1)),
        SavedState(restored_from=str(tmp_path / "model.ckpt-1")),
    )
    saver.start(session)
    assert steps_of(tmp_path) == [1]
    session.go_to(11)
    saver.look(session)
    assert steps_of(tmp_path) == [11]
    saver.close()
