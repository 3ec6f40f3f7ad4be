"""Small runs for the tests of what surrounds a run; worker processes can import them."""

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest

from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.cli.settings import Settings
from nn_core.cli.train_run import backend_for, run
from nn_core.errors import DataError
from nn_core.layers import Dense, Tanh
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Optimizer
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


def build(settings: Settings, threads: int | None = 1) -> Trainer:
    """A run whose labels are noisy enough to be memorized."""
    data, weights = np.random.default_rng(settings.seed).spawn(2)
    x = data.normal(size=(60, 3))
    y = (x @ [1.0, -2.0, 0.5] + data.normal(size=60) > 0).astype(np.int64)
    network = Network([Dense(6), Tanh(), Dense(1)], input_shape=(3,), rng=weights, dtype=settings.dtype)
    return Trainer(
        backend_for(network, settings, threads),
        x[:40],
        y[:40],
        settings.recipe(binary_cross_entropy),
        epochs=settings.epochs,
        seed=settings.seed,
        validation=(x[40:], y[40:]),
        measure_training=True,
    )


def build_from_missing_data(settings: Settings) -> Trainer:
    """What a program does whose file is not there."""
    raise DataError(f"no such file: seed{settings.seed}.csv")


def build_and_die(settings: Settings) -> Trainer:
    """What a process does that the system kills for its memory."""
    os._exit(9)


def die_once(marker: str, settings: Settings) -> int:
    """The seed; but the first time for seed 2, die with the process."""
    path = Path(marker)
    if settings.seed == 2 and not path.exists():
        path.touch()
        os._exit(9)
    return settings.seed


@dataclass(frozen=True, kw_only=True)
class FileSettings(Settings):
    """Settings with data."""

    data: str | None = None
    test: str | None = None

    def is_data_name(self, text: str) -> bool:
        return text == "moons"


def size_of(settings: FileSettings) -> int:
    """The number of bytes of the files that a run reads."""
    path = Path(settings.data or "")
    return sum(len(file.read_bytes()) for file in ([path] if path.is_file() else path.rglob("*.csv")))


def data_of(settings: FileSettings) -> str:
    """Where a run finds its data."""
    return settings.data or ""


def run_toy(trainer: Trainer, **options: Any) -> None:
    """`run` with what does not matter here filled in."""
    run(trainer, **({"program": "toy", "details": {"classes": ["no", "yes"]}} | options))


def leftovers(folder: Path) -> list[str]:
    """Temporary files that something forgot."""
    return [path.name for path in folder.rglob("*") if path.name.endswith(".part")]


def before_update(trainer: Trainer, step: int, act: Callable[[Array], Any]) -> None:
    """Do something in the midst of a step, with its gradients, before its update."""
    update = trainer.backend.update

    def act_and_update(optimizer: Optimizer, gradients: Array, *rest: Any, **options: Any) -> None:
        if trainer.state.step + 1 == step:
            act(gradients)
        update(optimizer, gradients, *rest, **options)

    trainer.backend.update = act_and_update  # type: ignore[method-assign]


def press_ctrl_c(*ignored: object) -> None:
    """Ask for an interruption, as a keyboard does."""
    signal.raise_signal(signal.SIGINT)


def send(number: int) -> Callable[..., None]:
    """A function that sends this process a signal."""
    return lambda *_: signal.raise_signal(number)


def stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass, so that only the first epoch is saved and the end."""
    monkeypatch.setattr("nn_core.cli.train_run.time", SimpleNamespace(monotonic=lambda: 0.0))


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no file be written."""

    def refuse(descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)


def load(path: Path) -> checkpoint.Checkpoint:
    """A checkpoint of these runs."""
    return checkpoint.load(path, program="toy")


def resumed_from(path: Path, **options: Any) -> Trainer:
    """A new trainer of the same settings, resumed from a file and run to its end."""
    trainer = build(settings_of(epochs=4))
    run_toy(trainer, resume=load(path).snapshot, **options)
    return trainer


def uninterrupted(epochs: int = 4) -> Trainer:
    """The run that all others must agree with."""
    trainer = build(settings_of(epochs=epochs))
    trainer.run()
    return trainer


def losses(trainer: Trainer) -> list[float]:
    """The training loss of each epoch."""
    return trainer.state.history.columns["training_loss"]
