"""The command `train`."""

from typing import Any

import click

from deep_nn.model import PROGRAM, load_model
from deep_nn.options import network_options
from deep_nn.regression import axis_labels
from deep_nn.settings import NetworkSettings
from deep_nn.setup import set_up
from nn_core.cli.terminal import json_option
from nn_core.cli.train_command import train_network
from nn_core.cli.train_options import fold_options, output_options, recipe_options


@click.command()
@network_options()
@recipe_options(optimizer="adam", epochs=100)
@fold_options("stratified by class")
@output_options()
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    """Train a network.

    Reports its accuracy, or its error if the target is a number.

    \b
    Example: deep-nn train --data spirals --hidden 32,32 --save spirals.h5 --figure spirals.png
    """
    train_network(
        ctx,
        options,
        program=PROGRAM,
        settings_type=NetworkSettings,
        load_model=load_model,
        settings_of=lambda model: model.settings,
        set_up=set_up,
        inputs=("data", "test"),
        axis_labels=lambda setup: {} if setup.target is None else axis_labels(setup.target),
    )
