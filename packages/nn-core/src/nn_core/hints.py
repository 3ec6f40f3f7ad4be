"""Errors that show the line that works, for arguments and names guessed from other libraries.

The tables of advice, in `nn_core.foreign`, are imported for a message only.
"""

from __future__ import annotations

import functools
import sys
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from nn_core.errors import ArgumentError
from nn_core.source_code import EXAMPLES, WHOLE_NUMBERS, call, shown

if TYPE_CHECKING:
    from types import CodeType, FrameType

P = ParamSpec("P")
T = TypeVar("T")


class ForeignAttribute:
    """An attribute of another library's class: reading it raises AttributeError with the line that works.

    A `__getattr__` would answer every name, but CPython 3.11 then looks up all attributes of the class slowly:
    a training step of a small network took 6% longer.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        raise missing_attribute(owner, self.name)


class HelpfulMeta(ABCMeta):
    """The metaclass of `HelpfulErrors`: foreign attributes are not listed, by `dir` or by `help`."""

    def __dir__(cls) -> list[str]:
        hidden: dict[str, bool] = {}
        for base in reversed(cls.__mro__):
            hidden |= {name: isinstance(value, ForeignAttribute) for name, value in vars(base).items()}
        return [name for name in super().__dir__() if not hidden.get(name)]


class HelpfulErrors(metaclass=HelpfulMeta):
    """Base class that refuses wrong arguments, and attributes of other libraries, with the line that works."""

    __slots__ = ()

    if not TYPE_CHECKING:  # type checkers read __init__

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            check_arguments(cls, args, kwargs)
            return super().__new__(cls)

        def __reduce__(self) -> Any:
            return _new, (type(self),), self.__getstate__()  # copied and unpickled without arguments

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("nn_core."):
            from nn_core.foreign.attributes import ATTRIBUTES

            for name in ATTRIBUTES.get(cls.__name__, ()):
                if not hasattr(cls, name):
                    setattr(cls, name, ForeignAttribute(name))

    def __dir__(self) -> list[str]:
        return sorted({*getattr(self, "__dict__", ()), *dir(type(self))})


def _new(cls: type) -> object:
    """An object without its state."""
    return object.__new__(cls)


def checked_call(function: Callable[P, T]) -> Callable[P, T]:
    """A decorator for functions and methods: `check_arguments` of each call."""
    arguments = _arguments(function)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        if arguments is not None:
            _check(function, arguments, args, kwargs)
        return function(*args, **kwargs)

    return checked


def check_arguments(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise ArgumentError for an argument that the constructor of a class does not have, or needs and is not given."""
    arguments = _arguments(cls.__init__)  # type: ignore[misc]
    if arguments is not None:
        _check(cls, arguments, (None, *args), kwargs)


class Arguments(NamedTuple):
    """The arguments of a function.

    by_position  names of those that may be given without their name
    named        names of the others
    required     names of those that have no default
    bound        whether the first one is the object or class
    """

    by_position: tuple[str, ...]
    named: tuple[str, ...]
    required: frozenset[str]
    bound: bool


@functools.cache
def _arguments(function: Any) -> Arguments | None:
    """The arguments of a function; None if it takes any. (`inspect` is slow to import)."""
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


def _check(owner: Any, known: Arguments, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise ArgumentError unless the arguments fit.

    owner  the class or the function
    """
    args = args[known.bound :]
    for name in kwargs:
        if name not in known.by_position and name not in known.named:
            raise ArgumentError(_unknown(owner, name, args, kwargs, known))
    if len(args) > len(known.by_position):
        raise ArgumentError(_too_many(owner, args, kwargs, known))
    if missing := known.required - {*known.by_position[: len(args)], *kwargs}:
        raise ArgumentError(_missing(owner, missing, args, kwargs, known))
    for name, value in (*zip(known.by_position, args, strict=False), *kwargs.items()):
        if name in WHOLE_NUMBERS and not hasattr(value, "__index__"):
            raise ArgumentError(_not_whole(owner, name, args, kwargs, known))


def _unknown(owner: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message about an argument with an unknown name."""
    from nn_core.foreign.layer_arguments import LAYER_ARGUMENTS
    from nn_core.foreign.training_arguments import TRAINING_ARGUMENTS

    title, code, value = owner.__qualname__, _code_name(owner), kwargs[name]
    rest = {key: given for key, given in kwargs.items() if key in known.by_position or key in known.named}
    what = f"{title} has no argument {name!r}"
    line = call(code, args, rest, known.by_position)
    advice = _entry(LAYER_ARGUMENTS | TRAINING_ARGUMENTS, owner, name)
    if callable(advice):
        return f"{what}; {advice(line, value)}"
    if advice is not None and not advice.startswith("="):
        return f"{what}; {advice.format(cls=title, call=line, value=shown(value))}"
    every = (*known.by_position, *known.named)
    close = advice[1:] if advice else closest(name, every)
    if close in every and close not in rest and close not in known.by_position[: len(args)]:
        return f"{what}; write {call(code, args, {close: value, **rest}, known.by_position)}"
    return f"{what}; " + (f"it has {', '.join(every)}" if every else f"write {line}")


def _too_many(owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message about more arguments without names than there may be."""
    from nn_core.foreign.layer_arguments import POSITIONS

    title, code = owner.__qualname__, _code_name(owner)
    advice = _entry(POSITIONS, owner, "")
    if callable(advice) and (message := advice(title, args, kwargs)):
        return str(message)
    count = len(known.by_position)
    free = [name for name in known.named if name not in kwargs and name != "trainable"]
    given = dict(zip(free, args[count:], strict=False)) | dict(kwargs)
    line = call(code, args[:count], given, known.by_position)
    if len(args) - count > len(free):
        most = f"at most {_counted(count + len(free))}" if count + len(free) else "no arguments"
        return f"{title} takes {most}: {line}"
    if count == 0:
        return f"{title} takes its arguments by name: {line}"
    return f"{title} takes its other arguments by name: {line}"


def _missing(
    owner: Any, missing: Iterable[str], args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments
) -> str:
    """The message about arguments that are needed."""
    lacking = [name for name in (*known.by_position, *known.named) if name in missing]
    given = [call("", args, {}, known.by_position)[1:-1], call("", (), kwargs)[1:-1]]
    for name in lacking:
        example = EXAMPLES.get(name, name)
        index = 1 if kwargs or name in known.named else 0
        given[index] += f", {name}={example}" if index else f", {example}"
    parts = [part.removeprefix(", ") for part in given if part]
    return f"{owner.__qualname__} needs {' and '.join(lacking)}: {_code_name(owner)}({', '.join(parts)})"


def _not_whole(owner: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message about a value that is not a whole number."""
    given = dict(zip(known.by_position, args, strict=False)) | dict(kwargs)
    text = str(given[name])
    example = int(text.removesuffix(".0")) if text.removesuffix(".0").isdecimal() else int(EXAMPLES[name])
    changed = {key: example if key == name else value for key, value in given.items()}
    line = call(_code_name(owner), list(changed.values())[: len(args)], dict(list(changed.items())[len(args) :]), given)
    return f"{owner.__qualname__} takes a whole number of {name}, not {shown(given[name], 'this')}: {line}"


def _code_name(owner: Any) -> str:
    """What stands in code before the brackets: the class, or the method of an object: model.fit."""
    name: str = owner.__qualname__.rpartition("<locals>.")[2]
    holder, dot, method = name.rpartition(".")
    return name if not dot or method == "load" else f"{holder.lower()}.{method}"


def _counted(count: int) -> str:
    return "one argument" if count == 1 else f"{count} arguments"


def _entry(table: Mapping[str, Any], owner: Any, name: str) -> Any:
    """The advice for a function, or for a class or its nearest base that has one; None if there is none."""
    names = [base.__name__ for base in owner.__mro__] if isinstance(owner, type) else [owner.__qualname__]
    for each in names:
        entry = table.get(each)
        found = entry.get(name) if isinstance(entry, Mapping) else entry
        if found is not None:
            return found
    return None


def missing_attribute(owner: type | str, name: str, known: Iterable[str] = ()) -> AttributeError:
    """The AttributeError for a name that an object of a class, or a module, does not have.

    owner  the class, or the name of the module
    known  names that it has
    """
    what = f"{owner if isinstance(owner, str) else owner.__name__} has no attribute {name!r}"
    hint = "" if name.startswith("_") else attribute_hint(owner, name, known)
    return AttributeError(f"{what}; {hint}" if hint else what)


def attribute_hint(owner: type | str, name: str, known: Iterable[str] = ()) -> str:
    """What to write instead of a name; "" if there is no advice."""
    from nn_core.foreign.attributes import ATTRIBUTES
    from nn_core.foreign.names import NAMES

    if isinstance(owner, str):
        advice, otherwise = NAMES.get(name), f"help({owner}) lists its names"
    else:
        advice, otherwise = _entry(ATTRIBUTES, owner, name), ""
    if advice is not None:
        return str(advice)
    close = closest(name, [each for each in known if not each.startswith("_")])
    return f"did you mean {close!r}?" if close else otherwise


def unknown_names(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module that answers unknown names with the line that works.

    __getattr__ = unknown_names(__name__)
    """

    def get(name: str) -> Any:
        raise unknown_name(module, name, [] if name.startswith("_") else vars(sys.modules[module]), sys._getframe(1))

    return get


def unknown_name(module: str, name: str, known: Iterable[str], caller: FrameType) -> Exception:
    """The error for a name that a module does not have.

    It is an ImportError in `from module import name`, which would replace an AttributeError by its own.
    """
    error = missing_attribute(module, name, known)
    if name.startswith("_"):
        return error
    from opcode import opmap

    importing = caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]
    return ImportError(str(error), name=module) if importing else error


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that is spelled most alike, without regard to case; None if none is close."""
    import difflib

    lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75)
    return lower[found[0]] if found else None
