"""The command `export`, shared by the programs."""

from pathlib import Path

import click

from nn_core import checkpoint
from nn_core.cli.options import model_option
from nn_core.cli.param_types import OutputFile, require_distinct


def export_command(program: str) -> click.Command:
    """The command `export` of a program; its help is the docstring of the calling module.

    program  its name on the command line, stored in its checkpoints
    """

    @click.command("export")
    @model_option()
    @click.option("--save", required=True, type=OutputFile(".h5", ".hdf5"), help="File to write (.h5).")
    def export(model_path: Path, save: Path) -> None:
        require_distinct({"--save": save}, **{"--model": model_path})
        loaded = checkpoint.load(model_path, program=program)
        checkpoint.save(save, loaded.network, program=program, details=loaded.details)
        sizes = (path.stat().st_size for path in (save, model_path))
        click.echo("{}: {:,} bytes, from {:,}".format(save, *sizes))

    return export
