"""Folds of cross-validation, such as "2/5"."""

import re

from nn_core.errors import SettingError


def parse_fold(text: str) -> tuple[int, int]:
    """The fold number and count in a text such as "2/5". Raises SettingError if it is invalid."""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    number, folds = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= folds >= 2:
        raise SettingError(f"a fold is K/N, e.g. 2/5 for the second of five, not {text!r}")
    return number, folds
