"""What is compared: sides that do the same work, and the cases in which they do it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

OURS, REFERENCE = "nn-core", "reference"
TORCH, SCIKIT, FLOOR, BARE = "PyTorch", "scikit-learn", "floor", "bare imports"


@dataclass(frozen=True)
class Side:
    """One way to do the work of a case.

    peer     whose it is; of several sides of one peer, the fastest counts
    variant  which of its ways, for the table
    step     does the work once
    during   held for a turn of steps: threads that are kept from step to step
    """

    peer: str
    variant: str
    step: Callable[[], object]
    during: AbstractContextManager[Any] = field(default_factory=nullcontext)


@dataclass(frozen=True)
class Settings:
    """How a measurement is made.

    threads          of every side
    repeats          turns of each side
    compile_seconds  what torch.compile may take for one case; 0 leaves it out
    notes            remarks for the report, added to as they come up
    """

    threads: int
    repeats: int
    compile_seconds: int
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep a remark, once."""
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True)
class Case:
    """Work that is measured.

    group  the letter under which the report has it
    goals  peer -> its time over ours that is aimed at
    build  makes the sides, ours first, and checks that all do the same
    threaded  whether the number of threads matters
    """

    group: str
    name: str
    goals: Mapping[str, float]
    build: Callable[[Settings], list[Side]]
    threaded: bool = True
