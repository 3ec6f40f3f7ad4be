"""One-line messages for wrong arguments, with the corrected call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nn_core.arguments import Arguments
from nn_core.foreign.layer_arguments import LAYER_ARGUMENTS, POSITIONS
from nn_core.foreign.training_arguments import TRAINING_ARGUMENTS
from nn_core.source_code import EXAMPLES, as_code, call


def argument_message(
    owner: Any, problem: tuple[str, list[str]], args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments
) -> str:
    """The message for a problem with the arguments of a class or function; see `Arguments.problem`."""
    kind, names = problem
    if kind == "unknown":
        return _unknown(owner, names, args, kwargs, known)
    if kind == "too many":
        return _too_many(owner, args, kwargs, known)
    if kind == "missing":
        return f"{owner.__qualname__} requires {' and '.join(names)}: {_line(owner, args, kwargs, known)}"
    return _not_integer(owner, names[0], args, kwargs, known)


def _unknown(
    owner: Any, unknown: Sequence[str], args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments
) -> str:
    """The message for unknown arguments: it names one; the corrected call has none of them."""
    every = (*known.by_position, *known.named)
    table = LAYER_ARGUMENTS | TRAINING_ARGUMENTS
    advice = {name: entry_for(table, owner, name) for name in unknown}
    if len(args) > len(known.by_position) and callable(entry_for(POSITIONS, owner, "")):
        return _too_many(owner, args, {key: value for key, value in kwargs.items() if key in every}, known)
    ours = {name: str(text)[1:] for name, text in advice.items() if str(text).startswith("=")}
    ours |= {name: closest(name, every) or "" for name in unknown if advice[name] is None}
    taken = {*kwargs, *known.by_position[: len(args)]}
    ours = {name: our for name, our in ours.items() if our in every and our not in taken}
    name = next((each for each in unknown if each not in ours), unknown[0])
    rest = {ours.get(key, key): value for key, value in kwargs.items() if key in ours or key not in unknown}
    what, line = f"{owner.__qualname__} has no argument {name!r}", _line(owner, args, rest, known)
    if name in ours:
        return f"{what}; use {line}"
    if callable(advice[name]):
        return f"{what}; {advice[name](line, kwargs[name])}"
    if advice[name] is not None and not advice[name].startswith("="):
        return f"{what}; {advice[name].format(cls=owner.__qualname__, call=line, value=as_code(kwargs[name]))}"
    return f"{what}; it has {', '.join(every)}" if every else f"{what}; use {line}"


def _too_many(owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message for too many positional arguments."""
    title, code = owner.__qualname__, _code_name(owner)
    advice = entry_for(POSITIONS, owner, "")
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
        return f"{title} takes keyword arguments only: {line}"
    return f"{title} takes its other arguments by keyword: {line}"


def _line(owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The call as code, with an example value for each missing required argument."""
    given = {*known.by_position[: len(args)], *kwargs}
    by_name = {*known.named, *(known.by_position if kwargs.keys() & set(known.by_position) else ())}
    missing = [name for name in (*known.by_position, *known.named) if name in known.required - given]
    parts = [
        call("", args, {}, known.by_position)[1:-1],
        *(EXAMPLES.get(name, name) for name in missing if name not in by_name),
        *(f"{name}={EXAMPLES.get(name, name)}" for name in missing if name in by_name),
        call("", (), kwargs)[1:-1],
    ]
    return f"{_code_name(owner)}({', '.join(filter(None, parts))})"


def _not_integer(owner: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message for an argument that must be an integer."""
    given = dict(zip(known.by_position, args, strict=False)) | dict(kwargs)
    text = str(given[name])
    example = int(text.removesuffix(".0")) if text.removesuffix(".0").isdecimal() else int(EXAMPLES[name])
    changed = {key: example if key == name else value for key, value in given.items()}
    line = call(_code_name(owner), list(changed.values())[: len(args)], dict(list(changed.items())[len(args) :]), given)
    return f"{owner.__qualname__}: {name} must be an integer, not {as_code(given[name], 'this')}; use {line}"


def _code_name(owner: Any) -> str:
    """The name that is called in code: a class, or an object's method such as model.fit."""
    name: str = owner.__qualname__.rpartition("<locals>.")[2]
    holder, dot, method = name.rpartition(".")
    return name if not dot or method == "load" else f"{holder.lower()}.{method}"


def _counted(count: int) -> str:
    return "one argument" if count == 1 else f"{count} arguments"


def entry_for(table: Mapping[str, Any], owner: Any, name: str) -> Any:
    """The advice for a function, or for a class or its nearest base class that has an entry; else None."""
    names = [base.__name__ for base in owner.__mro__] if isinstance(owner, type) else [owner.__qualname__]
    for each in names:
        entry = table.get(each)
        found = entry.get(name) if isinstance(entry, Mapping) else entry
        if found is not None:
            return found
    return None


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice with the closest spelling, ignoring case; None if none is close."""
    import difflib

    lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75)
    return lower[found[0]] if found else None
