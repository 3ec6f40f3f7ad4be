"""The command `char-rnn train`."""

import math
from collections.abc import Mapping
from typing import Any

import click
import numpy as np

from char_rnn_dino.corpora import read_text_file
from char_rnn_dino.model import CHAR_RNN
from char_rnn_dino.options import BPTT_LENGTH, DEFAULT_CELL, UNIT, network_options
from char_rnn_dino.settings import TextSettings
from char_rnn_dino.setup import Setup, parallel_streams, set_up_text
from char_rnn_dino.text.generate_text import generate_text
from char_rnn_dino.tokens import tokenize
from char_rnn_dino.train import train_model
from nn_core.cli.aliases import HiddenArgument
from nn_core.cli.command_help import grouped
from nn_core.cli.completion import complete_names
from nn_core.cli.folds import parse_fold
from nn_core.cli.terminal import json_option
from nn_core.cli.train_options import fold_options, output_options, recipe_options
from nn_core.network import Network

COMMON = {
    "optimizer": "adamw:weight_decay=0.1",
    "schedule": "cosine:warmup=0.2",
    "batch_size": 50,
    "clip_norm": 5.0,
    "embedding": 64,
    "layers": 1,
    "hidden": 256,
    "dropout": 0.1,
    "embedding_dropout": 0.0,
    "epochs": None,
}
SMALL_INITIAL = {"recurrent_initializer": "normal:scale=0.02"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "rnn": COMMON | SMALL_INITIAL | {"learning_rate": 0.004, "dropout": 0.0},
    "gru": COMMON | SMALL_INITIAL | {"learning_rate": 0.006, "dropout": 0.15},
    "lstm": COMMON | {"learning_rate": 0.004, "recurrent_initializer": "orthogonal"},
}
STEPS, MAX_EPOCHS = 3600, 20
"""Default length of a run: about this many steps (a few minutes), up to this many epochs."""
SHORT_STEPS = 300
"""At least this many steps for a text too short for as many parallel streams."""
SAMPLE_LENGTH = 200
"""Length in tokens of the samples printed during a run."""


@click.command()
@click.argument("corpus", cls=HiddenArgument, option="data")
@grouped(
    "Data",
    click.option(
        "--data",
        metavar="FILE",
        shell_complete=complete_names(["fieldnotes"]),
        show_default="the bundled field notes",
        help="Any text file; - for standard input.",
    ),
    click.option(
        "--unit",
        type=UNIT,
        default="char",
        help="Tokens: characters, or words and punctuation marks; words that occur once become <unknown>.",
    ),
    click.option("--lowercase", is_flag=True, help="Lowercase the text."),
)
@network_options(DEFAULTS)
@recipe_options(**DEFAULTS[DEFAULT_CELL])
@grouped(
    "Training",
    click.option(
        "--bptt-length",
        type=BPTT_LENGTH,
        default=50,
        help="Tokens per chunk of truncated backpropagation through time.",
    ),
)
@fold_options("contiguous parts of the text")
@output_options()
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    """Train a language model on a text, printing samples.

    Without --epochs, trains for about 3,600 steps, up to 20 epochs.

    \b
    Example: char-rnn train --data notes.txt --cell lstm --save notes.h5 --figure notes.png
    """
    if options["epochs"] is None and options["resume"] is None and options["start"] is None:
        options["epochs"] = default_epochs(options)
    train_model(ctx, options, program=CHAR_RNN, settings_type=TextSettings, set_up=set_up_text, sample=some_lines)


def default_epochs(options: Mapping[str, Any]) -> int:
    """The number of epochs for about STEPS steps, from 1 to MAX_EPOCHS; more for short texts."""
    blocks = read_text_file(options["data"]).blocks()
    held_out: float = options["validation"]
    if options.get("cross_validate") is not None:
        held_out = 1 / options["cross_validate"]
    elif options.get("fold") is not None:
        held_out = 1 / parse_fold(options["fold"])[1]
    tokens = sum(len(tokenize(block, options["unit"])) for block in blocks) * (1 - held_out)
    streams = parallel_streams(round(tokens), options["batch_size"], options["bptt_length"])
    epochs: int = round(STEPS * streams * options["bptt_length"] / max(tokens, 1))
    if streams < (options["batch_size"] or 1):
        epochs = math.ceil(SHORT_STEPS * streams * options["bptt_length"] / max(tokens, 1))
        return max(MAX_EPOCHS, epochs)
    return max(1, min(MAX_EPOCHS, epochs))


def some_lines(network: Network, setup: Setup, rng: np.random.Generator) -> list[str]:
    """The lines of a sample."""
    text = "".join(generate_text(network, setup.vocabulary, "", SAMPLE_LENGTH, rng=rng))
    return text.strip().split("\n")
