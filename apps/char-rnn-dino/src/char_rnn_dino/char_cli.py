"""char-rnn: a recurrent network that reads a text and goes on with it."""

import click

from nn_core.lab.program import CONTEXT, Commands, Program

MODULES = {
    "char_training": ("train",),
    "char_sampling": ("sample",),
    "char_evaluating": ("evaluate",),
    "char_exporting": ("export",),
}
"""The commands of each module."""


@click.group(
    cls=Program,
    commands=Commands("char_rnn_dino", MODULES),
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.version_option(package_name="char-rnn-dino")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A recurrent network that reads any text, by characters or words, and goes on with it.

    \b
    Example: char-rnn train --save notes.h5
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
