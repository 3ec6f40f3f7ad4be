"""The label column of a table as classes."""

import numpy as np

from deep_nn.datasets.features import Values, first_row, folded, spelled_alike, spellings
from deep_nn.datasets.target import is_whole, not_a_class
from nn_core.arrays import Labels
from nn_core.cli.labels import in_order, integer
from nn_core.errors import DataError
from nn_core.tables.cells import is_missing, number, quoted
from nn_core.tables.table import Column, Table

MAX_LABEL_LENGTH = 100


def class_labels(table: Table, column: Column, *, merge_case: bool, notes: list[str]) -> tuple[Labels, tuple[str, ...]]:
    """Labels (N,) as indices into class names, -1 where missing, and the names in order.

    ".0" is dropped from integers, so that "1.0" and "1" are the same class. With `merge_case`, so are names that
    differ in case or spaces only; without it, they are remarked on.
    Raises DataError, naming the line, for a label that is too long or not whole.
    """
    if column.numbers is not None:
        return _whole_labels(table, column, column.numbers)
    texts = [text for text in column.texts if not is_missing(text)]
    for text in texts:
        _check(table, column, text)
    name_of = {text: integer(text) or text for text in texts}
    if merge_case:
        spelled = spellings(column, texts, merge_case=True)
        name_of = {text: name_of[spelled[text]] for text in texts}
    else:
        for group in spelled_alike(texts):
            if len({name_of[text] for text in group}) > 1:
                shown = f"{', '.join(map(_shown, group[:-1]))} and {_shown(group[-1])}"
                notes.append(f"{column.title} has {shown}; --merge-case makes them one class")
    names = in_order(set(name_of.values()))
    position = {name: i for i, name in enumerate(names)}
    of_code = np.array([position[name_of[text]] if text in name_of else -1 for text in column.texts], np.int64)
    return of_code[column.codes], tuple(names)


def spelled_as(names: tuple[str, ...], classes: tuple[str, ...]) -> tuple[str, ...]:
    """Names in the spelling of the classes of a model that differ in case or spaces only."""
    of_folded = {folded(name): name for name in classes}
    return tuple(of_folded.get(folded(name), name) for name in names)


def places_of_classes(column: Column, names: tuple[str, ...], classes: tuple[str, ...]) -> list[str]:
    """A remark if the labels are numbers, which `match_classes` takes as places of the classes of a model, from 0."""
    if not all(map(integer, names)) or any(map(integer, classes)) or not classes:
        return []
    taken = [f"{int(name)} as {quoted(classes[int(name)])}" for name in names if 0 <= int(name) < len(classes)]
    return [f"{column.title} holds numbers, taken as the classes of the model in order: {', '.join(taken[:5])}"]


def _whole_labels(table: Table, column: Column, values: Values) -> tuple[Labels, tuple[str, ...]]:
    if not is_whole(values):
        raise DataError(not_a_class(table, column, values))
    present, inverse = np.unique(values, return_inverse=True)
    held = present[~np.isnan(present)]
    if held.size and np.abs(held).max() >= 2**53:
        raise DataError(f"{table.name}: {column.title}: labels of more than 15 digits cannot be told apart")
    y = inverse.astype(np.int64)
    y[np.isnan(values)] = -1
    return y, tuple(str(int(value)) for value in held)


def _check(table: Table, column: Column, text: str) -> None:
    if len(text) > MAX_LABEL_LENGTH:
        problem = f"is longer than {MAX_LABEL_LENGTH} characters"
    elif integer(text) is None and not np.isnan(number(text) or np.nan):  # "None" is a class
        problem = "is not a class: it is not a whole number"
    else:
        return
    row = first_row(column, column.texts.index(text))
    raise DataError(f"{table.place(row, column)}: label {quoted(text)} {problem}")


def _shown(text: str) -> str:
    return text if text.isprintable() and text == " ".join(text.split()) else repr(text)
