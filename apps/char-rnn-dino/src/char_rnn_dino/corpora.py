"""Corpora: lists of names and texts, in UTF-8 with any line endings."""

from pathlib import Path

import numpy as np

from nn_core.arrays import Labels
from nn_core.cli.folds import parse_fold
from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.storage.text import read_text

NAMES = "dinosaurs.txt"
FIELD_NOTES = "fieldnotes.txt"


def bundled(name: str) -> Path:
    """The path of a corpus shipped with the program; in a checkout, in the workspace's `data`."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "packages" / "nn-core").is_dir() and (folder / "data" / name).is_file():
            return folder / "data" / name
    return Path(__file__).with_name("data") / name


def read_names(path: Path) -> tuple[str, ...]:
    """Read names, one per line, lowercased, without duplicates, in their original order.

    Raises DataError as `read_text` does, and for a line with unprintable characters.
    """
    names: dict[str, None] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        name = line.strip().lower()
        if not name.isprintable():
            raise DataError(f"{printable(path)}, line {number}: unprintable characters in {name!r}")
        if name:
            names[name] = None
    return tuple(names)


def hold_out(
    names: tuple[str, ...], fraction: float, *, fold: str | None = None, rng: np.random.Generator
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split names at random into a training and a validation set, each in the original order.

    fraction  to hold out; 0 for none
    fold      "2/5": hold out the second of five equal parts instead
    Raises DataError if there are too few names.
    """
    order = rng.permutation(len(names))
    if fold is not None:
        number, folds = parse_fold(fold)
        if len(names) < folds:
            raise DataError(f"{len(names)} names cannot be divided into {folds} folds")
        held_out = set(order[number - 1 :: folds].tolist())
    else:
        count = round(fraction * len(names))
        if not (fraction > 0) <= count < len(names):
            raise DataError(f"too few names: cannot hold out {fraction:g} of {len(names)}")
        held_out = set(order[:count].tolist())
    training = tuple(name for i, name in enumerate(names) if i not in held_out)
    return training, tuple(names[i] for i in sorted(held_out))


def pad_sequences(sequences: list[Labels], end: int) -> tuple[Labels, Labels]:
    """Inputs x (N, T) and targets y (N, T): `end` starts each input and ends each target.

    sequences  the token ids of each name, without `end`
    T is the longest length plus one. Padding is `end` in x and -1, which the loss ignores, in y.
    """
    T = 1 + max(map(len, sequences))
    x = np.full((len(sequences), T), end, np.int64)
    y = np.full_like(x, -1)
    for n, tokens in enumerate(sequences):
        x[n, 1 : len(tokens) + 1] = tokens
        y[n, : len(tokens)] = tokens
        y[n, len(tokens)] = end
    return x, y
