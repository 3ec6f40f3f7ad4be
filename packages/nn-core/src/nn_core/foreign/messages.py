"""Messages about wrong arguments, each in one line with the call that works."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nn_core.arguments import Arguments
from nn_core.foreign.layer_arguments import LAYER_ARGUMENTS, POSITIONS
from nn_core.foreign.training_arguments import TRAINING_ARGUMENTS
from nn_core.source_code import EXAMPLES, call, shown


def refusal(
    owner: Any, problem: tuple[str, list[str]], args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments
) -> str:
    """The message about a problem with the arguments of a class or function; see `Arguments.problem`."""
    kind, names = problem
    if kind == "unknown":
        return _unknown(owner, names, args, kwargs, known)
    if kind == "too many":
        return _too_many(owner, args, kwargs, known)
    if kind == "missing":
        return f"{owner.__qualname__} needs {' and '.join(names)}: {_line(owner, args, kwargs, known)}"
    return _not_whole(owner, names[0], args, kwargs, known)


def _unknown(
    owner: Any, unknown: Sequence[str], args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments
) -> str:
    """The message about arguments with unknown names: about one, with a line that has none of them."""
    every = (*known.by_position, *known.named)
    table = LAYER_ARGUMENTS | TRAINING_ARGUMENTS
    advice = {name: entry_for(table, owner, name) for name in unknown}
    ours = {name: str(text)[1:] for name, text in advice.items() if str(text).startswith("=")}
    ours |= {name: closest(name, every) or "" for name in unknown if advice[name] is None}
    taken = {*kwargs, *known.by_position[: len(args)]}
    ours = {name: our for name, our in ours.items() if our in every and our not in taken}
    name = next((each for each in unknown if each not in ours), unknown[0])
    rest = {ours.get(key, key): value for key, value in kwargs.items() if key in ours or key not in unknown}
    what, line = f"{owner.__qualname__} has no argument {name!r}", _line(owner, args, rest, known)
    if name in ours:
        return f"{what}; write {line}"
    if callable(advice[name]):
        return f"{what}; {advice[name](line, kwargs[name])}"
    if advice[name] is not None and not advice[name].startswith("="):
        return f"{what}; {advice[name].format(cls=owner.__qualname__, call=line, value=shown(kwargs[name]))}"
    return f"{what}; it has {', '.join(every)}" if every else f"{what}; write {line}"


def _too_many(owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The message about more arguments without names than there may be."""
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
        return f"{title} takes its arguments by name: {line}"
    return f"{title} takes its other arguments by name: {line}"


def _line(owner: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: Arguments) -> str:
    """The code of a call, with an example of each argument that is needed and not given."""
    given = {*known.by_position[: len(args)], *kwargs}
    by_name = {*known.named, *(known.by_position if kwargs.keys() & set(known.by_position) else ())}
    lacking = [name for name in (*known.by_position, *known.named) if name in known.required - given]
    parts = [
        call("", args, {}, known.by_position)[1:-1],
        *(EXAMPLES.get(name, name) for name in lacking if name not in by_name),
        *(f"{name}={EXAMPLES.get(name, name)}" for name in lacking if name in by_name),
        call("", (), kwargs)[1:-1],
    ]
    return f"{_code_name(owner)}({', '.join(filter(None, parts))})"


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


def entry_for(table: Mapping[str, Any], owner: Any, name: str) -> Any:
    """The advice for a function, or for a class or its nearest base that has one; None if there is none."""
    names = [base.__name__ for base in owner.__mro__] if isinstance(owner, type) else [owner.__qualname__]
    for each in names:
        entry = table.get(each)
        found = entry.get(name) if isinstance(entry, Mapping) else entry
        if found is not None:
            return found
    return None


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that is spelled most alike, without regard to case; None if none is close."""
    import difflib

    lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75)
    return lower[found[0]] if found else None
