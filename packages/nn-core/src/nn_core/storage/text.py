"""Text and CSV files in UTF-8."""

from pathlib import Path
from typing import NamedTuple

from nn_core.errors import DataError
from nn_core.storage.files import check_bytes, check_file, decoding_errors, printable

MAX_TEXT_BYTES = 1024**3
"""Maximum size of a text file: 1 GiB."""


class Row(NamedTuple):
    """The stripped cells of a CSV row, and its last line number, counted from 1."""

    line: int
    cells: list[str]


def read_text(path: Path, *, kind: str = "a text in UTF-8") -> str:
    """Read a text file, normalizing line endings to newlines.

    kind  expected file type, for messages
    Raises DataError if it is missing, blank, too large or not UTF-8.
    """
    check_file(path)
    with decoding_errors(path, kind):
        check_bytes(path.stat().st_size, printable(path), MAX_TEXT_BYTES)
        text = path.read_bytes().decode("utf-8-sig")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError(f"{printable(path)} is empty: it has only blank lines")
    return text


def read_csv(path: Path) -> list[Row]:
    """The nonblank rows of a CSV file, at least one.

    Raises DataError if it is missing, blank, too large, not UTF-8 or not CSV.
    """
    import csv

    check_file(path)
    with decoding_errors(path, "a CSV file in UTF-8"), path.open(encoding="utf-8-sig", newline="") as file:
        check_bytes(path.stat().st_size, printable(path), MAX_TEXT_BYTES)
        reader = csv.reader(file, strict=True)
        rows = [
            Row(reader.line_num, [cell.strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    if not rows:
        raise DataError(f"{printable(path)} is empty: it has only blank lines")
    return rows
