"""Fork servers side by side, and their results."""

import argparse
import json
import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path

from fuzz.cases import case_numbers, make_case
from fuzz.fork_server import ForkServer
from fuzz.seeds import Seed
from fuzz.summary import Result, save_failure


def run_cases(
    seeds: Sequence[Seed], folder: Path, given: argparse.Namespace, deadline: float | None
) -> Iterator[Result]:
    """Run cases in several processes; their results as they come.

    given     the command line
    deadline  when to end, by `time.monotonic`; None to end after `given.count`
    """
    pipes, children = [], []
    for worker in range(given.workers):
        source, sink = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(source)
                _work(worker, sink, seeds, folder / f"worker{worker}", given, deadline)
            finally:
                os._exit(1)
        os.close(sink)
        pipes.append(source)
        children.append(child)
    try:
        yield from _results(pipes)
    finally:
        for child in children:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)


def _work(
    worker: int, sink: int, seeds: Sequence[Seed], folder: Path, given: argparse.Namespace, deadline: float | None
) -> None:
    folder.mkdir()
    server = ForkServer(folder)
    numbers = case_numbers(given.start + worker, given.workers, given.only)
    if given.count is not None:
        numbers = islice(numbers, (given.count - worker + given.workers - 1) // given.workers)
    numbers = takewhile(lambda _: deadline is None or time.monotonic() < deadline, numbers)
    cases = (make_case(number, seeds, server.bait, given.seed) for number in numbers)
    for case, outcome, failure in server.check_all(cases):
        if failure is not None:
            save_failure(given.failures, case, outcome, failure)
        kind, cause = ("", "") if failure is None else (failure.kind, failure.cause)
        result = Result(case.number, case.seed.format, outcome.status, outcome.seconds, outcome.growth, kind, cause)
        os.write(sink, json.dumps(result).encode() + b"\n")
    os._exit(0)


def _results(pipes: Sequence[int]) -> Iterator[Result]:
    rest = dict.fromkeys(pipes, b"")
    while rest:
        for pipe in select.select(list(rest), [], [])[0]:
            data = os.read(pipe, 2**16)
            if not data:
                del rest[pipe]
                os.close(pipe)
                continue
            *lines, rest[pipe] = (rest[pipe] + data).split(b"\n")
            for line in lines:
                yield Result(*json.loads(line))
