"""JSON from untrusted files: parsed within bounds, and validated against a schema."""

import json
from pathlib import Path
from typing import Any

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.printable import printable
from nn_core.storage.json_schema import Schema as Schema  # noqa: PLC0414
from nn_core.storage.json_schema import check_json as check_json  # noqa: PLC0414
from nn_core.storage.text import read_text

MAX_DEPTH = 64
"""Lists and objects within each other."""
MAX_DIGITS = 40
"""Digits of an integer; seeds may have more than 64 bits."""
_BYTES_PER_ITEM = 120
"""Memory of an item of a list, at most, besides its text: an empty object in a list takes two characters."""


def read_json(path: Path, schema: Schema) -> Any:
    """Read a JSON file. Raises DataError, naming the file and the location in it."""
    return parse_json(read_text(path, kind="a JSON file in UTF-8"), schema, source=printable(path))


def parse_json(text: str | bytes, schema: Schema, *, source: str, nan_is_null: bool = False) -> Any:
    """Parse a JSON text strictly: NaN, duplicate keys and deep nesting are errors.

    source       name of the source, for messages
    nan_is_null  read NaN as null
    Raises DataError if it is not JSON, or does not match the schema; and before it is parsed, if that
    would need too much memory.
    """
    constant = _nan_as_null if nan_is_null else _no_constant
    try:
        if isinstance(text, bytes):
            text = text.decode()
        items = text.count(",") + text.count("[") + text.count("{")
        require_memory(len(text) + _BYTES_PER_ITEM * items, f"{source} (JSON)")
        _check_depth(text)
        value = json.loads(text, parse_constant=constant, parse_int=_integer, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is not JSON: {printable(' '.join(str(error).split()))}") from None
    check_json(value, schema, source=source)
    return value


def _check_depth(text: str) -> None:
    """Raise ValueError for a text that is nested too deeply, before the parser follows it."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    import numpy as np

    codes = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    brackets = codes[(codes | 0x20 == ord("{")) | (codes | 0x20 == ord("}"))]  # 0x20 makes { of [, and } of ]
    steps = np.where(brackets | 0x20 == ord("{"), 1, -1)
    if np.cumsum(steps).max() > MAX_DEPTH and _depth_without_texts(text) > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")


def _depth_without_texts(text: str) -> int:
    """The depth of lists and objects, not counting brackets within texts."""
    import re

    depth = deepest = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text, re.DOTALL):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
        if deepest > MAX_DEPTH:
            break
    return deepest


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _nan_as_null(name: str) -> None:
    if name != "NaN":
        _no_constant(name)


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"an integer of {len(digits):,} digits")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate key in an object")
    return found
