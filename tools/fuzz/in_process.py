"""Readers in this very process, where a tool such as coverage sees them; no limits but that on time."""

import contextlib
import io
import os
import signal
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

from fuzz.bait import lay_bait
from fuzz.cases import case_numbers, make_case
from fuzz.child import SECONDS, read
from fuzz.seeds import Seed


class _Late(BaseException):
    """No Exception, which a reader may turn into an answer."""


def run_readers(seeds: Sequence[Seed], folder: Path, count: int, only: str | None, chance: int) -> int:
    """Run the readers among `count` cases; the number of those that raised an exception."""
    bait, failed = lay_bait(folder / "bait"), 0
    at = folder / "case"
    at.mkdir()
    os.chdir(at)
    signal.signal(signal.SIGALRM, _stop)
    for number in islice(case_numbers(0, 1, only), count):
        case = make_case(number, seeds, bait, chance)
        if case.is_command:
            continue
        for name, content in case.files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(content)
        printed = io.StringIO()
        signal.alarm(SECONDS)
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                read(case.job, Path(case.seed.target))
        except (Exception, _Late) as error:  # noqa: BLE001
            failed += 1
            print(f"{case}: {error!r}")
        signal.alarm(0)
    return failed


def _stop(number: int, frame: FrameType | None) -> Any:
    raise _Late
