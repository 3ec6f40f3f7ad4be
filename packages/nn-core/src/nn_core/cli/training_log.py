"""The options `--log` and `--log-format`, checked before the run starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nn_core.cli.command_help import Decorator, grouped
from nn_core.cli.output_kinds import LOG
from nn_core.cli.param_types import OutputFile

if TYPE_CHECKING:
    from nn_core.training.log import Log

FORMATS = ("jsonl", "csv", "tensorboard")


class LogPath(OutputFile):
    """The path of a log: a file, or a folder for TensorBoard, created if missing."""

    name = "path"

    def __init__(self) -> None:
        super().__init__(kind=LOG)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        from nn_core.training.log import log_format

        path = Path(value)
        given = None if ctx is None else ctx.params.get("log_format")
        if (given or log_format(path)) != "tensorboard":
            return super().convert(value, param, ctx)
        if path.exists() and not path.is_dir():
            self.fail(f"{value!r} is a file; the format tensorboard needs a folder", param, ctx)
        folder = next(each for each in (path, *path.absolute().parents) if each.exists())
        if not os.access(folder, os.W_OK):
            self.fail(f"no permission to write to the folder {str(folder)!r}", param, ctx)
        return path


def log_to(path: Path | None, log_format: str | None) -> Log | None:
    """The log for these options.

    Raises click.UsageError for a format without a path; MissingExtraError.
    """
    if path is None:
        if log_format is not None:
            raise click.UsageError("--log-format needs --log PATH")
        return None
    from nn_core.training import log

    return log.log(path, log_format)


def log_options() -> Decorator:
    """`--log PATH` and `--log-format FORMAT`."""
    return grouped(
        "Output",
        click.option("--log", type=LogPath(), help="Log the metrics of each epoch."),
        click.option(
            "--log-format",
            type=click.Choice(FORMATS),
            default=None,
            is_eager=True,  # --log depends on it
            show_default="by the suffix of --log: .jsonl, .csv, or a folder",
            help="JSON lines, CSV, or TensorBoard event files.",
        ),
    )
