"""Small runs for the tests of what surrounds a run; worker processes can import them."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from nn_core.cli.settings import Settings
from nn_core.cli.train_run import run
from nn_core.errors import DataError
from nn_core.layers import Dense, Tanh
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.training.trainer import Trainer

STEPS_PER_EPOCH = 5


def settings_of(**changes: Any) -> Settings:
    """Forty examples in batches of eight."""
    plain: dict[str, Any] = {
        "optimizer": "momentum",
        "learning_rate": 0.5,
        "schedule": "constant",
        "batch_size": 8,
        "epochs": 4,
        "l2": 0.0,
        "clip_norm": None,
        "early_stopping": None,
        "seed": 3,
        "dtype": "float64",
    }
    return Settings(**(plain | changes))


def build(settings: Settings) -> Trainer:
    """A run whose labels are noisy enough to be learned by heart."""
    data, weights, training = np.random.default_rng(settings.seed).spawn(3)
    x = data.normal(size=(60, 3))
    y = (x @ [1.0, -2.0, 0.5] + data.normal(size=60) > 0).astype(np.int64)
    network = Network(
        [Dense(6), Tanh(), Dense(1)], input_shape=(3,), rng=weights, dtype=settings.dtype
    )
    return Trainer(
        network,
        x[:40],
        y[:40],
        settings.recipe(binary_cross_entropy),
        epochs=settings.epochs,
        rng=training,
        validation=(x[40:], y[40:]),
        measure_training=True,
    )


def build_from_missing_data(settings: Settings) -> Trainer:
    """What a program does whose file is not there."""
    raise DataError(f"no such file: seed{settings.seed}.csv")


def build_and_die(settings: Settings) -> Trainer:
    """What a process does that the system kills for its memory."""
    os._exit(9)


def run_toy(trainer: Trainer, **options: Any) -> None:
    """`run` with what does not matter here filled in."""
    run(trainer, **({"program": "toy", "details": {"classes": ["no", "yes"]}} | options))


def leftovers(folder: Path) -> list[str]:
    """Temporary files that something forgot."""
    return [path.name for path in folder.rglob("*") if path.name.endswith(".part")]
