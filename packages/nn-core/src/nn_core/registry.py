"""Registries of classes and functions by name, extensible by plug-ins.

A `Registry` is a read-only mapping of names to classes or functions. A spec such as `momentum` or
`momentum:beta=0.95` names an entry with its settings, on the command line, in a checkpoint and in
Python. Settings are the parameters of the entry, so a new one needs no parser.
"""

import contextlib
import dataclasses
import functools
import inspect
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any, Generic, TypeVar, overload

from nn_core.errors import SettingError
from nn_core.lazy_import import Lazy

T = TypeVar("T")

D = TypeVar("D")
"""Type of a decorated class or function."""

_TRUTH = {"yes": True, "true": True, "no": False, "false": False}


def nearest(name: str, choices: Iterable[str]) -> str:
    """The end of a message about an unknown name: the closest match, or the valid names."""
    import difflib

    known = sorted(choices)
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}"


class UnknownNameError(SettingError, KeyError):
    """A name that is not in a registry.

    what  the message without advice: "unknown layer 'Swish'"
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str], advice: str | None = None) -> None:
        self.what = f"unknown {kind} {name!r}"
        self._arguments = kind, name, tuple(choices), advice
        super().__init__(f"{self.what}; {advice or nearest(name, choices)}")

    __str__ = Exception.__str__  # KeyError would quote the message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


class Registry(Mapping[str, T], Generic[T]):
    """An extensible mapping of names to classes or functions.

    kind        kind of its entries, for messages: "optimizer"
    entries     built-in entries; a `Lazy` entry is imported on lookup
    group       entry-point group through which packages add entries: "nn_core.optimizers".
                Entry points are loaded if a name is unknown, or when all names are listed.
    kebab_case  whether names are in kebab case: a class `LionWarm` registered without a name
                becomes `lion-warm`
    aliases     alternative names that `create` accepts
    spellings   other names that `canonical` turns into ours
    foreign     name in other libraries -> our name, for messages

    >>> OPTIMIZERS: Registry[type] = Registry("optimizer", kebab_case=True)
    >>> @OPTIMIZERS.register
    ... class Lion: ...
    >>> OPTIMIZERS["lion"].__name__
    'Lion'

    Looking up an unknown name raises UnknownNameError, a SettingError and KeyError, with the
    closest name; registering an existing name raises SettingError.
    """

    def __init__(
        self,
        kind: str,
        entries: Mapping[str, T | Lazy] | None = None,
        *,
        group: str | None = None,
        kebab_case: bool = False,
        aliases: Mapping[str, str] | None = None,
        spellings: Mapping[str, str] | None = None,
        foreign: Mapping[str, str] | None = None,
    ) -> None:
        self.kind, self.group, self.kebab_case = kind, group, kebab_case
        self.aliases, self.foreign = dict(aliases or {}), dict(foreign or {})
        self._spellings = self.aliases | dict(spellings or {})
        self._entries: dict[str, T | Lazy] = dict(entries or {})
        self._has_all = False

    @overload
    def register(self, name: str) -> Callable[[D], D]: ...

    @overload
    def register(self, name: D) -> D: ...

    def register(self, name: Any) -> Any:
        """A decorator that adds a class or function, under the given name or its own.

        Raises SettingError if the name exists.
        """
        if isinstance(name, str):
            return functools.partial(self._add, name)
        spelled: str = name.__name__
        return self._add(kebab_cased(spelled) if self.kebab_case else spelled, name)

    def parse(self, text: str) -> Callable[..., Any]:
        """The entry for a spec, with its settings bound; see the function `parse`."""
        return parse(text, self, self.kind)  # type: ignore[arg-type]

    def create(self, given: object, base: type) -> Any:
        """The object for a spec such as "adam" or "adam:beta1=0.8"; an instance of `base` is returned unchanged.

        Raises SettingError for an unknown name or setting, a class instead of an instance, or anything else.
        """
        if isinstance(given, str):
            name, colon, settings = given.strip().partition(":")
            return self.parse(self.aliases.get(name, name) + colon + settings)()
        if isinstance(given, type) and issubclass(given, base):
            raise SettingError(f"{given.__name__} is a class; use {given.__name__}()")
        if not isinstance(given, base):
            example = next(iter(self._entries))
            article = "an" if base.__name__[0] in "AEIO" else "a"
            found = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
            raise SettingError(
                f"the {self.kind} is a name such as {example!r} or {article} {base.__name__}, not {found}"
            )
        return given

    def unknown(self, name: str) -> UnknownNameError:
        """The error for an unknown name, with the equivalent of another library's name or the closest one."""
        ours = self.foreign.get(name.strip().lower().replace("_", "-").replace(" ", "-"))
        return UnknownNameError(self.kind, name, self, None if ours is None else f"use {ours!r}")

    def canonical(self, name: str) -> str:
        """Our name for another spelling of it, such as Adam, ReLU, xavier_uniform or an alias.

        A name that is not known is returned unchanged.
        """
        if name in self:
            return name
        spelled = kebab_cased(name.strip()).replace(" ", "-")
        for known in (spelled, name.strip().lower().replace("_", "-")):
            ours = self._spellings.get(known, known)
            if ours in self:
                return ours
        plain = spelled.replace("-", "")
        return next((known for known in self if known.replace("-", "") == plain), name)

    def describe(self, thing: object) -> str:
        """The spec that `parse` turns back into `thing`; see the function `describe`."""
        return describe(thing, self)  # type: ignore[arg-type]

    def __getitem__(self, name: str) -> T:
        if name not in self:
            raise self.unknown(name)
        found = self._entries[name]
        if isinstance(found, Lazy):
            found = self._entries[name] = found.load()
        return found

    def __contains__(self, name: object) -> bool:
        if name not in self._entries:
            self._load_entry_points()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load_entry_points()
        return iter(list(self._entries))

    def __len__(self) -> int:
        self._load_entry_points()
        return len(self._entries)

    def _add(self, name: str, thing: D) -> D:
        """Register `thing` and return it."""
        taken = self._entries.get(name)
        own = Lazy(getattr(thing, "__module__", ""), getattr(thing, "__qualname__", ""))
        if taken is not None and taken is not thing and taken != own:
            by = f"{taken.module}.{taken.name}" if isinstance(taken, Lazy) else repr(taken)
            raise SettingError(f"the {self.kind} {name!r} is registered already, by {by}")
        self._entries[name] = thing  # type: ignore[assignment]
        return thing

    def _load_entry_points(self) -> None:
        """Add the entries of installed packages, once."""
        if self._has_all or self.group is None:
            return
        self._has_all = True
        if f"[{self.group}]" not in installed_entry_points():
            return
        from importlib.metadata import entry_points

        for point in entry_points(group=self.group):
            self._add(point.name, Lazy(point.module, point.attr))


@functools.cache
def installed_entry_points() -> str:
    """The entry points of all installed packages as text.

    Reading it takes a tenth of the time of importing importlib.metadata, which is needed only where one is ours.
    """
    texts = []
    for folder in sys.path:
        try:
            with os.scandir(folder or ".") as entries:
                found = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for path in found:
            with contextlib.suppress(OSError), open(f"{path}/entry_points.txt", encoding="utf-8") as file:  # noqa: PTH123
                texts.append(file.read())
    return "\n".join(texts)


def kebab_cased(name: str) -> str:
    """The name of a class or function in kebab case: LionWarm, lion_warm -> lion-warm."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name).lower()


def parse(text: str, choices: Mapping[str, Callable[..., T]], kind: str) -> Callable[..., T]:
    """The callable named by a spec, with its settings bound.

    text     "name" or "name:key=value,key=value"; values are converted to the type of the default, or to a
             number if it is None
    choices  name -> callable; its parameters with defaults are the settings
    kind     kind of the choices, for messages ("optimizer")

    Raises SettingError for an unknown name (with the closest match), an unknown setting or a
    value of the wrong type.

    >>> parse("sgd:rate=0.5", {"sgd": lambda rate=0.1: rate}, "optimizer")()
    0.5
    """
    name, _, tail = text.strip().partition(":")
    if name not in choices:
        raise choices.unknown(name) if isinstance(choices, Registry) else UnknownNameError(kind, name, choices)
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
    """The spec from which `parse` recreates `thing`, a dataclass; settings that are None are omitted."""
    name = next(name for name, choice in choices.items() if choice is type(thing))
    settings = ",".join(
        f"{field.name}={getattr(thing, field.name)}"
        for field in dataclasses.fields(thing)  # type: ignore[arg-type]
        if field.init and getattr(thing, field.name) is not None
    )
    return f"{name}:{settings}" if settings else name


def _convert(text: str, default: object, what: str) -> object:
    """Convert `text` to the type of `default`."""
    if isinstance(default, bool):
        if text.lower() not in _TRUTH:
            raise SettingError(f"{what} must be yes or no, not {text!r}")
        return _TRUTH[text.lower()]
    wanted: Callable[[str], object] = float if default is None else type(default)
    try:
        value = wanted(text)
    except ValueError:
        noun = "an integer" if wanted is int else "a number"
        raise SettingError(f"{what} must be {noun}, not {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(f"{what} must be finite, not {text!r}")
    return value


def require(condition: bool, message: str) -> None:
    """Raise SettingError(message) unless the condition holds."""
    if not condition:
        raise SettingError(message)


def is_number(value: object) -> bool:
    """Whether a value is a real number, not a bool."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_integer(value: object, least: int) -> bool:
    """Whether a value is an integer, not a bool, and at least `least`."""
    if isinstance(value, bool):
        return False
    return isinstance(value, Integral) and int(value) >= least


def require_positive(name: str, value: object) -> None:
    """Raise SettingError unless the value is a positive finite number."""
    what = repr(value) if len(repr(value)) < 60 else f"a {type(value).__name__}"
    require(is_number(value) and 0 < value < math.inf, f"{name} must be positive, not {what}")  # type: ignore[operator]
