"""Changes of JSON: values of other types and sizes, at any place."""

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

from fuzz.mutators.texts import hostile_text

_TOKEN = "\ue000"
"""Stands for a piece of text that is no JSON value, such as NaN."""

MOST = 3_000_000
"""Characters of a changed text: a larger one honestly takes long."""


def mutate_json(text: str, random: Random) -> tuple[str, str]:
    """A JSON text with one to three changes, and what was changed."""
    if random.random() < 0.1:
        return _broken(text, random)
    value, done = json.loads(text), []
    pieces: dict[str, str] = {}
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        places = list(_places(value))
        if not places:
            break
        container, key, path = random.choice(places)
        done.append(_change(container, key, path, value, random, pieces))
    changed = json.dumps(value, ensure_ascii=random.random() < 0.5)
    for token, piece in pieces.items():
        changed = changed.replace(json.dumps(token), piece).replace(f'"{token}"', piece)
    if len(changed) > MOST:  # parts within their own copies
        return _broken(text, random)
    return changed, ", ".join(done)


def hostile_value(random: Random) -> Any:
    """A value that few fields expect."""
    makers: list[Callable[[], Any]] = [
        lambda: None,
        lambda: random.choice([True, False]),
        lambda: random.choice([0, 1, -1, 2, 2**31, -(2**31), 2**53 + 1, 2**63, 2**64, 10**30, 10**400]),
        lambda: random.choice([0.0, -0.0, 0.5, -1.5, 1e-320, 1e38, 1e308, -1e308]),
        lambda: hostile_text(random),
        lambda: random.choice([[], {}, [[]], [None], [0] * 5, {"": 0}, {"layer": "Dense"}]),
        lambda: [random.choice([0, 1.5, "a", None, True])] * random.choice([2, 100, 10_000]),
        lambda: {f"{i}": i for i in range(random.choice([3, 1000]))},
        lambda: random.choice([1000, 100_000, 10_000_000, 10**9, 2**31 - 1]),
    ]
    return random.choice(makers)()


def _change(container: Any, key: Any, path: str, root: Any, random: Random, pieces: dict[str, str]) -> str:
    kind = random.random()
    if kind < 0.6:
        container[key] = hostile_value(random)
        return f"{path} = {json.dumps(container[key])[:60]}"
    if kind < 0.7:
        token = f"{_TOKEN}{len(pieces)}"
        container[key] = token
        depth = random.choice([20, 200, 5000, 200_000])
        pieces[token] = random.choice(
            [
                "NaN",
                "Infinity",
                "-Infinity",
                "1e999",
                "9" * 5000,
                "[" * depth + "]" * depth,
                '{"a":' * depth + "0" + "}" * depth,
            ]
        )
        return f"{path} = {pieces[token][:30]}"
    if kind < 0.8:
        del container[key]
        return f"{path} removed"
    if kind < 0.9:
        container[key] = copy.deepcopy(random.choice([place[0] for place in _places(root)]))
        return f"{path} = another part"
    if isinstance(container, dict):
        container[hostile_text(random) if random.random() < 0.5 else f"{key}2"] = container.pop(key)
        return f"{path} renamed"
    container.extend(container[key : key + 1] * random.choice([1, 3, 1000]))
    return f"{path} repeated"


def _places(value: Any, path: str = "") -> Any:
    """Every container with a key in it, and the path there."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys)[:50]:
        yield value, key, f"{path}/{key}"[-200:]
        yield from _places(value[key], f"{path}/{key}")


def _broken(text: str, random: Random) -> tuple[str, str]:
    """No JSON any more."""
    at = random.randrange(len(text) + 1)
    makers: list[Callable[[], tuple[str, str]]] = [
        lambda: (text[:at], f"cut at {at}"),
        lambda: ("", "empty"),
        lambda: ("[" * 300_000, "nested without end"),
        lambda: (text + text, "twice"),
        lambda: (text[:at] + hostile_text(random) + text[at:], f"a text at {at}"),
        lambda: (json.dumps(hostile_value(random)), "another value"),
        lambda: ('{"a":1,' + text.lstrip()[1:], "a key more"),
        lambda: (text.replace("{", '{"layer": 1, ', 1), "a key twice"),
    ]
    return random.choice(makers)()
