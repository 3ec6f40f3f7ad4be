"""The parameters of a function, read from its code object, since `inspect` is slow to import."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types import CodeType

INTEGER_ARGUMENTS = frozenset({"dimensions", "filters", "patience", "units", "vocabulary_size"})
"""Arguments that must be integers."""


class Arguments(NamedTuple):
    """The parameters of a function.

    by_position  names of those that may be positional
    named        names of the keyword-only ones
    required     names of those without a default
    bound        whether the first one is self or cls
    """

    by_position: tuple[str, ...]
    named: tuple[str, ...]
    required: frozenset[str]
    bound: bool

    def problem(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, list[str]] | None:
        """The kind of problem with the arguments of a call, and the names concerned; None if there is none."""
        if unknown := [name for name in kwargs if name not in self.by_position and name not in self.named]:
            return "unknown", unknown
        if len(args) > len(self.by_position):
            return "too many", []
        if missing := self.required - {*self.by_position[: len(args)], *kwargs}:
            return "missing", [name for name in (*self.by_position, *self.named) if name in missing]
        for name, value in (*zip(self.by_position, args, strict=False), *kwargs.items()):
            if name in INTEGER_ARGUMENTS and (value is True or value is False or not hasattr(value, "__index__")):
                return "not an integer", [name]
        return None


@functools.cache
def arguments_of(function: Any) -> Arguments | None:
    """The parameters of a function; None if it takes *args or **kwargs."""
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None:
        return Arguments((), (), frozenset(), bound=True)
    if code.co_flags & 0x0C:  # *args or **kwargs
        return None
    by_position = code.co_varnames[: code.co_argcount]
    named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    required = {*by_position[: len(by_position) - len(function.__defaults__ or ())], *named}
    bound = by_position[:1] in {("self",), ("cls",)}
    return Arguments(
        by_position[bound:],
        named,
        frozenset(required - {"self", "cls"} - (function.__kwdefaults__ or {}).keys()),
        bound,
    )
