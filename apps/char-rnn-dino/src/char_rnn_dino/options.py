"""Options that several commands of these programs share; others are in `nn_core.cli.options`."""

from collections.abc import Mapping
from typing import Any

import click

from char_rnn_dino.tokens import UNIT_NAMES
from nn_core.cli.command_help import Decorator, grouped
from nn_core.cli.completion import complete_names
from nn_core.cli.config import set_defaults
from nn_core.cli.param_types import CommaList, FloatRange

DEFAULT_CELL = "gru"
UNIT = click.Choice(list(UNIT_NAMES))
BPTT_LENGTH = click.IntRange(min=1)
TEMPERATURES = CommaList(FloatRange(least=0), "numbers")


def data_option(corpus: str, use: str = "") -> Decorator:
    """The option `--data`: where the training data is now.

    corpus  the name of the bundled data
    use     what it is used for, e.g. " for --novel"
    """
    return grouped(
        "Data",
        click.option(
            "--data",
            metavar="FILE",
            shell_complete=complete_names([corpus]),
            show_default="as in training",
            help=f"Training data{use}, if it has moved, or other data to use instead; - for standard input.",
        ),
    )


def temperatures_option(default: str = "0.2,0.4,0.6,0.8,1,1.2,1.4,1.6") -> Decorator:
    """The option `--temperatures`, of commands that compare them."""
    return click.option("--temperatures", type=TEMPERATURES, default=default, help="Sampling temperatures.")


def sampling_options(token: str) -> Decorator:
    """How to sample the next token: the arguments of `next_probabilities`, and `--seed`.

    token  what the help calls it
    """
    return grouped(
        "Sampling",
        click.option(
            "--temperature",
            type=FloatRange(least=0),
            default=1.0,
            help=f"Sampling temperature: lower is more conservative, 0 always picks the most likely {token}.",
        ),
        cut_options(token),
        click.option("--seed", type=click.IntRange(min=0), help="Random seed."),
    )


def cut_options(token: str) -> Decorator:
    """`--top-k` and `--top-p`.

    token  what the help calls the next token
    """
    return grouped(
        "Sampling",
        click.option(
            "--top-k", type=click.IntRange(min=1), metavar="K", help=f"Sample from the K most likely {token}s only."
        ),
        click.option(
            "--top-p",
            type=FloatRange(above=0, most=1),
            metavar="P",
            help=f"Sample from the fewest {token}s with total probability P (nucleus sampling).",
        ),
    )


def network_options(defaults: Mapping[str, Mapping[str, Any]]) -> Decorator:
    """The fields of `SequenceSettings` but for `data`.

    defaults  cell -> default of every option of `train` that depends on it
    """
    from nn_core.cli.options import RATE, dropout_option, together
    from nn_core.cli.train_options import initializer_option

    def use_defaults(ctx: click.Context, parameter: click.Parameter, cell: str) -> str:
        set_defaults(ctx, defaults[cell])
        return cell

    shown = defaults[DEFAULT_CELL]
    validation = grouped(
        "Data",
        click.option(
            "--validation",
            type=RATE,
            default=0.1,
            metavar="FRACTION",
            help="Fraction of the data to hold out for validation; 0 to train on everything.",
        ),
    )
    network = grouped(
        "Network",
        click.option(
            "--cell",
            type=click.Choice(list(defaults)),
            default=DEFAULT_CELL,
            is_eager=True,
            callback=use_defaults,
            help=f"Recurrent layer; also sets the defaults of other options, shown here for {DEFAULT_CELL}.",
        ),
        click.option(
            "--hidden", type=click.IntRange(min=1), default=shown["hidden"], help="Units per recurrent layer."
        ),
        click.option(
            "--layers", type=click.IntRange(1, 20), default=shown["layers"], help="Number of stacked recurrent layers."
        ),
        click.option("--embedding", type=click.IntRange(min=1), default=shown["embedding"], help="Embedding size."),
        dropout_option("after each recurrent layer", default=shown["dropout"]),
        click.option(
            "--embedding-dropout",
            type=RATE,
            default=shown["embedding_dropout"],
            metavar="RATE",
            help="Dropout rate of the embedding.",
        ),
        initializer_option("--recurrent-initializer", shown["recurrent_initializer"], "recurrent weights"),
    )
    return together(validation, network)
