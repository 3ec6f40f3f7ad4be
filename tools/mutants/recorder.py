"""A plug-in of pytest that records which tests run which lines; one file for each process.

MUTANTS_MAP     folder to write to
MUTANTS_SOURCE  the package whose lines are recorded
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest


class Recorder:
    """Switches the context of coverage from test to test, and keeps how long each took."""

    def __init__(self, folder: Path, source: str, worker: str) -> None:
        self.path, self.source = folder / f"{worker}.json", Path(source)
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.measured = coverage.Coverage(data_file=None, config_file=False, source=[source], messages=False)
        self.measured.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Record one test."""
        self.measured.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.measured.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write the map: file -> line -> tests; those that fail without a mutant tell nothing."""
        self.measured.stop()
        data = self.measured.get_data()
        lines: dict[str, Any] = {}
        for name in data.measured_files():
            found = {
                line: sorted({*tests} - self.failed - {""}) for line, tests in data.contexts_by_lineno(name).items()
            }
            lines[Path(name).relative_to(self.source).as_posix()] = found
        self.path.write_text(json.dumps({"seconds": self.seconds, "lines": lines}), "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Record in the processes that run tests: with xdist, in the workers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker or not config.getoption("numprocesses", None):
        folder, source = Path(os.environ["MUTANTS_MAP"]), os.environ["MUTANTS_SOURCE"]
        config.pluginmanager.register(Recorder(folder, source, worker or "main"), "mutants-recorder")
