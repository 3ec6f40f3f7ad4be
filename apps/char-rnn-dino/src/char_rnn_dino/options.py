"""Options that several commands share."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from nn_core.cli.param_types import FIGURE, MODEL, FloatRange

Decorator = Callable[[Any], Any]
RATE = FloatRange(least=0, below=1)
DEFAULT_CELL = "gru"


def model_option(*, required: bool) -> Decorator:
    """`--model`, passed on as `model_path`."""
    return click.option(
        "--model",
        "model_path",
        type=MODEL,
        required=required,
        show_default=False if required else "the shipped network",
        help="A trained network, saved by train.",
    )


def seed_option(default: int | None = None) -> Decorator:
    """`--seed`; without a default, every call is random."""
    return click.option("--seed", type=click.IntRange(min=0), default=default, help="Random seed.")


def figure_option(default: str) -> Decorator:
    """`--figure`, of a command that always writes one."""
    return click.option(
        "--figure", type=FIGURE, default=default, help="Output file: PNG, SVG or PDF."
    )


def sampling_options(token: str) -> Decorator:
    """How to sample the next token: the arguments of `next_probabilities`, and `--seed`.

    token  what the help calls it
    """
    return _combine(
        click.option(
            "--temperature",
            type=FloatRange(least=0),
            default=1.0,
            help="Sampling temperature: lower is more conservative, 0 always picks the most"
            f" likely {token}.",
        ),
        click.option(
            "--top-k",
            type=click.IntRange(min=1),
            metavar="K",
            help=f"Sample from the K most likely {token}s only.",
        ),
        click.option(
            "--top-p",
            type=FloatRange(above=0, most=1),
            metavar="P",
            help=f"Sample from the fewest {token}s with total probability P (nucleus sampling).",
        ),
        seed_option(),
    )


def network_options(defaults: Mapping[str, Mapping[str, Any]]) -> Decorator:
    """The fields of `SequenceSettings` but for `data`.

    defaults  cell -> default of every option of `train` that depends on it
    """
    from nn_core.cli.options import INITIALIZER

    def use_defaults(ctx: click.Context, parameter: click.Parameter, cell: str) -> str:
        ctx.default_map = dict(defaults[cell])
        return cell

    shown = defaults[DEFAULT_CELL]

    def option(name: str, kind: Any, description: str) -> Decorator:
        default = shown[name.removeprefix("--").replace("-", "_")]
        return click.option(name, type=kind, default=default, help=description)

    return _combine(
        click.option(
            "--cell",
            type=click.Choice(list(defaults)),
            default=DEFAULT_CELL,
            is_eager=True,
            callback=use_defaults,
            help="Recurrent layer; also sets the defaults of other options, shown here for"
            f" {DEFAULT_CELL}.",
        ),
        click.option(
            "--validation",
            type=FloatRange(above=0, below=1),
            default=0.1,
            help="Fraction of the data held out for validation.",
        ),
        option("--hidden", click.IntRange(min=1), "Units per recurrent layer."),
        option("--layers", click.IntRange(1, 20), "Number of stacked recurrent layers."),
        option("--embedding", click.IntRange(min=1), "Embedding size."),
        option("--dropout", RATE, "Dropout rate after each recurrent layer."),
        option("--embedding-dropout", RATE, "Dropout rate of the embedding."),
        option(
            "--recurrent-initializer",
            INITIALIZER,
            "Initializer of the recurrent weights: orthogonal, normal:scale=0.01, ...",
        ),
    )


def _combine(*options: Decorator) -> Decorator:
    """Several options as one decorator, in this order in the help."""

    def apply(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return apply
