"""cnn-sign: train a convolutional network to read hand signs, use it, look inside it."""

import click

from nn_core.cli.app import CONTEXT, Commands, Program

MODULES = {
    "training": {
        "train": "Train a convolutional network and say how well it does.",
    },
    "evaluating": {
        "evaluate": "Measure how well a trained network tells signs.",
    },
    "using": {
        "predict": "Say which signs photos show: the three likeliest classes of each.",
        "export": "Write a network without the run that trained it: a third of the size or less.",
    },
    "looking": {
        "shapes": (
            "List the shapes that pass through each layer, forward and backward, and what "
            "they cost."
        ),
        "filters": "Draw the kernels that a convolution has learned.",
        "feature-maps": (
            "Draw what each layer makes of a photo: the maps after each activation and pool."
        ),
        "explain": "Show where in a photo the evidence for a class lies, by Grad-CAM.",
    },
    "animating": {
        "animate-convolution": (
            "Film a kernel that slides over an input, with every number and every sum."
        ),
    },
    "making": {
        "make-data": "Draw hands that sign the digits 0 to 9, and write them as HDF5 (hands.h5).",
    },
    "sets": {
        "datasets": "List the data sets that have a name, with their settings.",
        "fetch": "Download a data set, and check that it is what it should be.",
    },
}
"""The commands of each module, each with the line that stands for it in a list of all."""


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
