"""Corpora: texts, and lists of names, one per line."""

import re
from pathlib import Path

import numpy as np

from char_rnn_dino.tokens import TOKENIZER, normalize
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Labels
from nn_core.cli.folds import parse_fold
from nn_core.cli.param_types import STANDARD
from nn_core.cli.standard_input import name_of, standard_input
from nn_core.cli.terminal import counted
from nn_core.errors import DataError, remark
from nn_core.memory import require_memory
from nn_core.printable import shortened
from nn_core.storage.files import exists, first_few
from nn_core.storage.text import TextFile

NAMES, FIELD_NOTES = "dinosaurs.txt", "fieldnotes.txt"
"""The bundled corpora; their names on the command line have no suffix."""
MAX_NAME_LENGTH = 1000
"""Longer lines of a list of names are left out."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NUMBERED = re.compile(r"(\d{1,9})[.):]\s+(?=\S)")


def bundled(name: str) -> Path:
    """The path of a corpus shipped with the program; in a checkout, in the workspace's `data`."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "packages" / "nn-core").is_dir() and (folder / "data" / name).is_file():
            return folder / "data" / name
    return Path(__file__).with_name("data") / name


def locate(data: str | None, corpus: str) -> tuple[Path, str]:
    """The path of a corpus, and its name for messages.

    data    a path; None or the name of the bundled corpus, "dinosaurs", for that one
    corpus  the file of the bundled one
    """
    if data is None or (data == Path(corpus).stem and not exists(Path(data))):
        return bundled(corpus), corpus
    return Path(data), name_of(Path(data))


def read_text_file(data: str | None) -> TextFile:
    """A text, by default the bundled one. Raises DataError if it cannot be read or is blank."""
    path, name = locate(data, FIELD_NOTES)
    file = text_file(path, name)
    if all(block.isspace() for block in file.blocks()):
        raise DataError(f"{file.name} is empty: it has only blank lines")
    return file


def text_file(path: Path, name: str | None = None) -> TextFile:
    """A text file; "-" for standard input."""
    return TextFile(standard_input() if path == STANDARD else path, name or name_of(path))


def encode_file(vocabulary: Vocabulary, file: TextFile, *, known: bool = True) -> Labels:
    """The token ids (T,) of a text, in the smallest integer type.

    known  whether to raise DataError for characters not in the vocabulary; otherwise they are -1
    """
    ids = np.empty(file.size, vocabulary.dtype)  # hardly ever more tokens than bytes
    count = 0
    for block in file.blocks():
        found = vocabulary.encode(block, file.name) if known else vocabulary.find(block)
        if count + len(found) > len(ids):
            ids = np.concatenate([ids[:count], np.empty(max(count, len(found)), ids.dtype)])
        ids[count : count + len(found)] = found
        count += len(found)
    ids.resize(count, refcheck=False)
    return ids


def read_names(path: Path, *, tokenizer: int = TOKENIZER) -> tuple[str, ...]:
    """Read names, one per line, lowercased, without duplicates, in their original order.

    Lines numbered from 1 ("1. Rex") lose their numbers; lines of more than MAX_NAME_LENGTH
    characters are left out.

    tokenizer  the version of `tokens.normalize`; lists of version 1 keep the numbers of their lines
    Raises DataError for a file without names, and for a line with control characters. Warns
    DataWarning of lines that are changed or left out.
    """
    file = text_file(path)
    source = file.name
    lines = [line.strip() for line in file.read().split("\n")]
    if not any(lines):
        raise DataError(f"{source} is empty: it has only blank lines")
    for number, line in enumerate(lines, start=1):
        if _CONTROL.search(line):
            hint = "; keep the column of names only" if "\t" in line else ""
            raise DataError(f"{source}, line {number}: control characters in '{shortened(line)}'{hint}")
    if tokenizer > 1:
        lines = _without_numbers(lines, source)
    lines = _without_long_lines(lines, source)
    if tokenizer > 1:
        _remark_on_columns(lines, source)
    lines = [normalize(line, lowercase=True, version=tokenizer).strip() for line in lines]
    names = tuple(dict.fromkeys(filter(None, lines)))
    if not names:
        raise DataError(f"{source} has no names of at most {MAX_NAME_LENGTH:,} characters")
    return names


def _without_numbers(lines: list[str], source: str) -> list[str]:
    """The lines without their numbers, if all are numbered consecutively."""
    numbered = [_NUMBERED.match(line) for line in lines if line]
    numbers = [int(found[1]) for found in numbered if found]
    if len(numbers) < 3 or numbers != list(range(numbers[0], numbers[0] + len(numbered))):
        return lines
    remark(f"{source}: line numbers {numbers[0]} to {numbers[-1]} are left out of the names")
    return [_NUMBERED.sub("", line, count=1) for line in lines]


def _without_long_lines(lines: list[str], source: str) -> list[str]:
    long = [number for number, line in enumerate(lines, start=1) if len(line) > MAX_NAME_LENGTH]
    if long:
        remark(
            f"{source}: {counted(len(long), 'line')} of more than {MAX_NAME_LENGTH:,} characters left out"
            f" (line{'s' * (len(long) > 1)} {first_few(long, 10)})"
        )
    return [line if len(line) <= MAX_NAME_LENGTH else "" for line in lines]


def _remark_on_columns(lines: list[str], source: str) -> None:
    """Warn of what may be a table."""
    filled = [line for line in lines if line]
    for delimiter in ",;|":
        counts = {line.count(delimiter) for line in filled}
        if len(filled) >= 3 and len(counts) == 1 and 0 not in counts:
            remark(
                f"{source}: every line has {counts.pop() + 1} columns separated by {delimiter!r},"
                " which are read as one name"
            )


def hold_out(
    names: tuple[str, ...], fraction: float, *, fold: str | None = None, rng: np.random.Generator
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split names at random into a training and a validation set, each in the original order.

    fraction  to hold out, but at least one name, and not all; 0 for none
    fold      "2/5": hold out the second of five equal parts instead
    Raises DataError if there are too few names.
    """
    order = rng.permutation(len(names))
    if fold is not None:
        number, folds = parse_fold(fold)
        if len(names) < folds:
            raise DataError(f"{counted(len(names), 'name')} cannot be divided into {folds} folds")
        held_out = set(order[number - 1 :: folds].tolist())
    else:
        if fraction > 0 and len(names) < 2:
            raise DataError("only one name, so none can be held out; add names, or train with --validation 0")
        count = min(max(round(fraction * len(names)), 1), len(names) - 1) if fraction > 0 else 0
        held_out = set(order[:count].tolist())
    training = tuple(name for i, name in enumerate(names) if i not in held_out)
    return training, tuple(names[i] for i in sorted(held_out))


def pad_sequences(sequences: list[Labels], end: int) -> tuple[Labels, Labels]:
    """Inputs x (N, T) and targets y (N, T): `end` starts each input and ends each target.

    sequences  the token ids of each name, without `end`, in a type with sign
    T is the longest length plus one. Padding is `end` in x and -1, which the loss ignores, in y.
    """
    T = 1 + max(map(len, sequences))
    dtype = np.result_type(*{tokens.dtype for tokens in sequences})
    require_memory(2 * len(sequences) * T * dtype.itemsize, f"{len(sequences):,} names of up to {T - 1:,} characters")
    x = np.full((len(sequences), T), end, dtype)
    y = np.full_like(x, -1)
    for n, tokens in enumerate(sequences):
        x[n, 1 : len(tokens) + 1] = tokens
        y[n, : len(tokens)] = tokens
        y[n, len(tokens)] = end
    return x, y
