"""The options of deep-nn that say what is learned, and by which network."""

from collections.abc import Callable
from typing import Any

import click

from deep_nn.model import activation
from nn_core.cli.options import INITIALIZER, Command, together
from nn_core.cli.param_types import CommaList, FloatRange, SpecType


def network_options(*, omit: str = "", **defaults: Any) -> Callable[[Command], Command]:
    """Data and network: the fields that `NetworkSettings` adds."""
    return together(
        click.option(
            "--data",
            default=defaults.get("data", "moons"),
            metavar="NAME|PATH",
            help="moons, circles, spirals, blobs (with settings, as in moons:noise=0.3), cats, "
            "or an .h5, .npz or .csv file.",
        ),
        click.option(
            "--test",
            default=None,
            metavar="PATH",
            help="A file to validate on; without it the set's own test part is used, or a part "
            "is held back.",
        ),
        click.option(
            "--validation",
            type=FloatRange(above=0, below=1),
            default=0.2,
            help="The share of each class to hold back.",
        ),
        click.option(
            "--hidden",
            type=CommaList(click.IntRange(min=1), "widths", empty=True),
            default=defaults.get("hidden", "16,16"),
            help='Widths of the hidden layers, as in 20,7,5; "" for none.',
        ),
        click.option(
            "--activation",
            type=SpecType(activation, "activation"),
            default=defaults.get("activation", "relu"),
            help="relu, leaky-relu, gelu, tanh or sigmoid.",
        ),
        click.option(
            "--initializer",
            type=INITIALIZER,
            default="he",
            help="he, xavier, lecun (each also as -uniform), orthogonal, normal:scale=0.01 or "
            "zeros.",
        ),
        click.option(
            "--keep-prob",
            type=CommaList(FloatRange(above=0, most=1), "probabilities"),
            default="1",
            help="What dropout keeps after the hidden layers: one probability, or one for each.",
        ),
        omit=omit,
    )
