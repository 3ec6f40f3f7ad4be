"""Which tests run a line of the package, from one run of them all, kept until the source changes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

LEFT_OUT = ("cli", "docs", "exchange", "guesses", "sklearn", "storage", "tables")
"""Folders of tests that are not about numbers."""
LEFT_OUT_FILES = ("test_docs.py", "test_gallery.py", "test_lazy_import.py", "test_options_table.py", "test_plots.py")


class TestsByLine:
    """The tests of each line, the fastest first.

    seconds  of each test
    """

    __test__ = False

    def __init__(self, seconds: dict[str, float], lines: dict[str, dict[int, set[str]]]) -> None:
        self.seconds, self._lines = seconds, lines

    def of(self, file: str, first: int, last: int) -> list[str]:
        """The tests that run any of these lines; if none does, those that run any line of the file."""
        known = self._lines.get(file, {})
        found = set().union(*(known.get(line, set()) for line in range(first, last + 1)))
        found = found or set().union(*known.values())
        return self._spread(found)

    def _spread(self, tests: set[str]) -> list[str]:
        """Fast tests first, and the files in turns: equal cases of one test often miss the same mutant."""
        by_name: dict[str, list[str]] = defaultdict(list)
        for test in sorted(tests, key=lambda name: (self.seconds.get(name, 0.0), name)):
            by_name[test.partition("[")[0]].append(test)
        ranked = [
            (turn, self.seconds.get(test, 0.0), test) for each in by_name.values() for turn, test in enumerate(each)
        ]
        return [test for _, _, test in sorted(ranked)]


def record(tests: Path, package: Path, cache: Path) -> TestsByLine:
    """Run all tests once, unless the cache holds the map for this source and these tests."""
    stamp = hashlib.sha256()
    for path in sorted([*package.rglob("*.py"), *tests.rglob("*.py")]):
        stamp.update(path.read_bytes())
    kept = cache / f"map-{stamp.hexdigest()[:16]}.json"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(_recorded(tests, package)), "utf-8")
    found = json.loads(kept.read_text("utf-8"))
    lines = {file: {int(line): set(names) for line, names in each.items()} for file, each in found["lines"].items()}
    return TestsByLine(found["seconds"], lines)


def _recorded(tests: Path, package: Path) -> dict[str, dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        chosen = [
            str(path)
            for path in sorted(tests.iterdir())
            if (path.is_dir() and path.name not in LEFT_OUT and any(path.rglob("test_*.py")))
            or (path.name.startswith("test_") and path.name not in LEFT_OUT_FILES)
        ]
        environment = os.environ | {"MUTANTS_MAP": folder, "MUTANTS_SOURCE": str(package)}
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "mutants.recorder", *PYTEST, *chosen]
        done = subprocess.run(command, cwd=tests.parent, env=environment, check=False)
        if done.returncode not in {0, 1}:
            sys.exit("the tests cannot be run")
        seconds: dict[str, object] = {}
        lines: dict[str, dict[str, list[str]]] = {}
        for part in Path(folder).glob("*.json"):
            found = json.loads(part.read_text("utf-8"))
            seconds |= found["seconds"]
            for file, each in found["lines"].items():
                known = lines.setdefault(file, {})
                for line, names in each.items():
                    known[line] = known.get(line, []) + names
    return {"seconds": seconds, "lines": lines}  # type: ignore[dict-item]


PYTEST = ("-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0")
"""Options of all runs: the same tests in the same order with the same examples."""
