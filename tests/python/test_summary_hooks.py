"""SummarySaverHook and StepCounterHook."""

import pytest
from event_reading import event_files, steps_by_tag
from line_model import line, line_data, line_model

import holdfast as tf

FileWriter = tf.summary.FileWriter


QUIET = {"save_summary_steps": 0, "log_step_count_steps": None}


def test_summary_saver_hook_records_what_it_is_told(tmp_path):
    def model(features, labels, mode, params):
        spec = line_model(features, labels, mode, params)
        first = tf.summary.scalar("first", 2 * spec.loss)
        tf.summary.scalar("second", 3 * spec.loss)
        hooks = [
            tf.estimator.SummarySaverHook(2, output_dir=str(tmp_path / "all")),
            tf.estimator.SummarySaverHook(3, summary_writer=writer, summary_op=first),
        ]
        return spec._replace(training_hooks=hooks)

    with FileWriter(tmp_path / "one") as writer:
        line(tmp_path / "m", model, **QUIET).train(line_data, steps=5)
    assert steps_by_tag(tmp_path / "all") == {tag: [1, 3, 5] for tag in ("first", "second")}
    assert steps_by_tag(tmp_path / "one") == {"first": [1, 4]}
    assert not event_files(tmp_path / "m")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "save_steps must be a positive number"),
        ({"save_steps": 0}, "save_steps must be a positive number"),
        ({"save_secs": 1.0}, "save_secs None, got save_steps=None and save_secs=1.0"),
        ({"save_steps": 1}, "exactly one of output_dir and summary_writer"),
    ],
)
def test_summary_saver_hook_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        tf.train.SummarySaverHook(**arguments)


def test_step_counter_hook_records_the_speed(tmp_path):
    hook = tf.train.StepCounterHook(every_n_steps=2, output_dir=str(tmp_path / "speed"))
    line(tmp_path / "m", **QUIET).train(line_data, steps=5, hooks=[hook])
    assert steps_by_tag(tmp_path / "speed") == {"global_step/sec": [3, 5]}
    with FileWriter(tmp_path) as writer, pytest.raises(ValueError, match="not both"):
        tf.train.StepCounterHook(output_dir="x", summary_writer=writer)
