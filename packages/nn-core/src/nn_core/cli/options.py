"""The options that every `train` has, written once."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from nn_core.cli.param_types import FIGURE, MODEL, BatchSize, FloatRange, OutputFile, SpecType
from nn_core.engine.thread_pool import available_threads
from nn_core.initializers import initializer
from nn_core.optim.optimizers import optimizer
from nn_core.optim.schedules import schedule

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIMIZER = SpecType(optimizer, "optimizer")
INITIALIZER = SpecType(initializer, "initializer")
SCHEDULE = SpecType(schedule, "schedule")
POSITIVE = FloatRange(above=0)
SEED = click.IntRange(min=0)


def recipe_options(*, omit: str = "", **defaults: Any) -> Callable[[Command], Command]:
    """How to train: the options behind `Settings`, with a program's own defaults."""
    own = "" if "learning_rate" in defaults else "; each optimizer has its own default"
    return together(
        click.option(
            "--optimizer",
            type=OPTIMIZER,
            default=defaults["optimizer"],
            help="gradient-descent, momentum, nesterov, rmsprop, adam or adamw, with settings "
            "as in momentum:beta=0.95.",
        ),
        click.option(
            "--learning-rate",
            type=POSITIVE,
            default=defaults.get("learning_rate"),
            help=f"Step size{own}.",
        ),
        click.option(
            "--schedule",
            type=SCHEDULE,
            default=defaults.get("schedule", "constant"),
            help="constant, inverse-time, step, exponential or cosine; each takes warmup, as in "
            "cosine:warmup=5 (epochs).",
        ),
        click.option(
            "--batch-size",
            type=BatchSize(),
            default=defaults.get("batch_size", 64),
            help="Examples per step, or full for all of them.",
        ),
        click.option(
            "--epochs",
            type=click.IntRange(min=1),
            default=defaults["epochs"],
            help="Times that every example is seen.",
        ),
        click.option(
            "--l2",
            type=FloatRange(least=0),
            default=0.0,
            help="Strength of L2: adds strength/2 * sum(W^2) to the loss; biases are spared.",
        ),
        click.option(
            "--clip-norm",
            type=POSITIVE,
            default=defaults.get("clip_norm"),
            help="The longest that the whole gradient may be.",
        ),
        click.option(
            "--clip-value",
            type=POSITIVE,
            default=None,
            help="The largest that one number of the gradient may be.",
        ),
        click.option(
            "--seed", type=SEED, default=0, help="The same seed gives the same bits again."
        ),
        click.option(
            "--dtype",
            type=click.Choice(["float32", "float64"]),
            default="float32",
            help="The precision of every number.",
        ),
        omit=omit,
    )


def output_options(*, figure: str | None = None) -> Callable[[Command], Command]:
    """When `train` stops, what it writes, and where it goes on.

    figure  where a program draws its runs if nothing is said
    """
    return together(
        click.option(
            "--early-stopping",
            type=click.IntRange(min=1),
            metavar="EPOCHS",
            default=None,
            help="Stop after so many epochs without a better validation loss, and keep the best.",
        ),
        click.option("--save", type=OutputFile(), help="Write a checkpoint, as it learns."),
        click.option(
            "--resume", type=MODEL, help="Go on with a checkpoint's run; --epochs may grow."
        ),
        click.option(
            "--log", type=OutputFile(), help="Write the figures of every epoch as lines of JSON."
        ),
        click.option(
            "--threads",
            type=click.IntRange(1, 256),
            default=available_threads,
            show_default="the cores, at most 4",
            help="How many threads share the work; the results do not depend on it.",
        ),
        click.option(
            "--figure", type=FIGURE, default=figure, help="Draw how it learned, over the epochs."
        ),
    )


def together(*options: Callable[[Any], Any], omit: str = "") -> Callable[[Command], Command]:
    """Several options as one decorator, which stand in this order in the help.

    omit  the field of one that is left out
    """

    def apply(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        made: list[click.Parameter] = getattr(command, "__click_params__", [])
        made[:] = [parameter for parameter in made if parameter.name != omit]
        return command

    return apply
