"""The command line `deep-nn`."""

import click

from nn_core.cli.app import App


@click.group("deep-nn", cls=App, commands="deep_nn.commands", order=("train", "evaluate", "predict"))
@click.version_option(package_name="deep-nn")
def main() -> None:
    """Train, evaluate and compare fully connected networks in NumPy.

    \b
    Example: deep-nn compare-optimizers
    """
