"""One line of text for a thing and its settings: `momentum`, `momentum:beta=0.95`.

The same text names an optimizer, a schedule, an initializer or a data set on the command
line, in a checkpoint and in Python. Settings are the parameters of the thing named, so a
new one needs no parser of its own.
"""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from nn_core.errors import SettingError

T = TypeVar("T")

_TRUTH = {"yes": True, "true": True, "no": False, "false": False}


def nearest(name: str, choices: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what was meant, or what there is."""
    import difflib

    known = sorted(choices)
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}"


def parse(text: str, choices: Mapping[str, Callable[..., T]], kind: str) -> Callable[..., T]:
    """The callable that `text` names, with its settings bound.

    text     "name" or "name:key=value,key=value"; values take the type of the default
    choices  name -> callable; its parameters with defaults are the settings
    kind     what the choices are, for the message ("optimizer")

    Raises SettingError for an unknown name (with the nearest one), an unknown setting or a
    value of the wrong type.

    >>> parse("sgd:rate=0.5", {"sgd": lambda rate=0.1: rate}, "optimizer")()
    0.5
    """
    name, _, tail = text.strip().partition(":")
    if name not in choices:
        raise SettingError(f"unknown {kind} {name!r}; {nearest(name, choices)}")
    chosen = choices[name]
    known = {
        parameter.name: parameter.default
        for parameter in inspect.signature(chosen).parameters.values()
        if parameter.default is not parameter.empty
    }
    settings: dict[str, Any] = {}
    for part in filter(None, tail.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key not in known:
            hint = nearest(key, known) if known else "it has none"
            raise SettingError(f"{kind} {name!r} has no setting {key!r}; {hint}")
        if not equals:
            raise SettingError(f"{kind} {name!r}: write the setting as {key}=VALUE")
        settings[key] = _convert(value, known[key], f"{kind} {name!r}: {key}")
    return functools.partial(chosen, **settings)


def describe(thing: object, choices: Mapping[str, Callable[..., Any]]) -> str:
    """The text that `parse` turns back into `thing`, a dataclass, with every setting spelt out."""
    name = next(name for name, choice in choices.items() if choice is type(thing))
    settings = ",".join(
        f"{field.name}={getattr(thing, field.name)}"
        for field in dataclasses.fields(thing)  # type: ignore[arg-type]
        if field.init
    )
    return f"{name}:{settings}" if settings else name


def _convert(text: str, default: object, what: str) -> object:
    """`text` as a value of the type of `default`."""
    if isinstance(default, bool):
        if text.lower() not in _TRUTH:
            raise SettingError(f"{what} must be yes or no, not {text!r}")
        return _TRUTH[text.lower()]
    wanted: Callable[[str], object] = type(default)
    try:
        value = wanted(text)
    except ValueError:
        noun = "a whole number" if wanted is int else "a number"
        raise SettingError(f"{what} must be {noun}, not {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(f"{what} must be finite, not {text!r}")
    return value


def require(condition: bool, message: str) -> None:
    """Raise SettingError(message) unless the condition holds."""
    if not condition:
        raise SettingError(message)
