"""Tables read like the one that a model was trained on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.datasets.columns import Columns, Match, match, places_in
from deep_nn.datasets.features import UNSEEN, Values, encode, reading
from deep_nn.datasets.labels import class_labels, places_of_classes, spelled_as
from deep_nn.datasets.missing_values import drop_remark, has_missing, incomplete_rows
from deep_nn.datasets.table_options import DEFAULTS, TableOptions
from deep_nn.datasets.tables import give_notes, side_by_side
from deep_nn.datasets.target import numbers_of
from nn_core.cli.dataset import Part
from nn_core.cli.standard_input import source_of
from nn_core.errors import DataError
from nn_core.storage.files import first_few, printable
from nn_core.tables.cells import number, quoted
from nn_core.tables.reader import read_table
from nn_core.tables.table import Column, Table


@dataclass(frozen=True, eq=False)
class Rows:
    """Examples to predict.

    name     of their file, for messages
    x        (N, ...) raw examples
    numbers  (N,) numbers of the rows in the file, from 1, without header and blank lines; None for images
    """

    name: str
    x: RawExamples
    numbers: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class TrainedTable:
    """What a model knows of its training table.

    columns  that it predicts from, and the one to predict
    options  how the table was read
    classes  of the model; () for numbers
    seen     per feature, the codes of categories in the training set; None for all
    """

    columns: Columns
    options: TableOptions = DEFAULTS
    classes: tuple[str, ...] = ()
    seen: Sequence[Sequence[int]] | None = None

    def rows(self, source: Path | IO[bytes], *, name: str) -> Rows:
        """The rows of a table to predict: columns by name, or by position without a header.

        Columns that the model does not know are ignored, with a DataWarning that names them. So is the label.
        Raises DataError for a column that is missing, and for a cell of another kind.
        """
        table = read_table(source, name=name, text=self._text)
        notes: list[str] = []
        found = match(self.columns, table, notes)
        x = self._examples(table, found, notes)
        self._remark_on_ignored(table, found, notes, label=True)
        gone = self._incomplete(table, found, x, notes)
        numbers = np.arange(1, len(table) + 1, dtype=np.int64)
        if gone is not None:
            x, numbers = x[~gone], numbers[~gone]
        give_notes(table, notes)
        return Rows(name, x, numbers)

    def part(self, path: Path) -> Part[RawExamples]:
        """The examples and labels of a table. Raises DataError as `rows` does, and if it has no labels."""
        source, name = source_of(path)
        table = read_table(source, name=name, text=self._text)
        notes: list[str] = []
        found = match(self.columns, table, notes)
        if found.target is None:
            label = f"column {self.columns.name!r}" if self.columns.header else "label"
            raise DataError(f"{table.name} has no {label}, which the model predicts")
        x = self._examples(table, found, notes)
        y, names = self._labels(table, table.columns[found.target], notes)
        self._remark_on_ignored(table, found, notes, label=False)
        unlabeled = np.isnan(y) if y.dtype.kind == "f" else y == -1
        if unlabeled.any() and self.options.missing == "error":
            line = table.line_of(int(np.argmax(unlabeled)))
            raise DataError(f"{table.name}, line {line}: the label is missing")
        gone = self._incomplete(table, found, x, notes)
        gone = unlabeled if gone is None else gone | unlabeled
        if gone.all():
            raise DataError(f"{table.name}: every row has missing values")
        if gone.any():
            x, y = x[~gone], y[~gone]
        give_notes(table, notes)
        return Part(table.name, x, y, names, schema=self.columns)

    def _text(self, names: tuple[str, ...] | None, width: int) -> list[int]:
        """The columns in which "None" or "1" is a category, and "None" a class."""
        of_classes = any(math.isnan(number(name) or 0.0) for name in self.classes)
        is_text = [*(feature.kind == "category" for feature in self.columns.features), of_classes]
        places = places_in(self.columns, names, width)
        return [place for place, text in zip(places, is_text, strict=True) if text and place is not None]

    def _examples(self, table: Table, found: Match, notes: list[str]) -> Values:
        columns = [table.columns[i] for i in found.features]
        values = []
        for j, (column, feature) in enumerate(zip(columns, self.columns.features, strict=True)):
            codes = encode(table, column, feature, merge_case=self.options.merge_case)
            if feature.kind == "number" and not feature.form and column.numbers is None:
                notes.append(reading(column, codes))
            if feature.kind == "category":
                if self.seen is not None:
                    codes = np.where(np.isin(codes, self.seen[j]) | np.isnan(codes), codes, UNSEEN)
                _remark_on_unseen(column, codes, notes)
            values.append(codes)
        return side_by_side(table, columns, values)

    def _labels(
        self, table: Table, column: Column, notes: list[str]
    ) -> tuple[npt.NDArray[np.generic], tuple[str, ...] | None]:
        if self.columns.regress:
            return numbers_of(table, column), None
        y, names = class_labels(table, column, merge_case=self.options.merge_case, notes=notes)
        notes += places_of_classes(column, names, self.classes)
        return y, spelled_as(names, self.classes) if self.options.merge_case else names

    def _incomplete(self, table: Table, found: Match, x: Values, notes: list[str]) -> npt.NDArray[np.bool_] | None:
        """The rows with missing values that are left out, or None. Raises DataError if none may be missing."""
        held = has_missing(x)
        if self.options.missing == "mean" or not held.any():
            return None
        if self.options.missing == "error":
            j = int(np.argmax(held))
            row = int(np.argmax(np.isnan(x[:, j])))
            place = table.place(row, table.columns[found.features[j]])
            raise DataError(f"{place}: the value is missing; to predict such rows, train with --missing mean")
        gone = incomplete_rows(x)
        if gone.all():
            raise DataError(f"{table.name}: every row has missing values")
        notes.append(drop_remark(int(gone.sum()), len(table)))
        return gone

    def _remark_on_ignored(self, table: Table, found: Match, notes: list[str], *, label: bool) -> None:
        ignored = list(found.ignored)
        if table.names is None or not self.columns.header:
            return
        if label and found.target is not None:
            ignored.append(found.target)
        if ignored:
            shown = ", ".join(printable(table.columns[i].name) for i in ignored[:8])
            notes.append(f"ignored: {shown}{', ...' if len(ignored) > 8 else ''}")


def _remark_on_unseen(column: Column, codes: Values, notes: list[str]) -> None:
    """Name the texts that are not categories of the model, with their counts."""
    unseen = codes == UNSEEN
    if not unseen.any():
        return
    kinds, counts = np.unique(column.codes[unseen], return_counts=True)
    texts = [column.texts[kind] for kind in kinds.tolist()]
    most = sorted(zip(texts, counts.tolist(), strict=True), key=lambda found: -found[1])
    shown = first_few([f"{quoted(text)} ({count:,})" for text, count in most])
    notes.append(f"{column.title} has categories that are not in the training data, encoded as zeros: {shown}")
