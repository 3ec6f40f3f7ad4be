"""Schemas of JSON values from untrusted files: types, ranges and lengths."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from nn_core.errors import DataError
from nn_core.printable import printable, shortened

Schema: TypeAlias = Any
"""What a value must be:

    int, float, str, bool, None  a value of that type; float takes integers too, and is finite
    Integer, Number, Text        the same in a range, of a length, or one of several
    (int, None)                  one of several types
    [str], Items(str, most=9)    a list of such values
    Row(float, bool)             a list of one value of each of these
    {"name": str, "size?": int}  an object with these keys; a question mark marks optional keys
    {str: int}                   an object with any keys
    Any                          anything that is finite and valid text
"""

MAX_TEXT = 10_000
"""Characters of a text where a schema does not say otherwise."""
MAX_KEY = 1000
"""Characters of a key."""


@dataclass(frozen=True)
class Integer:
    """An integer from `least` to `most`."""

    least: int = -(2**63)
    most: int = 2**63 - 1

    def __str__(self) -> str:
        if self == Integer():
            return "an integer"
        if self.most == 2**63 - 1:
            return f"an integer of at least {self.least:,}"
        return f"an integer from {self.least:,} to {self.most:,}"


@dataclass(frozen=True)
class Number:
    """A finite number from `least` to `most`, or greater than `above`."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf

    def __str__(self) -> str:
        bounds = {"above": self.above, "at least": self.least, "at most": self.most}
        stated = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound))
        return f"a number {stated}" if stated else "a number"


@dataclass(frozen=True)
class Text:
    """A text of at most `most` characters; one of the `choices`, if there are any.

    controls  whether it may have control characters; it never has lone surrogates
    """

    most: int = MAX_TEXT
    choices: tuple[str, ...] = ()
    controls: bool = True

    def __str__(self) -> str:
        if self.choices:
            return " or ".join(map(repr, self.choices))
        return "text"


@dataclass(frozen=True)
class Items:
    """A list of `least` to `most` values."""

    item: Schema
    least: int = 0
    most: int = 2**31

    def __str__(self) -> str:
        if self.most == 2**31:
            return f"a list of at least {self.least}" if self.least else "a list"
        return f"a list of {self.least} to {self.most:,}" if self.least < self.most else f"a list of {self.least}"


class Row:
    """A list of one value of each of several types."""

    def __init__(self, *items: Schema) -> None:
        self.items = items

    def __str__(self) -> str:
        return f"a list of {len(self.items)}"


_KEY = Text(MAX_KEY)
_SCALARS: Mapping[Any, Schema] = {int: Integer(), float: Number(), str: Text()}
_WORDS = {int: "an integer", float: "a number", str: "text", bool: "true or false", None: "null"}


def check_json(value: object, schema: Schema, *, source: str, where: str = "") -> None:
    """Raise DataError, naming the location, for a value that does not match the schema."""
    if schema is Any:
        _check_any(value, source, where)
    elif isinstance(schema, dict):
        _check_object(value, schema, source, where)
    elif isinstance(schema, (list, Items)):
        _check_items(value, Items(schema[0]) if isinstance(schema, list) else schema, source, where)
    elif isinstance(schema, Row):
        if not isinstance(value, list) or len(value) != len(schema.items):
            raise _wrong(value, schema, source, where)
        for i, item in enumerate(value):
            check_json(item, schema.items[i], source=source, where=f"{where}[{i}]")
    elif isinstance(schema, tuple):
        if not any(_fits(value, kind) for kind in schema):
            raise _wrong(value, schema, source, where)
    elif not _is(value, _SCALARS.get(schema, schema)):
        raise _wrong(value, (schema,), source, where)


def is_valid_text(text: str, *, controls: bool = True) -> bool:
    """Whether a text has no lone surrogates and, unless `controls`, no control characters."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return controls or text.isprintable() or not any(_is_control(character) for character in text)


def _is_control(character: str) -> bool:
    return ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0


def _check_text(value: str, schema: Text, source: str, where: str) -> None:
    """Raise DataError, saying what is wrong, for a text that is too long or not valid."""
    place = where.lstrip(".") or "the text"
    if len(value) > schema.most:
        raise DataError(f"{source}: {place} has {len(value):,} characters; the limit is {schema.most:,}")
    if not is_valid_text(value, controls=schema.controls):
        what = "control characters" if is_valid_text(value) else "lone surrogates, which are no characters"
        raise DataError(f"{source}: {place} has {what}: {shortened(value)}")


def _check_items(value: object, schema: Items, source: str, where: str) -> None:
    if not isinstance(value, list) or not schema.least <= len(value) <= schema.most:
        raise _wrong(value, schema, source, where)
    if schema.item is float and set(map(type, value)) <= {float, int} and all(map(math.isfinite, value)):
        return  # long lists are of numbers
    for i, item in enumerate(value):
        check_json(item, schema.item, source=source, where=f"{where}[{i}]")


def _check_object(value: object, schema: Mapping[Any, Schema], source: str, where: str) -> None:
    if not isinstance(value, dict):
        raise _wrong(value, schema, source, where)
    for key in value:
        if not _is(key, _KEY):
            _check_text(key, _KEY, source, f"a key in {where.lstrip('.')}" if where else "a key")
    if str in schema:
        for key, item in value.items():
            check_json(item, schema[str], source=source, where=f"{where}.{printable(key)}")
        return
    known = {key.removesuffix("?"): item for key, item in schema.items()}
    missing = [key for key in schema if not key.endswith("?") and key not in value]
    unknown = [key for key in value if key not in known]
    place = f" in {where.lstrip('.')}" if where else ""
    if missing or unknown:
        what = f"{missing[0]!r} is missing" if missing else f"unknown key {printable(unknown[0])!r}"
        raise DataError(f"{source}: {what}{place}")
    for key, item in value.items():
        check_json(item, known[key], source=source, where=f"{where}.{key}")


def _check_any(value: object, source: str, where: str) -> None:
    """Raise DataError for a number that is not finite or a text that is not valid, however deep."""
    if isinstance(value, dict):
        _check_object(value, {str: Any}, source, where)
    elif isinstance(value, list):
        are_numbers = set(map(type, value)) <= {float, int}
        _check_items(value, Items(float if are_numbers else Any), source, where)
    elif isinstance(value, float):
        check_json(value, float, source=source, where=where)
    elif isinstance(value, str):
        _check_text(value, Text(len(value)), source, where)


def _fits(value: object, kind: Schema) -> bool:
    try:
        check_json(value, kind, source="")
    except DataError:
        return False
    return True


def _is(value: object, kind: Schema) -> bool:
    """Whether a value is of a scalar type; bool is not an integer."""
    if isinstance(kind, Integer):
        return type(value) is int and kind.least <= value <= kind.most
    if isinstance(kind, Number):
        number = value if type(value) is float or type(value) is int else math.nan
        return math.isfinite(number) and kind.least <= number <= kind.most and number > kind.above
    if isinstance(kind, Text):
        if type(value) is not str or (kind.choices and value not in kind.choices):
            return False
        return len(value) <= kind.most and is_valid_text(value, controls=kind.controls)
    if kind is None:
        return value is None
    return type(value) is kind


def _wrong(value: object, schema: Schema, source: str, where: str) -> DataError:
    """The error for a value of another type; raises the one for a text that is too long or not valid."""
    kinds = schema if isinstance(schema, tuple) else (schema,)
    scalars = (_SCALARS[str] if kind is str else kind for kind in kinds)
    texts = [kind for kind in scalars if isinstance(kind, Text)]
    if isinstance(value, str) and texts and not texts[0].choices:
        _check_text(value, texts[0], source, where)
    expected = " or ".join(_words(kinds))
    text = "".join(islice(json.JSONEncoder().iterencode(value), 50))
    shown = text if len(text) <= 40 else text[:37] + "..."
    return DataError(f"{source}: {where.lstrip('.') or 'the file'} must be {expected}, not {shown}")


def _words(kinds: tuple[Schema, ...]) -> Iterator[str]:
    for kind in kinds:
        if isinstance(kind, (Integer, Number, Text, Items, Row)):
            yield str(kind)
        elif isinstance(kind, list):
            yield "a list"
        else:
            yield "an object" if isinstance(kind, dict) else _WORDS[kind]
