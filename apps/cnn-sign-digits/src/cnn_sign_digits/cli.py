"""The program cnn-sign; each command is a file of `commands`."""

import click

from nn_core.cli.app import App


@click.command(
    cls=App,
    commands="cnn_sign_digits.commands",
    order=("train", "evaluate", "predict"),
    invoke_without_command=True,
)
@click.version_option(package_name="cnn-sign")
def main() -> None:
    """Hand-sign recognition with a convolutional network in NumPy, gradients written by hand.

    \b
    Example: cnn-sign predict photo.jpg
    """
