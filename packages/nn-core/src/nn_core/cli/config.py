"""Values of options from a TOML file (`--config`) and from environment variables.

What is on the command line wins over an environment variable, that over the file, and that over
the default. Only what a command is given on the command line may contradict a run to resume.
"""

import enum
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from nn_core.cli.param_types import CommaList
from nn_core.registry import nearest
from nn_core.storage.files import printable

_FILE, _VALUES = f"{__name__}.file", f"{__name__}.values"
_EXCLUDED = frozenset({"config", "help", "version"})
"""Options that neither a file nor the environment sets."""


class Origin(enum.IntEnum):
    """Where the value of an option comes from; the larger one wins."""

    DEFAULT, FILE, ENVIRONMENT, COMMAND_LINE = range(4)


class ConfigFile(NamedTuple):
    """A TOML file: options of the program, and a table of options per command."""

    path: Path
    contents: Mapping[str, Any]


def origin_of(ctx: click.Context, name: str) -> Origin:
    """Where the value of a parameter comes from; a preset's value is a default."""
    source = ctx.get_parameter_source(name)
    if source is ParameterSource.COMMANDLINE:
        return Origin.COMMAND_LINE
    if source is ParameterSource.ENVIRONMENT:
        return Origin.ENVIRONMENT
    return Origin.FILE if source is ParameterSource.DEFAULT_MAP and name in _file_values(ctx) else Origin.DEFAULT


def is_given(ctx: click.Context, name: str) -> bool:
    """Whether the user gave a value, on the command line, in the environment or in a file."""
    return origin_of(ctx, name) is not Origin.DEFAULT


def on_command_line(ctx: click.Context, name: str) -> bool:
    """Whether the user gave a value on the command line."""
    return origin_of(ctx, name) is Origin.COMMAND_LINE


def set_defaults(ctx: click.Context, defaults: Mapping[str, Any]) -> None:
    """Replace the defaults of options not processed yet; values of a file still win."""
    ctx.default_map = {**defaults, **_file_values(ctx)}


def add_config(command: click.Command, *path: str) -> None:
    """Give a command `--config`, and each of its options an environment variable.

    path  names of the program and of the command: ("deep-nn", "train") for DEEP_NN_TRAIN_EPOCHS
    """
    for name, option in _options(command):
        if option.envvar is None:
            option.envvar = "_".join([*path, name]).replace("-", "_").upper()
    command.params.insert(0, _config_option("_".join([*path, "config"]).replace("-", "_").upper()))


def name_origin(error: click.UsageError) -> None:
    """Let the message about an invalid value name the file or the variable that it comes from."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or not isinstance(error.param, click.Option):
        return
    origin = origin_of(error.ctx, error.param.name or "")
    if origin is Origin.ENVIRONMENT:
        error.param_hint = f"the environment variable {error.param.envvar}"
    elif origin is Origin.FILE:
        file: ConfigFile = error.ctx.meta[_FILE]
        error.param_hint = f"{_key(error.param)!r} in {printable(file.path)}{_of_table(error.ctx)}"


def _config_option(envvar: str) -> click.Option:
    return click.Option(
        ["--config"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        envvar=envvar,
        is_eager=True,
        expose_value=False,
        callback=_use,
        help="TOML file with values of options, in a table per command.",
    )


def _use(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Make the values of a file the defaults of a command."""
    if path is not None and not ctx.resilient_parsing:
        ctx.meta[_FILE] = file = _read(path)
        _check_tables(ctx, file)
    found: ConfigFile | None = ctx.meta.get(_FILE)
    if found is None:
        return
    is_program = isinstance(ctx.command, click.Group)
    table = found.contents if is_program else found.contents.get(ctx.info_name or "", {})
    values = _values(ctx, table, found.path)
    _values_by_command(ctx)[ctx.command_path] = values
    ctx.default_map = {**(ctx.default_map or {}), **values}


def _values_by_command(ctx: click.Context) -> MutableMapping[str, Mapping[str, Any]]:
    found: MutableMapping[str, Mapping[str, Any]] = ctx.meta.setdefault(_VALUES, {})
    return found


def _file_values(ctx: click.Context) -> Mapping[str, Any]:
    """The values of the file for this command, by name of the parameter."""
    return _values_by_command(ctx).get(ctx.command_path, {})


def _read(path: Path) -> ConfigFile:
    """Raises click.UsageError for a file that is missing or not TOML."""
    import tomllib

    try:
        with path.open("rb") as file:
            return ConfigFile(path, tomllib.load(file))
    except FileNotFoundError:
        raise click.UsageError(f"--config: no such file: {printable(path)}") from None
    except OSError as error:
        raise click.UsageError(f"--config: {printable(path)} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"--config: {printable(path)} is not a TOML file: {printable(error)}") from None


def _check_tables(ctx: click.Context, file: ConfigFile) -> None:
    """Raise click.UsageError for a table of no command, or an option of no program."""
    root = ctx.find_root()
    if not isinstance(root.command, click.Group):
        return
    commands = root.command.list_commands(root)
    for name, value in file.contents.items():
        if isinstance(value, dict) and name not in commands:
            raise click.UsageError(f"{printable(file.path)}: no such command: [{name}]; {nearest(name, commands)}", ctx)
    if root is not ctx:
        _values(root, file.contents, file.path)


def _values(ctx: click.Context, table: Any, path: Path) -> dict[str, Any]:
    """The values of a table by name of the parameter; tables in it are those of commands, and skipped.

    Raises click.UsageError for a key that is no option, and for a value of another type.
    """
    where = f"{printable(path)}{_of_table(ctx)}"
    known = dict(_options(ctx.command))
    values = {}
    for key, value in table.items():
        if isinstance(value, dict) and isinstance(ctx.command, click.Group):
            continue
        name = str(key).replace("_", "-")
        if name not in known:
            raise click.UsageError(f"{where}: no such option: {key!r}; {_advice(ctx, name)}", ctx)
        option = known[name]
        try:
            values[option.name or ""] = _value(option, value)
        except TypeError as error:
            raise click.UsageError(f"{where}: {key} must be {error}", ctx) from None
    return values


def _advice(ctx: click.Context, name: str) -> str:
    """Where an unknown key belongs."""
    shown = [key for key, option in _options(ctx.command) if not option.hidden]
    if isinstance(ctx.command, click.Group):
        if name in ctx.command.list_commands(ctx):
            return f"put it into a table, [{name}]"
        if not shown:
            return "put the options of a command into its table, such as [train]"
    return nearest(name, shown)


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


def _options(command: click.Command) -> Iterator[tuple[str, click.Option]]:
    """The options of a command by their long name, without dashes."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and _key(parameter) not in _EXCLUDED:
            yield _key(parameter), parameter


def _key(option: click.Option) -> str:
    """The first long name of an option, without dashes."""
    return max(option.opts, key=lambda name: name.startswith("--")).lstrip("-")


def _of_table(ctx: click.Context) -> str:
    return "" if isinstance(ctx.command, click.Group) else f" [{ctx.info_name}]"
