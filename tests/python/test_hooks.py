"""holdfast.train: hooks, their looks, and the loop that runs the steps between them."""

import logging

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core
from holdfast._global_step import create_global_step
from holdfast.errors import NanLossDuringTrainingError, UnimplementedError
from holdfast.train import (
    FeedFnHook,
    FinalOpsHook,
    LoggingTensorHook,
    NanTensorHook,
    SecondOrStepTimer,
    SessionRunArgs,
    SessionRunHook,
    StepCounterHook,
    StopAtStepHook,
)
from holdfast.train._hooks import nan_loss_error
from holdfast.train._loop import RunLoop, Slicer, StepPlan
from holdfast.train._session import Session


class CountingTrainer:
    """A trainer that notes how many steps each call was asked for."""

    def __init__(self, trainer):
        self._trainer = trainer
        self.calls = []

    def __getattr__(self, name):
        return getattr(self._trainer, name)

    def run(self, steps, *rest, **more):
        self.calls.append(steps)
        return self._trainer.run(steps, *rest, **more)


class Run:
    """A run whose step halves a weight of 8 and counts."""

    def __init__(self):
        self.graph = tf.Graph()
        with self.graph.as_default():
            step = create_global_step()
            self.weight = tf.get_variable("weight", initializer=np.float32([8.0]))
            self.halved = tf.assign(self.weight, self.weight * 0.5)
            self.train_op = tf.group(tf.assign_add(step, tf.constant(1, tf.int64)), self.halved)

    def start(self, hooks, **plan):
        with self.graph.as_default():
            for hook in hooks:
                hook.begin()
        self.trainer = CountingTrainer(_core.Trainer(self.graph.core, 7))
        self.session = Session(self.trainer, self.graph)
        for hook in hooks:
            hook.after_create_session(self.session, None)
        targets = self.graph.run_targets([self.train_op])
        return RunLoop(self.session, StepPlan(targets=targets, **plan), hooks)


class Recorder(SessionRunHook):
    """Notes every call; looks at the steps it is told."""

    def __init__(self, name, calls, fetches=None):
        self.name, self.calls, self.fetches = name, calls, fetches

    def begin(self):
        self.calls.append((self.name, "begin"))

    def after_create_session(self, session, coord):
        self.calls.append((self.name, "after_create_session"))

    def before_run(self, run_context):
        self.calls.append((self.name, "before_run"))
        return None if self.fetches is None else SessionRunArgs(self.fetches)

    def after_run(self, run_context, run_values):
        self.calls.append((self.name, "after_run", run_values.results))

    def end(self, session):
        self.calls.append((self.name, "end"))


def test_two_hundred_steps_that_nobody_looks_at_are_one_call():
    run = Run()
    run.start([StopAtStepHook(num_steps=200), StepCounterHook()]).run()
    assert run.trainer.calls == [200]
    assert run.session.global_step == 200
    assert run.session.iteration == 200


def test_hooks_are_called_in_order_around_every_step():
    calls = []
    hooks = [Recorder("a", calls), Recorder("b", calls), StopAtStepHook(last_step=2)]
    Run().start(hooks).run()
    once = [
        ("a", "before_run"),
        ("b", "before_run"),
        ("a", "after_run", None),
        ("b", "after_run", None),
    ]
    assert calls == [
        ("a", "begin"),
        ("b", "begin"),
        ("a", "after_create_session"),
        ("b", "after_create_session"),
        *once,
        *once,
        ("a", "end"),
        ("b", "end"),
    ]


def test_fetches_come_back_in_their_structure():
    run, calls = Run(), []
    fetches = {"weight": run.halved, "both": [run.halved, "global_step:0"], "none": None}
    run.start([Recorder("a", calls, fetches), StopAtStepHook(num_steps=1)]).run()
    results = next(call[2] for call in calls if call[1] == "after_run")
    np.testing.assert_array_equal(results["weight"], [4.0])
    np.testing.assert_array_equal(results["both"][0], [4.0])
    assert results["both"][1] == 0  # as in TF: the step before this one's update
    assert results["none"] is None


def test_request_stop_lets_the_other_hooks_see_the_step():
    calls = []

    class Stopper(SessionRunHook):
        def after_run(self, run_context, run_values):
            run_context.request_stop()

    run = Run()
    run.start([Stopper(), Recorder("b", calls)]).run()
    assert run.session.global_step == 1
    assert [call[1] for call in calls][-3:] == ["before_run", "after_run", "end"]


@pytest.mark.parametrize("error", [tf.errors.OutOfRangeError(None, None, "over"), StopIteration()])
def test_the_signs_of_the_end_of_input_end_the_run(error):
    calls = []

    class Ender(SessionRunHook):
        def before_run(self, run_context):
            if run_context.session.iteration == 3:
                raise error

    run = Run()
    run.start([Ender(), Recorder("b", calls)]).run()
    assert run.session.global_step == 3
    assert calls[-1] == ("b", "end")


def test_other_exceptions_skip_end():
    calls = []

    class Breaker(SessionRunHook):
        def after_run(self, run_context, run_values):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Run().start([Recorder("a", calls), Breaker()]).run()
    assert ("a", "end") not in calls


@pytest.mark.parametrize("arguments", [{}, {"num_steps": 1, "last_step": 1}])
def test_stop_at_step_needs_exactly_one(arguments):
    with pytest.raises(ValueError, match="exactly one of num_steps and last_step"):
        StopAtStepHook(**arguments)


def test_a_passed_last_step_still_runs_one_step():
    run = Run()
    loop = run.start([StopAtStepHook(last_step=3)])
    run.trainer.write_variable("global_step", np.array(10, np.int64))
    loop.run()
    assert run.session.global_step == 11


def test_steps_that_do_not_count_are_refused():
    run = Run()
    run.train_op = run.halved
    with pytest.raises(ValueError, match="train_op does not advance the global step: it is 0"):
        run.start([Recorder("a", []), StopAtStepHook(num_steps=2)]).run()


def test_logging_hook_logs_at_0_n_2n(caplog):
    run = Run()
    hook = LoggingTensorHook({"step": "global_step", "loss": run.halved}, every_n_iter=10)
    with caplog.at_level(logging.INFO, "holdfast"):
        run.start([hook, StopAtStepHook(num_steps=25)]).run()
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(" (")[0] for line in lines] == [
        "loss = [4.], step = 0",
        "loss = [0.00390625], step = 10",
        "loss = [3.8146973e-06], step = 20",
    ]
    assert "(" not in lines[0]
    assert lines[1].endswith(" sec)")
    assert run.trainer.calls == [1, 10, 10, 4]


def test_logging_hook_costs_nothing_while_the_log_is_quiet(caplog):
    run = Run()
    with caplog.at_level(logging.WARNING, "holdfast"):
        hook = LoggingTensorHook(["global_step"], every_n_iter=1)
        run.start([hook, StopAtStepHook(num_steps=25)]).run()
    assert run.trainer.calls == [25]


def test_logging_hook_at_end_with_formatter(caplog):
    hook = LoggingTensorHook(
        {"step": "global_step"}, at_end=True, formatter=lambda values: f"at {values['step']}"
    )
    with caplog.at_level(logging.INFO, "holdfast"):
        Run().start([hook, StopAtStepHook(num_steps=5)]).run()
    assert [record.getMessage() for record in caplog.records] == ["at 5"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "exactly one of every_n_iter and every_n_secs"),
        ({"every_n_iter": 1, "every_n_secs": 1}, "exactly one"),
        ({"every_n_iter": 0}, "must be positive, got 0"),
    ],
)
def test_logging_hook_intervals(arguments, words):
    with pytest.raises(ValueError, match=words):
        LoggingTensorHook(["x"], **arguments)


def test_step_counter_starts_its_clock_at_the_first_trigger(caplog):
    run = Run()
    with caplog.at_level(logging.INFO, "holdfast"):
        run.start([StepCounterHook(every_n_steps=2), StopAtStepHook(num_steps=6)]).run()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2  # at steps 3 and 5
    assert all(line.startswith("global_step/sec: ") for line in lines)
    assert run.trainer.calls == [1, 2, 2, 1]


def test_nan_loss_raises_before_any_hook_sees_the_step():
    run, calls = Run(), []
    with run.graph.as_default():
        weight = tf.identity(run.weight)
        loss = tf.reduce_sum((weight - 1.0) / (weight - 1.0))  # NaN where the weight is 1
    loop = run.start([Recorder("a", calls)], watch=loss.node, on_nan=nan_loss_error)
    with pytest.raises(NanLossDuringTrainingError, match=r"the loss of step \d is NaN") as caught:
        loop.run()
    assert isinstance(caught.value, RuntimeError)
    seen = [call for call in calls if call[1] == "after_run"]
    assert caught.value.step == len(seen)


@pytest.mark.parametrize("fail", [True, False])
def test_nan_tensor_hook(fail, caplog):
    run = Run()
    with run.graph.as_default():
        zero = run.halved - run.halved
        nan = zero / zero
    loop = run.start([NanTensorHook(nan, fail_on_nan_loss=fail)])
    if fail:
        with pytest.raises(NanLossDuringTrainingError, match="step 0"):
            loop.run()
    else:
        loop.run()
        assert run.session.global_step == 1
    assert "Model diverged with loss = NaN." in caplog.text


def test_final_ops_are_read_at_the_end():
    run = Run()
    hook = FinalOpsHook({"weight": run.weight})
    run.start([hook, StopAtStepHook(num_steps=3)]).run()
    np.testing.assert_array_equal(hook.final_ops_values["weight"], [1.0])


def test_session_run_refuses_what_needs_the_input():
    run = Run()
    with run.graph.as_default():
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = x * 2.0
    run.start([])
    with pytest.raises(ValueError, match="depend on the input 'x'"):
        run.session.run(y)


def test_feeding_is_refused():
    with pytest.raises(UnimplementedError, match="features of the input function"):
        FeedFnHook(dict)

    class Feeder(SessionRunHook):
        def before_run(self, run_context):
            return SessionRunArgs(None, feed_dict={"x": 1})

    with pytest.raises(ValueError, match="before_run of Feeder: feed_dict must be None"):
        Run().start([Feeder()]).run()


def test_before_run_must_return_session_run_args():
    class Wrong(SessionRunHook):
        def before_run(self, run_context):
            return ["loss"]

    with pytest.raises(TypeError, match="before_run of Wrong must return SessionRunArgs or None"):
        Run().start([Wrong()]).run()


def test_slices_grow_to_a_tenth_of_a_second():
    slicer = Slicer(1000)
    assert slicer.steps == 1000
    slicer.observe(1000, 0.001)
    assert slicer.steps == 10_000  # tenfold at the most
    slicer.observe(10_000, 0.2)
    assert slicer.steps == 5000
    slicer.observe(1, 5.0)
    assert slicer.steps == 1
    assert Slicer(10**9).steps == 1


def test_timer_by_steps():
    timer = SecondOrStepTimer(every_steps=3)
    assert timer.should_trigger_for_step(5)
    assert timer.update_last_triggered_step(5) == (None, None)
    assert [s for s in range(5, 10) if timer.should_trigger_for_step(s)] == [8, 9]
    assert timer.next_step(5) == 8
    assert timer.last_triggered_step() == 5


def test_timer_by_seconds():
    now = [10.0]
    timer = SecondOrStepTimer(every_secs=2.0, clock=lambda: now[0])
    timer.update_last_triggered_step(0)
    now[0] = 11.9
    assert not timer.should_trigger_for_step(1)
    assert timer.next_step(1) is None
    now[0] = 12.0
    assert timer.should_trigger_for_step(1)
    assert timer.next_step(1) == 2
    assert timer.update_last_triggered_step(1) == (2.0, 1)
    timer.reset()
    assert timer.last_triggered_step() is None


@pytest.mark.parametrize("arguments", [{}, {"every_secs": 1, "every_steps": 1}])
def test_timer_needs_exactly_one_interval(arguments):
    with pytest.raises(ValueError, match="exactly one of every_secs and every_steps"):
        SecondOrStepTimer(**arguments)
