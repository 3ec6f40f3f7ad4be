"""The command line of char-rnn."""

import click

from nn_core.cli.app import App


@click.group(
    "char-rnn",
    cls=App,
    commands="char_rnn_dino.text.commands",
    order=("train", "sample", "evaluate", "novelty", "vanishing-gradients", "temperatures"),
)
@click.version_option(package_name="char-rnn-dino")
def main() -> None:
    """Train a character- or word-level language model on any text, and generate text from it.

    \b
    Example: char-rnn train --save notes.h5
    """
