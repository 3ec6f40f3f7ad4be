"""The body of `dino-gen train` and `char-rnn train`."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click
import numpy as np

from char_rnn_dino.model import Model, load_model
from char_rnn_dino.settings import SequenceSettings, settings_of, spawn_rngs
from char_rnn_dino.setup import Setup
from nn_core.cli.terminal import info
from nn_core.cli.train_command import train_network
from nn_core.network import Network
from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState

S = TypeVar("S", bound=SequenceSettings)
Sample = Callable[[Network, Setup, np.random.Generator], list[str]]
"""Lines of text sampled from a network."""
SAMPLES = 5
"""How often a run prints samples."""


def train_model(
    ctx: click.Context,
    options: dict[str, Any],
    *,
    program: str,
    settings_type: type[S],
    set_up: Callable[[S, int | None, Model | None, Model | None], Setup],
    sample: Sample,
) -> None:
    """`train_network`, printing samples.

    set_up  sets up a run from settings, a number of threads, the model to start from and the model
            of the run to resume
    """
    train_network(
        ctx,
        options,
        program=program,
        settings_type=settings_type,
        load_model=partial(load_model, program=program),
        settings_of=partial(settings_of, settings_type=settings_type),
        set_up=set_up,
        callbacks=lambda setup, settings: [PrintSamples(sample, setup, settings.seed)],
    )


class PrintSamples(Callback):
    """Print samples at evenly spaced epochs, each time with the same random numbers."""

    def __init__(self, sample: Sample, setup: Setup, seed: int) -> None:
        self.sample, self.setup = sample, setup
        self.seed = int(spawn_rngs(seed)[2].integers(2**32))

    def on_epoch(self, state: TrainingState) -> None:
        epoch, epochs = state.epoch, state.epochs
        if epoch * SAMPLES // epochs > (epoch - 1) * SAMPLES // epochs:
            rng = np.random.default_rng(self.seed)
            lines = self.sample(state.network, self.setup, rng)
            info("\n".join([f"epoch {epoch}:", *(f"    {line}" for line in lines)]))
