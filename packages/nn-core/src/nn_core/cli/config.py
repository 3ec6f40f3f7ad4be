"""Values of options from a TOML file (`--config`) and from environment variables.

What is on the command line wins over an environment variable, that over the file, and that over
the default. Only what a command is given on the command line may contradict a run to resume.
"""

import enum
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from nn_core.cli.option_keys import option_key, options_by_key

if TYPE_CHECKING:
    from nn_core.cli.config_file import ConfigFile

_FILE, _VALUES = f"{__name__}.file", f"{__name__}.values"


class Origin(enum.IntEnum):
    """Where the value of an option comes from; the larger one wins."""

    DEFAULT, FILE, ENVIRONMENT, COMMAND_LINE = range(4)


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
    for name, option in options_by_key(command):
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
        error.param_hint = f"{option_key(error.param)!r} in {file.table(error.ctx)}"


def _config_option(envvar: str) -> click.Option:
    return click.Option(
        ["--config"],
        type=click.Path(),
        metavar="FILE",
        envvar=envvar,
        is_eager=True,
        expose_value=False,
        callback=_use,
        help="TOML file with values of options, in a table per command.",
    )


def _use(ctx: click.Context, parameter: click.Parameter, path: str | None) -> None:
    """Make the values of a file the defaults of a command."""
    if path is not None and not ctx.resilient_parsing:
        from nn_core.cli.config_file import read_config

        ctx.meta[_FILE] = file = read_config(path)
        file.check_tables(ctx)
    found: ConfigFile | None = ctx.meta.get(_FILE)
    if found is not None:
        _values_by_command(ctx)[ctx.command_path] = values = found.values(ctx)
        ctx.default_map = {**(ctx.default_map or {}), **values}


def _values_by_command(ctx: click.Context) -> MutableMapping[str, Mapping[str, Any]]:
    found: MutableMapping[str, Mapping[str, Any]] = ctx.meta.setdefault(_VALUES, {})
    return found


def _file_values(ctx: click.Context) -> Mapping[str, Any]:
    """The values of the file for this command, by name of the parameter."""
    return _values_by_command(ctx).get(ctx.command_path, {})
