"""Error messages with corrected code, for arguments and names from other libraries.

The tables of advice in `nn_core.foreign` are imported only when an error is raised.
"""

from __future__ import annotations

import functools
import sys
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from nn_core.arguments import Arguments, arguments_of
from nn_core.errors import ArgumentError

if TYPE_CHECKING:
    from types import FrameType

P = ParamSpec("P")
T = TypeVar("T")


class ForeignAttribute:
    """A name from another library: reading it raises AttributeError with the equivalent here.

    `__getattr__` would cover every name, but in CPython 3.11 it slows down all attribute lookups of the
    class: a training step of a small network took 6% longer.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        raise missing_attribute(owner, self.name)

    def __set__(self, instance: object, value: object) -> None:
        raise missing_attribute(type(instance), self.name)


class HelpfulMeta(ABCMeta):
    """Metaclass of `HelpfulErrors`: `dir` and `help` do not list foreign attributes."""

    def __dir__(cls) -> list[str]:
        hidden: dict[str, bool] = {}
        for base in reversed(cls.__mro__):
            hidden |= {name: isinstance(value, ForeignAttribute) for name, value in vars(base).items()}
        return [name for name in super().__dir__() if not hidden.get(name)]


class HelpfulErrors(metaclass=HelpfulMeta):
    """Base class whose errors for wrong arguments and for attributes of other libraries show corrected code."""

    __slots__ = ()

    if not TYPE_CHECKING:  # type checkers read __init__

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            check_arguments(cls, args, kwargs)
            return super().__new__(cls)

        def __reduce__(self) -> Any:
            return _new, (type(self),), self.__getstate__()  # copying and unpickling pass no arguments

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
    """A new object without state, for unpickling."""
    return object.__new__(cls)


def checked_call(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator: apply `check_arguments` to each call of a function or method."""
    arguments = arguments_of(function)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        if arguments is not None:
            _check(function, arguments, args, kwargs)
        return function(*args, **kwargs)

    return checked


def check_arguments(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise ArgumentError for an unknown or missing argument of a constructor."""
    arguments = arguments_of(cls.__init__)  # type: ignore[misc]
    if arguments is not None:
        _check(cls, arguments, (None, *args), kwargs)


def _check(owner: Any, known: Arguments, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise ArgumentError unless the arguments fit.

    owner  the class or the function
    """
    args = args[known.bound :]
    problem = known.problem(args, kwargs)
    if problem and problem[0] == "not an integer" and not owner.__module__.startswith("nn_core."):
        problem = None  # an argument of the same name in a user's class may be anything
    if problem:
        from nn_core.foreign.messages import argument_message

        raise ArgumentError(argument_message(owner, problem, args, kwargs, known))


def missing_attribute(owner: type | str, name: str, known: Iterable[str] = ()) -> AttributeError:
    """The AttributeError for an unknown attribute of a class or module.

    owner  the class, or the name of the module
    known  its attributes
    """
    what = f"{owner if isinstance(owner, str) else owner.__name__} has no attribute {name!r}"
    hint = "" if name.startswith("_") else attribute_hint(owner, name, known)
    return AttributeError(f"{what}; {hint}" if hint else what)


def attribute_hint(owner: type | str, name: str, known: Iterable[str] = ()) -> str:
    """The equivalent of an unknown name; "" if there is no advice."""
    from nn_core.foreign.attributes import ATTRIBUTES
    from nn_core.foreign.messages import closest, entry_for
    from nn_core.foreign.names import NAMES

    if isinstance(owner, str):
        advice, otherwise = NAMES.get(name), f"help({owner}) lists its names"
    else:
        advice, otherwise = entry_for(ATTRIBUTES, owner, name), ""
    if advice is not None:
        return str(advice)
    close = closest(name, [each for each in known if not each.startswith("_")])
    return f"did you mean {close!r}?" if close else otherwise


def unknown_names(module: str) -> Callable[[str], Any]:
    """A module's `__getattr__`, which raises an error with the equivalent of a name from another library.

    __getattr__ = unknown_names(__name__)
    """

    def get(name: str) -> Any:
        raise unknown_name(module, name, [] if name.startswith("_") else vars(sys.modules[module]), sys._getframe(1))

    return get


def unknown_name(module: str, name: str, known: Iterable[str], caller: FrameType) -> Exception:
    """The error for an unknown name of a module.

    For `from module import name` it is an ImportError, since Python replaces the message of an AttributeError.
    """
    error = missing_attribute(module, name, known)
    if name.startswith("_"):
        return error
    from opcode import opmap

    importing = caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]
    return ImportError(str(error), name=module) if importing else error
