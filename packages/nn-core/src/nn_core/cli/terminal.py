"""Command output: results on stdout, as text or JSON, and messages on stderr."""

import io
import json
import math
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from nn_core.cli.command_help import grouped
from nn_core.progress import NORMAL, QUIET, reporter

json_option = grouped("Output", click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."))


class Interrupted(click.ClickException):
    """Ctrl-C, with what became of the work."""

    exit_code = 130


def info(message: str, *, verbosity: int = NORMAL) -> None:
    """Print a message on stderr, so that stdout has only the result; nothing with --quiet.

    verbosity  VERBOSE for what is printed with --verbose only, QUIET for what always is
    """
    found = reporter()
    if verbosity <= (NORMAL if found is None else found.verbosity):
        click.echo(message, err=True)
        if found is not None:
            found.last = time.monotonic()


def make_printable() -> None:
    """Let characters that the encoding of stdout or stderr lacks be printed as escapes, such as \\u4e2d.

    A closed stderr becomes one that swallows what is written, so that no result is lost.
    """
    if sys.stderr is None:  # the shell's 2>&-
        sys.stderr = io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w")), encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def print_error(message: str) -> None:
    """Print a line on stderr, also with --quiet."""
    info(f"Error: {' '.join(message.split())}", verbosity=QUIET)


def echo_json(result: object) -> None:
    """Print a result as one line of strict JSON; non-finite numbers become null."""
    click.echo(json.dumps(_finite(result), allow_nan=False))


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
