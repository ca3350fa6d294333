"""T15: our own code with defects sown into it; the campaigns must report every one.

A defect is a textual replacement in one source file. The changed copy is compiled in the working
folder and linked before the library, so that it takes the place of the library's own; the tree
stays clean. Each defect runs against the campaign that should see it, then, if that one is blind,
against the others. One that nobody reports, or whose text is no longer found, is a violation: this
is the campaign that shows that the others can fail.
"""

from __future__ import annotations

import json
import random
import shlex
import subprocess
from pathlib import Path

import cpp_tool
from campaign import Campaign, Outcome, Setting
from defects import ALL, Defect

_ROOT = cpp_tool.ROOT
_TIMEOUT_SECONDS = 900
_SHOWN = 300
# command -> its size: enough for every defect that it is to see.
_COMMANDS = {
    "kill-at-every-call": 300,
    "power-cut": 0,
    "error-at-every-call": 0,
    "error-at-every-allocation": 20,
    "bit-flips": 200,
    "random-damage": 2_000,
    "leaks": 100,
}


class _Build:
    """Makes programs with one defect each from the build that the campaigns share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = cpp_tool.program()
        self._build = self._program.parents[3]
        commands = json.loads((self._build / "compile_commands.json").read_text())
        self._compile = {entry["file"]: shlex.split(entry["command"]) for entry in commands}
        listed = subprocess.run(
            [cpp_tool.tool("ninja"), "-C", str(self._build), "-t", "commands", self._program.name],
            capture_output=True,
            text=True,
            check=True,
        )
        self._link = listed.stdout.strip().splitlines()[-1]

    def program(self, defect: Defect, number: int) -> Path | str:
        """Returns the program with the defect, or why there is none."""
        source = _ROOT / defect.file
        text = source.read_text()
        for old, new in defect.changes:
            if text.count(old) != 1:
                return f"expected its text once in {defect.file}, found it {text.count(old)} times"
            text = text.replace(old, new)
        changed = self._folder / f"{number}-{source.name}"
        changed.write_text(text)
        compiled = changed.with_suffix(".o")
        command = self._compile[str(source)]
        command[command.index("-o") + 1] = str(compiled)
        command[command.index("-c") + 1] = str(changed)
        done = self._run([*command, "-O1", "-w"])
        if done:
            return f"does not compile: {done}"
        program = self._folder / f"defect-{number}"
        own = f"-o tests/durability/cpp/{self._program.name}"
        if self._link.count(own) != 1:
            return f"cannot be linked: {self._link[:_SHOWN]}"
        linked = self._link.replace(own, f"{compiled} -o {program}")
        done = self._run(["sh", "-c", linked])
        return f"does not link: {done}" if done else program

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, cwd=self._build, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr)[-_SHOWN:] if done.returncode else ""


def _reported(program: Path, command: str, setting: Setting, folder: Path) -> str:
    """Returns the first violation that a campaign reports; "" when it is blind."""
    folder.mkdir(parents=True)
    try:
        done = subprocess.run(
            [
                *(str(program), command, "--size", str(_COMMANDS[command])),
                *("--seed", str(setting.seed), "--folder", str(folder), "--first"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    if done.returncode not in (0, 1):
        return f"exit code {done.returncode}: {done.stderr[-_SHOWN:]}"
    violations = json.loads(done.stdout.strip().splitlines()[-1])["violations"]
    return str(violations[0])[:_SHOWN] if violations else ""


def _chosen(setting: Setting) -> list[Defect]:
    if setting.size == 0 or setting.size >= len(ALL):
        return ALL
    return random.Random(setting.seed).sample(ALL, setting.size)


def run(setting: Setting) -> Outcome:
    """Sows `size` defects, chosen by the seed; 0: all of them."""
    build = _Build(setting.folder)
    violations: list[str] = []
    details: dict[str, str] = {}
    chosen = _chosen(setting)
    for number, defect in enumerate(chosen):
        program = build.program(defect, number)
        if isinstance(program, str):
            violations.append(f"{defect.name}: {program}")
            continue
        order = [defect.seen_by, *(name for name in _COMMANDS if name != defect.seen_by)]
        for command in order:
            seen = _reported(program, command, setting, setting.folder / f"{number}" / command)
            if seen:
                details[defect.name] = f"{command}: {seen}"
                break
        else:
            violations.append(f"{defect.name}: no campaign reports it ({defect.why})")
        program.unlink()
    return Outcome(cases=len(chosen), violations=violations, details=details)


CAMPAIGN = Campaign(
    id="T15",
    name="our own code with seeded defects: every one must be reported",
    unit="defects",
    sizes={"change": 2, "nightly": 0, "release": 0},
    run=run,
)
