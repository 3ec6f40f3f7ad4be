"""Command output: results on stdout, as text or JSON, and messages on stderr."""

import json
import math
from collections.abc import Mapping
from typing import Any

import click

from nn_core.cli.command_help import grouped

json_option = grouped("Output", click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."))


def info(message: str) -> None:
    """Print a message on stderr, so that stdout has only the result."""
    click.echo(message, err=True)


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
