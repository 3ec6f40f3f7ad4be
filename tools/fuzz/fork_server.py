"""A process that forks others to run cases."""

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from fuzz.bait import Watch, lay_bait
from fuzz.cases import Case, unchanged
from fuzz.child import SECONDS, live
from fuzz.verdict import FREE_MEMORY, Failure, Outcome, judge

BATCH = 24
"""Readers that share a process: a fork takes longer than most of them. Failures are repeated alone."""


class ForkServer:
    """Runs cases in processes of their own, each case in a fresh folder.

    folder  for the files of the cases and the bait
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bait = lay_bait(folder / "bait")
        self._watch = Watch(self.bait.folder, folder)
        self._honest: dict[tuple[str, str], int] = {}
        gc.collect()
        gc.freeze()  # so that no collection copies the pages of what is imported

    def check_all(self, cases: Iterable[Case]) -> Iterator[tuple[Case, Outcome, Failure | None]]:
        """Run cases, commands alone and readers in batches; what failed in a batch is run again alone."""
        cases = iter(cases)
        while batch := list(islice(cases, BATCH)):
            yield from self._check_batch([case for case in batch if not case.is_command])
            for case in batch:
                if case.is_command:
                    yield case, *self.check(case)

    def _check_batch(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Outcome, Failure | None]]:
        """Run readers together; those that failed, and the one that ended the process, again alone."""
        while cases:
            outcomes, touched = self._run(cases)
            for case, outcome in zip(cases, outcomes, strict=False):
                failure = judge(outcome, self._allowed(case, outcome))
                if failure is not None or touched:
                    outcome = self.run(case)  # noqa: PLW2901
                    failure = judge(outcome, self._allowed(case, outcome))
                yield case, outcome, failure
            cases = cases[len(outcomes) :]

    def check(self, case: Case) -> tuple[Outcome, Failure | None]:
        """Run a case alone; a failure that depends on the machine's load must show twice."""
        outcome = self.run(case)
        failure = judge(outcome, self._allowed(case, outcome))
        if failure is not None and failure.kind in {"time", "memory"}:
            outcome = self.run(case)
            failure = judge(outcome, self._allowed(case, outcome))
        return outcome, failure

    def run(self, case: Case) -> Outcome:
        """Run a case alone."""
        (outcome,), touched = self._run([case])
        return replace(outcome, touched=(*touched, *outcome.touched))

    def _run(self, cases: Sequence[Case]) -> tuple[list[Outcome], list[str]]:
        """Run cases in one process: their outcomes up to the one that ended it, and the bait that was touched."""
        if not cases:
            return [], []
        folders = [self.folder / f"case{index}" for index in range(len(cases))]
        for case, folder in zip(cases, folders, strict=True):
            _lay_out(case, folder)
        self._watch.events()
        source, sink = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(source)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                live([(case.job, Path(case.seed.target), at) for case, at in zip(cases, folders, strict=True)], sink)
            finally:
                os._exit(70)  # the machinery itself failed
        os.close(sink)
        outcomes = list(_outcomes(source, child, len(cases)))
        events = [event for event in self._watch.events() if not event.startswith("case")]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        return outcomes, events

    def _allowed(self, case: Case, outcome: Outcome) -> int:
        """Bytes of memory that a case may take: more, if the job takes more for the file as it was."""
        allowed = FREE_MEMORY + 2 * case.size
        if outcome.growth > allowed:
            key = (case.seed.name, case.job)
            if key not in self._honest:
                self._honest[key] = self.run(unchanged(case)).growth
            allowed += self._honest[key]
        return allowed


def _outcomes(source: int, child: int, count: int) -> Iterator[Outcome]:
    """What a process reports, until it ends, is too late, or is killed by a signal; then it is gone."""
    begun, used, data = time.monotonic(), 0.0, b""
    late = False
    while count:
        wait: float = SECONDS
        while not (ready := select.select([source], [], [], wait)[0]) and _is_starved(child, used):
            wait = SECONDS / 2
        late = not ready
        received = b"" if late else os.read(source, 2**20)
        if not received:
            break
        *lines, data = (data + received).split(b"\n")
        for line in lines:
            begun, used, count = time.monotonic(), _state(child)[1], count - 1
            answer = json.loads(line)
            yield Outcome(**answer | {"late": False, "touched": tuple(answer["touched"])})
    os.close(source)
    if late:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # whatever it started
    if count:
        yield Outcome(status or 70, time.monotonic() - begun, late, 0, (), "", "", "")


def _is_starved(child: int, before: float) -> bool:
    """Whether a process wants to compute, but was given less than its time since `before`: the machine is busy."""
    state, used = _state(child)
    return state in {"R", "D"} and used - before < SECONDS / 2


def _state(child: int) -> tuple[str, float]:
    """The state of a process, R for running, and the seconds that it has computed."""
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return fields[0], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _lay_out(case: Case, folder: Path) -> None:
    """Write the files of a case into a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
