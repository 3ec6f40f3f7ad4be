"""Runs whose loss stays finite, but ends far above that of a network that has learned nothing."""

from pathlib import Path
from statistics import fmean

import numpy as np

from nn_core.cli.terminal import info
from nn_core.errors import DivergenceError
from nn_core.training.trainer import Trainer

DOUBTFUL, ABSURD = 10.0, 1000.0
"""Multiples of the loss without learning that are remarked on, and that are an error.

Runs that learn end below 1. A wide network on images, which goes on to learn, may reach 150 in its first epoch.
"""
EXAMPLES = 256
"""Number of training examples on which the loss without learning is measured."""


def check_final_loss(trainer: Trainer, saved: Path | None = None) -> None:
    """Compare the training loss at the end with the loss without learning.

    The validation loss would not do: a network that memorizes its training set can be very wrong elsewhere.

    saved  the checkpoint that was written
    Prints a note above DOUBTFUL times the loss without learning.
    Raises DivergenceError above ABSURD times.
    """
    loss, reference = final_training_loss(trainer), loss_without_learning(trainer)
    if loss <= DOUBTFUL * reference:
        return
    found = f"the training loss is {loss:.4g}, but {reference:.4g} without learning"
    rate = f"--learning-rate (now {trainer.recipe.base_rate:g})"
    if loss <= ABSURD * reference:
        info(f"Note: {found}; try a lower {rate}")
        return
    kept = "" if saved is None else f"; {saved} has the weights of epoch {final_epoch(trainer)}"
    raise DivergenceError(f"training diverged: {found}; lower {rate}{kept}")


def final_epoch(trainer: Trainer) -> int:
    """The epoch whose weights the network has: the best one, if they were restored, or else the last."""
    state = trainer.state
    return state.epoch if state.best is None else state.history.best("validation_loss") + 1


def final_training_loss(trainer: Trainer) -> float:
    """The training loss of that epoch, or the mean over its batches, if it is lower.

    Batch normalization can be far off outside of training until its running statistics have settled.
    """
    state, epoch = trainer.state, final_epoch(trainer)
    batches = state.history.step_loss[(epoch - 1) * state.steps_per_epoch : epoch * state.steps_per_epoch]
    return min(state.history["training_loss"][epoch - 1], fmean(batches))


def loss_without_learning(trainer: Trainer) -> float:
    """The loss of the first batch, before the first update, or that of outputs of 0, if it is higher.

    Outputs of 0 are a uniform guess among classes, or the mean of standardized targets.
    """
    x, y = (np.asarray(values[:EXAMPLES]) for values in trainer.examples)
    is_text = trainer.recipe.bptt_length is not None
    with np.errstate(over="ignore", invalid="ignore"):
        output, _ = trainer.backend.predict(x[None] if is_text else x)
    zeros = np.zeros_like(output[0] if is_text else output)
    return max([trainer.recipe.loss(zeros, y)[0], *trainer.state.history.step_loss[:1]])
