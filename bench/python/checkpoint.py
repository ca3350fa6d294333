"""What checkpoints cost: saving, restoring, the pause of an async save, and a training's speed.

A state of 512 MiB is saved by every side in turn, round after round; first each side's checkpoint
is read back and compared, byte for byte. Every figure is the median of the rounds, with the fastest
and the slowest; a ratio is one of two medians of the same run. Rivals that are not installed are
named as missing.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import mmap
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import checkpoint_rivals as rivals
import checkpoint_training as training
import machine
import numpy as np

from holdfast import _core

try:
    import checkpoint_plots as plots
except ImportError:
    plots = None

MIB = 1 << 20
_REST = 0.05  # seconds before each turn: pools of threads spin for a while after their work
# Of a tabular model with one large embedding: 128 MiB, kernels of 16 and 32 MiB, biases. Adagrad's
# accumulators double it.
SHAPES = {
    "embedding": (32768, 1024),
    **{f"kernel_{i}": (2048, 4096) for i in range(3)},
    **{f"narrow_{i}": (2048, 2048) for i in range(2)},
    **{f"bias_{i}": (4096,) for i in range(8)},
}
TARGETS = {"save": 1.0, "durable save": 1.15, "restore": 1.25, "pause": 1.3, "training": 1.02}
Seconds = dict[str, list[float]]


def make_state() -> rivals.State:
    """Returns variables and accumulators, 512 MiB in all."""
    rng = np.random.default_rng(0)
    return {
        f"{name}{slot}": rng.standard_normal(shape, np.float32)
        for name, shape in SHAPES.items()
        for slot in ("", "_Adagrad")
    }


def interleave(sides: dict[str, Callable[[], float]], rounds: int, prepare: bool = True) -> Seconds:
    """Returns the seconds of each side by round; a first round, not counted, warms up.

    Args:
      sides: What each side runs; returns its seconds.
      rounds: How many values each side gets.
      prepare: Each turn begins with a run that is not counted. Memory that was free for a second
        or two goes back to the host of a virtual machine and is many times slower to touch; so
        each side starts from memory that it has just used itself.
    """
    seconds: Seconds = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, run in sides.items():
            if prepare:
                time.sleep(_REST)
                run()
            taken = run()
            if turn:
                seconds[name].append(taken)
    return seconds


def show(seconds: Seconds, size: int = 0) -> None:
    """Prints a line for each side; with a size, also its speed."""
    for name, values in seconds.items():
        median = statistics.median(values)
        speed = f"   {size / median / 1e9:6.2f} GB/s" if size else ""
        print(
            f"  {name:<44} {1e3 * median:8.1f} ms   "
            f"({1e3 * min(values):.1f} to {1e3 * max(values):.1f}){speed}"
        )


class Ratios:
    """Compares and remembers."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def add(self, what: str, target: str, ours: float, theirs: float) -> None:
        """Prints ours / theirs beside the target's."""
        ratio, limit = ours / theirs, TARGETS[target]
        verdict = "reached" if ratio <= limit else "MISSED"
        print(f"  -> {what}: {ratio:.3f} (target at most {limit}: {verdict})")
        self.lines.append({"what": what, "ratio": ratio, "target": limit})


class Bench:
    """The state, and what all measurements share."""

    def __init__(self, folder: Path, threads: int, rounds: int) -> None:
        self.state = make_state()
        self.bytes = sum(array.nbytes for array in self.state.values())
        self.trainer = rivals.trainer_of(self.state, threads)
        self.folder = folder
        self.threads = threads
        self.rounds = rounds
        self.ratios = Ratios()
        self.results: dict[str, Seconds] = {}
        self.pool = ThreadPoolExecutor(threads)

    def keep(self, title: str, seconds: Seconds, size: int = 0) -> Seconds:
        """Prints and remembers a group of measurements."""
        print(f"\n{title}")
        show(seconds, size)
        self.results[title] = seconds
        return seconds

    def saves(self, sides: list[rivals.Side]) -> dict[str, Callable[[], float]]:
        """Checks every side, and returns how each is timed."""
        for side in sides:
            rivals.timed_save(side, self.folder / "check", self.state)
        print(f"  equal bytes came back from: {', '.join(side.name for side in sides)}")
        return {
            side.name: lambda side=side: rivals.timed_save(side, self.folder / "save")
            for side in sides
        }


def measure_saves(bench: Bench, others: list[rivals.Side]) -> None:
    """Without syncs, beside the libraries; with them, beside one file written and synced."""
    process = rivals.Holdfast(bench.trainer, "process", bench.threads)
    title = 'Save, durability="process": nobody syncs'
    seconds = bench.keep(
        title, interleave(bench.saves([process, *others]), bench.rounds), bench.bytes
    )
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ours = medians.pop(process.name)
    for name, theirs in medians.items():
        bench.ratios.add(f"save / {name}", "save", ours, theirs)

    full = rivals.Holdfast(bench.trainer, "full", bench.threads)
    floor = rivals.OneFile(bench.state)
    title = 'Save, durability="full": synced'
    seconds = bench.keep(title, interleave(bench.saves([full, floor]), bench.rounds), bench.bytes)
    bench.ratios.add(
        "save / one file + fsync",
        "durable save",
        statistics.median(seconds[full.name]),
        statistics.median(seconds[floor.name]),
    )


def timed(run: Callable[[], Any]) -> Callable[[], float]:
    """Returns `run` as something that returns its seconds; results are freed outside of them."""

    def call() -> float:
        started = time.perf_counter()
        result = run()
        seconds = time.perf_counter() - started
        del result
        return seconds

    return call


def plain_read(path: str, pool: ThreadPoolExecutor, threads: int) -> list[mmap.mmap]:
    """Reads the files of a checkpoint into new memory in huge pages, 4 MiB a call, unverified."""
    files = [os.open(entry.path, os.O_RDONLY) for entry in os.scandir(path)]
    sizes = [os.fstat(file).st_size for file in files]
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    memory = [mmap.mmap(-1, size, flags=private) for size in sizes]
    for one in memory:
        one.madvise(mmap.MADV_HUGEPAGE)
    at_once = 4 * MIB
    jobs = [(i, at) for i, size in enumerate(sizes) for at in range(0, size, at_once)]

    def read(thread: int) -> None:
        for i, at in jobs[thread::threads]:
            end = min(at + at_once, sizes[i])
            got = os.preadv(files[i], [memoryview(memory[i])[at:end]], at)
            assert got == end - at

    list(pool.map(read, range(threads)))
    for file in files:
        os.close(file)
    return memory


def measure_restores(bench: Bench) -> None:
    """Verified, from the page cache, beside reading the same files without looking at them."""
    with contextlib.closing(_core.CheckpointWriter(str(bench.folder / "restore"), "process")) as w:
        path = bench.trainer.save(w)
    reader = _core.CheckpointReader(path)
    other = rivals.trainer_of({k: np.zeros_like(v) for k, v in bench.state.items()}, bench.threads)
    other.restore(reader)
    for name, array in bench.state.items():
        assert other.read_variable(name).tobytes() == array.tobytes(), name
    seconds = bench.keep(
        "Restore from the page cache",
        interleave(
            {
                "holdfast, CheckpointReader.read_all, verified": timed(
                    lambda: reader.read_all(bench.threads)
                ),
                "holdfast, Trainer.restore, verified": timed(lambda: other.restore(reader)),
                "plain parallel pread into new memory": timed(
                    lambda: plain_read(path, bench.pool, bench.threads)
                ),
            },
            bench.rounds,
        ),
        bench.bytes,
    )
    medians = [statistics.median(values) for values in seconds.values()]
    bench.ratios.add("read_all / plain pread", "restore", medians[0], medians[2])
    bench.ratios.add("Trainer.restore / plain pread", "restore", medians[1], medians[2])


def plain_copies(bench: Bench) -> dict[str, Callable[[], Any]]:
    """Returns two plain parallel copies by the C library's memcpy into memory that is reused."""
    memcpy = ctypes.CDLL(None).memcpy
    memcpy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    pairs = [
        (np.ones_like(array), array)
        for array in sorted(bench.state.values(), key=lambda array: -array.nbytes)
    ]
    block, copy = np.ones(bench.bytes, np.uint8), np.ones(bench.bytes, np.uint8)
    share = bench.bytes // bench.threads

    def tensors(thread: int) -> None:
        for to, array in pairs[thread :: bench.threads]:
            memcpy(to.ctypes.data, array.ctypes.data, array.nbytes)

    def halves(thread: int) -> None:
        memcpy(copy.ctypes.data + thread * share, block.ctypes.data + thread * share, share)

    def on_all(work: Callable[[int], None]) -> Callable[[], Any]:
        return lambda: list(bench.pool.map(work, range(bench.threads)))

    return {
        "plain memcpy, tensor by tensor": on_all(tensors),
        "plain memcpy, one block for each thread": on_all(halves),
    }


def p99(values: list[float]) -> float:
    """Returns the 99th percentile."""
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def measure_pause(bench: Bench) -> None:
    """How long an async save stops training: the first, then those that reuse its memory."""
    staged = _core.StagedCheckpoint()
    first = timed(lambda: bench.trainer.stage(staged))()
    with contextlib.closing(_core.CheckpointWriter(str(bench.folder / "staged"), "process")) as w:
        path = w.save_staged(staged)
    found = _core.CheckpointReader(path).read_all()
    for name, array in bench.state.items():
        assert found[name].tobytes() == array.tobytes(), name
    sides = {"holdfast, stage": timed(lambda: bench.trainer.stage(staged))}
    sides |= {name: timed(copy) for name, copy in plain_copies(bench).items()}
    seconds = bench.keep(
        "Pause of an async save", interleave(sides, 20 * bench.rounds), bench.bytes
    )
    for name, values in seconds.items():
        print(f"  {name:<44} {1e3 * p99(values):9.1f} ms   99th percentile")
    print(f"  the first, which also takes the memory: {1e3 * first:.0f} ms")
    ours, *copies = seconds.values()
    fastest = min(copies, key=statistics.median)
    bench.ratios.add(
        "pause / faster memcpy, median",
        "pause",
        statistics.median(ours),
        statistics.median(fastest),
    )
    bench.ratios.add("pause / faster memcpy, 99th percentile", "pause", p99(ours), p99(fastest))


def measure_training(bench: Bench, durability: str) -> None:
    """300 steps with a save every 100, beside 300 steps without."""
    sides = {
        f"holdfast, {saving} saves": lambda s=saving: training.seconds_of(
            s, durability, bench.threads
        )
        for saving in ("no", "sync", "async")
    }
    seconds = bench.keep(
        f"{training.STEPS} training steps, a save every {training.SAVE_EVERY}: DNN "
        f"{training.INPUTS}-{'-'.join(map(str, training.HIDDEN))}-{training.CLASSES}, batch "
        f'{training.BATCH}, {training.state_bytes() / 1e6:.1f} MB of state, "{durability}"',
        interleave(sides, bench.rounds, prepare=False),
    )
    none, sync, background = (statistics.median(values) for values in seconds.values())
    bench.ratios.add("steps with synchronous saves / without", "training", sync, none)
    bench.ratios.add("steps with async saves / without", "training", background, none)


@contextlib.contextmanager
def rivals_here(state: rivals.State, tensorflow: str | None) -> Iterator[list[rivals.Side]]:
    """Yields the rivals that are installed; names the others."""
    sides: list[rivals.Side] = []
    server: rivals.TensorFlowSaver | None = None
    if rivals.torch is None:
        print("missing: PyTorch, and with it safetensors.torch (pip install '.[bench]')")
    else:
        sides.append(rivals.TorchSave(state))
        if rivals.safetensors is None:
            print("missing: safetensors (pip install '.[bench]')")
        else:
            sides.append(rivals.Safetensors(state))
    if tensorflow is None:
        print("missing: TensorFlow (--tensorflow PYTHON of an environment that has it)")
    else:
        server = rivals.TensorFlowSaver(state, tensorflow)
        print(f"TensorFlow: {server.version}")
        sides.append(server)
    try:
        yield sides
    finally:
        if server is not None:
            server.close()


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=min(2, _core.default_thread_count()))
    parser.add_argument("--folder", type=Path, default=Path("."), help="on the disk to measure")
    parser.add_argument("--tensorflow", help="a Python interpreter that has TensorFlow")
    parser.add_argument("--only", help="of save,restore,pause,training, with commas")
    parser.add_argument("--durability", default="full", help="of the saves while training")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--plots", type=Path, help="folder for PNG files")
    return parser.parse_args()


def main() -> None:
    """Measures and prints everything."""
    arguments = parse()
    about = machine.facts(
        threads=str(arguments.threads),
        scheduling="real-time" if os.sched_getscheduler(0) else "normal",
        PyTorch=rivals.torch.__version__ if rivals.torch else "not installed",
    )
    for name, value in about.items():
        print(f"{name}: {value}")
    only = (arguments.only or "save,restore,pause,training").split(",")
    folder = Path(tempfile.mkdtemp(prefix="holdfast-", dir=arguments.folder))
    try:
        bench = Bench(folder, arguments.threads, arguments.rounds)
        print(f"state: {bench.bytes / MIB:.1f} MiB in {len(bench.state)} tensors")
        if "save" in only:
            with rivals_here(bench.state, arguments.tensorflow) as others:
                measure_saves(bench, others)
        if "restore" in only:
            measure_restores(bench)
        if "pause" in only:
            measure_pause(bench)
        if "training" in only:
            measure_training(bench, arguments.durability)
    finally:
        shutil.rmtree(folder)
    if arguments.json:
        kept = {"machine": about, "seconds": bench.results, "ratios": bench.ratios.lines}
        arguments.json.write_text(json.dumps(kept, indent=1))
    if arguments.plots and plots is None:
        print("no plots: matplotlib is not installed (pip install '.[bench]')")
    elif arguments.plots:
        arguments.plots.mkdir(parents=True, exist_ok=True)
        for number, (title, seconds) in enumerate(bench.results.items()):
            plots.bars(title, seconds, arguments.plots / f"checkpoint_{number}.png")


if __name__ == "__main__":
    main()
