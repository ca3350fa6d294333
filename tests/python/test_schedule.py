"""holdfast.train._schedule: tables of (schedule, step, time) -> due."""

import pytest

from holdfast.train._schedule import SaveSchedule


def saved_steps(schedule, steps, seconds_per_step=1.0):
    """Steps a run over `steps` saves at: the start, the due ones, and the end."""
    start = steps[0]
    saved = [start]
    schedule = schedule.saved(start, start * seconds_per_step)
    for step in steps[1:]:
        now = step * seconds_per_step
        if schedule.due(step, now):
            schedule = schedule.saved(step, now)
            saved.append(step)
    if schedule.due_at_end(steps[-1]):
        saved.append(steps[-1])
    return saved


def test_steps_count_from_the_start_of_each_run():
    # TF: every 3 from step 0, stopped at 7, started again for 4 steps.
    every_3 = SaveSchedule(save_steps=3)
    assert saved_steps(every_3, range(8)) == [0, 3, 6, 7]
    assert saved_steps(every_3, range(7, 12)) == [7, 10, 11]


@pytest.mark.parametrize(
    ("save_secs", "steps", "seconds_per_step", "expected"),
    [
        (600, range(5), 1.0, [0, 4]),
        (10, range(6), 5.0, [0, 2, 4, 5]),
        (10, range(5), 10.0, [0, 1, 2, 3, 4]),
        (10, range(7), 4.0, [0, 3, 6]),  # 12 s, then 24 s: an interval is a minimum
        (0.5, range(3, 6), 1.0, [3, 4, 5]),
        (600, range(1), 1.0, [0]),  # no step: the start is the end
    ],
)
def test_seconds(save_secs, steps, seconds_per_step, expected):
    assert saved_steps(SaveSchedule(save_secs=save_secs), steps, seconds_per_step) == expected


@pytest.mark.parametrize("interval", [{}, {"save_secs": 0}, {"save_steps": 0}, {"save_secs": None}])
def test_no_interval_saves_nothing(interval):
    schedule = SaveSchedule(**interval)
    assert not schedule.enabled
    assert not schedule.due(0, 0.0)
    assert not schedule.due_at_end(5)
    assert schedule.next_step(0, 1e9) is None


def test_the_same_step_is_never_saved_twice():
    schedule = SaveSchedule(save_secs=1).saved(4, 0.0)
    assert not schedule.due(4, 100.0)
    assert not schedule.due_at_end(4)
    assert schedule.due(5, 100.0)


@pytest.mark.parametrize(
    ("schedule", "step", "now", "expected"),
    [
        (SaveSchedule(save_steps=100, last_step=7), 7, 0.0, 107),
        (SaveSchedule(save_steps=100, last_step=7), 50, 0.0, 107),
        (SaveSchedule(save_steps=100, last_step=7), 107, 0.0, 108),
        (SaveSchedule(save_steps=100), 7, 0.0, 8),
        (SaveSchedule(save_secs=10, last_step=7, last_time=50.0), 9, 59.9, None),
        (SaveSchedule(save_secs=10, last_step=7, last_time=50.0), 9, 60.0, 10),
    ],
)
def test_next_step_is_the_first_that_may_be_due(schedule, step, now, expected):
    assert schedule.next_step(step, now) == expected


def test_both_intervals_are_refused():
    with pytest.raises(
        ValueError, match="save_secs and save_steps exclude each other: got 5 and 6"
    ):
        SaveSchedule(save_secs=5, save_steps=6)


def test_negative_interval_is_refused():
    with pytest.raises(ValueError, match="save_steps: expected a number of at least 0, got -1"):
        SaveSchedule(save_steps=-1)


def test_a_try_moves_the_interval_on_and_leaves_the_end_due():
    schedule = SaveSchedule(save_steps=3).saved(0, 0.0).tried(3, 1.0)
    assert not schedule.due(3, 1.0)
    assert not schedule.due(5, 2.0)
    assert schedule.due(6, 2.0)
    assert schedule.due_at_end(3)
    assert not schedule.saved(3, 4.0).due_at_end(3)


def test_a_save_that_ends_after_a_later_try_says_nothing_of_that():
    schedule = SaveSchedule(save_steps=3).tried(3, 1.0).tried(6, 2.0).saved(3, 2.5)
    assert schedule.due_at_end(6)
    assert schedule.last_step == 6
