"""The commands `datasets` and `fetch`, which every program has alike."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import click

from nn_core.cli import download
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.catalog import Entry
from nn_core.cli.download import RemoteDataset
from nn_core.errors import DataError
from nn_core.registry import nearest


def set_commands(
    program: str, catalogue: Callable[[], list[Entry]], fetched: Mapping[str, RemoteDataset]
) -> dict[str, click.Command]:
    """The commands `datasets` and `fetch` of a program, by name.

    program    what it is called on the command line
    catalogue  lists all sets that have a name, whenever it is asked
    fetched    those that are downloaded, by name; at least one
    """
    return {"datasets": _datasets(program, catalogue), "fetch": _fetch(program, fetched)}


def _datasets(program: str, catalogue: Callable[[], list[Entry]]) -> click.Command:
    help_text = (
        "List the data sets that have a name, with their settings.\n\n"
        f"\b\nExample: {program} datasets"
    )

    @click.command("datasets", help=help_text)
    @json_option
    def command(as_json: bool) -> None:
        entries = catalogue()
        if as_json:
            echo_json([asdict(entry) for entry in entries])
            return
        for entry in entries:
            missing = "" if entry.is_here else f"  (not here yet: {program} fetch {entry.name})"
            click.echo(f"{entry.spec}{missing}\n    {entry.description}")

    return command


def _fetch(program: str, fetched: Mapping[str, RemoteDataset]) -> click.Command:
    help_text = (
        "Download a data set, and check that it is what it should be.\n\n"
        f"\b\nExample: {program} fetch {next(iter(fetched))}"
    )

    @click.command("fetch", help=help_text)
    @click.argument("name", metavar="|".join(fetched))
    @click.option(
        "--to",
        type=click.Path(file_okay=False, path_type=Path),
        help="The folder to put it in; by default where --data looks for it.",
    )
    def command(name: str, to: Path | None) -> None:
        if name not in fetched:
            raise DataError(f"no data set {name!r} to fetch; {nearest(name, fetched)}")
        remote = fetched[name]
        for path in download.fetch(remote, to, progress=sys.stderr.isatty()):
            click.echo(path)
        info(f"{remote.description}; origin: {remote.origin}; licence: {remote.licence}")

    return command
