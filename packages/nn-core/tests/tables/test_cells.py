"""Numbers, dates and missing values as people write them."""

import math

import pytest

from nn_core.errors import DataError
from nn_core.tables.cells import date_format, days, dressed_number, number


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", 1), ("-2.5e3", -2500), ("+.5", 0.5), ("1e999", math.inf), ("x", None), ("1_000", None), ("1,5", None)],
)
def test_numbers(cell: str, value: float | None) -> None:
    assert number(cell) == value


@pytest.mark.parametrize("cell", ["", "?", "NA", "NaN", "nan", "null", "N/A", "-", "None"])
def test_missing_numbers(cell: str) -> None:
    found = number(cell)
    assert found is not None
    assert math.isnan(found)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234", 1234),
        ("1,234,567.5", 1234567.5),
        ("$1,200", 1200),
        ("-$1,200.50", -1200.5),
        ("45%", 45),
        ("12 €", 12),
        ("1 234", 1234),
        ("1'234.5", 1234.5),
        ("7", 7),
        ("($1,164.93)", -1164.93),
        ("(3)", None),
        ("0,492", None),
        ("1,23", None),
        ("\u22121.5", -1.5),
        ("12,34,567", None),
        ("1.234.567", None),
        ("5kg", None),
        ("3+", None),
        ("10-20", None),
        ("", None),
    ],
)
def test_dressed_numbers(cell: str, value: float | None) -> None:
    assert dressed_number(cell) == value


@pytest.mark.parametrize(("cell", "value"), [("1.234,5", 1234.5), ("€ 1.200", 1200), ("1,5 %", 1.5), ("1,234.5", None)])
def test_dressed_numbers_with_decimal_commas(cell: str, value: float | None) -> None:
    assert dressed_number(cell, decimal_comma=True) == value


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1970-01-02", "1969-12-31"], [1, -1]),
        (["1970-01-02 12:00", "1970-01-03 06:00"], [1.5, 2.25]),
        (["1970-01-02T12:00:00Z", "1970-01-02T12:00:00+06:00"], [1.5, 1.25]),
        (["02.01.1970", "13.01.1970"], [1, 12]),
        (["01/02/1970", "01/13/1970"], [1, 12]),
        (["02/01/1970", "13/01/1970"], [1, 12]),
        (["01/01/1970", "02/02/1970"], [0, 32]),
        (["2 Jan 1970"], [1]),
    ],
)
def test_dates_are_days(texts: list[str], expected: list[float]) -> None:
    form = date_format(texts)
    assert form is not None
    assert days(texts, form) == pytest.approx(expected)


@pytest.mark.parametrize("texts", [[], ["red"], ["1970-01-02", "soon"], ["2024-13-13"], ["10-20"], ["1.5.2"]])
def test_texts_that_are_not_dates(texts: list[str]) -> None:
    assert date_format(texts) is None


def test_ambiguous_day_and_month() -> None:
    with pytest.raises(DataError, match="'01/02/1970' may be day/month or month/day"):
        date_format(["01/02/1970", "03/04/1970"])
