"""Whether a case went as it should."""

import re
from dataclasses import dataclass

LONGEST_LINE = 2000
"""Characters of a line of output."""
FREE_MEMORY = 64 * 1024**2
"""Bytes that a case may take besides twice the size of its files."""

ANSWERS = {0: "read", 1: "refused", 2: "usage"}
"""What the exit statuses mean."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PLACE = re.compile(r'File ".*?([^/"]+/[^/"]+)", line (\d+)')


@dataclass(frozen=True)
class Outcome:
    """What happened in the process of a case.

    status   its exit status; negative for a signal
    late     whether it was killed for taking too long
    growth   bytes of memory that it took at most
    touched  files that it opened, made or removed and should not have; programs that it started
    escaped  the traceback of an exception that no reader may raise
    """

    status: int
    seconds: float
    late: bool
    growth: int
    touched: tuple[str, ...]
    escaped: str
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Failure:
    """Why a case failed.

    kind   a word of the table in `fuzz`: "traceback"
    cause  in one line; cases of the same cause have the same
    """

    kind: str
    cause: str


def judge(outcome: Outcome, allowed: int) -> Failure | None:
    """The failure of a case, if it is one.

    allowed  bytes of memory that it may take
    """
    if outcome.late:
        return Failure("time", f"killed after {outcome.seconds:.0f} s")
    if outcome.escaped or "Traceback (most recent call last)" in outcome.stderr:
        return Failure("traceback", _last_place(outcome.escaped or outcome.stderr))
    if outcome.status < 0:
        return Failure("signal", f"signal {-outcome.status}")
    if outcome.touched:
        return Failure("opened", outcome.touched[0])
    if outcome.status not in ANSWERS:
        return Failure("status", f"exit status {outcome.status}")
    if outcome.growth > allowed:
        return Failure("memory", f"more than {allowed // 1024**2} MB")
    return _output(outcome)


def _output(outcome: Outcome) -> Failure | None:
    lines = [*outcome.stdout.split("\n"), *outcome.stderr.split("\n")]
    if found := next(filter(None, map(_CONTROL.search, lines)), None):
        return Failure("output", f"control character {found[0]!r}")
    if max(map(len, outcome.stderr.split("\n"))) > LONGEST_LINE:
        return Failure("output", f"a line of more than {LONGEST_LINE:,} characters")
    if warned := re.search(r"\w*Warning: .{0,60}|HDF5-DIAG", outcome.stderr):
        return Failure("output", warned[0])
    errors = [line for line in outcome.stderr.split("\n") if line.startswith("Error: ")]
    if len(errors) > 1 or (outcome.status != 0 and not outcome.stderr.strip()):
        return Failure("output", f"{len(errors)} errors with exit status {outcome.status}")
    return None


def _last_place(text: str) -> str:
    """The last lines of a traceback that name a place here, and the exception."""
    places = [found for found in _PLACE.finditer(text) if "fuzz/" not in found[1] and "<frozen" not in found[0]]
    own = [found for found in places if re.search(r"(src|packages|apps)/", found[0])]
    where = (own or places)[-1:] or []
    last = text.strip().split("\n")[-1][:100]
    return f"{where[0][1]}:{where[0][2]} {last.split(':')[0]}" if where else last
