"""The command `dino-gen train`."""

from typing import Any

import click
import numpy as np

from char_rnn_dino.model import DINO_GEN, SHIPPED
from char_rnn_dino.names.generate_names import generate_names
from char_rnn_dino.options import DEFAULT_CELL, network_options
from char_rnn_dino.settings import NameSettings
from char_rnn_dino.setup import Setup, set_up_names
from char_rnn_dino.train import train_model
from nn_core.cli.command_help import grouped
from nn_core.cli.completion import complete_names
from nn_core.cli.terminal import json_option
from nn_core.cli.train_options import fold_options, output_options, recipe_options
from nn_core.network import Network

COMMON = {
    "optimizer": "adamw:weight_decay=0.1",
    "schedule": "cosine:warmup=2",
    "learning_rate": 0.003,
    "batch_size": 16,
    "clip_norm": 5.0,
    "embedding": 32,
    "layers": 1,
    "hidden": 384,
    "dropout": 0.5,
    "embedding_dropout": 0.2,
    "recurrent_initializer": "orthogonal",
}
RNN = {
    "layers": 2,
    "hidden": 256,
    "dropout": 0.3,
    "embedding_dropout": 0.1,
    "recurrent_initializer": "normal:scale=0.01",
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "rnn": COMMON | RNN | {"epochs": 18},
    "gru": COMMON | {"epochs": 12},
    "lstm": COMMON | {"epochs": 13},
}
SAMPLE_LENGTH = 40
"""Maximum length of the names printed during a run."""


@click.command()
@grouped(
    "Data",
    click.option(
        "--data",
        metavar="FILE",
        shell_complete=complete_names(["dinosaurs"]),
        show_default="the bundled dinosaurs",
        help="List of names, one per line; - for standard input.",
    ),
)
@network_options(DEFAULTS)
@recipe_options(**DEFAULTS[DEFAULT_CELL])
@fold_options("of names, at random")
@output_options(SHIPPED)
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    """Train a network on a list of names, printing samples.

    \b
    Example: dino-gen train --cell lstm --save names.h5 --figure names.png
    """
    train_model(ctx, options, program=DINO_GEN, settings_type=NameSettings, set_up=set_up_names, sample=five_names)


def five_names(network: Network, setup: Setup, rng: np.random.Generator) -> list[str]:
    """Five names on one line, of at most as many letters as fit there."""
    longest = min(setup.max_length or SAMPLE_LENGTH, SAMPLE_LENGTH)
    groups = generate_names(network, setup.vocabulary, "", 5, rng=rng, max_length=longest)
    return [", ".join(name.text.capitalize() for group in groups for name in group)]
