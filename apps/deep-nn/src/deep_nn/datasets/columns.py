"""The columns that a model was trained on, and the same columns in another table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nn_core.cli.dataset import describe_shape
from nn_core.errors import CheckpointError, DataError
from nn_core.storage.files import first_few, listing, printable
from nn_core.storage.json_schema import Integer, Schema, Text, check_json

if TYPE_CHECKING:
    from nn_core.tables.table import Table

KINDS = ("number", "boolean", "date", "category")
"""Kinds of features."""

SCHEMA: Schema = {
    "features": [
        {
            "number": Integer(1, 2**31 - 1),
            "name": (str, None),
            "kind": Text(choices=KINDS),
            "form": Text(100),
            "categories": [str],
        }
    ],
    "target": Integer(1, 2**31 - 1),
    "name": (str, None),
    "width": Integer(1, 2**31 - 1),
    "header": bool,
    "regress": bool,
}
"""The fields of `Columns` in a checkpoint."""


@dataclass(frozen=True)
class Feature:
    """A column to predict from.

    number      its place in the training file, from 1
    name        from the header; None without a header
    kind        "number", "boolean" (1 for yes), "date" (days since 1970), or "category" (an index)
    form        format of the dates; of numbers with signs and separators, their decimal mark, and % after it
    categories  texts of the categories
    """

    number: int
    name: str | None
    kind: str = "number"
    form: str = ""
    categories: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Its name on one line, or "column 3" without a header."""
        return f"column {self.number}" if self.name is None else printable(self.name)


@dataclass(frozen=True)
class Columns:
    """The columns of the training table.

    features  the columns to predict from, in the order of the raw examples
    target    number of the column to predict, from 1
    name      its name; None without a header
    width     number of all columns
    header    whether they have names
    regress   whether numbers are predicted, not classes
    """

    features: tuple[Feature, ...]
    target: int
    name: str | None
    width: int
    header: bool
    regress: bool = False

    @property
    def title(self) -> str:
        """The column to predict: "column 'price'", or "column 3" without a header."""
        return f"column {self.target}" if self.name is None else f"column {printable(self.name)!r}"

    def to_dict(self) -> dict[str, Any]:
        """Plain fields for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Columns:
        """The inverse of `to_dict`. Raises DataError or CheckpointError for invalid fields."""
        from nn_core.tables.cells import DATES, TIMES

        check_json(fields, SCHEMA, source="columns")
        features = tuple(
            Feature(**{**feature, "categories": tuple(feature["categories"])}) for feature in fields["features"]
        )
        found = cls(**{**fields, "features": features})
        dates = {date + time for date in DATES for time in TIMES}
        places = [*(feature.number for feature in features), found.target]
        named = [feature.name is not None for feature in features]
        if (
            len({*places}) != len(places)
            or max(places) > found.width
            or named != [found.header] * max(1, len(features))
            or any(feature.kind == "date" and feature.form not in dates for feature in features)
        ):
            raise CheckpointError("columns must have different numbers, known dates, and names under a header")
        return found

    @classmethod
    def unnamed(cls, count: int, *, regress: bool = False) -> Columns:
        """Columns of numbers without names, and a label after them: what a model without columns expects."""
        return cls(
            tuple(Feature(i + 1, None) for i in range(count)), count + 1, None, count + 1, header=False, regress=regress
        )


@dataclass(frozen=True)
class Match:
    """Where the columns of a model are in a table.

    features  indices, in the order of the model
    target    index of the column to predict; None if the table lacks it
    ignored   indices of the others
    """

    features: tuple[int, ...]
    target: int | None
    ignored: tuple[int, ...]


def match(columns: Columns, table: Table, notes: list[str]) -> Match:
    """The columns of a model in a table: by name if both have a header, otherwise by position.

    notes  where remarks are added
    Raises DataError for a column that is missing, or another number of columns.
    """
    if columns.header and table.names is not None:
        places = _by_name(columns, table)
        target = _find(columns.name, table.names)
    else:
        places, target = _by_place(columns, table)
        names = first_few([feature.label for feature in columns.features], 8)
        in_order = places == tuple(range(len(places)))
        if table.names is not None:
            notes.append(_first_line(columns, table, places))
        elif columns.header and in_order:
            notes.append(f"no header; columns are taken in the order of the training data: {names}")
        elif columns.header or (target is None and not in_order):
            taken = first_few([str(place + 1) for place in places], 8)
            notes.append(f"no header; columns {taken} are taken as {names} of the training data")
    ignored = tuple(i for i in range(len(table.columns)) if i not in places and i != target)
    return Match(places, target, ignored)


def _first_line(columns: Columns, table: Table, places: Sequence[int]) -> str:
    """A remark on a header where the training table had none.

    Raises DataError if it may be a row, with categories of the model.
    """
    from nn_core.tables.cells import number

    names = table.names or ()
    cells = [(feature, names[i]) for feature, i in zip(columns.features, places, strict=True)]
    shown = first_few([printable(cell) for _, cell in cells], 8)
    if any(feature.kind == "number" and number(cell) is None for feature, cell in cells):
        return f"the model has no names of columns, so they are taken by place: {shown}"
    if any(cell in feature.categories for feature, cell in cells):
        raise DataError(
            f"{table.name}: the first line ({shown}) may be a row or the names of the columns;"
            " write a line of names above it"
        )
    return f"the first line is taken as the names of the columns, not as a row: {shown}"


def _by_name(columns: Columns, table: Table) -> tuple[int, ...]:
    names = table.names or ()
    found = [(feature, _find(feature.name, names)) for feature in columns.features]
    missing = [str(feature.name) for feature, place in found if place is None]
    if missing:
        one = len(missing) == 1
        shown = first_few(list(map(repr, missing)))
        raise DataError(
            f"{table.name} has no column{'' if one else 's'} {shown} that the model was trained on;"
            f" {listing(list(names), 'columns')}"
        )
    return tuple(place for _, place in found if place is not None)


def _find(name: str | None, names: Sequence[str]) -> int | None:
    if name is None:
        return None
    if name in names:
        return names.index(name)
    folded = [other.casefold() for other in names]
    return folded.index(name.casefold()) if folded.count(name.casefold()) == 1 else None


def places_in(columns: Columns, names: tuple[str, ...] | None, width: int) -> list[int | None]:
    """The indices in a table of the features of a model and of its target, as far as the table has them."""
    if columns.header and names is not None:
        return [_find(name, names) for name in (*(feature.name for feature in columns.features), columns.name)]
    found = _places(columns, width)
    return [None] * (len(columns.features) + 1) if found is None else [*found[0], found[1]]


def _by_place(columns: Columns, table: Table) -> tuple[tuple[int, ...], int | None]:
    found = _places(columns, len(table.columns))
    if found is None:
        raise DataError(
            f"the model was trained on {describe_shape((len(columns.features),))};"
            f" {table.name} has {len(table.columns)} (line {table.line_of(0)})"
        )
    return found


def _places(columns: Columns, width: int) -> tuple[tuple[int, ...], int | None] | None:
    """Indices of the features and of the target in a table of this width; None if it is of another one."""
    numbers = [feature.number for feature in columns.features]
    if width == columns.width:
        return tuple(number - 1 for number in numbers), columns.target - 1
    if width == columns.width - 1:
        return tuple(number - 1 - (number > columns.target) for number in numbers), None
    if width == len(numbers):
        return tuple(range(width)), None
    return None
