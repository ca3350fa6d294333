"""T7: fuzzing of COMMIT, manifest, whole directories and event files (tests/durability/fuzz).

Every scale replays the committed corpus and mutations of it, built by whatever compiler there is;
from 100,000 executions on libFuzzer does the rest, guided by coverage, under AddressSanitizer and
UndefinedBehaviorSanitizer, where clang has it. `cases` is what libFuzzer's final statistics say.
A crash, a sanitizer's report, an input of more than a second or 64 MiB, or two ways of reading that
disagree is a violation, with its input in base64. Shows that it can fail: a reader that takes the
offset of a part before it is checked against the file is found within seconds.

New corpus: `fuzz_<target> -merge=1 tests/durability/fuzz/corpus/<target> FOLDER`.
"""

from __future__ import annotations

import base64
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cpp_tool
from campaign import Campaign, Outcome, Setting

_HERE = Path(__file__).resolve().parent
_CORPUS = _HERE / "fuzz" / "corpus"
_BUILD = cpp_tool.ROOT / "build" / "fuzz"
_MAX_BYTES = {"commit": 600, "manifest": 2048, "directory": 3072, "events": 2048}
_FROM = 100_000  # executions: fewer do not pay the build
_UNITS = re.compile(r"stat::number_of_executed_units: *(\d+)")
_COVERED = re.compile(r"cov: (\d+)")
_SPEED = re.compile(r"stat::average_exec_per_sec: *(\d+)")


def _clang() -> str | None:
    """A clang++ that has libFuzzer and the sanitizers."""
    names = ["clang++", *(f"clang++-{version}" for version in range(25, 13, -1))]
    source = b'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }'
    for found in filter(None, map(shutil.which, names)):
        command = [found, "-x", "c++", "-", "-o", os.devnull]
        flags = ["-fsanitize=fuzzer,address,undefined"]
        if subprocess.run([*command, *flags], input=source, capture_output=True).returncode == 0:
            return found
    return None


def _build(clang: str) -> Path:
    """Returns the folder of up-to-date fuzzers."""
    off = [f"-DHOLDFAST_BUILD_{part}=OFF" for part in ("PYTHON", "TESTS", "BENCH", "EXAMPLES")]
    launcher = shutil.which("ccache")
    cpp_tool.execute(
        *(cpp_tool.tool("cmake"), "-S", str(cpp_tool.ROOT), "-B", str(_BUILD), "-G", "Ninja"),
        f"-DCMAKE_MAKE_PROGRAM={cpp_tool.tool('ninja')}",
        f"-DPython_EXECUTABLE={sys.executable}",
        *(f"-DCMAKE_CXX_COMPILER={clang}", "-DHOLDFAST_BUILD_FUZZERS=ON", *off),
        *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []),
    )
    cpp_tool.execute(cpp_tool.tool("cmake"), "--build", str(_BUILD), "--target", "holdfast_fuzzers")
    return _BUILD / "tests" / "durability" / "fuzz"


def _fuzz(target: str, programs: Path, setting: Setting) -> Outcome:
    """Runs libFuzzer once; its new inputs go with the folder, a finding does not."""
    folder = setting.folder / target
    folder.mkdir()
    done = subprocess.run(
        [
            *(str(programs / f"fuzz_{target}"), str(folder), str(_CORPUS / target)),
            *(f"-runs={setting.size}", f"-seed={setting.seed}", f"-max_len={_MAX_BYTES[target]}"),
            *("-timeout=20", "-rss_limit_mb=1024", "-entropic=0", "-print_final_stats=1"),
            f"-artifact_prefix={setting.folder}/{target}-",
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    units = _UNITS.search(done.stderr)
    violations = []
    if done.returncode != 0:
        inputs = [
            f"{path.name}: {base64.b64encode(path.read_bytes()).decode()}"
            for path in setting.folder.glob(f"{target}-*")
        ]
        violations = [f"fuzz_{target}: {done.stderr[-2000:]} {inputs}"]
    covered, speed = _COVERED.findall(done.stderr), _SPEED.search(done.stderr)
    details = {
        f"{target}_executions": int(units[1]) if units else 0,
        f"{target}_executions_per_second": int(speed[1]) if speed else 0,
        f"{target}_coverage": int(covered[-1]) if covered else 0,
    }
    return Outcome(cases=int(units[1]) if units else 0, violations=violations, details=details)


def run(setting: Setting) -> Outcome:
    """`size` executions of each target."""
    replayed = cpp_tool.run(
        "replay-corpus", _smaller(setting, min(setting.size, _FROM)), "--corpus", str(_CORPUS)
    )
    outcomes = [replayed]
    details: dict[str, object] = {"clang": None}
    clang = _clang() if setting.size >= _FROM else None
    if clang is not None:
        programs = _build(clang)
        details["clang"] = Path(clang).name
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            fuzzed = list(pool.map(lambda t: _fuzz(t, programs, setting), _MAX_BYTES))
        outcomes += fuzzed
    elif setting.size >= _FROM:
        outcomes.append(Outcome(cases=0, violations=["no clang++ with libFuzzer: install it"]))
    for outcome in outcomes:
        details |= outcome.details
    details["replayed"] = replayed.cases
    return Outcome(
        cases=sum(outcome.cases for outcome in outcomes[1:]) or replayed.cases,
        violations=[text for outcome in outcomes for text in outcome.violations],
        details=details,
    )


def _smaller(setting: Setting, size: int) -> Setting:
    return Setting(size=size, seed=setting.seed, folder=setting.folder)


CAMPAIGN = Campaign(
    id="T7",
    name="fuzzing of COMMIT, manifest, whole directories and event files",
    unit="executions",
    sizes={"change": 10_000, "nightly": 1_000_000, "release": 10_000_000},
    run=run,
)
