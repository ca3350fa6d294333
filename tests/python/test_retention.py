"""holdfast.train._retention: tables of directories -> what stays."""

import pytest

from holdfast.train._retention import KeptCheckpoint, Retention

HOUR = 3_600_000


def checkpoints(*ages, nonfinite=(), preserved=(), pinned=(), values=None):
    """One checkpoint for each creation time (ms); the i-th has commit_seq i + 1, path 'c<i>'."""
    return [
        KeptCheckpoint(
            path=f"c{i}",
            commit_seq=i + 1,
            created_unix_ms=age,
            nonfinite=3 if i in nonfinite else 0,
            preserved=i in preserved,
            pinned=i in pinned,
            value=(values or {}).get(i),
        )
        for i, age in enumerate(ages)
    ]


def kept(retention, there, **more):
    return sorted(retention.keep(there, **more).reasons, key=lambda path: int(path[1:]))


@pytest.mark.parametrize(
    ("limit", "count", "expected"),
    [
        (5, 0, []),
        (5, 1, ["c0"]),
        (5, 5, ["c0", "c1", "c2", "c3", "c4"]),
        (5, 7, ["c2", "c3", "c4", "c5", "c6"]),
        (2, 7, ["c5", "c6"]),  # a lowered limit takes effect at once
        (1, 7, ["c6"]),
        (0, 3, ["c0", "c1", "c2"]),
        (None, 3, ["c0", "c1", "c2"]),
        (10, 3, ["c0", "c1", "c2"]),
    ],
)
def test_the_newest_stay(limit, count, expected):
    assert kept(Retention(keep_checkpoint_max=limit), checkpoints(*range(count))) == expected


def test_newest_means_commit_order_not_place_in_the_list():
    there = checkpoints(0, 1, 2)
    assert kept(Retention(keep_checkpoint_max=1), there[::-1]) == ["c2"]


@pytest.mark.parametrize(
    ("nonfinite", "expected"),
    [
        ((), ["c3", "c4"]),
        ((4,), ["c3", "c4"]),
        ((3, 4), ["c2", "c3", "c4"]),  # the newest finite one stays beyond the limit
        ((1, 2, 3, 4), ["c0", "c3", "c4"]),
        ((0, 1, 2, 3, 4), ["c3", "c4"]),
    ],
)
def test_the_newest_finite_one_stays(nonfinite, expected):
    there = checkpoints(*range(5), nonfinite=nonfinite)
    assert kept(Retention(keep_checkpoint_max=2), there) == expected


def test_the_start_of_the_run_stays_until_the_run_has_saved():
    rule, there = Retention(keep_checkpoint_max=1), checkpoints(0, 1, 2)
    assert kept(rule, there, started_from="c0") == ["c0", "c2"]
    assert kept(rule, there, started_from=None) == ["c2"]
    assert kept(rule, there, started_from="c9") == ["c2"]  # gone: nothing to keep


@pytest.mark.parametrize(
    ("hours", "ages_in_hours", "expected"),
    [
        (1, [0, 0.5, 1, 1.5, 2, 2.5], ["c2", "c4", "c5"]),
        (2, [0, 0.5, 1, 1.5, 2, 2.5], ["c4", "c5"]),
        (10000, [0, 1, 2], ["c2"]),
        (None, [0, 1, 2], ["c2"]),
        (1, [0, 0.4, 5, 5.5, 6.2], ["c2", "c4"]),  # a pause is one span, not five
    ],
)
def test_one_per_span_of_hours(hours, ages_in_hours, expected):
    rule = Retention(keep_checkpoint_max=1, keep_checkpoint_every_n_hours=hours)
    assert kept(rule, checkpoints(*(int(age * HOUR) for age in ages_in_hours))) == expected


def test_the_span_clock_survives_a_restart():
    rule = Retention(keep_checkpoint_max=1, keep_checkpoint_every_n_hours=2)
    first = rule.keep(checkpoints(0, 2 * HOUR))
    assert first.last_preserved_unix_ms == 2 * HOUR
    assert first.reasons["c1"] == ("recent", "newest_finite", "every_n_hours")
    # Next run: c1 was preserved, two hours have passed again only for c3.
    there = checkpoints(0, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR, preserved=(1,))
    second = rule.keep(there, last_preserved_unix_ms=first.last_preserved_unix_ms)
    assert sorted(second.reasons) == ["c1", "c3", "c4"]
    assert second.last_preserved_unix_ms == 4 * HOUR


def test_a_clock_set_back_deletes_nothing_more_and_preserves_nothing_more():
    rule = Retention(keep_checkpoint_max=2, keep_checkpoint_every_n_hours=1)
    assert kept(rule, checkpoints(10 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR)) == ["c2", "c3"]


NAN = float("nan")


@pytest.mark.parametrize(
    ("count", "mode", "values", "expected"),
    [
        (1, "max", {0: 0.9, 1: 0.8, 2: 0.7}, ["c0"]),
        (1, "min", {0: 0.9, 1: 0.8, 2: 0.7}, ["c2"]),
        (2, "max", {0: 0.7, 1: 0.9, 2: 0.8}, ["c1", "c2"]),
        (1, "max", {1: 0.9, 2: 0.9}, ["c1"]),  # equal values keep the earlier
        (1, "min", {1: 0.9, 2: 0.9}, ["c1"]),
        (1, "max", {0: NAN, 1: -5.0}, ["c1"]),  # NaN never beats a number
        (1, "min", {0: NAN, 1: 5.0}, ["c1"]),
        (1, "max", {0: NAN, 1: float("-inf")}, ["c1"]),
        (1, "max", {2: NAN}, ["c2"]),  # the first evaluated one counts
        (2, "max", {0: NAN, 1: NAN, 2: 1.0}, ["c0", "c2"]),
        (3, "max", {}, []),
        (3, "max", {2: 0.0}, ["c2"]),  # 0 is a value
    ],
)
def test_the_best_evaluated_ones_stay(count, mode, values, expected):
    rule = Retention(keep_checkpoint_max=1, keep_best=("accuracy", count, mode))
    there = checkpoints(*range(6), values=values)
    assert kept(rule, there) == [*expected, "c5"]


def test_what_is_not_evaluated_stays_while_it_is_recent():
    rule = Retention(keep_checkpoint_max=2, keep_best=("accuracy", 1, "max"))
    assert kept(rule, checkpoints(*range(4), values={0: 0.1, 1: 0.9})) == ["c1", "c2", "c3"]


def test_pinned_ones_stay():
    rule = Retention(keep_checkpoint_max=1)
    assert kept(rule, checkpoints(*range(4), pinned=(0, 2))) == ["c0", "c2", "c3"]


def test_reasons_are_named():
    reasons = (
        Retention(keep_checkpoint_max=1, keep_best=("loss", 1, "min"))
        .keep(checkpoints(0, 1, 2, nonfinite=(2,), pinned=(0,), values={1: 0.5}), started_from="c0")
        .reasons
    )
    assert reasons == {
        "c2": ("recent",),
        "c1": ("newest_finite", "best:loss"),
        "c0": ("pinned", "started_from"),
    }
