"""Runs whose loss stays finite, but ends far above that of a network that has learned nothing."""

import math
from pathlib import Path

import numpy as np

from nn_core.cli.terminal import info
from nn_core.errors import DivergenceError
from nn_core.training.trainer import Trainer

LIMIT, EARLY_LIMIT, STEPS = 10.0, 1000.0, 100
"""A run has diverged at 10 times the loss of an untrained network, or, in its first 100 steps, at 1,000 times.

Runs that learn end below 1. A wide network on images may reach 150 in its first three steps, and go on to learn.
"""
EXAMPLES = 256
"""Number of training examples on which the loss of an untrained network is measured."""


def check_final_loss(trainer: Trainer, saved: Path | None = None) -> None:
    """Compare the training loss at the end with the loss of an untrained network.

    The validation loss would not do: a network that memorizes its training set can be very wrong elsewhere.

    saved  the checkpoint that was written
    Raises DivergenceError if it is too high (see LIMIT); prints a note if it may be too early to tell.
    """
    loss, reference = final_training_loss(trainer), loss_without_learning(trainer)
    if loss <= LIMIT * reference:
        return
    found = f"the training loss is {loss:.4g}, but {reference:.4g} for an untrained network"
    rate = f"--learning-rate (now {trainer.recipe.base_rate:g})"
    if trainer.state.step < STEPS and loss <= EARLY_LIMIT * reference:
        info(f"Note: {found}; try a lower {rate}")
        return
    kept = "" if saved is None else f"; {saved} has the weights of epoch {final_epoch(trainer)}"
    raise DivergenceError(f"training diverged: {found}; lower {rate}{kept}")


def final_epoch(trainer: Trainer) -> int:
    """The epoch whose weights the network has: the best one, if they were restored, or else the last."""
    state = trainer.state
    return state.epoch if state.best is None else state.history.epoch_of(state.history.best("validation_loss"))


def final_training_loss(trainer: Trainer) -> float:
    """The training loss of that epoch, or the mean over its batches, if it is lower.

    Batch normalization can be far off outside of training until its running statistics have settled.
    """
    state, epoch = trainer.state, final_epoch(trainer)
    history, dropped = state.history, state.step - len(state.history.step_loss)
    begin = (epoch - 1) * state.steps_per_epoch - dropped
    batches = history.step_loss[max(0, begin) : max(0, begin + state.steps_per_epoch)]
    row = next(row for row in range(len(history)) if history.epoch_of(row) >= epoch)
    means = [math.fsum(batches) / len(batches)] if batches else []
    return min([history["training_loss"][row], *means])


def loss_without_learning(trainer: Trainer) -> float:
    """The loss of the first batch, before the first update, or that of outputs of 0, if it is higher.

    Outputs of 0 are a uniform guess among classes, or the mean of standardized targets.
    """
    x, y = trainer.examples
    y, output_shape = y[:EXAMPLES], trainer.network.output_shape
    if trainer.recipe.bptt_length is not None:
        output_shape = output_shape[1:]  # of one token
    shape = [x.shape[1] if length is None else length for length in output_shape]
    zeros = np.zeros((len(y), *shape), trainer.network.dtype)
    return max([trainer.recipe.loss(zeros, y)[0], *trainer.state.history.step_loss[:1]])
