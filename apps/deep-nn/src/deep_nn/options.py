"""Options of deep-nn: the model, the data and the network."""

from collections.abc import Callable
from typing import Any

import click

from deep_nn.datasets.catalog import CATALOG
from deep_nn.datasets.files import READERS
from deep_nn.model import activation
from nn_core.cli.options import INITIALIZER, Command, together
from nn_core.cli.param_types import MODEL, CommaList, FloatRange, SpecType
from nn_core.initializers import INITIALIZERS
from nn_core.layers import ACTIVATIONS

model_option = click.option(
    "--model", "model_path", type=MODEL, metavar="FILE", required=True, help="Trained network."
)
DATA = (
    f"{', '.join([*CATALOG.generated, *CATALOG.remote])}, or a file ({', '.join(READERS)}). "
    "Generated sets take settings: moons:noise=0.3."
)
DROPOUT = CommaList(FloatRange(least=0, below=1), "rates")


def network_options(*, omit: str = "", **defaults: Any) -> Callable[[Command], Command]:
    """Options for the fields that `NetworkSettings` adds to `Settings`.

    omit      a field to leave out
    defaults  of other fields, where they differ
    """
    return together(
        click.option(
            "--data", default=defaults.get("data", "moons"), metavar="NAME|FILE", help=DATA
        ),
        click.option(
            "--test",
            metavar="NAME|FILE",
            help="Validation set, in place of the test set of --data or a split of --data.",
        ),
        click.option(
            "--validation",
            type=FloatRange(above=0, below=1),
            default=0.2,
            metavar="FRACTION",
            help="Fraction of each class for validation, if there is no test set.",
        ),
        click.option(
            "--hidden",
            type=CommaList(click.IntRange(min=1), "units", empty=True),
            default=defaults.get("hidden", "16,16"),
            help='Units of the hidden layers, as in 20,7,5; "" for no hidden layer.',
        ),
        click.option(
            "--activation",
            type=SpecType(activation, "activation"),
            default="relu",
            help=f"Hidden activation: {', '.join(ACTIVATIONS)}.",
        ),
        click.option(
            "--initializer",
            type=INITIALIZER,
            default="he",
            help=f"Weight initializer: {', '.join(INITIALIZERS)}.",
        ),
        click.option(
            "--dropout",
            type=DROPOUT,
            default="0",
            metavar="RATE",
            help="Dropout rate after each hidden layer; one for all, or one per layer: 0.2,0.5.",
        ),
        omit=omit,
    )
