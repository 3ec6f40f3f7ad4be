"""The outer edge of a command line: whatever goes wrong is one line, and an exit status."""

import gc
import importlib
import json
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, NoReturn

import click

from nn_core.errors import NNError, SettingError
from nn_core.registry import nearest

CONTEXT = {"help_option_names": ["-h", "--help"], "show_default": True}
"""What every program's commands have in common."""

OBJECTS = 50_000
"""How many more objects there are before Python looks for garbage among them: what a command
imports makes many, and no garbage."""

FAILURE, USAGE = 1, 2
"""Exit statuses: what was asked for could not be done; it was not asked for rightly."""


class Commands(MutableMapping[str, click.Command]):
    """The commands of a program, each imported when it is asked for: who asks for one does not
    wait for the others, and who asks what there are waits for none.

    package  the program's
    modules  module of the package -> the commands that it has by name in `COMMANDS` -> the
             first sentence of each one's help
    """

    def __init__(self, package: str, modules: Mapping[str, Mapping[str, str]]) -> None:
        self._commands: dict[str, str | click.Command] = {
            name: f"{package}.{module}" for module, names in modules.items() for name in names
        }
        self._sentences = {
            name: sentence for names in modules.values() for name, sentence in names.items()
        }

    def outlines(self) -> dict[str, click.Command]:
        """What a list of the commands needs to know of them, without their modules."""
        return {
            name: click.Command(name, help=self._sentences[name])
            if isinstance(found, str)  # its module
            else found
            for name, found in self._commands.items()
        }

    def __getitem__(self, name: str) -> click.Command:
        found = self._commands[name]
        if isinstance(found, str):
            found = self._commands[name] = importlib.import_module(found).COMMANDS[name]
        command: click.Command = found
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)

    def __contains__(self, name: object) -> bool:
        return name in self._commands


class Program(click.Group):
    """A group of commands that ends in one line on stderr where others end in a traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; with `standalone_mode`, exit with its status."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        gc.set_threshold(OBJECTS)
        try:
            status = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.UsageError as error:
            hint = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
            _fail(error.format_message() + hint, USAGE)
        except click.ClickException as error:
            _fail(error.format_message(), error.exit_code)
        except SettingError as error:
            _fail(str(error), USAGE)
        except NNError as error:
            _fail(str(error), FAILURE)
        except (click.Abort, KeyboardInterrupt):
            _fail("interrupted", FAILURE)
        except MemoryError as error:
            _fail(f"out of memory: {error}", FAILURE)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _fail(f"{where}{error.strerror or error}", FAILURE)
        sys.exit(status if isinstance(status, int) else 0)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help, for which none of them need be imported."""
        if isinstance(self.commands, Commands):
            click.Group(commands=self.commands.outlines()).format_commands(ctx, formatter)
        else:
            super().format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command asked for; an unknown one is answered with the nearest."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            ctx.fail(f"no such command: {name!r}; {nearest(name, self.commands)}")
        return super().resolve_command(ctx, args)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


def info(message: str) -> None:
    """Say something beside the result: on stderr, so that stdout stays the result alone."""
    click.echo(message, err=True)


def echo_json(result: object) -> None:
    """Print a result as one line of strict JSON, which knows neither NaN nor Infinity."""
    click.echo(json.dumps(result, allow_nan=False))


def _fail(message: str, status: int) -> NoReturn:
    info(f"Error: {' '.join(message.split())}")
    sys.exit(status)
