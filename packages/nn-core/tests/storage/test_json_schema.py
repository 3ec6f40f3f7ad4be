"""Ranges, lengths and texts of JSON values; bounds of the parser."""

import math
from typing import Any

import pytest

from nn_core.errors import DataError
from nn_core.memory import set_memory_limit
from nn_core.storage.json_file import MAX_DEPTH, parse_json
from nn_core.storage.json_schema import Integer, Items, Number, Row, Schema, Text, check_json


def refusal(value: object, schema: Schema) -> str:
    with pytest.raises(DataError) as caught:
        check_json(value, schema, source="a.json", where="x")
    assert len(str(caught.value)) < 300
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (1, Integer(1, 3)),
        (3, Integer(1, 3)),
        (0, Number(0)),
        (1.0, Number(0, 1)),
        (2**100, float),
        ("relu", Text(choices=("relu", "tanh"))),
        ("a\n", Text(2)),
        ([[0.5, True]], Items(Row(float, bool), 1, 1)),
        ({"a": [1, {"b": "ü"}]}, Any),
        ([1, 2.5], [float]),
    ],
)
def test_values_that_fit(value: object, schema: Schema) -> None:
    check_json(value, schema, source="a.json")


@pytest.mark.parametrize(
    ("value", "schema", "message"),
    [
        (0, Integer(1, 3), "x must be an integer from 1 to 3, not 0"),
        (2**63, int, "x must be an integer, not 9223372036854775808"),
        (True, Integer(0), "x must be an integer of at least 0, not true"),
        (True, float, "x must be a number, not true"),
        (math.inf, float, "x must be a number, not Infinity"),
        (math.inf, Any, "x must be a number, not Infinity"),
        ([1.0, math.inf], [float], "x[1] must be a number, not Infinity"),
        ([1.0, None], [float], "x[1] must be a number, not null"),
        (0, Number(above=0), "x must be a number above 0, not 0"),
        ("sigmoid", Text(choices=("relu", "tanh")), "x must be 'relu' or 'tanh', not \"sigmoid\""),
        ("a" * 3_000_000, Text(1000), "x has 3,000,000 characters; the limit is 1,000"),
        ("a" * 3_000_000, (str, None), "x has 3,000,000 characters; the limit is 10,000"),
        ("a\x1b[2J", Text(controls=False), "x has control characters: a\\x1b[2J"),
        ("\ud800", str, "x has lone surrogates, which are no characters: \\ud800"),
        ({"a": ["\ud800"]}, Any, "x.a[0] has lone surrogates"),
        ({"k" * 2000: 1}, {str: int}, "a key in x has 2,000 characters; the limit is 1,000"),
        ([], Items(int, 1, 6), "x must be a list of 1 to 6, not []"),
        ([1, 2], Row(int), "x must be a list of 1, not [1, 2]"),
    ],
)
def test_values_that_do_not(value: object, schema: Schema, message: str) -> None:
    assert message in refusal(value, schema)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), f"nested more than {MAX_DEPTH} levels deep"),
        ("[1e999]", "[0] must be a number, not Infinity"),
        (f"[{10**50}]", "an integer of 51 digits"),
        ('["\\ud800"]', "lone surrogates"),
        (b'["\xff"]', "is not JSON"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
    ],
)
def test_texts_beyond_the_bounds_of_the_parser(text: str | bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_json(text, Any, source="a.json")
    assert message in str(caught.value)


def test_brackets_within_texts_are_no_depth() -> None:
    value = '["' + "[" * 1000 + '\\""]'
    assert parse_json(value, [str], source="a.json") == ["[" * 1000 + '"']


def test_nan_is_null_where_older_files_have_it() -> None:
    assert parse_json("[NaN, 1]", [(float, None)], source="a.json", nan_is_null=True) == [None, 1]


def test_memory_is_asked_for_before_a_text_is_parsed() -> None:
    set_memory_limit(1000)
    try:
        with pytest.raises(DataError, match="memory"):
            parse_json("[" + "{}," * 100 + "{}]", Any, source="a.json")
    finally:
        set_memory_limit(None)
