"""JSON held to a schema."""

from pathlib import Path
from typing import Any

import pytest

from nn_core.errors import DataError
from nn_core.storage.json_file import Schema, check_json, parse_json, read_json

RUN: Schema = {"name": str, "seed": int, "rate?": (float, None), "losses": [float]}


def message_of(text: str, schema: Schema = RUN) -> str:
    with pytest.raises(DataError) as caught:
        parse_json(text, schema, source="a.json")
    return str(caught.value)


def test_a_file_that_follows_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"name": "x", "seed": 1, "rate": null, "losses": [1, 0.5]}', encoding="utf-8")
    assert read_json(path, RUN) == {"name": "x", "seed": 1, "rate": None, "losses": [1, 0.5]}
    path.write_text("[1, 2", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json is not JSON"):
        read_json(path, RUN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "a.json: the file must be an object, not []"),
        ('{"seed": 1, "losses": []}', "a.json: 'name' is missing"),
        ('{"name": "", "seed": 1, "losses": [], "b": 1}', "a.json: unknown key 'b'"),
        ('{"name": "", "seed": 1.0, "losses": []}', "seed must be an integer, not 1.0"),
        ('{"name": "", "seed": true, "losses": []}', "seed must be an integer, not true"),
        ('{"name": "", "seed": 1, "losses": {}}', "losses must be a list, not {}"),
        ('{"name": "", "seed": 1, "losses": [1, ""]}', 'losses[1] must be a number, not ""'),
        ('{"name": "", "seed": 1, "losses": [NaN]}', "NaN is not a JSON number"),
        ('{"name": "", "name": "", "seed": 1, "losses": []}', "duplicate key in an object"),
        ('{"name": "", "seed": 1, "rate": "", "losses": []}', 'rate must be a number or null, not ""'),
        (f'{{"name": [{"1," * 50}1], "seed": 1, "losses": []}}', "name must be text, not [1, 1,"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_one_line_for_each_way_to_be_wrong(text: str, message: str) -> None:
    found = message_of(text)
    assert message in found
    assert "\n" not in found
    assert len(found) < 150


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"a": 1, "b": 2}, {str: int}),
        ([{"a": [True]}], [{"a": [bool]}]),
        ([1], ({"a": int}, [int])),
        ({"anything": [object]}, Any),
    ],
)
def test_schemas_that_fit(value: object, schema: Schema) -> None:
    check_json(value, schema, source="a.json")


def test_the_path_of_a_nested_value() -> None:
    text = '{"runs": [{"seeds": {"a": 1, "b": "x"}}]}'
    message = message_of(text, {"runs": [{"seeds": {str: int}}]})
    assert message == 'a.json: runs[0].seeds.b must be an integer, not "x"'
    assert message_of('{"runs": [{}]}', {"runs": [{"a": int}]}) == "a.json: 'a' is missing in runs[0]"
