"""cnn-sign: hands that sign digits."""

import click

from cnn_sign_digits.data import FETCHED, catalogue
from cnn_sign_digits.making import make_data
from nn_core.lab.program import CONTEXT, Program
from nn_core.lab.sets import set_commands

PROGRAM = "cnn-sign"


@click.group(cls=Program, invoke_without_command=True, context_settings=CONTEXT)
@click.version_option(package_name=PROGRAM)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Hands that sign digits, drawn by NumPy alone.

    \b
    Example: cnn-sign make-data hands.h5
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (make_data, *set_commands(PROGRAM, catalogue, FETCHED)):
    main.add_command(command)
