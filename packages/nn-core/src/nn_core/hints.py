"""Errors that show the line that works, for arguments and names guessed from other libraries.

The tables of advice, in `nn_core.foreign`, are imported for a message only.
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
    arguments = arguments_of(function)

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        if arguments is not None:
            _check(function, arguments, args, kwargs)
        return function(*args, **kwargs)

    return checked


def check_arguments(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise ArgumentError for an argument that the constructor of a class does not have, or needs and is not given."""
    arguments = arguments_of(cls.__init__)  # type: ignore[misc]
    if arguments is not None:
        _check(cls, arguments, (None, *args), kwargs)


def _check(owner: Any, known: Arguments, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise ArgumentError unless the arguments fit.

    owner  the class or the function
    """
    args = args[known.bound :]
    problem = known.problem(args, kwargs)
    if problem:
        from nn_core.foreign.messages import refusal

        raise ArgumentError(refusal(owner, problem, args, kwargs, known))


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
