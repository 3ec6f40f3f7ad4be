"""Errors that show the line that works, for arguments and names guessed from other libraries.

The tables of advice are imported for a message only: `foreign_arguments` and `foreign_names`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nn_core.errors import ArgumentError
from nn_core.source_code import call, shown

if TYPE_CHECKING:
    from types import CodeType


class HelpfulErrors:
    """Base class that refuses wrong arguments, and unknown attributes, with the line that works."""

    __slots__ = ()

    if not TYPE_CHECKING:  # type checkers read __init__, and the attributes that there are

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            check_arguments(cls, args, kwargs)
            return super().__new__(cls)

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(type(self), name)


class Arguments(NamedTuple):
    """The arguments of a constructor.

    by_position  names of those that may be given without their name
    named        names of the others
    """

    by_position: tuple[str, ...]
    named: tuple[str, ...]


def check_arguments(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise ArgumentError for an argument that the constructor of a class does not have.

    Only given arguments are checked, so that objects can be copied and unpickled.
    """
    if not args and not kwargs:
        return
    known = _arguments(cls.__init__)  # type: ignore[misc]
    if known is None:
        return
    for name in kwargs:
        if name not in known.by_position and name not in known.named:
            raise ArgumentError(_unknown(cls, name, args, kwargs, known))
    if len(args) > len(known.by_position):
        raise ArgumentError(_too_many(cls, args, kwargs, known))


@functools.cache
def _arguments(constructor: Any) -> Arguments | None:
    """The arguments of `__init__`; None if it takes any. (`inspect` is slow to import)."""
    code: CodeType | None = getattr(constructor, "__code__", None)
    if code is None:
        return Arguments((), ())
    if code.co_flags & 0x0C:  # *args or **kwargs
        return None
    end = code.co_argcount + code.co_kwonlyargcount
    return Arguments(code.co_varnames[1 : code.co_argcount], code.co_varnames[code.co_argcount : end])


def _unknown(cls: type, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message about an argument with an unknown name."""
    from nn_core.foreign_arguments import ARGUMENTS

    title, value = cls.__name__, kwargs[name]
    rest = {key: given for key, given in kwargs.items() if key != name}
    what = f"{title} has no argument {name!r}"
    advice = _by_class(ARGUMENTS, cls, name)
    if callable(advice):
        return f"{what}; {advice(title, args, rest, value)}"
    if advice is not None and not advice.startswith("="):
        return f"{what}; {advice.format(cls=title, call=call(title, args, rest), value=shown(value))}"
    every = (*known.by_position, *known.named)
    close = advice[1:] if advice else closest(name, every)
    if close in every and close not in rest and close not in known.by_position[: len(args)]:
        renamed = {close if key == name else key: given for key, given in kwargs.items()}
        return f"{what}; write {call(title, args, renamed)}"
    return f"{what}; " + (f"it has {', '.join(every)}" if every else f"write {title}()")


def _too_many(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message about more arguments without names than there may be."""
    from nn_core.foreign_arguments import POSITIONS

    title = cls.__name__
    advice = _by_class(POSITIONS, cls, "")
    if callable(advice):
        return str(advice(title, args, kwargs))
    count = len(known.by_position)
    free = [name for name in known.named if name not in kwargs and name != "trainable"]
    given = dict(zip(free, args[count:], strict=False)) | dict(kwargs)
    line = call(title, args[:count], given)
    if len(args) - count > len(free):
        return f"{title} takes {_counted(count)}, not {len(args)}: {line}"
    if count == 0:
        return f"{title} takes its arguments by name: {line}"
    return f"{title} takes {known.by_position[-1]} last without a name; name what follows: {line}"


def _by_class(table: Mapping[str, Any], cls: type, name: str) -> Any:
    """The entry for a class, or for its nearest base that has one; None if there is none."""
    for base in cls.__mro__:
        entry = table.get(base.__name__)
        found = entry.get(name) if isinstance(entry, Mapping) else entry
        if found is not None:
            return found
    return None


def _counted(count: int) -> str:
    words = ("no arguments", "one argument", "two arguments", "three arguments", "four arguments")
    return words[count] if count < len(words) else f"{count} arguments"


def missing_attribute(owner: type | str, name: str, known: Iterable[str] = ()) -> AttributeError:
    """The AttributeError for a name that an object of a class, or a module, does not have.

    owner  the class, or the name of the module
    known  names that the module has
    """
    what = f"module {owner!r}" if isinstance(owner, str) else owner.__name__
    message = f"{what} has no attribute {name!r}"
    hint = "" if name.startswith("_") else attribute_hint(owner, name, known)
    return AttributeError(f"{message}; {hint}" if hint else message)


def attribute_hint(owner: type | str, name: str, known: Iterable[str] = ()) -> str:
    """What to write instead of a name; "" if there is no advice."""
    tables = importlib.import_module("nn_core.foreign_names")
    if isinstance(owner, str):
        advice: str | None = tables.NAMES.get(name)
    else:
        advice = _by_class(tables.ATTRIBUTES, owner, name)
        known = known or [each for each in dir(owner) if not each.startswith("_")]
    if advice is None:
        close = closest(name, known)
        listed = f"help({owner}) lists its names" if isinstance(owner, str) else ""
        advice = f"did you mean {close!r}?" if close else listed
    return advice


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that is spelled most alike, without regard to case; None if none is close."""
    import difflib

    lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75)
    return lower[found[0]] if found else None
