"""The command `dino-gen train`."""

from typing import Any

import click
import numpy as np

from char_rnn_dino.arguments import CELL, sequence_options
from char_rnn_dino.learning import learn
from char_rnn_dino.model import DINO_GEN
from char_rnn_dino.naming import names_like
from char_rnn_dino.preparing import Prepared, prepare_names
from char_rnn_dino.settings import NameSettings, streams
from nn_core.cli.app import info, json_option
from nn_core.cli.options import output_options, recipe_options
from nn_core.training.callbacks import Callback
from nn_core.training.trainer import Trainer

COMMON = {
    "optimizer": "adamw:weight_decay=0.1",
    "schedule": "cosine:warmup=2",
    "batch_size": 16,
    "clip_norm": 5.0,
    "embedding": 32,
    "learning_rate": 0.003,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "rnn": COMMON
    | {
        "layers": 2,
        "hidden": 256,
        "dropout": 0.3,
        "blank": 0.1,
        "recurrent_initializer": "normal:scale=0.01",
        "epochs": 18,
    },
    "gru": COMMON
    | {
        "layers": 1,
        "hidden": 384,
        "dropout": 0.5,
        "blank": 0.2,
        "recurrent_initializer": "orthogonal",
        "epochs": 12,
    },
    "lstm": COMMON
    | {
        "layers": 1,
        "hidden": 384,
        "dropout": 0.5,
        "blank": 0.2,
        "recurrent_initializer": "orthogonal",
        "epochs": 13,
    },
}
SHOWN, TIMES = 5, 5
"""Names that are shown on the way, and how often."""


@click.command()
@sequence_options(
    DEFAULTS, "Names, one a line, in UTF-8; by default the dinosaurs that come with it."
)
@recipe_options(**DEFAULTS[CELL])
@output_options()
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    """Learn to write names like those of a list, and show some on the way.

    \b
    Example: dino-gen train --cell lstm --save mine.h5 --figure mine.png
    """
    learn(
        ctx,
        options,
        program=DINO_GEN,
        kind=NameSettings,
        prepare=prepare_names,
        callbacks=lambda prepared, settings: [ShowNames(prepared, settings)],
    )


class ShowNames(Callback):
    """A few names, as the network would write them by now, some times in a run."""

    def __init__(self, prepared: Prepared, settings: NameSettings) -> None:
        self.vocabulary = prepared.vocabulary
        self.seed = int(streams(settings.seed)[3].integers(2**32))

    def on_epoch(self, trainer: Trainer) -> None:
        if trainer.epoch * TIMES // trainer.epochs > (trainer.epoch - 1) * TIMES // trainer.epochs:
            rng = np.random.default_rng(self.seed)
            names = names_like(trainer.network, self.vocabulary, "", SHOWN, rng=rng)
            info(f"epoch {trainer.epoch}: {', '.join(name.capitalize() for name in names)}")


COMMANDS = {"train": train}
