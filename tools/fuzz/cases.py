"""What a case is: by its number, a change of a valid file and what is run on it."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from fuzz.mutant import Bait, Mutant, Mutator
from fuzz.mutators.archives import mutate_npy, mutate_npz, mutate_zip
from fuzz.mutators.checkpoints import mutate_checkpoint
from fuzz.mutators.hdf5 import mutate_hdf5
from fuzz.mutators.images import mutate_photo, mutate_png
from fuzz.mutators.texts import mutate_text, mutate_toml
from fuzz.mutators.weights import mutate_idx, mutate_json_file, mutate_onnx, mutate_safetensors
from fuzz.seeds import Seed

MUTATORS: Mapping[str, Mutator] = {
    "checkpoint": mutate_checkpoint,
    "hdf5": mutate_hdf5,
    "npz": mutate_npz,
    "npy": mutate_npy,
    "idx": mutate_idx,
    "safetensors": mutate_safetensors,
    "json": mutate_json_file,
    "onnx": mutate_onnx,
    "csv": mutate_text,
    "text": mutate_text,
    "png": mutate_png,
    "photo": mutate_photo,
    "zip": mutate_zip,
    "toml": mutate_toml,
}
"""The formats, and how their files are changed."""
SHARES: Mapping[str, int] = {"checkpoint": 9, "hdf5": 6, "npz": 2, "csv": 2, "text": 2, "png": 2, "photo": 2, "onnx": 2}
"""How often a format is taken; once, if it is not named."""
COMMANDS = 0.12
"""The part of the cases that run a command rather than a reader."""
FIGURES = 0.1
"""How often a command with a figure is taken, beside another."""


@dataclass(frozen=True)
class Case:
    """A number, and what it stands for.

    job    the name of a reader, or a command line
    """

    number: int
    seed: Seed
    mutant: Mutant = field(repr=False)
    job: str

    @property
    def is_command(self) -> bool:
        """Whether a command is run."""
        return " " in self.job

    @property
    def files(self) -> Mapping[str, bytes]:
        """The contents of all files by name."""
        return {**self.seed.files, self.seed.target: self.mutant.content}

    @property
    def size(self) -> int:
        """Bytes that the files honestly hold."""
        return max(self.mutant.honest, len(self.mutant.content)) + sum(map(len, self.seed.files.values()))

    def __str__(self) -> str:
        return f"case {self.number}: {self.seed.name} ({self.mutant.what}), {self.job}"


def case_numbers(start: int, step: int, only: str | None) -> Iterator[int]:
    """Numbers of cases, without end: every `step`th, of one format or of all."""
    for number in count(start, step):
        if only is None or format_of(number) == only:
            yield number


def format_of(number: int) -> str:
    """The format of a case."""
    schedule = [name for name in MUTATORS for _ in range(SHARES.get(name, 1))]
    return schedule[zlib.crc32(str(number).encode()) % len(schedule)]


def make_case(number: int, seeds: Sequence[Seed], bait: Bait, chance: int = 0) -> Case:
    """The case of a number.

    chance  the seed of all that is random in the cases
    """
    random = Random(f"{chance}/{number}")
    seed = random.choice([each for each in seeds if each.format == format_of(number)])
    command = seed.commands and (not seed.readers or random.random() < COMMANDS)
    weights = [FIGURES if "--figure" in each else 1 for each in seed.commands]
    job = random.choices(seed.commands, weights)[0] if command else random.choice(seed.readers)
    return Case(number, seed, MUTATORS[seed.format](seed.files[seed.target], random, bait), job)


def unchanged(case: Case) -> Case:
    """The same job on the file as it was."""
    return Case(case.number, case.seed, Mutant(case.seed.files[case.seed.target], "unchanged"), case.job)
