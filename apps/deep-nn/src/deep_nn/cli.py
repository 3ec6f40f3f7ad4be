"""deep-nn: train a fully connected network, use it, look inside it, compare ways to train it."""

import click

from nn_core.cli.app import CONTEXT, Commands, Program

MODULES = {
    "training": {
        "train": "Train a network and say how well it does.",
    },
    "using": {
        "evaluate": "Measure the accuracy and the loss of a trained network.",
        "predict": "Say what pictures, or the rows of CSV files, are.",
        "summary": "Show the layers of a trained network, and how it was trained.",
    },
    "looking": {
        "boundary": "Draw what a network with two inputs answers everywhere in the plane.",
        "check-gradients": (
            "Compare every gradient written by hand with finite differences, in float64."
        ),
    },
    "comparing": {
        "compare-optimizers": (
            "Race optimizers, each with its own learning rate unless --learning-rate sets one "
            "for all, or adam@0.003 its own."
        ),
        "compare-initializers": "Compare how the weights begin.",
        "compare-learning-rates": "Compare learning rates.",
        "compare-batch-sizes": "Compare how many examples a step sees.",
        "compare-dropout": "Compare what dropout keeps.",
        "compare-l2": "Compare strengths of L2.",
    },
    "exporting": {
        "export": "Write a network without the run that trained it: a third of the size or less.",
    },
    "sets": {
        "datasets": "List the data sets that have a name, with their settings.",
        "fetch": "Download a data set, and check that it is what it should be.",
    },
}
"""The commands of each module, each with the line that stands for it in a list of all."""


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
