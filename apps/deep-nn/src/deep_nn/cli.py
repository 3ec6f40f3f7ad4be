"""deep-nn: train a fully connected network, use it, look inside it, compare ways to train it."""

import click

from nn_core.lab.program import CONTEXT, Commands, Program

MODULES = {
    "training": ("train",),
    "using": ("evaluate", "predict", "summary"),
    "looking": ("boundary", "check-gradients"),
    "comparing": tuple(
        f"compare-{what}"
        for what in (
            "optimizers",
            "initializers",
            "learning-rates",
            "batch-sizes",
            "dropout",
            "l2",
        )
    ),
    "exporting": ("export",),
    "sets": ("datasets", "fetch"),
}
"""The commands of each module."""


@click.group(
    cls=Program,
    commands=Commands("deep_nn", MODULES),
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.version_option(package_name="deep-nn")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Fully connected networks in NumPy, every gradient written by hand.

    \b
    Example: deep-nn compare-optimizers
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
