"""cnn-sign: train a convolutional network to read hand signs, use it, look inside it."""

import click

from nn_core.lab.program import CONTEXT, Commands, Program

MODULES = {
    "training": ("train",),
    "evaluating": ("evaluate",),
    "using": ("predict", "export"),
    "looking": ("shapes", "filters", "feature-maps", "explain"),
    "animating": ("animate-convolution",),
    "making": ("make-data",),
    "sets": ("datasets", "fetch"),
}
"""The commands of each module."""


@click.group(
    cls=Program,
    commands=Commands("cnn_sign_digits", MODULES),
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.version_option(package_name="cnn-sign")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Hand signs read by a convolutional network in NumPy, every gradient written by hand.

    \b
    Example: cnn-sign predict photo.jpg
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
