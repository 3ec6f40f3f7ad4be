"""The value of a cell of a table: a number, a missing value, a date, a boolean."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from nn_core.errors import DataError

MISSING = frozenset({"", "?", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "-"})
"""Texts, in lower case, of a cell without a value."""

MISSING_NUMBER = MISSING | {"none", "--", ".", "missing", "#div/0!", "#value!"}
"""Texts, in lower case, of a missing number."""

TRUTH = {
    "true": 1.0,
    "false": 0.0,
    "yes": 1.0,
    "no": 0.0,
    "t": 1.0,
    "f": 0.0,
    "y": 1.0,
    "n": 0.0,
    "on": 1.0,
    "off": 0.0,
}
"""Booleans, in lower case."""

DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y",
    "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
"""Formats of dates, each alone or followed by a time."""

TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CURRENCY = "$€£¥₹"
_DRESSED = re.compile(rf"(?P<sign>[+-]?)[{_CURRENCY}]?\s*(?P<inner>[+-]?[\d.,'\s]*\d[\d.,]*)\s*[{_CURRENCY}%]?")
_LOSS = re.compile(rf"\((?P<inner>[{_CURRENCY}].*|.*[{_CURRENCY}])\)")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?P<mark>[,'\s])\d{3}((?P=mark)\d{3})*(\.\d*)?")
_GROUPED_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(?P<mark>[.'\s])\d{3}((?P=mark)\d{3})*(,\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d*")
_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


def number(cell: str) -> float | None:
    """The number in a cell, possibly infinite; NaN for a missing one; None for other text."""
    if cell.lower() in MISSING_NUMBER:
        return math.nan
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def composed(cell: str) -> str:
    """A text with accents as one character each (NFC), so that those that look the same are the same."""
    return cell if cell.isascii() else unicodedata.normalize("NFC", cell)


def is_missing(cell: str) -> bool:
    """Whether a text stands for a missing value."""
    return cell.lower() in MISSING


def in_cases(texts: Iterable[str]) -> set[str]:
    """Texts in lower case, with the same in capitals and capitalized."""
    return {spelled for text in texts for spelled in (text, text.upper(), text.capitalize())}


def mark_missing(lines: list[str], delimiter: str) -> list[str] | None:
    """Lines without quotes, in which each missing cell is "nan"; None if one has nothing but delimiters."""
    blank = f"{delimiter} \t"
    if any(line[:1] in blank and line and not line.strip(blank) for line in lines):
        return None
    text = "\n".join(["", *lines, ""])
    filled = f"{delimiter}nan{delimiter}"
    for cell in sorted(in_cases(MISSING) - {"nan"}):
        if cell[:1] not in text:
            continue
        within = f"{delimiter}{cell}{delimiter}"
        while within in text:
            text = text.replace(within, filled)
        text = text.replace(f"\n{cell}{delimiter}", f"\nnan{delimiter}")
        text = text.replace(f"{delimiter}{cell}\n", f"{delimiter}nan\n")
    return text[1:-1].split("\n")


def quoted(cell: str) -> str:
    """A cell in messages, shortened."""
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")


def dressed_number(cell: str, *, decimal_comma: bool = False) -> float | None:
    """The number in a cell with separators of thousands, a percent sign or a currency sign.

    "1,234.5", "$1 200", "45%" (45), "($3)" (-3, but "(3)" is none). With `decimal_comma`, "1.234,5". None for
    other text.
    """
    cell = cell.strip().replace("\u2212", "-", 1)  # the minus sign of typesetting
    loss = _LOSS.fullmatch(cell)
    if loss is not None:
        value = dressed_number(loss["inner"], decimal_comma=decimal_comma)
        return None if value is None else -value
    found = _DRESSED.fullmatch(cell)
    if found is None:
        return None
    inner = found["inner"].strip()
    grouped = _GROUPED_COMMA if decimal_comma else _GROUPED
    match = grouped.fullmatch(inner)
    if match is not None:
        inner = inner.replace(match["mark"], "")
    if decimal_comma:
        inner = inner.replace(",", ".")
    if not _PLAIN.fullmatch(inner):
        return None
    value = float(inner)
    return -value if found["sign"] == "-" else value


def has_decimal_comma(cell: str) -> bool:
    """Whether a cell is a number with a decimal comma, such as "1,5"."""
    return _DECIMAL_COMMA.fullmatch(cell) is not None


def is_grouped(cell: str) -> bool:
    """Whether a point may separate thousands in a cell: "87.429", "2.432,47"."""
    return _GROUPED_COMMA.fullmatch(cell) is not None and "." in cell


def date_format(texts: Sequence[str]) -> str | None:
    """The format of dates that all texts have; None if they are not dates.

    Raises DataError, quoting a text, if day and month could be either way round.
    """
    if not texts or not any(mark in texts[0] for mark in "-/. ") or not texts[0].strip()[-1:].isalnum():
        return None
    fitting = [form for form in _formats(texts[0]) if _fits(texts, form)]
    if len(fitting) > 1 and days(texts, fitting[0]) != days(texts, fitting[1]):
        raise DataError(f"{texts[0]!r} may be day/month or month/day; write dates as 2024-01-31")
    return fitting[0] if fitting else None


def days(texts: Iterable[str], form: str) -> list[float]:
    """Days since 1970-01-01 of texts in a format. Raises ValueError for another text."""
    return [_day(text, form) for text in texts]


def _formats(text: str) -> list[str]:
    return [date + time for date in DATES for time in TIMES if _fits([text], date + time)]


def _fits(texts: Iterable[str], form: str) -> bool:
    try:
        days(texts, form)
    except ValueError:
        return False
    return True


def _day(text: str, form: str) -> float:
    zone = _ZONE.search(text) if "%H" in form else None
    plain = (text[: zone.start()] if zone else text).replace("T", " ", 1) if "%H" in form else text
    moment = datetime.strptime(plain.strip(), form).replace(tzinfo=UTC)
    offset = 0.0
    if zone is not None and zone[0] != "Z":
        hours, minutes = int(zone[0][1:3]), int(zone[0][-2:])
        offset = (hours * 60 + minutes) * (1 if zone[0][0] == "+" else -1)
    return moment.timestamp() / 86400 - offset / 1440
