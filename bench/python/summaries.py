"""What event files cost: steps with summaries at TensorFlow's default of 100, and without any.

The same Estimator trains by turns, in short rounds. Processor time of the process is compared, the
thread that writes included, beside the time on the wall, which other programs disturb.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import machine
from workloads import WORKLOADS, Workload, feature_columns, rows_of

import holdfast as tf

ALLOWED_PERCENT = 3.0
# Steps of one round: about half a second.
ROUND_STEPS = {"iris": 40_000, "mnist": 101}
SETTINGS: dict[str, dict[str, Any]] = {
    "without": {"save_summary_steps": 0, "log_step_count_steps": None},
    "default": {},
}


@dataclasses.dataclass
class Clock(tf.train.SessionRunHook):
    """Seconds from the first step until all is written: without building the model."""

    wall: float = 0.0
    processor: float = 0.0

    def after_create_session(self, session: Any, coord: None) -> None:
        self._began = time.perf_counter(), time.process_time()

    def steps_to_next_look(self, progress: Any) -> int | None:
        return None

    def stop(self) -> None:
        self.wall = time.perf_counter() - self._began[0]
        self.processor = time.process_time() - self._began[1]


class Runner:
    """One network with one setting, in a directory of its own."""

    def __init__(self, workload: Workload, setting: dict[str, Any], threads: int) -> None:
        self._workload = workload
        rows = rows_of(workload)
        self._features, self._labels = feature_columns(workload, rows), rows["labels"]
        self._folder = tempfile.TemporaryDirectory()
        columns = [
            tf.feature_column.numeric_column(key, shape=column.shape[1:] or (1,))
            for key, column in self._features.items()
        ]
        self._estimator = tf.estimator.DNNClassifier(
            hidden_units=list(workload.hidden),
            feature_columns=columns,
            model_dir=self._folder.name,
            n_classes=workload.classes,
            optimizer=tf.train.AdagradOptimizer(workload.learning_rate),
            config=tf.estimator.RunConfig(
                tf_random_seed=1, save_checkpoints_secs=None, num_threads=threads, **setting
            ),
        )

    def run(self, steps: int) -> Clock:
        """Trains so many steps; nothing is saved, so that writing is that of the event file."""
        clock = Clock()
        self._estimator.train(self._input, hooks=[clock], steps=steps)
        clock.stop()
        return clock

    def _input(self) -> Any:
        dataset = tf.data.Dataset.from_tensor_slices((self._features, self._labels))
        return dataset.shuffle(self._workload.rows).repeat().batch(self._workload.batch)

    def event_bytes(self) -> int:
        """Returns the size of the event files."""
        return sum(p.stat().st_size for p in Path(self._folder.name).glob("events.out.*"))


def measure(workload: Workload, rounds: int, threads: int) -> dict[str, Any]:
    """Returns medians of microseconds per step, and of the ratios within a round."""
    steps = ROUND_STEPS[workload.key]
    runners = {name: Runner(workload, setting, threads) for name, setting in SETTINGS.items()}
    for runner in runners.values():
        runner.run(2)  # code and files are warm
    clocks: dict[str, list[Clock]] = {name: [] for name in runners}
    for number in range(rounds):
        order = list(runners) if number % 2 else list(runners)[::-1]
        for name in order:
            clocks[name].append(runners[name].run(steps))
    row: dict[str, Any] = {"network": workload.name, "steps": steps, "rounds": rounds}
    for kind in ("processor", "wall"):
        micros = {
            name: [1e6 * getattr(clock, kind) / steps for clock in found]
            for name, found in clocks.items()
        }
        pairs = zip(micros["default"], micros["without"], strict=True)
        percents = sorted(100 * (with_them / without - 1) for with_them, without in pairs)
        row[kind] = {
            **{f"{name}_us_per_step": statistics.median(values) for name, values in micros.items()},
            "percent": statistics.median(percents),
            "percent_quartiles": [percents[len(percents) // 4], percents[-1 - len(percents) // 4]],
        }
    row["event_bytes"] = runners["default"].event_bytes()
    return row


def main() -> None:
    """Measures, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    chosen = [one for one in WORKLOADS if one.key in ROUND_STEPS]
    rows = [measure(one, arguments.rounds, arguments.threads) for one in chosen]
    if arguments.json:
        print(json.dumps({"machine": machine.facts(), "rows": rows}, indent=2))
        return
    for name, value in machine.facts().items():
        print(f"{name}: {value}")
    for row in rows:
        print(f"\n{row['network']}: {row['rounds']} rounds of {row['steps']} steps")
        for kind in ("processor", "wall"):
            times = row[kind]
            low, high = times["percent_quartiles"]
            verdict = "ok" if times["percent"] <= ALLOWED_PERCENT else "TOO MUCH"
            print(
                f"  {kind:9}  without {times['without_us_per_step']:10.2f} us/step  with "
                f"{times['default_us_per_step']:10.2f}  {times['percent']:+.2f} % "
                f"(quartiles {low:+.2f} to {high:+.2f})  {verdict}"
            )


if __name__ == "__main__":
    main()
