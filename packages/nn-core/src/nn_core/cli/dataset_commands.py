"""The commands `datasets` and `fetch`, shared by the programs."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import click

from nn_core.cli import download
from nn_core.cli.catalog import Entry
from nn_core.cli.completion import complete_names
from nn_core.cli.download import RemoteDataset
from nn_core.cli.terminal import echo, echo_json, info, is_terminal, json_option
from nn_core.errors import DataError
from nn_core.registry import nearest


def datasets_command(program: str, catalog: Callable[[], list[Entry]], own: str = "") -> click.Command:
    """The command `datasets` of a program; its help is the docstring of the calling module.

    program  its name on the command line
    catalog  lists all named data sets
    own      what --data accepts besides, for people
    """

    @click.command("datasets")
    @json_option
    def command(as_json: bool) -> None:
        entries = catalog()
        if as_json:
            echo_json([asdict(entry) for entry in entries])
            return
        for entry in entries:
            missing = "" if entry.is_here else f"  (to download: {program} fetch {entry.name})"
            echo(f"{entry.spec}{missing}\n    {entry.description}")
        if own:
            echo(f"PATH\n    {own}")

    return command


def fetch_command(datasets: Mapping[str, RemoteDataset]) -> click.Command:
    """The command `fetch` of a program; its help is the docstring of the calling module.

    datasets  the data sets to download, by name; at least one
    """

    @click.command("fetch")
    @click.argument("name", metavar="|".join(datasets), shell_complete=complete_names(datasets, files=False))
    @click.option(
        "--to",
        type=click.Path(file_okay=False, path_type=Path),
        help="Destination folder; by default, where --data looks for it.",
    )
    def command(name: str, to: Path | None) -> None:
        if name not in datasets:
            raise DataError(f"unknown data set {name!r}; {nearest(name, datasets)}")
        remote = datasets[name]
        for path in download.fetch(remote, to, progress=is_terminal()):
            echo(str(path))
        info(f"{remote.description}; origin: {remote.origin}; license: {remote.license}")

    return command
