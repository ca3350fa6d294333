"""Which checkpoint a call starts from: past damaged ones, from an older one, or from none."""

import functools
import logging
import os
import shutil

import numpy as np
import pytest
from damage import drop_commit, spoil_commit, spoil_data, spoil_manifest
from iris_like import classifier, state_of, steps_of, tree_of, without_events
from line_model import line, line_data

import holdfast as tf
from holdfast import _core, errors
from holdfast.estimator import RunConfig

SPOILERS = {"data": spoil_data, "manifest": spoil_manifest, "COMMIT": spoil_commit}


@pytest.fixture
def trained(tmp_path):
    """Checkpoints of steps 0, 2, 4 and 6."""
    line(tmp_path, save_checkpoints_steps=2).train(line_data, steps=6)
    return tmp_path


@pytest.fixture
def reference(tmp_path_factory):
    """The states of an undisturbed training, by step."""
    model_dir = tmp_path_factory.mktemp("reference")
    line(model_dir, save_checkpoints_steps=1, keep_checkpoint_max=0).train(line_data, steps=9)
    return {step: state_of(model_dir / f"model.ckpt-{step}") for step in range(10)}


def called(estimator, call):
    """Makes one short call of an estimator."""
    data = functools.partial(line_data, 1)
    return list(estimator.predict(data)) if call == "predict" else getattr(estimator, call)(data)


def names_of(model_dir):
    return sorted(name for name in os.listdir(model_dir) if "ckpt" in name)


# on_corrupt="previous"


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS.keys())
def test_training_continues_from_the_one_before_a_damaged_one(trained, reference, spoil, caplog):
    spoil(trained / "model.ckpt-6")
    damaged = tree_of(trained / "model.ckpt-6")
    estimator = line(trained)
    estimator.train(line_data, max_steps=7)
    assert state_of(trained) == reference[7]
    assert "model.ckpt-6.corrupt" in names_of(trained)
    assert tree_of(trained / "model.ckpt-6.corrupt") == damaged
    assert steps_of(trained) == [0, 2, 4, 7]
    assert estimator.restore_report["step"] == 4
    (passed,) = estimator.restore_report["passed_over"]
    assert os.path.basename(passed["path"]) == "model.ckpt-6"
    text = caplog.text
    assert "model.ckpt-6 is DAMAGED and is passed over for an older one" in text
    assert "is now named model.ckpt-6.corrupt" in text


def test_several_damaged_ones_are_passed_over_and_a_taken_name_gets_digits(trained, reference):
    spoil_data(trained / "model.ckpt-6")
    spoil_manifest(trained / "model.ckpt-4")
    (trained / "model.ckpt-6.corrupt").mkdir()
    line(trained).train(line_data, max_steps=8)
    assert state_of(trained) == reference[8]
    assert steps_of(trained) == [0, 2, 8]
    corrupt = [name for name in names_of(trained) if "corrupt" in name]
    assert corrupt[0] == "model.ckpt-4.corrupt"
    assert corrupt[1] == "model.ckpt-6.corrupt"
    assert corrupt[2].startswith("model.ckpt-6.corrupt-")


def test_what_is_set_aside_stays_through_retention_and_later_runs(trained):
    spoil_data(trained / "model.ckpt-6")
    line(trained, keep_checkpoint_max=1).train(line_data, max_steps=7)
    line(trained, keep_checkpoint_max=1).train(line_data, max_steps=9)
    assert names_of(trained) == ["model.ckpt-6.corrupt", "model.ckpt-9"]


def test_a_damaged_last_checkpoint_is_no_reason_to_return_at_once(trained, reference):
    spoil_data(trained / "model.ckpt-6")
    line(trained).train(line_data, max_steps=6)
    assert state_of(trained) == reference[6]
    assert names_of(trained)[-2:] == ["model.ckpt-6", "model.ckpt-6.corrupt"]


def test_an_unfinished_one_is_passed_over_and_goes(trained, reference, caplog):
    drop_commit(trained / "model.ckpt-6")
    line(trained).train(line_data, max_steps=7)
    assert state_of(trained) == reference[7]
    assert names_of(trained) == [f"model.ckpt-{step}" for step in (0, 2, 4, 7)]
    assert "model.ckpt-6 was never finished and is passed over" in caplog.text


def test_a_run_that_saves_nothing_renames_nothing(trained):
    spoil_data(trained / "model.ckpt-6")
    before = without_events(tree_of(trained))
    line(trained, save_checkpoints_secs=None).train(line_data, max_steps=7)
    assert without_events(tree_of(trained)) == before


def test_a_mismatch_renames_nothing(trained):
    spoil_data(trained / "model.ckpt-6")
    before = tree_of(trained)
    with pytest.raises(errors.CheckpointMismatchError, match="does not fit this model"):
        line(trained, other_names).train(line_data, steps=1)
    assert tree_of(trained) == before


def other_names(features, labels, mode, params):
    w = tf.get_variable("other", initializer=np.float32([0.0]))
    loss = tf.losses.mean_squared_error(labels, features["x"] * w)
    optimizer = tf.train.GradientDescentOptimizer(params["rate"])
    train_op = optimizer.minimize(loss, global_step=tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS.keys())
def test_evaluation_takes_the_previous_one_when_asked_and_renames_nothing(trained, spoil):
    spoil(trained / "model.ckpt-6")
    before = tree_of(trained)
    estimator = line(trained, on_corrupt="previous")
    assert estimator.evaluate(lambda: line_data(1))["global_step"] == 4
    assert len(list(estimator.predict(lambda: line_data(1)))) == 4
    assert {k: v for k, v in tree_of(trained).items() if not k.startswith("eval/")} == before


# on_corrupt="error"


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS.keys())
@pytest.mark.parametrize("call", ["train", "evaluate", "predict"])
def test_an_error_lists_the_other_usable_checkpoints(trained, spoil, call):
    spoil(trained / "model.ckpt-6")
    spoil_data(trained / "model.ckpt-2")
    before = tree_of(trained)
    # The default of evaluate and predict; train has to be told.
    estimator = line(trained, on_corrupt="error" if call == "train" else None)
    with pytest.raises(errors.CheckpointCorruptError) as caught:
        called(estimator, call)
    first, advice = str(caught.value).split("\n")
    assert "model.ckpt-6" in first
    assert advice == (
        f"Other usable checkpoints of {trained}, newest first: model.ckpt-4, model.ckpt-0. Name "
        "one of them (checkpoint_path=, or resume_from= of train), or let "
        'RunConfig(on_corrupt="previous") take the newest.'
    )
    assert isinstance(caught.value, tf.errors.DataLossError)
    assert "model.ckpt-6" in (caught.value.path or "")
    assert tree_of(trained) == before


def test_a_damaged_checkpoint_that_was_named_is_never_replaced(trained):
    spoil_data(trained / "model.ckpt-4")
    estimator = line(trained, on_corrupt="previous")
    named = str(trained / "model.ckpt-4")
    with pytest.raises(errors.CheckpointCorruptError, match=r"newest first: model\.ckpt-6"):
        estimator.evaluate(lambda: line_data(1), checkpoint_path=named)
    with pytest.raises(errors.CheckpointCorruptError, match=r"newest first: model\.ckpt-6"):
        estimator.train(line_data, steps=1, resume_from="model.ckpt-4")


# No usable one


def spoil_all(model_dir):
    for name, spoil in zip(
        ["model.ckpt-6", "model.ckpt-4", "model.ckpt-2", "model.ckpt-0"],
        [spoil_data, spoil_manifest, spoil_commit, drop_commit],
        strict=True,
    ):
        spoil(model_dir / name)


@pytest.mark.parametrize("call", ["train", "evaluate", "predict"])
def test_nothing_starts_from_scratch_beside_damaged_checkpoints(trained, call):
    spoil_all(trained)
    before = tree_of(trained)
    estimator = line(trained, on_corrupt="previous")
    with pytest.raises(errors.CheckpointCorruptError) as caught:
        called(estimator, call)
    lines = str(caught.value).split("\n")
    assert lines[0] == f"{trained}: expected a usable checkpoint, got 4 that cannot be used:"
    reasons = dict(line.strip().split(": ", 1) for line in lines[1:-1])
    assert "crc32c" in reasons[f"{trained}/model.ckpt-6"]
    assert "manifest" in reasons[f"{trained}/model.ckpt-4"]
    assert len(reasons) == 4
    assert lines[-1] == (
        "Restore one from a backup, train in another model_dir, or let "
        "RunConfig(allow_fresh_start=True) begin at step 0, which keeps these under names "
        ".rejected-*."
    )
    assert tree_of(trained) == before


@pytest.mark.parametrize("on_corrupt", ["error", "previous"])
def test_a_fresh_start_keeps_what_it_rejects(trained, reference, on_corrupt, caplog):
    spoil_all(trained)
    trees = {name: tree_of(trained / name) for name in names_of(trained)}
    estimator = line(trained, on_corrupt=on_corrupt, allow_fresh_start=True)
    estimator.train(line_data, steps=3)
    assert steps_of(trained) == [0, 3]
    assert state_of(trained) == reference[3]
    rejected = [name for name in names_of(trained) if name.startswith(".rejected-")]
    kept = {name[len(".rejected-") : -17]: tree_of(trained / name) for name in rejected}
    assert kept == trees
    assert "Training begins at step 0" in caplog.text
    assert estimator.restore_report["source"] is None
    assert len(estimator.restore_report["passed_over"]) == 4


def test_a_fresh_start_is_not_taken_while_one_can_be_used(trained):
    spoil_data(trained / "model.ckpt-6")
    line(trained, allow_fresh_start=True).train(line_data, steps=1)
    assert steps_of(trained) == [0, 2, 4, 5]
    spoil_data(trained / "model.ckpt-5")
    with pytest.raises(errors.CheckpointCorruptError):
        line(trained, allow_fresh_start=True, on_corrupt="error").train(line_data, steps=1)


# resume_from


@pytest.mark.parametrize("as_path", [False, True])
def test_resume_from_abandons_later_steps_from_the_first_moment(trained, reference, as_path):
    number = _core.list_checkpoints(str(trained))[-1].commit_seq

    class Breaker(tf.estimator.SessionRunHook):
        def after_run(self, run_context, run_values):
            raise RuntimeError("mine")

    name = "model.ckpt-2"
    given = trained / name if as_path else name
    with pytest.raises(RuntimeError, match="mine"):
        line(trained).train(line_data, steps=5, resume_from=given, hooks=[Breaker()])
    newest = _core.list_checkpoints(str(trained))[-1]
    assert (newest.step, newest.commit_seq) == (2, number + 1)
    line(trained).train(line_data, steps=1)
    assert state_of(trained) == reference[3]
    assert steps_of(trained) == [0, 4, 6, 2, 3]


def test_resume_from_the_newest_writes_no_new_start(trained, reference):
    before = tree_of(trained / "model.ckpt-6")
    line(trained).train(line_data, max_steps=7, resume_from="model.ckpt-6")
    assert state_of(trained) == reference[7]
    assert tree_of(trained / "model.ckpt-6") == before


def test_resume_from_is_checked(trained, tmp_path_factory):
    estimator = line(trained)
    before = tree_of(trained)
    for value, text in [
        ("800", "resume_from must be a checkpoint's name such as 'model.ckpt-800'"),
        ("model.ckpt-4.corrupt", "resume_from must be a checkpoint's name"),
        ("/elsewhere/model.ckpt-4", "use warm_start_from"),
    ]:
        with pytest.raises(ValueError, match=text):
            estimator.train(line_data, steps=1, resume_from=value)
    with pytest.raises(TypeError, match="resume_from must be a name"):
        estimator.train(line_data, steps=1, resume_from=4)
    with pytest.raises(
        errors.NoCheckpointError,
        match=r"no checkpoint model\.ckpt-5 in .* model\.ckpt-0, model\.ckpt-2, .*-4, .*-6",
    ):
        estimator.train(line_data, steps=1, resume_from="model.ckpt-5")
    assert tree_of(trained) == before
    with pytest.raises(errors.NoCheckpointError, match="there are: none"):
        line(tmp_path_factory.mktemp("new")).train(line_data, resume_from="model.ckpt-5")


# restore_optimizer and the report


def dnn_data(repeat=None):
    from iris_like import input_fn

    return input_fn(repeat=repeat)()


def configured(**more):
    return RunConfig(tf_random_seed=7, durability="process", **more)


def test_another_optimizer_goes_on_with_fresh_slots_when_asked(tmp_path, caplog):
    classifier(tmp_path, optimizer="SGD").train(dnn_data, steps=3)
    weights = state_of(tmp_path)
    reset = configured(restore_optimizer="reset")
    estimator = classifier(tmp_path, config=reset)
    with caplog.at_level(logging.INFO):
        estimator.train(dnn_data, steps=1)
    assert "The optimizer starts afresh" in caplog.text
    report = estimator.restore_report
    assert report["restored"] == sorted(weights)
    assert len(report["missing"]) == 6
    assert all(name.endswith("/t_0/Adagrad") for name in report["missing"])
    assert report["reset"] == report["unexpected"] == report["unused"] == []
    # Slots that fit are restored even so: the run goes on exactly.
    with_slots = classifier(tmp_path, config=reset)
    with_slots.train(dnn_data, steps=1)
    assert len(with_slots.restore_report["restored"]) == 13
    back = classifier(tmp_path, optimizer="SGD", config=reset)
    back.train(dnn_data, steps=1)
    assert len(back.restore_report["unexpected"]) == 6


def test_the_report_of_each_call(tmp_path):
    estimator = classifier(tmp_path)
    assert estimator.restore_report == {}
    estimator.train(dnn_data, steps=3)
    assert estimator.restore_report["source"] is None
    estimator.train(dnn_data, steps=1)
    report = estimator.restore_report
    assert report["source"] == str(tmp_path / "model.ckpt-3")
    assert (report["step"], report["commit_seq"], report["input_batches"]) == (3, 2, 3)
    assert "dnn/logits/kernel/t_0/Adagrad" in report["restored"]
    estimator.evaluate(lambda: dnn_data(1))
    report = estimator.restore_report
    assert "dnn/logits/kernel" in report["restored"]
    assert "dnn/logits/kernel/t_0/Adagrad" in report["unused"]
    report["restored"].clear()
    assert estimator.restore_report["restored"]


def test_a_moved_or_renamed_model_dir_and_checkpoint_are_found(trained, reference, tmp_path):
    moved = trained.parent / (trained.name + "-moved")
    shutil.move(trained, moved)
    line(moved).train(line_data, max_steps=7)
    assert state_of(moved) == reference[7]
    # A directory with another step in its name: its content counts.
    (moved / "model.ckpt-7").rename(moved / "model.ckpt-99")
    line(moved).train(line_data, max_steps=8)
    assert state_of(moved) == reference[8]
    shutil.rmtree(moved)
