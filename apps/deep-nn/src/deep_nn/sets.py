"""The commands `datasets` and `fetch`."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from deep_nn.data import FETCHED, catalogue
from nn_core.errors import DataError
from nn_core.lab import fetching
from nn_core.lab.options import json_option
from nn_core.lab.program import echo_json, remark
from nn_core.spec import nearest


@click.command()
@json_option
def datasets(as_json: bool) -> None:
    """List the data sets that have a name, with their settings.

    \b
    Example: deep-nn datasets
    """
    entries = catalogue()
    if as_json:
        echo_json([asdict(entry) for entry in entries])
        return
    for entry in entries:
        missing = "" if entry.is_here else f"  (not here yet: deep-nn fetch {entry.name})"
        click.echo(f"{entry.spec}{missing}\n    {entry.description}")


@click.command()
@click.argument("name", metavar="cats")
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to put it in; by default where --data looks for it.",
)
def fetch(name: str, to: Path | None) -> None:
    """Download a data set, and check that it is what it should be.

    \b
    Example: deep-nn fetch cats
    """
    if name not in FETCHED:
        raise DataError(f"no data set {name!r} to fetch; {nearest(name, FETCHED)}")
    remote = FETCHED[name]
    for path in fetching.fetch(remote, to, progress=sys.stderr.isatty()):
        click.echo(path)
    remark(f"{remote.description}; origin: {remote.origin}; licence: {remote.licence}")
