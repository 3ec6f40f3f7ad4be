"""cnn-sign: hands that sign digits."""

import click

from cnn_sign_digits.making import make_data
from nn_core.lab.program import CONTEXT, Program


@click.group(cls=Program, invoke_without_command=True, context_settings=CONTEXT)
@click.version_option(package_name="cnn-sign")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Hands that sign digits, drawn by NumPy alone.

    \b
    Example: cnn-sign make-data hands.h5
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


main.add_command(make_data)
