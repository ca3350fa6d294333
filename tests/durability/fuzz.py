"""T7: fuzzing of COMMIT, manifest, whole directories, event files and graphs of exports.

The targets are in tests/durability/fuzz.

Every scale replays the committed corpus and mutations of it, built by whatever compiler there is;
from 100,000 executions on libFuzzer does the rest, guided by coverage, under AddressSanitizer and
UndefinedBehaviorSanitizer. `cases` is then what libFuzzer's final statistics say, of all targets.
A campaign that is interrupted goes on: shares that the same programs have done with the same corpus
are kept beside them. A crash, a sanitizer's report, an input of more than a second or 64 MiB, or
two ways of reading that disagree is a violation, with its input in base64. Shows that it can fail:
a `verify` that does not look at the value of global_step is found in the first seconds, by
libFuzzer and without it.

New corpus: `fuzz_<target> -merge=1 tests/durability/fuzz/corpus/<target> FOLDER`.
"""

from __future__ import annotations

import base64
import concurrent.futures
import dataclasses
import hashlib
import json
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
_MAX_BYTES = {"commit": 600, "manifest": 2048, "directory": 3072, "events": 2048, "graph": 4096}
_SHARE = {"events": 0.1}  # of `size`, where it is not all: events are lost without harm
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


@dataclasses.dataclass(frozen=True)
class _Job:
    """A share of the executions of one target, for one core."""

    target: str
    runs: int
    seed: int


def _fuzz(job: _Job, programs: Path, folder: Path) -> Outcome:
    """Runs libFuzzer once. New inputs stay in memory; a finding goes into the violation."""
    inputs = ",".join(str(path) for path in sorted((_CORPUS / job.target).iterdir()))
    prefix = f"{job.target}-{job.seed}-"
    done = subprocess.run(
        [
            *(str(programs / f"fuzz_{job.target}"), f"-seed_inputs={inputs}"),
            *(f"-runs={job.runs}", f"-seed={job.seed}", f"-max_len={_MAX_BYTES[job.target]}"),
            *("-timeout=20", "-rss_limit_mb=1024", "-entropic=0", "-print_final_stats=1"),
            f"-artifact_prefix={folder}/{prefix}",
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    units = _UNITS.search(done.stderr)
    violations = []
    if done.returncode != 0:
        found = [
            f"{path.name}: {base64.b64encode(path.read_bytes()).decode()}"
            for path in folder.glob(f"{prefix}*")
        ]
        violations = [f"fuzz_{job.target}: {done.stderr[-2000:]} {found}"]
    covered, speed = _COVERED.findall(done.stderr), _SPEED.search(done.stderr)
    details = {
        "executions": int(units[1]) if units else 0,
        "per_second": int(speed[1]) if speed else 0,
        "coverage": int(covered[-1]) if covered else 0,
    }
    return Outcome(cases=details["executions"], violations=violations, details=details)


def _key(job: _Job, programs: Path) -> str:
    """Names what the outcome of a job depends on."""
    digest = hashlib.sha256((programs / f"fuzz_{job.target}").read_bytes())
    for path in sorted((_CORPUS / job.target).iterdir()):
        digest.update(path.read_bytes())
    return f"{job.target}-{job.runs}-{job.seed}-{digest.hexdigest()[:16]}"


def _fuzz_once(job: _Job, programs: Path, folder: Path) -> Outcome:
    """Runs libFuzzer, unless it has run this job without a finding before."""
    done = programs / "done" / f"{_key(job, programs)}.json"
    if done.exists():
        details = json.loads(done.read_text())
        return Outcome(cases=details["executions"], violations=[], details=details)
    outcome = _fuzz(job, programs, folder)
    if not outcome.violations:
        done.parent.mkdir(exist_ok=True)
        done.with_suffix(".tmp").write_text(json.dumps(dict(outcome.details)))
        done.with_suffix(".tmp").rename(done)
    return outcome


def _fuzz_all(programs: Path, setting: Setting) -> list[tuple[str, Outcome]]:
    """All targets, the executions of each shared among the cores."""
    cores = len(os.sched_getaffinity(0))
    jobs = [
        _Job(target, -(-int(setting.size * _SHARE.get(target, 1)) // cores), setting.seed + core)
        for target in _MAX_BYTES
        for core in range(cores)
    ]
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        outcomes = pool.map(lambda job: _fuzz_once(job, programs, setting.folder), jobs)
        return [(job.target, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]


def run(setting: Setting) -> Outcome:
    """`size` executions of each target, of `events` its share of that."""
    small = dataclasses.replace(setting, size=min(setting.size, _FROM))
    replayed = cpp_tool.run("replay-corpus", small, "--corpus", str(_CORPUS))
    details: dict[str, object] = {"replayed": replayed.cases, **replayed.details}
    if setting.size < _FROM:
        return dataclasses.replace(replayed, details=details)
    clang = _clang()
    if clang is None:
        missing = "no clang++ with libFuzzer: install clang"
        return dataclasses.replace(replayed, violations=[*replayed.violations, missing])
    details["clang"] = Path(clang).name
    violations = list(replayed.violations)
    executions = 0
    for target, outcome in _fuzz_all(_build(clang), setting):
        executions += outcome.cases
        violations += outcome.violations
        details.setdefault(target, [])
        shares = details[target]
        assert isinstance(shares, list)
        shares.append(dict(outcome.details))
    return Outcome(cases=executions, violations=violations, details=details)


CAMPAIGN = Campaign(
    id="T7",
    name="fuzzing of COMMIT, manifest, whole directories, event files and graphs",
    unit="executions",
    sizes={"change": 10_000, "nightly": 1_000_000, "release": 10_000_000},
    run=run,
)
