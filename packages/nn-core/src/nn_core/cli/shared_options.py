"""The options that every command has, `--quiet` and `--verbose`, and `--force` of those that write files."""

import time
from collections.abc import Iterator

import click

from nn_core.progress import QUIET, VERBOSE, reporter

FORCE = "nn_core.force"
"""Where a context keeps whether `--force` was given."""


def add_verbosity(command: click.Command) -> None:
    """Give a program or command `--quiet` and `--verbose`."""
    command.params += [
        _verbosity("-q", "--quiet", "Print results and errors only."),
        _verbosity("-v", "--verbose", "Also print the settings, a line for every epoch, and where time went."),
    ]


def add_force(command: click.Command) -> None:
    """Give a command `--force` if it writes files."""
    if any(getattr(parameter.type, "is_output", False) for parameter in command.params):
        option = click.Option(
            ["--force"],
            is_flag=True,
            is_eager=True,  # the files are checked after it
            expose_value=False,
            callback=_set_force,
            help="Replace files of other kinds, too; files of the same kind are always replaced.",
        )
        option.heading = "Output"  # type: ignore[attr-defined]
        command.params.append(option)


def time_report() -> str:
    """Where time went, in one line: "61.2 s: drawing synthetic hands 35.0 s, training 25.1 s, other 1.1 s"."""
    found = reporter()
    if found is None:
        return ""
    total = time.monotonic() - found.started
    parts = dict(sorted(found.seconds.items(), key=lambda part: -part[1]))
    parts["other"] = max(0.0, total - sum(parts.values()))
    return f"{total:.1f} s: {', '.join(_shares(parts))}"


def _verbosity(short: str, name: str, words: str) -> click.Option:
    return click.Option(
        [short, name], is_flag=True, is_eager=True, expose_value=False, callback=_set_verbosity, help=words
    )


def _shares(parts: dict[str, float]) -> Iterator[str]:
    return (f"{name} {seconds:.1f} s" for name, seconds in parts.items())


def _set_verbosity(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    found = reporter()
    if not value or found is None or ctx.resilient_parsing:
        return
    verbosity = QUIET if parameter.name == "quiet" else VERBOSE
    if found.verbosity == -verbosity:
        raise click.UsageError("--quiet and --verbose are mutually exclusive", ctx)
    found.verbosity = verbosity


def _set_force(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta[FORCE] = value
