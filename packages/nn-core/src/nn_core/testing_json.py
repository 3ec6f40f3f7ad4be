"""Damage to the JSON in a checkpoint, for tests: every value replaced by values of other types, signs and sizes."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nn_core.errors import CheckpointError
from nn_core.storage.json_file import parse_json

REPLACEMENTS: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**31, 2**63, 2**70, 1e308, 0.5, "", "x" * 5000, "\ud800", "$\\foo$", "a\x1b[2J"),
    *([], {}, [[]], [[[[1]]]], [None], {"a": 1}),
)
"""What takes the place of a value."""
JSON_PARTS = ("architecture", "details", "training/state")


def require_refused_or_loaded(path: Path, load: Callable[[Path], object], count: int | None = None) -> None:
    """Load a checkpoint with each of its JSON values replaced; raise AssertionError for more than a line.

    load   raises CheckpointError for a file that it refuses, and nothing else
    count  number of changes, drawn at random; None for all
    """
    cases = list(damaged_json(path))
    if count is not None:
        cases = random.Random(0).sample(cases, min(count, len(cases)))
    content = path.read_bytes()
    for name, text in cases:
        path.write_bytes(content)
        write_json(path, name, text)
        try:
            load(path)
        except CheckpointError as error:
            if "\n" in str(error) or len(str(error)) > 600:
                raise AssertionError(f"{name} {text[:200]}: {error}") from None
    path.write_bytes(content)


def damaged_json(path: Path) -> Iterator[tuple[str, str]]:
    """The name of a JSON text of a checkpoint, and that text with one value replaced or left out, for each value."""
    import h5py

    with h5py.File(path, "r") as file:
        parts = {name: parse_json(file[name].asstr()[()], Any, source=name) for name in JSON_PARTS if name in file}
    for name, value in parts.items():
        for place in _places(value):
            for replacement in REPLACEMENTS:
                yield name, json.dumps(_replaced(value, place, replacement))
            if place:
                yield name, json.dumps(_replaced(value, place, None, remove=True))


def write_json(path: Path, name: str, text: str) -> None:
    """Put another JSON text into a checkpoint, as a stranger may."""
    import h5py

    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = text


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Keys and indices of a value and what is in it; of a list, the first two."""
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _places(item, (*above, key))


def _replaced(value: Any, place: tuple[Any, ...], replacement: Any, *, remove: bool = False) -> Any:
    if not place:
        return replacement
    value = copy.deepcopy(value)
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    if remove:
        del holder[place[-1]]
    else:
        holder[place[-1]] = replacement
    return value
