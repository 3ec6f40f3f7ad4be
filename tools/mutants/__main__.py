"""Change numbers in nn-core's source and see whether a test fails: `nox -s mutants`.

A mutant is a change of one place: an axis swapped, a transpose dropped, a sum for a mean. It is
killed if one of the tests that run its line fails, or hangs. Those that no test can kill, since they
compute the same, stand in survivors.toml with the reason. Results are kept in a journal: a run that
was stopped continues. Exit status 1 if a mutant survives that is not in the list, or fewer are killed
than the goal.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest

from mutants.sites import Mutant, choose
from mutants.tests_by_line import PYTEST, TestsByLine, record

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "packages/nn-core/tests"
PACKAGE = ROOT / "packages/nn-core/src/nn_core"
LISTED = Path(__file__).with_name("survivors.toml")
GOAL = 0.97
MOST_SECONDS = 90.0
"""Of tests that are run for one mutant, by the time they take without it."""
LEAST_PATIENCE = 60.0


def main() -> int:
    """Run what is not yet in the journal, and report; the exit status."""
    parser = argparse.ArgumentParser(prog="mutants", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=500, help="mutants (default: 500)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of mutants (default: 0)")
    parser.add_argument("--workers", type=int, default=2, help="mutants at a time (default: 2)")
    parser.add_argument("--minutes", type=float, default=60, help="time limit (default: 60)")
    parser.add_argument("--cache", type=Path, default=ROOT / ".mutants", help="folder of the journal")
    parser.add_argument("--again", action="store_true", help="run those again that survived")
    given = parser.parse_args()
    chosen = choose(PACKAGE, given.count, given.seed)
    tests = record(TESTS, PACKAGE, given.cache)
    journal = Journal(given.cache / "results.jsonl")
    left = [mutant for mutant in chosen if journal.result(mutant) is None]
    if given.again:
        left = [mutant for mutant in chosen if journal.result(mutant) in {None, "survived"}]
    end = time.monotonic() + 60 * given.minutes
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(given.workers):
            copies.put(_copy(Path(folder, str(number))))

        def run(mutant: Mutant) -> None:
            if time.monotonic() > end:
                return
            copy = copies.get()
            try:
                journal.add(mutant, _outcome(mutant, copy, tests))
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(given.workers) as pool:
            list(pool.map(run, left))
    return _report(chosen, journal)


class Journal:
    """Results by mutant, a line each; a result stands as long as the line of the source does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._results: dict[str, str] = {}
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                entry = json.loads(line)
                self._results[entry["mutant"]] = entry["result"]

    def result(self, mutant: Mutant) -> str | None:
        """What became of a mutant, "killed" or "survived"; None if it was not run."""
        return self._results.get(mutant.key)

    def add(self, mutant: Mutant, result: str) -> None:
        """Keep a result."""
        self._results[mutant.key] = result
        entry = {"mutant": mutant.key, "line": mutant.line, "kind": mutant.kind, "result": result}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        if result == "survived":
            print(f"survived: {mutant.file}:{mutant.line} {mutant.kind}: {mutant.old} -> {mutant.new}", flush=True)


def _copy(folder: Path) -> Path:
    """A copy of the package, compiled, to be changed."""
    shutil.copytree(PACKAGE, folder / "nn_core", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    return folder


def _outcome(mutant: Mutant, copy: Path, tests: TestsByLine) -> str:
    """Change the copy, run the tests of the line until one fails, and restore it."""
    path = copy / "nn_core" / mutant.file
    source = path.read_text("utf-8")
    chosen: list[str] = []
    seconds = 0.0
    for test in tests.of(mutant.file, mutant.line, mutant.line + mutant.old.count("\n")):
        seconds += tests.seconds.get(test, 0.0)
        if chosen and seconds > MOST_SECONDS:
            break
        chosen.append(test)
    if not chosen:
        return "survived"
    patience = max(LEAST_PATIENCE, 5 * min(seconds, MOST_SECONDS))
    try:
        path.write_text(mutant.apply(source), "utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()
        status = _run(chosen, copy, patience).returncode
        if status == pytest.ExitCode.USAGE_ERROR:  # the change shows in the names of some tests
            files = list(dict.fromkeys(test.partition("::")[0] for test in chosen))
            known = set(_run(files, copy, patience, "--collect-only").stdout.splitlines())
            left = [test for test in chosen if test in known]
            status = _run(left, copy, patience).returncode if left else 0
    except subprocess.TimeoutExpired:
        return "killed"
    finally:
        path.write_text(source, "utf-8")
    if status in {0, 5}:
        return "survived"
    if status in {1, 2, 3} or status < 0:
        return "killed"
    raise RuntimeError(f"pytest cannot run the tests of {mutant.key}")


def _run(tests: list[str], copy: Path, patience: float, *options: str) -> subprocess.CompletedProcess[str]:
    """Pytest over these tests of the copy, up to the first failure."""
    arguments = copy / "tests.txt"
    arguments.write_text("".join(f"{test}\n" for test in tests), "utf-8")
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "--tb=no", *PYTEST, *options]
    return subprocess.run(
        [*command, f"@{arguments}"],
        cwd=TESTS.parent,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=patience,
    )


def _report(chosen: list[Mutant], journal: Journal) -> int:
    listed = {
        entry["mutant"]: entry["reason"] for entry in tomllib.loads(LISTED.read_text("utf-8")).get("survivor", [])
    }
    results = {mutant: journal.result(mutant) for mutant in chosen}
    total, killed = Counter[str](), Counter[str]()
    unlisted: list[Mutant] = []
    known: list[Mutant] = []
    for mutant, result in results.items():
        if result is None:
            continue
        for group in (mutant.file.split("/")[0].removesuffix(".py"), mutant.kind):
            total[group] += 1
            killed[group] += result == "killed"
        if result == "survived":
            (known if mutant.key in listed else unlisted).append(mutant)
    for group in sorted(total):
        print(f"{group:26}{killed[group]:4} of {total[group]}")
    done = sum(result is not None for result in results.values())
    dead = sum(result == "killed" for result in results.values())
    print(f"\n{dead} of {done} mutants killed ({dead / max(1, done):.1%}); {len(chosen) - done} not run")
    for mutant in known:
        print(f"  {mutant.file}:{mutant.line} {mutant.old} -> {mutant.new}: {listed[mutant.key]}")
    for mutant in unlisted:
        print(f"  not listed: {mutant.file}:{mutant.line} {mutant.kind}: {mutant.old} -> {mutant.new}")
    return 1 if unlisted or done < len(chosen) or dead < GOAL * done else 0


if __name__ == "__main__":
    sys.exit(main())
