"""Data and network options shared by the commands of deep-nn."""

from typing import Any

import click

from deep_nn.datasets.catalog import CATALOG
from deep_nn.datasets.files import READERS
from nn_core.cli.class_weight import class_weight_option
from nn_core.cli.options import Decorator, data_options, dropout_option, hidden_option, together
from nn_core.cli.train_options import activation_option, initializer_option

DATA = (
    f"{', '.join([*CATALOG.generated, *CATALOG.remote])}, or a {', '.join(READERS)} file;"
    " with settings, e.g. moons:noise=0.3"
)
"""What `--data` accepts."""


def network_options(*, omit: str = "", data: str = "moons", hidden: str = "16,16", **others: Any) -> Decorator:
    """The options for the fields of `NetworkSettings`.

    omit          a field to leave out
    data, hidden  their defaults
    others        ignored: defaults of options declared elsewhere
    """
    return together(
        data_options(data=data, kinds=DATA),
        click.option(
            "--task",
            type=click.Choice(["auto", "classify", "regress"]),
            default="auto",
            help="Predict classes or a number; auto decides by the target.",
        ),
        class_weight_option(),
        hidden_option(hidden),
        activation_option(),
        initializer_option(),
        dropout_option("after each hidden layer", per_layer=True),
        omit=omit,
    )
