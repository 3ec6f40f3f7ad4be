"""One column of a table as numbers: numbers, booleans, dates in days, or category codes."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from deep_nn.datasets.columns import Feature
from nn_core.errors import DataError
from nn_core.tables.cells import (
    MISSING_NUMBER,
    TRUTH,
    date_format,
    days,
    dressed_number,
    has_decimal_comma,
    is_grouped,
    is_missing,
    number,
    quoted,
)
from nn_core.tables.table import Column, Table

Values = npt.NDArray[np.float64]

UNSEEN = -1.0
"""Code of a category that the training data lack."""

PERCENT = "%"
MAX_CATEGORIES = 100


class TooManyCategoriesError(DataError):
    """A column of text with a different text in too many rows."""


def interpret(table: Table, column: Column, *, merge_case: bool, notes: list[str]) -> tuple[Feature, Values]:
    """A column of the training data as a feature, and its values (N,), NaN where missing.

    notes  where remarks on it are added
    Raises DataError, naming the line, for numbers with text among them, TooManyCategoriesError for a column
    of text that holds no categories.
    """
    if column.numbers is not None:
        return Feature(column.number, column.name), column.numbers
    texts = [text for text in column.texts if not is_missing(text)]
    if texts and all(text.lower() in TRUTH for text in texts):
        feature = Feature(column.number, column.name, "boolean")
    elif (mark := decimal_mark(texts, comma_first=table.decimal_comma)) is not None:
        percent = PERCENT if _are_percentages(table, column, texts) else ""
        feature = Feature(column.number, column.name, form=mark + percent)
    elif (form := _date_format(table, column, texts)) is not None:
        notes.append(f"{column.title} holds dates, read as days since 1970-01-01")
        feature = Feature(column.number, column.name, "date", form)
    else:
        _check_categories(table, column, texts, notes)
        names = spellings(column, texts, merge_case=merge_case)
        feature = Feature(column.number, column.name, "category", categories=tuple(dict.fromkeys(names.values())))
    values = encode(table, column, feature, merge_case=merge_case)
    if feature.kind == "number":
        notes.append(reading(column, values))
    return feature, values


def encode(table: Table, column: Column, feature: Feature, *, merge_case: bool) -> Values:
    """The values (N,) of a column as the feature of a model; UNSEEN for a category that it lacks.

    Raises DataError, naming the line and the text, for a cell of another kind.
    """
    if feature.kind == "category":
        return _category_codes(column, feature, merge_case)
    if column.numbers is not None:
        wrong = column.numbers[~np.isin(column.numbers, (0.0, 1.0)) & ~np.isnan(column.numbers)]
        if feature.kind == "date" and not np.isnan(column.numbers).all():
            raise DataError(f"{table.name}: {column.title} holds numbers; the model was trained on dates there")
        if feature.kind == "boolean" and wrong.size:
            raise DataError(f"{table.name}: {column.title} holds {wrong[0]:g}; the model was trained on booleans there")
        if feature.form.endswith(PERCENT) and np.nan_to_num(column.numbers).any():
            raise DataError(f"{table.name}: {column.title} has no % signs; the model was trained on percentages")
        return column.numbers
    parse: Callable[[str], float | None]
    if feature.kind == "boolean":
        parse, expected = (lambda text: TRUTH.get(text.lower())), "yes or no"
    elif feature.kind == "date":
        parse, expected = (lambda text: _day(text, feature.form)), f"a date like {days_example(feature.form)}"
    else:
        percent = _are_percentages(table, column, [text for text in column.texts if not is_missing(text)])
        if percent != feature.form.endswith(PERCENT):
            has, trained = ("has % signs", "numbers without") if percent else ("has no % signs", "percentages")
            raise DataError(f"{table.name}: {column.title} {has}; the model was trained on {trained}")
        parse, expected = (lambda text: _any_number(text, feature.form[:1])), "a number"
    return numeric(table, column, parse, expected)


def numeric(table: Table, column: Column, parse: Callable[[str], float | None], expected: str) -> Values:
    """The values of a column of text, by its distinct texts; NaN for missing ones.

    Raises DataError, naming the line, for a text that `parse` has no value for.
    """
    values = np.empty(len(column.texts))
    for code, text in enumerate(column.texts):
        value = np.nan if text.lower() in MISSING_NUMBER else parse(text)
        if value is None:
            row = first_row(column, code)
            raise DataError(f"{table.place(row, column)}: {quoted(text)} is not {expected}")
        values[code] = value
    return values[column.codes]


def reading(column: Column, values: Values) -> str:
    """A remark on numbers with signs or separators: one of them, and its value."""
    texts = [text for text in column.texts if not is_missing(text)]
    example = next((text for text in texts if number(text) is None or is_grouped(text)), texts[0])
    value = values[first_row(column, column.texts.index(example))]
    return f"{column.title}: {example!r} is read as {value:.12g}"


def decimal_mark(texts: Sequence[str], *, comma_first: bool = False) -> str | None:
    """The decimal mark of numbers with separators or signs, such as "$1,200"; None for other texts.

    comma_first  whether "1.200" is a thousand, as in a table with decimal commas
    """
    for mark in (",", ".") if comma_first else (".", ","):
        if texts and all(dressed_number(text, decimal_comma=mark == ",") is not None for text in texts):
            return mark
    return None


def spellings(column: Column, texts: Iterable[str], *, merge_case: bool) -> dict[str, str]:
    """Text -> the name of its category: itself, or the most frequent text that differs in case or spaces only."""
    texts = list(texts)
    if not merge_case:
        return {text: text for text in texts}
    counts = np.bincount(column.codes, minlength=len(column.texts))
    count_of = dict(zip(column.texts, counts.tolist(), strict=True))
    best: dict[str, str] = {}
    for text in sorted(texts, key=lambda text: -count_of[text]):
        best.setdefault(folded(text), text)
    return {text: best[folded(text)] for text in texts}


def folded(text: str) -> str:
    """A text without differences of case and spaces."""
    return " ".join(text.split()).casefold()


def spelled_alike(texts: Iterable[str]) -> list[list[str]]:
    """The groups of two or more texts that differ in case or spaces only."""
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(folded(text), []).append(text)
    return [group for group in groups.values() if len(group) > 1]


def _are_percentages(table: Table, column: Column, texts: Sequence[str]) -> bool:
    """Whether numbers are written with a percent sign. Raises DataError, naming the line, if only some are."""
    with_sign = [text for text in texts if text.endswith(PERCENT)]
    others = [text for text in texts if not text.endswith(PERCENT)]
    without = [text for text in others if dressed_number(text) or dressed_number(text, decimal_comma=True)]
    if with_sign and without:
        place = table.place(first_row(column, column.texts.index(without[0])), column)
        raise DataError(f"{place}: {quoted(without[0])} has no % sign, but {quoted(with_sign[0])} has one")
    return bool(with_sign)


def first_row(column: Column, code: int) -> int:
    """The first row with a text, by its index."""
    return int(np.argmax(column.codes == code))


def days_example(form: str) -> str:
    """A date in a format."""
    from datetime import UTC, datetime

    return datetime(2024, 1, 31, 18, 30, tzinfo=UTC).strftime(form)


def _category_codes(column: Column, feature: Feature, merge_case: bool) -> Values:
    key = folded if merge_case else str
    code_of = {key(name): float(code) for code, name in enumerate(feature.categories)}
    of_number = {number(name): code for name, code in code_of.items() if not np.isnan(number(name) or 0.0)}

    def code(text: str) -> float:
        if is_missing(text):
            return np.nan
        value = number(text)
        return code_of.get(key(text), UNSEEN if value is None else of_number.get(value, UNSEEN))

    return np.array([code(text) for text in column.texts], np.float64)[column.codes]


def _check_categories(table: Table, column: Column, texts: Sequence[str], notes: list[str]) -> None:
    """Raise DataError if the texts are numbers with mistakes among them, or too many."""
    counts = np.bincount(column.codes, minlength=len(column.texts))
    numbers = np.array([dressed_number(text) is not None for text in column.texts])
    others = np.array([not is_missing(text) for text in column.texts]) & ~numbers
    number_rows, other_rows = int(counts[numbers].sum()), int(counts[others].sum())
    few = len(texts) <= 20 and 5 * len(texts) <= len(table) and other_rows * 100 >= len(table)
    if number_rows >= max(1, other_rows) and not few:
        code = int(np.argmax(others))
        place = table.place(first_row(column, code), column)
        raise DataError(f"{place}: {quoted(column.texts[code])} is not a number")
    if number_rows and few:
        example = quoted(column.texts[int(np.argmax(others))])
        notes.append(f"{column.title} holds numbers and text ({example}), read as categories")
    commas = [text for text in texts if has_decimal_comma(text)]
    if commas and len(commas) * 2 >= len(texts):
        code = column.texts.index(commas[0])
        place = table.place(first_row(column, code), column)
        raise DataError(f"{place}: {quoted(commas[0])} is not a number")
    if len(texts) > MAX_CATEGORIES or (len(texts) > 20 and 2 * len(texts) > len(table)):
        raise TooManyCategoriesError(f"{column.key} ({len(texts):,} distinct texts, such as {quoted(texts[0])})")


def _date_format(table: Table, column: Column, texts: Sequence[str]) -> str | None:
    try:
        return date_format(texts)
    except DataError as error:
        raise DataError(f"{table.name}: {column.title}: {error}, or --drop {column.key}") from None


def _day(text: str, form: str) -> float | None:
    try:
        return days([text], form)[0]
    except ValueError:
        return None


def _any_number(text: str, mark: str) -> float | None:
    found = number(text) if mark != "," else None
    return found if found is not None else dressed_number(text, decimal_comma=mark == ",")
