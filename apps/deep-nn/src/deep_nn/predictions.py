"""Predictions of a model, in blocks of examples, and their lines as text, JSON and CSV."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.model import Model
from nn_core.arrays import Array
from nn_core.metrics import probabilities
from nn_core.storage.files import printable


@dataclass(frozen=True)
class Block:
    """Predictions of consecutive examples of one file.

    file    its name
    rows    (N,) numbers of the rows in it, from 1; None for an image
    p       (N, classes) probabilities; None for a regression
    values  (N,) predicted numbers; None for classes
    """

    file: str
    rows: list[int] | None
    p: Array | None
    values: npt.NDArray[np.float64] | None


def predict_blocks(model: Model, x: RawExamples, file: str, rows: npt.NDArray[np.int64] | None) -> Iterator[Block]:
    """The predictions of examples (N, ...). Raises as `Model.logits` does.

    file  where they come from
    rows  (N,) their numbers in it; None for images
    """
    start = 0
    for logits in model.logit_blocks(x, printable(file)):
        end = start + len(logits)
        numbers = None if rows is None else rows[start:end].tolist()
        if model.target is None:
            yield Block(file, numbers, probabilities(logits), None)
        else:
            yield Block(file, numbers, None, model.target.restore(logits))
        start = end


@dataclass(frozen=True)
class TextLines:
    """Aligned lines: file and row, then class and probability, or the predicted number.

    classes  of the model
    width    of the first column, at least
    proba    whether the probabilities of all classes follow
    """

    classes: Sequence[str]
    width: int
    proba: bool

    def lines(self, block: Block, last: int | None) -> list[str]:
        """A line per example; `last` is the number of the last row of the file."""
        file = printable(block.file)
        width = self.width if last is None else max(self.width, len(f"{file} row {last}"))
        rows = [None] if block.rows is None else block.rows
        first = [(file if row is None else f"{file} row {row}").ljust(width) for row in rows]
        if block.p is None:
            values = [] if block.values is None else block.values.tolist()
            return [f"{start}  {value:>14,.6g}" for start, value in zip(first, values, strict=True)]
        names = [printable(name) for name in self.classes]
        longest = max(map(len, names))
        padded = [name.rjust(longest) for name in names]
        lines = [
            f"{start}  {padded[c]}  {p:6.1%}"
            for start, c, p in zip(first, block.p.argmax(axis=1).tolist(), block.p.max(axis=1).tolist(), strict=True)
        ]
        if not self.proba:
            return lines
        form = "   ".join(["", *(f"{name.replace('%', '%%')} %5.1f%%" for name in names)])
        return [line + form % tuple(p) for line, p in zip(lines, (100 * block.p).tolist(), strict=True)]


@dataclass(frozen=True)
class CsvLines:
    """Lines of a CSV file: file or row or both, the prediction, and on request each probability.

    with_file, with_rows  the first columns
    """

    classes: Sequence[str]
    with_file: bool
    with_rows: bool
    proba: bool

    def header(self) -> str:
        """The names of the columns; probabilities are "probability_" and the class."""
        first = ["file"] * self.with_file + ["row"] * self.with_rows
        p = [f"probability_{name}" for name in self.classes] if self.proba else []
        return f"{_csv_line([*first, 'prediction', *p])}\n"

    def lines(self, block: Block) -> list[str]:
        """A line per example."""
        first = f"{_csv_line([block.file])}," if self.with_file else ""
        starts = [first] if block.rows is None else [f"{first}{row}," for row in block.rows]
        if block.p is None:
            values = [] if block.values is None else block.values.tolist()
            return [f"{start}{value:.9g}" for start, value in zip(starts, values, strict=True)]
        names = [_csv_line([name]) for name in self.classes]
        lines = [start + names[c] for start, c in zip(starts, block.p.argmax(axis=1).tolist(), strict=True)]
        if not self.proba:
            return lines
        form = f",%.{7 if block.p.dtype == np.float32 else 15}g" * len(names)
        return [line + form % tuple(p) for line, p in zip(lines, block.p.tolist(), strict=True)]


def json_objects(block: Block, classes: Sequence[str]) -> list[str]:
    """An object per example, as JSON."""
    file = json.dumps(block.file)
    rows = ["null"] if block.rows is None else block.rows
    starts = [f'{{"file": {file}, "row": {row}, ' for row in rows]
    if block.p is None:
        values = [] if block.values is None else block.values.tolist()
        return [f'{start}"value": {value!r}}}' for start, value in zip(starts, values, strict=True)]
    names = [json.dumps(name) for name in classes]
    form = ", ".join(f"{name.replace('%', '%%')}: %r" for name in names)
    return [
        f'{start}"class": {names[c]}, "probability": {p[c]!r}, "probabilities": {{{form % tuple(p)}}}}}'
        for start, c, p in zip(starts, block.p.argmax(axis=1).tolist(), block.p.tolist(), strict=True)
    ]


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
