"""A TOML file of options: those of the program, and a table of options per command."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from nn_core.cli.option_keys import options_by_key
from nn_core.cli.param_types import CommaList
from nn_core.errors import DataError
from nn_core.registry import nearest
from nn_core.storage.files import printable


class ConfigFile(NamedTuple):
    """A TOML file: options of the program, and a table of options per command."""

    path: Path
    contents: Mapping[str, Any]

    def table(self, ctx: click.Context) -> str:
        """The file and the table of a command, for messages."""
        return f"{printable(self.path)}{'' if isinstance(ctx.command, click.Group) else f' [{ctx.info_name}]'}"

    def values(self, ctx: click.Context) -> dict[str, Any]:
        """The values for a program or command, by name of the parameter.

        Raises click.UsageError for a key that is no option, and for a value of another type.
        """
        is_program = isinstance(ctx.command, click.Group)
        table = self.contents if is_program else self.contents.get(ctx.info_name or "", {})
        known = dict(options_by_key(ctx.command))
        values = {}
        for key, value in table.items():
            if isinstance(value, dict) and is_program:  # the table of a command
                continue
            name = str(key).replace("_", "-")
            if name not in known:
                raise click.UsageError(f"{self.table(ctx)}: no such option: {key!r}; {_advice(ctx, name)}", ctx)
            option = known[name]
            try:
                values[option.name or ""] = _value(option, value)
            except TypeError as error:
                raise click.UsageError(f"{self.table(ctx)}: {key} must be {error}", ctx) from None
        return values

    def check_tables(self, ctx: click.Context) -> None:
        """Raise click.UsageError for a table of no command, or an option of no program."""
        root = ctx.find_root()
        if not isinstance(root.command, click.Group):
            return
        commands = root.command.list_commands(root)
        for name, value in self.contents.items():
            if isinstance(value, dict) and name not in commands:
                advice = nearest(name, commands)
                raise click.UsageError(f"{printable(self.path)}: no such command: [{name}]; {advice}", ctx)
        if root is not ctx:
            self.values(root)


def read_config(name: str) -> ConfigFile:
    """Raises click.UsageError for a file that is missing or not TOML."""
    from nn_core.storage.toml_file import read_toml

    path = Path(name)
    try:
        return ConfigFile(path, read_toml(path))
    except DataError as error:
        raise click.UsageError(f"--config: {error}") from None


def _advice(ctx: click.Context, name: str) -> str:
    """Where an unknown key belongs."""
    from nn_core.cli.option_hints import arguments_of
    from nn_core.foreign.command_line import OPTIONS

    program = ctx.command if isinstance(ctx.command, click.Group) else None
    shown = [key for key, option in options_by_key(ctx.command) if not option.hidden]
    if program is not None and name in program.list_commands(ctx):
        return f"put it into a table, [{name}]"
    if name in arguments_of(ctx.command):
        return "write the values on the command line"
    for advice in OPTIONS.get(name, "").split(" | "):
        if (key := advice.partition(" ")[0].lstrip("-")) in shown:
            return f"use {key!r}"
    close = nearest(name, shown)
    if program is not None and not close.startswith("did"):
        return "put the options of a command into its table, such as [train]"
    return close


def _value(option: click.Option, value: object) -> Any:
    """A value of a file as the command line would have it. Raises TypeError with what it must be."""
    if option.is_flag or option.is_bool_flag:
        if isinstance(value, bool):
            return value
        raise TypeError("true or false")
    if option.count and type(value) is int:
        return value
    if isinstance(value, list):
        texts = [_text(item) for item in value]
        if option.multiple:
            return texts
        if isinstance(option.type, CommaList):
            return ",".join(texts)
        raise TypeError("one value, not a list")
    return [_text(value)] if option.multiple else _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        shown = str(value).lower() if isinstance(value, bool) else f"{type(value).__name__}"
        raise TypeError(f"a text or a number, not {shown}")
    return str(value)
