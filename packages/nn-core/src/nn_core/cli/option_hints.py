"""The option or command that an unknown one may stand for: other libraries' names, prefixes and misspellings.

Every function returns the end of a message, such as "use --learning-rate", or None. A hint names only options
and commands that there are. The tables of other programs' names are imported only for an error.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import click
from click.core import ParameterSource

from nn_core.cli.metavar import metavar

CHECKPOINTS = (".h5", ".hdf5", ".safetensors", ".onnx", ".keras", ".pt", ".pth")
PHOTOS = (".png", ".gif", ".jpg", ".jpeg", ".webp", ".bmp")
TABLES = (".csv", ".txt", ".npz")
FIGURES = (".png", ".svg", ".pdf", ".gif", ".jpg", ".jpeg")
HELD_BY = ("--data", "--start", "--model")
"""Options that a loose argument may belong to, the likeliest first."""


def explained(error: click.UsageError, args: Sequence[str]) -> str:
    """The message of an error of usage, with a hint, or else with the command that prints the help.

    args  the arguments of the program
    """
    ctx, message, hint = error.ctx, error.format_message(), None
    message = message.replace("is not a valid integer range", "is not an integer")
    if isinstance(error, click.NoSuchOption) and ctx is not None:
        name = _as_typed(error.option_name, args)
        message, hint = f"no such option {name}", option_hint(ctx, name, args)
    elif isinstance(error, click.MissingParameter) and ctx is not None and error.param is not None:
        message = f"missing {_named(error.param, ctx)}"
        hint = _loose_checkpoint(error.param, args) or _example(ctx)
    if hint is not None:
        return f"{message}; {hint}"
    if ctx is None or "; " in message or message.endswith("?"):
        return message
    return f"{message} (see {ctx.command_path} --help)"


def option_hint(ctx: click.Context, name: str, args: Sequence[str] = ()) -> str | None:
    """The hint for an unknown option of a command, e.g. "--lr" or "--learning_rate"."""
    from nn_core.foreign.command_line import OPTIONS

    known = _options(ctx.command, ctx)
    stem = name.lstrip("-").replace("_", "-").lower()
    if f"--{stem}" in known:
        return f"use --{stem}"
    value = _value_of(name, args)
    if stem in arguments_of(ctx.command):
        return f"write the value alone: {ctx.command_path} {value or stem.upper()}"
    moved = _after_the_command(ctx, name, args)
    if moved is not None:
        return moved
    advice = OPTIONS.get(stem, "")
    if advice.startswith("!"):
        return advice[1:]
    for candidate in filter(None, advice.split(" | ")):
        if candidate.split()[0] in known:
            return f"use {_filled(candidate, stem, value)}"
    if stem == "data" or "--data" in advice:
        return _written_alone(ctx, value)
    return None if advice else _nearest(f"--{stem}", known, cutoff=0.7)


def command_hint(words: Sequence[str], commands: Iterable[str], extra: Mapping[str, str], ctx: click.Context) -> str:
    """The hint for an unknown command.

    words  the unknown command, and what follows it
    extra  the program's own hints for words: "names" -> "use dino-gen --count 10"
    """
    from nn_core.foreign.command_line import COMMANDS
    from nn_core.registry import nearest

    word, known = words[0], sorted(commands)
    stem = word.replace("_", "-").lower()
    starts = "--start" in _options(ctx.command, ctx)
    if stem in extra:
        return extra[stem]
    if stem in known:
        return f"use {stem}"
    if stem in {"help", "version"}:
        of = [name for name in words[1:2] if stem == "help" and name in known]
        return f"use {' '.join([ctx.command_path, *of, f'--{stem}'])}"
    if (used := _use_of_file(word, known)) is not None:
        return f"use {used}"
    if starts and word[:1].isupper():
        return f"use --start {_quoted(word)}"
    parts = [name for name in known if stem.rstrip("s") in (part.rstrip("s") for part in re.split("[- ]", name))]
    parts += [name for name in known if name.startswith(f"{stem}-") and name not in parts]
    if parts:
        return f"use {_either(parts)}"
    for candidate in filter(None, COMMANDS.get(stem, "").split(" | ")):
        if candidate in known:
            return f"use {candidate}"
    hint = nearest(word, known)
    return hint if hint.startswith("did") or not starts else f"use --start {_quoted(word)}, or {hint}"


def _use_of_file(name: str, commands: Collection[str]) -> str | None:
    """The command that a file given in place of a command is for."""
    uses = {"predict": PHOTOS, "train --data": TABLES, "summary --model": CHECKPOINTS}
    for use, suffixes in uses.items():
        if use.split()[0] in commands and name.lower().endswith(suffixes):
            return f"{use} {_quoted(name)}"
    return None


def _written_alone(ctx: click.Context, value: str | None) -> str | None:
    """The hint for an option of files where they are arguments: predict --data a.csv."""
    if arguments_of(ctx.command).isdisjoint({"files", "image"}):
        return None
    return f"write the value alone: {ctx.command_path} {_quoted(value) if value else 'FILE'}"


def unexpected_arguments(ctx: click.Context, rest: Sequence[str]) -> str:
    """The message for arguments that a command has no place for."""
    known = _options(ctx.command, ctx)
    word = rest[0]
    likely: Sequence[str] = HELD_BY
    if word.lower().endswith(CHECKPOINTS):
        likely = ("--model", "--from", *HELD_BY)
    elif word.lower().endswith(FIGURES):
        likely = ("--figure", *HELD_BY)
    given = {option for option, name in known.items() if ctx.params.get(name) is not None and _is_explicit(ctx, name)}
    hold = next((option for option in likely if option in known and option not in given), None)
    what = f"unexpected argument{'s' if len(rest) > 1 else ''} {' '.join(rest)}"
    if hold is None:
        return f"{what}; put quotation marks around a value with spaces" if len(rest) > 1 else what
    return f"{what}; use {hold} {_quoted(word)}"


def _options(command: click.Command, ctx: click.Context) -> dict[str, str]:
    """The visible options of a command, and the names of their parameters."""
    return {
        name: parameter.name or ""
        for parameter in command.get_params(ctx)
        if isinstance(parameter, click.Option) and not parameter.hidden
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def arguments_of(command: click.Command) -> set[str]:
    """What the usage line calls the positional arguments: l2 for [L2]..."""
    from nn_core.cli.aliases import HiddenArgument

    arguments = [
        parameter
        for parameter in command.params
        if isinstance(parameter, click.Argument) and not isinstance(parameter, HiddenArgument)
    ]
    shown = [f"{parameter.name} {parameter.metavar or ''}" for parameter in arguments]
    return {word.lower().replace("_", "-") for word in re.findall(r"\w+", " ".join(shown))}


def _is_explicit(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _as_typed(name: str, args: Sequence[str]) -> str:
    """The unknown option as it was typed: click takes -lr for a cluster of short options and names the first."""
    if not re.fullmatch("-[^-]", name):
        return name
    return next((word.partition("=")[0] for word in args if word.startswith(name) and len(word) > len(name)), name)


def _value_of(name: str, args: Sequence[str]) -> str | None:
    """The value given for an option: the word after it, or after its equals sign."""
    for word, following in zip(args, [*args[1:], ""], strict=True):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word == name and following and (not following.startswith("-") or _number(following) is not None):
            return following
    return None


def _filled(candidate: str, name: str, value: str | None) -> str:
    """Advice with its placeholders filled in; without the value if there is none."""
    option, _, template = candidate.partition(" ")
    if "{complement}" in template:
        keep = _number(value or "")
        if keep is None or not 0 < keep <= 1:
            return f"{option} RATE, the fraction dropped: 1 - keep"
        return f"{option} {1 - keep:.6g}, the fraction dropped: 1 - {keep:g}"
    if "{value}" in template and value is None:
        return f"{option} {template.partition(':')[0]}"
    return f"{option} {template.format(name=name, value=value)}".strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _after_the_command(ctx: click.Context, name: str, args: Sequence[str]) -> str | None:
    """The hint for an option of a command placed before it: deep-nn --epochs 5 train."""
    if not isinstance(ctx.command, click.Group):
        return None
    for word in args:
        if word in ctx.command.list_commands(ctx):
            command = ctx.command.get_command(ctx, word)
            if command is None:
                return None
            inner, option = click.Context(command, ctx, word), f"--{name.lstrip('-').replace('_', '-').lower()}"
            found = f"use {option}" if option in _options(command, inner) else option_hint(inner, name, args) or ""
            if found.startswith("use --"):
                return f"put it after the command: {ctx.command_path} {word} {found.removeprefix('use ')}"
            return None
    return None


def _nearest(name: str, known: Collection[str], cutoff: float) -> str | None:
    import difflib

    begun = [option for option in known if option.startswith(name)]
    if len(begun) == 1 and len(name) > len("--x"):
        return f"did you mean {begun[0]}?"
    close = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"did you mean {close[0]}?" if close else None


def _named(parameter: click.Parameter, ctx: click.Context) -> str:
    """A missing parameter as it is typed: "--model FILE"."""
    if isinstance(parameter, click.Option):
        return f"{parameter.opts[0]} {metavar(parameter, ctx)}"
    return parameter.make_metavar(ctx)


def _loose_checkpoint(parameter: click.Parameter, args: Sequence[str]) -> str | None:
    """The hint where a network is given without --model: deep-nn summary cats.h5."""
    if "--model" not in parameter.opts:
        return None
    loose = [word for before, word in zip(["", *args], args, strict=False) if not before.startswith("-")]
    found = next((word for word in loose if word.lower().endswith(CHECKPOINTS) and not word.startswith("-")), None)
    return f"use --model {_quoted(found)}" if found else None


def _example(ctx: click.Context) -> str | None:
    found = re.search(r"^\s*Example: (.*)$", ctx.command.help or "", re.MULTILINE)
    return f"e.g. {found[1].strip()}" if found else None


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
