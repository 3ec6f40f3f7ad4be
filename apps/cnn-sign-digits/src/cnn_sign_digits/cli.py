"""The program cnn-sign; each of its commands is a file in `commands`."""

import click

from nn_core.cli.app import App


@click.group(
    "cnn-sign",
    cls=App,
    commands="cnn_sign_digits.commands",
    aliases={"shapes": "summary"},
    order=("train", "evaluate", "predict", "explain"),
)
@click.version_option(package_name="cnn-sign")
def main() -> None:
    """Recognize hand signs of digits with a convolutional network written in NumPy.

    \b
    Example: cnn-sign predict photo.jpg
    """
