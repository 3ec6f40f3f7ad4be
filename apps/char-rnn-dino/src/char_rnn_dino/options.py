"""The options of `train` that both programs have."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from nn_core.cli.options import INITIALIZER, Command, together
from nn_core.cli.param_types import FloatRange

CELL = "gru"


def sequence_options(
    defaults: Mapping[str, Mapping[str, Any]], data_help: str = "", *, omit: str = ""
) -> Callable[[Command], Command]:
    """What is learned, and by which network: the fields that `SequenceSettings` adds.

    defaults   those of the other options, for each cell
    data_help  what `--data` takes
    omit       the field of an option that is left out
    """

    def use_defaults(ctx: click.Context, parameter: click.Parameter, cell: str) -> str:
        ctx.default_map = dict(defaults[cell])
        return cell

    own = defaults[CELL]
    return together(
        click.option(
            "--cell",
            type=click.Choice(list(defaults)),
            default=CELL,
            is_eager=True,
            callback=use_defaults,
            help="The recurrent layer; it sets the defaults of the options below.",
        ),
        click.option("--data", default=None, metavar="FILE", help=data_help),
        click.option(
            "--validation",
            type=FloatRange(above=0, below=1),
            default=0.1,
            help="The share to hold back.",
        ),
        click.option(
            "--hidden",
            type=click.IntRange(min=1),
            default=own["hidden"],
            help="Units of each recurrent layer.",
        ),
        click.option(
            "--layers",
            type=click.IntRange(1, 20),
            default=own["layers"],
            help="Recurrent layers, one above the other.",
        ),
        click.option(
            "--embedding",
            type=click.IntRange(min=1),
            default=own["embedding"],
            help="Numbers that stand for a token.",
        ),
        click.option(
            "--dropout",
            type=FloatRange(least=0, below=1),
            default=own["dropout"],
            help="The share to drop of each recurrent layer's output, while it learns.",
        ),
        click.option(
            "--blank",
            type=FloatRange(least=0, below=1),
            default=own["blank"],
            help="The share to drop of what stands for a token, while it learns.",
        ),
        click.option(
            "--recurrent-initializer",
            type=INITIALIZER,
            default=own["recurrent_initializer"],
            help="How the weights between two steps begin: orthogonal, normal:scale=0.01, ...",
        ),
        omit=omit,
    )
