"""char-rnn: a recurrent network that reads a text and goes on with it."""

import click

from nn_core.cli.app import CONTEXT, Commands, Program

MODULES = {
    "char_training": {
        "train": "Learn how a text goes on, and show some of it on the way.",
    },
    "char_sampling": {
        "sample": "Go on with a text, as the network learned to.",
    },
    "char_evaluating": {
        "evaluate": "Measure how well a network foretells a text.",
    },
    "char_exporting": {
        "export": "Write a network without the run that trained it: a third of the size or less.",
    },
}
"""The commands of each module, each with the line that stands for it in a list of all."""


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
