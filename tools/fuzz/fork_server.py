"""A process that forks one more for every case."""

import gc
import json
import os
import select
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from fuzz.bait import Watch, lay_bait
from fuzz.cases import Case, unchanged
from fuzz.child import SECONDS, live
from fuzz.verdict import FREE_MEMORY, Failure, Outcome, judge

MOST_TEXT = 2**20
"""Bytes of output that are looked at."""


class ForkServer:
    """Runs cases, each in a process and in a fresh folder.

    folder  for the files of the cases and the bait
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "case"
        self.bait = lay_bait(folder / "bait")
        self._watch = Watch(self.bait.folder, folder)
        self._outputs = [os.memfd_create(name) for name in ("stdout", "stderr", "report")]
        self._honest: dict[tuple[str, str], int] = {}
        gc.collect()
        gc.freeze()  # so that no collection copies the pages of what is imported

    def check(self, case: Case) -> tuple[Outcome, Failure | None]:
        """Run a case; a failure that depends on the machine's load must show twice."""
        outcome = self.run(case)
        failure = judge(outcome, self._allowed(case, outcome))
        if failure is not None and failure.kind in {"time", "memory"}:
            outcome = self.run(case)
            failure = judge(outcome, self._allowed(case, outcome))
        return outcome, failure

    def run(self, case: Case) -> Outcome:
        """Run a case, and see what becomes of it."""
        self._lay_out(case)
        for descriptor in self._outputs:
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
        self._watch.events()
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            self._live(case)
        late, status = self._wait(child)
        stdout, stderr, report = (_contents(descriptor) for descriptor in self._outputs)
        answer = json.loads(report) if report else {}
        outcome = Outcome(
            status=os.waitstatus_to_exitcode(status) or answer.get("status", 1),
            seconds=time.monotonic() - begun,
            late=late,
            growth=answer.get("growth", 0),
            touched=tuple(answer.get("touched", ())),
            escaped=answer.get("escaped", ""),
            stdout=stdout,
            stderr=stderr,
        )
        seen = [event for event in self._watch.events() if not event.startswith("case ")]
        return replace(outcome, touched=(*seen, *outcome.touched))

    def _live(self, case: Case) -> None:
        try:
            null = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((null, 0), (self._outputs[0], 1), (self._outputs[1], 2)):
                os.dup2(source, target)
            for stream, descriptor in (("stdout", 1), ("stderr", 2)):
                setattr(sys, stream, os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            live(case.job, Path(case.seed.target), self.folder, self._outputs[2])
        finally:
            os._exit(70)  # the machinery itself failed

    def _wait(self, child: int) -> tuple[bool, int]:
        """Wait for a process, and kill it and those that it started when its time is over."""
        handle = os.pidfd_open(child)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        late = not poll.poll(SECONDS * 1000)
        os.close(handle)
        for kill in (os.killpg,) if not late else (os.kill, os.killpg):
            try:
                kill(child, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        return late, os.waitpid(child, 0)[1]

    def _lay_out(self, case: Case) -> None:
        """Write the files of a case into its folder, which is empty."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, content in case.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _allowed(self, case: Case, outcome: Outcome) -> int:
        """Bytes of memory that a case may take: more, if the job takes more for the file as it was."""
        allowed = FREE_MEMORY + 2 * case.size
        if outcome.growth > allowed and "unchanged" not in case.mutant.what:
            key = (case.seed.name, case.job)
            if key not in self._honest:
                self._honest[key] = self.run(unchanged(case)).growth
            allowed += self._honest[key]
        return allowed


def _contents(descriptor: int) -> str:
    return os.pread(descriptor, MOST_TEXT, 0).decode("utf-8", "backslashreplace")
