"""JSON from untrusted files, validated against a schema."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from nn_core.errors import DataError
from nn_core.storage.text import read_text

Schema: TypeAlias = Any
"""What a value must be:

    int, float, str, bool, None  a value of that type; float takes integers too
    (int, None)                  one of several types
    [str]                        a list of such values
    {"name": str, "size?": int}  an object with these keys; a question mark marks optional keys
    {str: int}                   an object with any keys
    Any                          anything
"""

_WORDS = {
    int: "an integer", float: "a number", str: "text", bool: "true or false", None: "null"
}  # fmt: skip


def read_json(path: Path, schema: Schema) -> Any:
    """Read a JSON file. Raises DataError, naming the file and the location in it."""
    return parse_json(read_text(path, kind="a JSON file in UTF-8"), schema, source=str(path))


def parse_json(text: str | bytes, schema: Schema, *, source: str) -> Any:
    """Parse a JSON text strictly: NaN and duplicate keys are errors.

    source  name of the source, for messages
    Raises DataError if it is not JSON or does not match the schema.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is not JSON: {' '.join(str(error).split())}") from None
    check_json(value, schema, source=source)
    return value


def check_json(value: object, schema: Schema, *, source: str, where: str = "") -> None:
    """Raise DataError, naming the location, for a value that does not match the schema."""
    if schema is Any:
        return
    if isinstance(schema, dict):
        _check_object(value, schema, source, where)
    elif isinstance(schema, list):
        if not isinstance(value, list):
            raise _wrong(value, schema, source, where)
        for i, item in enumerate(value):
            check_json(item, schema[0], source=source, where=f"{where}[{i}]")
    elif not any(_is(value, kind) for kind in _kinds(schema)):
        raise _wrong(value, schema, source, where)


def _check_object(value: object, schema: Mapping[Any, Schema], source: str, where: str) -> None:
    if not isinstance(value, dict):
        raise _wrong(value, schema, source, where)
    if str in schema:
        for key, item in value.items():
            check_json(item, schema[str], source=source, where=f"{where}.{key}")
        return
    known = {key.removesuffix("?"): item for key, item in schema.items()}
    missing = [key for key in schema if not key.endswith("?") and key not in value]
    unknown = [key for key in value if key not in known]
    place = f" in {where.lstrip('.')}" if where else ""
    if missing or unknown:
        what = f"{missing[0]!r} is missing" if missing else f"unknown key {unknown[0]!r}"
        raise DataError(f"{source}: {what}{place}")
    for key, item in value.items():
        check_json(item, known[key], source=source, where=f"{where}.{key}")


def _kinds(schema: Schema) -> tuple[Schema, ...]:
    return schema if isinstance(schema, tuple) else (schema,)


def _is(value: object, kind: Schema) -> bool:
    if isinstance(kind, (dict, list)):
        try:
            check_json(value, kind, source="")
        except DataError:
            return False
        return True
    if kind is None:
        return value is None
    if kind is float:
        return type(value) in {int, float}
    return type(value) is kind


def _wrong(value: object, schema: Schema, source: str, where: str) -> DataError:
    expected = " or ".join(
        "a list" if isinstance(kind, list) else "an object" if isinstance(kind, dict)
        else _WORDS[kind]
        for kind in _kinds(schema)
    )  # fmt: skip
    text = json.dumps(value)
    shown = text if len(text) <= 40 else text[:37] + "..."
    return DataError(f"{source}: {where.lstrip('.') or 'the file'} must be {expected}, not {shown}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate key in an object")
    return found
