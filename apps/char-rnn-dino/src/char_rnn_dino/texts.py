"""Reading names and corpora: UTF-8, whatever its line ends."""

from pathlib import Path

import numpy as np

from nn_core.arrays import Labels
from nn_core.errors import DataError
from nn_core.storage.files import check_file, decoding_errors, printable

NAMES = "dinosaurs.txt"
CORPUS = "fieldnotes.txt"


def shipped(name: str) -> Path:
    """A file that comes with the program: in a checkout it is the workspace's `data`."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "packages" / "nn-core").is_dir() and (folder / "data" / name).is_file():
            return folder / "data" / name
    return Path(__file__).with_name("data") / name


def read_text(path: Path) -> str:
    """All of a text file, its lines ended by a newline alone.

    Raises DataError if it is not there, is empty or is not UTF-8.
    """
    check_file(path)
    with decoding_errors(path, "a text in UTF-8"):
        text = path.read_bytes().decode("utf-8-sig")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError(f"{printable(path)} holds nothing but blanks")
    return text


def read_names(path: Path) -> tuple[str, ...]:
    """The names of a file, one a line, in lower case, each once, in the order of the file.

    Raises DataError as `read_text` does, and for a line that is no name.
    """
    names: dict[str, None] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        name = line.strip().lower()
        if not name:
            continue
        if not name.isprintable():
            raise DataError(f"{printable(path)}, line {number}: {printable(repr(name))} is no name")
        names[name] = None
    return tuple(names)


def hold_back(
    names: tuple[str, ...], share: float, *, rng: np.random.Generator
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names to train on and names to judge by; both keep their order.

    Raises DataError if one of them would be empty.
    """
    count = round(share * len(names))
    if not 1 <= count < len(names):
        raise DataError(f"of {len(names)} names, {share:g} cannot be held back")
    held = np.zeros(len(names), bool)
    held[rng.permutation(len(names))[:count]] = True
    kept = tuple(name for name, out in zip(names, held, strict=True) if not out)
    return kept, tuple(name for name, out in zip(names, held, strict=True) if out)


def sequences(numbers: list[Labels], end: int) -> tuple[Labels, Labels]:
    """Names as input and target: x (N, T) begins with `end`, y (N, T) ends with it.

    numbers  the letters of each name
    T is the longest name's length and one more; where a shorter name has ended, x is `end` and
    y is -1, which no loss counts.
    """
    longest = max(map(len, numbers))
    x = np.full((len(numbers), longest + 1), end, np.int64)
    y = np.full_like(x, -1)
    for row, letters in enumerate(numbers):
        x[row, 1 : len(letters) + 1] = letters
        y[row, : len(letters)] = letters
        y[row, len(letters)] = end
    return x, y
