"""Command output: results on stdout, as text or JSON, and messages on stderr."""

import contextlib
import json
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from nn_core.cli.command_help import grouped
from nn_core.printable import LONGEST_LINE, one_line, printable
from nn_core.progress import NORMAL, QUIET, reporter
from nn_core.signals import exit_status, interrupted_by, signal_of
from nn_core.standard_streams import standard_error, standard_output

json_option = grouped("Output", click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."))


class Interrupted(click.ClickException):
    """Ctrl-C or another signal, with what became of the work.

    number  of the signal
    """

    def __init__(self, number: int, message: str = "") -> None:
        super().__init__(f"{interrupted_by(number)} {message}".rstrip())
        self.exit_code = exit_status(number)  # type: ignore[misc]


@contextlib.contextmanager
def interrupted_as(message: str) -> Iterator[None]:
    """Say what became of the work if a signal ends the block."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(signal_of(error), message) from None


def echo(text: str = "", *, end: str = "\n") -> None:
    """Print a result on stdout at once. Raises OutputError if it cannot be written."""
    out = standard_output()
    out.write(f"{text}{end}")
    out.flush()


def info(message: str, *, verbosity: int = NORMAL) -> None:
    """Print a message on stderr, so that stdout has only the result; nothing with --quiet.

    verbosity  VERBOSE for what is printed with --verbose only, QUIET for what always is
    """
    found = reporter()
    if verbosity <= (NORMAL if found is None else found.verbosity):
        err = standard_error()
        err.write("".join(f"{printable(line, LONGEST_LINE)}\n" for line in message.split("\n")))
        err.flush()
        if found is not None:
            found.last = time.monotonic()


def print_error(message: str) -> None:
    """Print a line on stderr, also with --quiet."""
    info(f"Error: {one_line(message)}", verbosity=QUIET)


def print_note(message: str) -> None:
    """Print a remark as a line on stderr."""
    info(f"Note: {one_line(message)}")


def is_terminal() -> bool:
    """Whether messages go to a terminal."""
    return standard_error().isatty()


def echo_json(result: object) -> None:
    """Print a result as one line of strict JSON; non-finite numbers become null."""
    echo(json.dumps(_finite(result), allow_nan=False))


def counted(number: int, noun: str) -> str:
    """A count with its noun: "1 epoch", "1,200 steps"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
