"""Who is on a photo: photos of one person must not stand on both sides of a split."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nn_core.arrays import Labels
from nn_core.errors import DataError, SettingError
from nn_core.storage.files import check_file, decoding_errors, printable

NUMBERED = re.compile(r"(\d)/IMG_(\d{1,9})\.jpe?g", re.IGNORECASE)
"""How the photos of the fetched set are called: `<digit>/IMG_<number>.JPG`."""

FALL = 6
"""A digit that is smaller by so much begins another person."""
PAUSE = 100
"""So many numbers without a photo do, too."""
FEW = 5
"""Of fewer different digits than these nobody can say whose they are."""


def people(paths: Sequence[str], group: str | None, source: str) -> Labels | None:
    """A number for the person on each photo, or None if nothing tells who that is.

    paths   of the photos in their folder, with `/` between names
    group   a regular expression, searched for in each path: its first parentheses hold the
            person; or a .csv file with the columns file and group; None: if all are called
            as in the fetched set, people are told by the numbers
    source  for the message
    Raises SettingError for an expression that is none, DataError for a photo without a person
    or a file that cannot be read.
    """
    if group is None:
        found = [NUMBERED.fullmatch(path) for path in paths]
        stated = [(int(match[2]), int(match[1])) for match in found if match]
        return people_by_number(stated) if len(stated) == len(paths) else None
    if group.lower().endswith(".csv"):
        names = _from_csv(paths, Path(group), source)
    else:
        names = _from_pattern(paths, group, source)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def people_by_number(photos: Sequence[tuple[int, int]]) -> Labels:
    """Cut photos that were taken one after the other into people.

    photos  (number, digit) of each, in any order
    Returns the position of each photo's person in the order of the numbers.

    In the fetched set everybody shows 0, 1, 2, ... 9, and then it is the next one's turn. So
    another person begins where the digit falls, mostly from 9 to 0. But it is not always so
    neat: a digit is missing or comes twice, two are exchanged (7, 9, 8 or 1, 0, 2), a 5 comes
    before the 0. To divide one person in two would put the same hand on both sides of a
    split, and is to be avoided; to take two people for one does no harm. So

    - the digit must fall by FALL or more: from 9 to 3, 8 to 2, 7 to 1, 6 to 0 at least, as no
      exchange of neighbours does;
    - a first photo whose digit comes again within its group may be the person before, who
      repeats that digit: such a group stays with the one before it;
    - a group of fewer than five different digits may be a second try of either neighbour, and
      stays with both;
    - where PAUSE or more numbers are missing, the photos are of another day, and of others.
    """
    order = sorted(range(len(photos)), key=lambda i: photos[i])
    runs: list[list[int]] = []
    previous = (-PAUSE - 1, 0)
    for i in order:
        number, digit = photos[i]
        paused = number - previous[0] > PAUSE
        if paused or not runs or previous[1] - digit >= FALL:
            runs.append([])
        runs[-1].append(i)
        previous = photos[i]
    person = np.empty(len(photos), np.int64)
    current, last, open_ended = -1, -PAUSE - 1, False
    for run in runs:
        digits = [photos[i][1] for i in run]
        few = len(set(digits)) < FEW
        paused = photos[run[0]][0] - last > PAUSE
        if paused or not (few or open_ended or digits[0] in digits[1:]):
            current += 1
        person[run] = current
        last, open_ended = photos[run[-1]][0], few
    return person


def _from_pattern(paths: Sequence[str], pattern: str, source: str) -> list[str]:
    try:
        expression = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SettingError(f"--group: {pattern!r} is not a regular expression: {error}") from None
    if expression.groups == 0:
        raise SettingError(
            f"--group: {pattern!r} has no parentheses around what names the person;"
            r" for example 'person(\d+)'"
        )
    names = []
    for path in paths:
        match = expression.search(path)
        if match is None or match[1] is None:
            raise DataError(f"{source}: --group {pattern!r} finds nobody in {printable(path)!r}")
        names.append(match[1])
    return names


def _from_csv(paths: Sequence[str], table: Path, source: str) -> list[str]:
    check_file(table)
    group_of: dict[str, str] = {}
    with (
        decoding_errors(table, "a CSV file in UTF-8"),
        table.open(encoding="utf-8-sig", newline="") as file,
    ):
        reader = csv.reader(file, strict=True)
        for row in reader:
            cells = [cell.strip() for cell in row]
            where = f"{printable(table)}, line {reader.line_num}"
            if not any(cells):
                continue
            if len(cells) != 2 or not all(cells):
                raise DataError(f"{where}: a row is a file and its group, not {printable(row)}")
            photo = Path(cells[0]).as_posix()
            if group_of.setdefault(photo, cells[1]) != cells[1]:
                raise DataError(f"{where}: {printable(cells[0])!r} is in two groups")
    missing = next((path for path in paths if path not in group_of), None)
    if missing is not None:
        raise DataError(f"{printable(table)} has no group for {printable(missing)!r} of {source}")
    return [group_of[path] for path in paths]
