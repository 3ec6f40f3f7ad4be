"""The command `export`, the same in every program."""

from pathlib import Path

import click

from nn_core import checkpoint
from nn_core.cli.param_types import MODEL, OutputFile, require_distinct


def export_command(program: str) -> click.Command:
    """The command `export` of a program; its help is the docstring of the module that defines it.

    program  its name on the command line, which its checkpoints carry
    """

    @click.command("export")
    @click.argument("model_path", metavar="MODEL", type=MODEL)
    @click.argument("out", metavar="OUT.h5", type=OutputFile(".h5", ".hdf5"))
    def export(model_path: Path, out: Path) -> None:
        require_distinct({"OUT.h5": out}, MODEL=model_path)
        loaded = checkpoint.load(model_path, program=program)
        checkpoint.save(out, loaded.network, program=program, details=loaded.details)
        click.echo(f"{out}: {out.stat().st_size:,} bytes, from {model_path.stat().st_size:,}")

    return export
