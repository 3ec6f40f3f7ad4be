"""What a mutator makes, and what it is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeAlias


@dataclass(frozen=True)
class Mutant:
    """A changed file.

    what    the change, in words
    honest  bytes that it unpacks to, where that is more than its size
    """

    content: bytes
    what: str
    honest: int = 0


@dataclass(frozen=True)
class Bait:
    """Files that no reader may open, for the mutators to name.

    folder  with `secret.h5`, `secret.raw`, `secret.txt` and the FIFO `pipe`
    """

    folder: Path

    def name(self, random: Random, file: str = "") -> str:
        """The absolute or the relative path of one of the files, or another file that nobody may name."""
        if random.random() < 0.1:
            return random.choice(["/etc/passwd", "/dev/zero", "/proc/self/mem", "missing.h5", "", "."])
        file = file or random.choice(["secret.h5", "secret.raw", "secret.txt", "pipe"])
        return random.choice([str(self.folder / file), f"../{self.folder.name}/{file}"])


Mutator: TypeAlias = Callable[[bytes, Random, Bait], Mutant]
"""Changes the contents of a file."""


def any_of(*mutators: Mutator, weights: Sequence[float] | None = None) -> Mutator:
    """One of the mutators, by chance."""

    def mutate(content: bytes, random: Random, bait: Bait) -> Mutant:
        return random.choices(mutators, weights)[0](content, random, bait)

    return mutate
