"""A program as a folder of commands; errors become one line and an exit status."""

import ast
import contextlib
import gc
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from nn_core.cli.command_help import GroupedHelp
from nn_core.cli.config import add_config, name_origin
from nn_core.cli.option_hints import command_hint, explained
from nn_core.cli.shared_options import add_force, add_memory_limit, add_verbosity, time_report
from nn_core.cli.terminal import Interrupted, counted, echo, info, print_error, print_note
from nn_core.distributed.launch import rank_and_size
from nn_core.errors import DataWarning, NNError, SettingError
from nn_core.printable import printable
from nn_core.progress import VERBOSE, Reporter, job
from nn_core.signals import exit_status, interrupted_by, signal_of
from nn_core.standard_streams import OutputError, ReaderGone, guarded_streams, standard_output

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

CONTEXT = {"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 100}
"""Settings of every program."""

GC_THRESHOLD = 50_000
"""Allocations between garbage collections: imports create many objects and no garbage."""

UNCUT = 1000
"""Limit of a summary: none is cut."""

MOST_NOTES = 20
"""Most remarks on data that a command prints."""

FAILURE, USAGE = 1, 2
"""Exit statuses: the request failed; the request was malformed."""


class App(GroupedHelp, click.Group):
    """A group of commands, one per file of a package.

    name      of the program: "deep-nn"
    commands  a package ("deep_nn.commands"): each file `compare_optimizers.py` in it that does
              not start with an underscore is a command, `compare-optimizers`. The file defines
              the command under its own name, or as `<name>_command` where that name is taken
              (`def compare_optimizers`, `def import_command`), and is imported only when this
              command is invoked.
    aliases   earlier names of commands, which work and are not listed: {"shapes": "summary"}
    order     commands that the help lists first, in this order; the others are alphabetical
    hints     hints for words that are not commands: {"names": "use dino-gen --count 10"}

    The help of the group shows the first sentence of a command's docstring, read from the source
    without importing it. A command without a docstring, such as one made by a factory, has the
    docstring of its module.

    Without arguments, the help is printed. Errors are one line on stderr, without a traceback.
    """

    command_class = GroupedHelp

    def __init__(
        self,
        name: str | None = None,
        commands: str | None = None,
        order: Sequence[str] = (),
        hints: Mapping[str, str] = MappingProxyType({}),
        aliases: Mapping[str, str] = MappingProxyType({}),
        **settings: Any,
    ) -> None:
        settings["context_settings"] = CONTEXT | (settings.get("context_settings") or {})
        super().__init__(name, **settings)
        self._package = commands
        self._order = order
        self._hints = hints
        self._aliases = aliases
        self._modules = dict(_command_modules(commands)) if commands else {}
        add_memory_limit(self)
        add_verbosity(self)
        add_config(self, self.name or "")

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the help."""
        names = {*self._modules, *self.commands}
        first = [name for name in self._order if name in names]
        return [*first, *sorted(names.difference(first))]

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command that is not a file of the package."""
        add_memory_limit(cmd)
        add_verbosity(cmd)
        add_force(cmd)
        super().add_command(cmd, name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, imported now; None if there is none of this name."""
        cmd_name = self._aliases.get(cmd_name, cmd_name)
        if cmd_name not in self.commands and cmd_name in self._modules:
            self.commands[cmd_name] = self._import(cmd_name)
        return self.commands.get(cmd_name)

    def _import(self, name: str) -> click.Command:
        with job("starting"):
            module = importlib.import_module(f"{self._package}.{self._modules[name].name}")
        for attribute in _attributes(name):
            command = getattr(module, attribute, None)
            if isinstance(command, click.Command):
                command.help = command.help or inspect.getdoc(module)
                command.context_settings = {**CONTEXT, **command.context_settings}
                add_memory_limit(command)
                add_verbosity(command)
                if type(command) is click.Command:
                    command.__class__ = GroupedHelp  # so that the file of a command needs click alone
                add_config(command, self.name or "", name)
                add_force(command)
                return command
        raise TypeError(f"{module.__file__} defines no command {' or '.join(_attributes(name))}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, importing none; long summaries are wrapped."""
        names = self.list_commands(ctx)
        outlines = {name: self.commands.get(name) or self._outline(name) for name in names}
        rows = [(name, outline.get_short_help_str(UNCUT)) for name, outline in outlines.items() if not outline.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        """The commands that begin with a text, importing none; or the options of the group."""
        from click.shell_completion import CompletionItem

        found = []
        if not incomplete.startswith("-"):
            for name in self.list_commands(ctx):
                outline = self.commands.get(name) or self._outline(name)
                if name.startswith(incomplete) and not outline.hidden:
                    found.append(CompletionItem(name, help=outline.get_short_help_str()))
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def _outline(self, name: str) -> click.Command:
        """A stub with a command's name and help, for the list of commands."""
        return click.Command(name, help=_docstring(self._modules[name], _attributes(name)))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; without arguments, print the help, unless the group itself is a command."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The requested command; an unknown name fails with the closest match."""
        args = [self._aliases.get(args[0], args[0]), *args[1:]]
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"no such command: {name!r}; {command_hint(args, known, self._hints, ctx)}")
        return super().resolve_command(ctx, args)

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
        gc.set_threshold(GC_THRESHOLD)
        given = sys.argv[1:] if args is None else list(args)
        with guarded_streams(), Reporter():
            arguments = {"args": args, "prog_name": prog_name, "complete_var": complete_var, **extra}
            run = partial(self._status, given, **arguments)
            if rank_and_size()[1] > 1:
                from nn_core.cli.ranks import run_on_ranks

                sys.exit(run_on_ranks(given, run))
            sys.exit(run())

    def _status(self, given: Sequence[str], **arguments: Any) -> int:
        """Run a command; its exit status, after a line about an error."""
        try:
            with _notes():
                status = super().main(standalone_mode=False, **arguments)
            standard_output().flush()
            info(time_report(), verbosity=VERBOSE)
            return status if isinstance(status, int) else 0
        except click.UsageError as failed:
            name_origin(failed)
            return _failed(explained(failed, given), USAGE)
        except click.ClickException as failed:
            return _failed(failed.format_message(), failed.exit_code)
        except SettingError as failed:
            return _failed(str(failed), USAGE)
        except NNError as failed:
            return _failed(str(failed), FAILURE)
        except (click.Abort, KeyboardInterrupt) as error:  # click turns a KeyboardInterrupt into an Abort
            number = signal_of(error.__cause__ if isinstance(error, click.Abort) else error)
            return _failed(interrupted_by(number), exit_status(number))
        except ReaderGone as gone:
            return gone.exit_status
        except OutputError as failed:
            return _failed(str(failed), FAILURE)
        except MemoryError as failed:
            return _failed(f"out of memory: {failed}", FAILURE)
        except OSError as failed:
            where = f"{failed.filename}: " if failed.filename else ""
            return _failed(f"{where}{failed.strerror or failed}", FAILURE)
        except UnicodeEncodeError as failed:
            around = printable(failed.object[max(failed.start - 20, 0) : failed.end + 20])
            return _failed(f"a text has characters that cannot be written as {failed.encoding}: {around}", FAILURE)
        except ValueError as failed:
            if "embedded null" not in str(failed):  # Python's words for a path with one
                raise
            return _failed("a file name has a null character", FAILURE)

    def _runs_on_all_ranks(self, ctx: click.Context) -> bool:
        from nn_core.cli.ranks import RUN_BY_ALL_RANKS

        words = [*getattr(ctx, "_protected_args", ()), *ctx.args]  # later versions of click have args only
        return self._aliases.get(words[0], words[0]) in RUN_BY_ALL_RANKS if words else False

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a signal becomes Interrupted. Under `mpiexec`, most commands are left to rank 0."""
        if rank_and_size()[0] > 0 and not self._runs_on_all_ranks(ctx):
            return 0
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted(signal_of(error)) from None


def _command_modules(package: str) -> Iterator[tuple[str, pkgutil.ModuleInfo]]:
    """Name and module of each command in a package, without importing any."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"no package {package!r}", name=package)
    for module in pkgutil.iter_modules(spec.submodule_search_locations):
        if not module.name.startswith("_"):
            yield module.name.replace("_", "-"), module


def _attributes(name: str) -> tuple[str, str]:
    """Attribute names under which a module may define its command."""
    stem = name.replace("-", "_")
    return stem, f"{stem}_command"


def _docstring(module: pkgutil.ModuleInfo, functions: Sequence[str]) -> str | None:
    """The docstring of the first of these functions that a module defines, or of the module.

    Only the text up to the end of the docstring is parsed: parsing whole files would make the list
    of commands ten times slower.
    """
    finder: Any = module.module_finder
    source = finder.find_spec(module.name).loader.get_source(module.name)
    for name in functions:
        head = re.search(rf'^def {name}\(.*?""".*?"""', source, re.MULTILINE | re.DOTALL)
        with contextlib.suppress(SyntaxError):  # not a docstring after all
            function = ast.parse(head[0] if head else "pass").body[0]
            if isinstance(function, ast.FunctionDef) and (found := ast.get_docstring(function)):
                return found
    head = re.match(r'"""(\\.|[^\\])*?"""', source, re.DOTALL)
    return ast.get_docstring(ast.parse(head[0] if head else source))


@contextlib.contextmanager
def _notes() -> Iterator[None]:
    """Print each DataWarning once, as one line on stderr, up to MOST_NOTES; the others are counted."""
    shown: set[str] = set()
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_note(message: Warning | str, category: type[Warning], *where: Any, **line: Any) -> None:
            if not issubclass(category, DataWarning):
                show(message, category, *where, **line)
            elif str(message) not in shown:
                shown.add(str(message))
                if len(shown) <= MOST_NOTES:
                    print_note(str(message))

        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = show_note
        yield
        if len(shown) > MOST_NOTES:
            print_note(f"{counted(len(shown) - MOST_NOTES, 'more remark')} on the data")


def _failed(message: str, status: int) -> int:
    print_error(message)
    return status
