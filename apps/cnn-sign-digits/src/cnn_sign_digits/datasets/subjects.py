"""The subject of each photo, so that no subject is in both the training and validation set."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nn_core.arrays import Labels
from nn_core.errors import DataError, SettingError
from nn_core.storage.files import printable
from nn_core.storage.text import read_csv

NUMBERED = re.compile(r"(\d)/IMG_(\d{1,9})\.jpe?g", re.IGNORECASE)
"""Names of the photos in the fetched set: `<digit>/IMG_<number>.JPG`."""

MIN_DROP = 6
"""A digit lower than the last one by this much starts a new subject."""
MIN_GAP = 100
"""So does a gap of this many numbers."""
MIN_DIGITS = 5
"""A group with fewer different digits may belong to either neighbor."""


def find_subjects(paths: Sequence[str], group: str | None, source: str) -> Labels | None:
    """The subject of each photo as a number, or None if unknown.

    paths   paths of the photos within their folder, separated by `/`
    group   a regular expression to search for in each path, whose first group is the subject; or a
            .csv file with the columns file and group; None: if all photos are named as in the
            fetched set, subjects are inferred from the numbers, unless all photos would have the same one
    source  the folder, for messages
    Raises SettingError for an invalid expression, DataError for a photo without a subject or a
    file that cannot be read.
    """
    if group is None:
        found = [NUMBERED.fullmatch(path) for path in paths]
        stated = [(int(match[2]), int(match[1])) for match in found if match]
        if len(stated) < len(paths):
            return None
        subjects = subjects_by_number(stated)
        return subjects if subjects.any() else None
    if group.lower().endswith(".csv"):
        names = _from_csv(paths, Path(group), source)
    else:
        names = _from_pattern(paths, group, source)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def subjects_by_number(photos: Sequence[tuple[int, int]]) -> Labels:
    """Divide photos taken in sequence into subjects.

    photos  (number, digit) of each, in any order
    Returns the index of each photo's subject, in the order of the numbers.

    In the fetched set each subject signs 0, 1, 2, ... 9, followed by the next subject. So a new
    subject starts where the digit drops, usually from 9 to 0. There are exceptions: a digit is
    missing or repeated, two are swapped (7, 9, 8 or 1, 0, 2), a 5 comes before the 0. Splitting one
    subject in two could put the same hand in both sets and must be avoided; merging two subjects is
    harmless. So

    - the digit must drop by MIN_DROP or more: at least from 9 to 3, 8 to 2, 7 to 1, 6 to 0, which
      no swap of neighbors does;
    - if the digit of a group's first photo occurs in the group again, that photo may be a
      repetition by the previous subject: the group is merged with the previous one;
    - a group with fewer than MIN_DIGITS different digits may be a second try of either neighbor,
      and is merged with both;
    - after a gap of MIN_GAP numbers or more, the photos are from another day, of other subjects.
    """
    order = sorted(range(len(photos)), key=lambda i: photos[i])
    runs: list[list[int]] = []
    previous = (-MIN_GAP - 1, 0)
    for i in order:
        number, digit = photos[i]
        paused = number - previous[0] > MIN_GAP
        if paused or not runs or previous[1] - digit >= MIN_DROP:
            runs.append([])
        runs[-1].append(i)
        previous = photos[i]
    subject = np.empty(len(photos), np.int64)
    current, last, open_ended = -1, -MIN_GAP - 1, False
    for run in runs:
        digits = [photos[i][1] for i in run]
        few = len(set(digits)) < MIN_DIGITS
        paused = photos[run[0]][0] - last > MIN_GAP
        if paused or not (few or open_ended or digits[0] in digits[1:]):
            current += 1
        subject[run] = current
        last, open_ended = photos[run[-1]][0], few
    return subject


def _from_pattern(paths: Sequence[str], pattern: str, source: str) -> list[str]:
    try:
        expression = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SettingError(f"--group: {pattern!r} is not a regular expression: {error}") from None
    if expression.groups == 0:
        raise SettingError(
            f"--group: {pattern!r} needs a parenthesized group for the subject,"
            r" e.g. 'person(\d+)'"
        )
    names = []
    for path in paths:
        match = expression.search(path)
        if match is None or match[1] is None:
            raise DataError(f"{source}: --group {pattern!r} does not match {printable(path)!r}")
        names.append(match[1])
    return names


def _from_csv(paths: Sequence[str], table: Path, source: str) -> list[str]:
    group_of: dict[str, str] = {}
    for line, cells in read_csv(table):
        where = f"{printable(table)}, line {line}"
        if len(cells) != 2 or not all(cells):
            raise DataError(f"{where}: expected a file and its group, found {printable(cells)}")
        photo = Path(cells[0]).as_posix()
        if group_of.setdefault(photo, cells[1]) != cells[1]:
            raise DataError(f"{where}: {printable(cells[0])!r} is in two groups")
    missing = next((path for path in paths if path not in group_of), None)
    if missing is not None:
        raise DataError(f"{printable(table)} has no group for {printable(missing)!r} of {source}")
    return [group_of[path] for path in paths]
