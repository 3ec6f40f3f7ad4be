"""The command `export`, which every program has alike."""

from pathlib import Path

import click

from nn_core import checkpoint
from nn_core.cli.param_types import MODEL, OutputFile, require_distinct


def export_command(program: str) -> click.Command:
    """The command `export` of a program.

    program  what it is called on the command line, whose checkpoints are read
    """
    help_text = (
        "Write a network without the run that trained it: a third of the size or less.\n\n"
        f"\b\nExample: {program} export model.h5 small.h5"
    )

    @click.command("export", help=help_text)
    @click.argument("model_path", metavar="MODEL", type=MODEL)
    @click.argument("out", metavar="OUT.h5", type=OutputFile(".h5", ".hdf5"))
    def export(model_path: Path, out: Path) -> None:
        require_distinct({"OUT.h5": out}, MODEL=model_path)
        loaded = checkpoint.load(model_path, program=program)
        checkpoint.save(out, loaded.network, program=program, details=loaded.details)
        click.echo(f"{out}: {out.stat().st_size:,} bytes, from {model_path.stat().st_size:,}")

    return export
