"""How to read a table: which column to predict, from which others, and what to do about missing values."""

from dataclasses import dataclass

from nn_core.errors import SettingError

MISSING_MODES = ("error", "drop", "mean")
TASKS = ("auto", "classify", "regress")


@dataclass(frozen=True)
class TableOptions:
    """The options of a command line that say how to read a table.

    target      name or number (from 1) of the column to predict; None: a known name, or the last
    drop        names or numbers of columns to leave out, separated by commas
    columns     names or numbers of the columns to predict from; None: all others
    missing     "error", "drop" (rows with missing values), or "mean" (fill them in)
    merge_case  whether texts that differ in case or spaces only are one
    task        "auto", "classify" or "regress"
    """

    target: str | None = None
    drop: str | None = None
    columns: str | None = None
    missing: str = "error"
    merge_case: bool = False
    task: str = "auto"

    @property
    def names_given(self) -> list[str]:
        """The options, other than `--task`, that are not at their defaults."""
        given = [name for name in ("target", "drop", "columns") if getattr(self, name) is not None]
        given += ["missing"] * (self.missing != "error") + ["merge-case"] * self.merge_case
        return [f"--{name}" for name in given]


DEFAULTS = TableOptions()
"""Refuse missing values, and find the rest out."""


def split_names(text: str, option: str) -> list[str]:
    """The names in a comma-separated list; quotation marks protect commas.

    Raises SettingError, naming the option, for an empty item.
    """
    import csv

    try:
        names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    except csv.Error:
        raise SettingError(f"{option} {text!r} has a line break, which needs quotation marks around the name") from None
    if not names or "" in names:
        raise SettingError(f"{option} {text!r} has an empty item")
    return names
