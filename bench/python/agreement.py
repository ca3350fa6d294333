"""Before anything is timed: every side trains the same first steps, and the losses are compared."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import peers

OURS = "holdfast"
ALONE = "OpenBLAS, products alone"  # no training, no losses: it checks its products itself
TOLERANCE = 1e-3  # relative, of a loss

Opened = list[tuple[peers.Side, list[float]]]


def _open_on(server: peers.Server, folder: Path, steps: int) -> tuple[Opened, list[str]]:
    """Returns the sides of one server with their first losses, and a line for each it lacks."""
    opened, absent = [], []
    for name in server.sides:
        try:
            side = peers.Side(server, name, folder)
            opened.append((side, [] if name == ALONE else side.call("losses", steps)))
        except peers.AbsentError as error:
            absent.append(str(error))
    return opened, absent


def open_sides(servers: list[peers.Server], folder: Path, steps: int) -> tuple[Opened, list[str]]:
    """Returns the sides that can run a workload, and a line for each that cannot.

    Args:
      servers: Asked side by side: nothing is timed yet.
      folder: Of the workload's files.
      steps: How many losses each side returns.
    """
    sides: Opened = []
    absent: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for opened, texts in pool.map(lambda one: _open_on(one, folder, steps), servers):
            sides += opened
            absent += texts
    return sides, list(dict.fromkeys(absent))


def close_sides(opened: Opened) -> None:
    """Lets go of all sides, those of different servers side by side."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        by_server: dict[int, list[peers.Side]] = {}
        for side, _ in opened:
            by_server.setdefault(id(side.server), []).append(side)
        list(pool.map(lambda sides: [side.close() for side in sides], by_server.values()))


def difference(losses: list[float], expected: list[float]) -> float:
    """Returns the largest relative difference of two runs of losses, as far as the shorter goes."""
    return max(abs(a - b) / abs(b) for a, b in zip(losses, expected, strict=False))


def compare(opened: Opened) -> tuple[list[peers.Side], dict[str, float], list[str]]:
    """Compares every side with the first, step by step.

    holdfast promises the same bits for any number of threads, and is held to it.

    Returns: the sides that agree; by name the differences; a line for each that does not.
    """
    right: list[peers.Side] = []
    agreeing: dict[str, float] = {}
    wrong: list[str] = []
    for side, losses in opened:
        if side.name == ALONE:
            right.append(side)
            continue
        worst = difference(losses, opened[0][1])
        ours = side.name == opened[0][0].name == OURS
        if worst <= (0.0 if ours else TOLERANCE):
            right.append(side)
            agreeing[f"{side.name} ({len(losses)})"] = worst
        else:
            wrong.append(f"{side.name}, {side.threads} threads: WRONG, a loss is {worst:.1e} off")
    return right, agreeing, wrong
