"""The command `char-rnn train`."""

from collections.abc import Mapping
from typing import Any

import click
import numpy as np

from char_rnn_dino.arguments import CELL, sequence_options
from char_rnn_dino.learning import learn
from char_rnn_dino.model import CHAR_RNN
from char_rnn_dino.preparing import Prepared, prepare_text, text_of
from char_rnn_dino.settings import TextSettings, streams
from char_rnn_dino.vocabulary import split
from char_rnn_dino.writing import written
from nn_core.cli.app import info, json_option
from nn_core.cli.options import output_options, recipe_options
from nn_core.training.callbacks import Callback
from nn_core.training.trainer import Trainer

COMMON = {
    "optimizer": "adamw:weight_decay=0.1",
    "schedule": "cosine:warmup=0.2",
    "batch_size": 50,
    "clip_norm": 5.0,
    "layers": 1,
    "hidden": 256,
    "embedding": 64,
    "blank": 0.0,
    "dropout": 0.1,
    "recurrent_initializer": "orthogonal",
    "epochs": None,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "rnn": COMMON
    | {"learning_rate": 0.004, "dropout": 0.0, "recurrent_initializer": "normal:scale=0.02"},
    "gru": COMMON
    | {"learning_rate": 0.006, "dropout": 0.15, "recurrent_initializer": "normal:scale=0.02"},
    "lstm": COMMON | {"learning_rate": 0.004},
}
STEPS = 3600
"""What makes a run, if nothing else is said: a few minutes."""
SHOWN, TIMES = 200, 4
"""Tokens that are shown on the way, and how often."""


@click.command()
@click.argument("data", metavar="[CORPUS]", required=False)
@sequence_options(DEFAULTS, omit="data")
@click.option(
    "--unit",
    type=click.Choice(["char", "word"]),
    default="char",
    help="Read characters, or words and marks of punctuation; words seen once are unknown ones.",
)
@click.option("--lower", is_flag=True, help="Read everything in lower case.")
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=50,
    help="Tokens between two changes of the weights: as far as gradients go back.",
)
@recipe_options(**DEFAULTS[CELL])
@output_options()
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    """Learn how a text goes on, and show some of it on the way.

    CORPUS is any text in UTF-8; without it, the field notes that come with the program. Without
    --epochs it is read as often as makes some 3,600 steps, and at most 20 times.

    \b
    Example: char-rnn train notes.txt --cell lstm --save notes.h5 --figure notes.png
    """
    if options["epochs"] is None and options["resume"] is None:
        options["epochs"] = epochs_for(options)
    learn(
        ctx,
        options,
        program=CHAR_RNN,
        kind=TextSettings,
        prepare=prepare_text,
        callbacks=lambda prepared, settings: [ShowText(prepared, settings)],
    )


def epochs_for(options: Mapping[str, Any]) -> int:
    """How often a text is to be read, short ones more often than long ones."""
    units = split(text_of(options["data"])[1], options["unit"])
    length = len(units) * (1 - options["validation"])
    window = (options["batch_size"] or 1) * options["steps"]
    times: int = round(STEPS * window / length)
    return max(1, min(20, times))


class ShowText(Callback):
    """Some text, as the network would write it by now, some times in a run."""

    def __init__(self, prepared: Prepared, settings: TextSettings) -> None:
        self.vocabulary = prepared.vocabulary
        self.seed = int(streams(settings.seed)[3].integers(2**32))

    def on_epoch(self, trainer: Trainer) -> None:
        if trainer.epoch * TIMES // trainer.epochs > (trainer.epoch - 1) * TIMES // trainer.epochs:
            rng = np.random.default_rng(self.seed)
            text = "".join(written(trainer.network, self.vocabulary, "", SHOWN, rng=rng))
            info("\n".join(f"    {line}" for line in text.strip().split("\n")))


COMMANDS = {"train": train}
