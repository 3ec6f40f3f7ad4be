"""The options of `train` shared by all programs, and those that name parts of a network."""

from pathlib import Path
from typing import Any

import click

from nn_core.cli.command_help import Decorator, NameOption, grouped
from nn_core.cli.config import Origin, origin_of
from nn_core.cli.figure_options import figure_options
from nn_core.cli.folds import parse_fold
from nn_core.cli.options import POSITIVE, plugin_option, seed_option, threads_option, together
from nn_core.cli.output_kinds import CHECKPOINT
from nn_core.cli.param_types import MODEL, BatchSize, FloatRange, OutputFile, ShippedModel, SpecType
from nn_core.cli.training_log import log_options
from nn_core.initializers import INITIALIZERS, initializer
from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.optim.schedules import SCHEDULES, schedule

OPTIMIZER = SpecType(optimizer, "optimizer", OPTIMIZERS)
INITIALIZER = SpecType(initializer, "initializer", INITIALIZERS)
SCHEDULE = SpecType(schedule, "schedule", SCHEDULES)
ENGINES = ("fast", "reference")


def activation_type() -> SpecType:
    """The name of an activation function."""
    from nn_core.layers import ACTIVATIONS

    return SpecType(ACTIVATIONS.parse, "activation", ACTIVATIONS)


def activation_option(default: str = "relu") -> Decorator:
    """`--activation NAME`."""
    words, kind = "Activation: {names}.", activation_type()
    return grouped("Network", click.option("--activation", cls=NameOption, type=kind, default=default, help=words))


def initializer_option(
    name: str = "--initializer", default: str | None = "he", what: str = "weights", shown: str | None = None
) -> Decorator:
    """`--initializer NAME`, or a similar option under another name.

    shown  the default as the help shows it, if it depends on something else
    """
    words = f"Initializer of the {what}: {{names}}."
    return grouped(
        "Network",
        click.option(name, cls=NameOption, type=INITIALIZER, default=default, show_default=shown or True, help=words),
    )


def augment_option(default: str = "none") -> Decorator:
    """`--augment NAME`."""
    from nn_core.batches.augmentation import AUGMENTATIONS, augmentation

    kind = SpecType(augmentation, "augmentation", AUGMENTATIONS)
    words = "Augmentation of each training image: {names}; with settings, e.g. standard:rotation=30."
    return grouped("Data", click.option("--augment", cls=NameOption, type=kind, default=default, help=words))


def _learning_rate(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """The learning rate; `--optimizer adam:learning_rate=0.01` overrides what comes from further away."""
    text = ctx.params.get("optimizer")
    own = origin_of(ctx, "learning_rate")
    explicit = own is not Origin.DEFAULT and own >= origin_of(ctx, "optimizer")
    return value if explicit or text is None or optimizer(text).learning_rate is None else None


def recipe_options(*, omit: str = "", **defaults: Any) -> Decorator:
    """How to train: the options of `Settings`, with the program's own defaults.

    omit  the field of an option to leave out
    """
    own = "" if "learning_rate" in defaults else "; the default depends on the optimizer"
    training = grouped(
        "Training",
        click.option(
            "--optimizer",
            cls=NameOption,
            type=OPTIMIZER,
            default=defaults["optimizer"],
            help="Optimizer: {names}; with settings, e.g. momentum:beta=0.95. "
            "Momentum averages gradients, v = beta v + (1 - beta) g.",
        ),
        click.option(
            "--learning-rate",
            type=POSITIVE,
            default=defaults.get("learning_rate"),
            callback=_learning_rate,
            help=f"Learning rate{own}.",
        ),
        click.option(
            "--epochs", type=click.IntRange(min=1), default=defaults["epochs"], help="Passes over the training set."
        ),
        click.option(
            "--batch-size",
            type=BatchSize(),
            default=defaults.get("batch_size", 64),
            help="Examples per step; full for the whole training set.",
        ),
        click.option(
            "--l2",
            type=FloatRange(least=0),
            default=0.0,
            help="L2 penalty: adds l2/2 * sum(W^2) over all weights to the loss.",
        ),
        click.option(
            "--schedule",
            cls=NameOption,
            type=SCHEDULE,
            default=defaults.get("schedule", "constant"),
            help="Learning-rate schedule: {names}; with an optional warmup in epochs, e.g. cosine:warmup=5.",
        ),
        click.option(
            "--clip-norm", type=POSITIVE, default=defaults.get("clip_norm"), help="Clip the global gradient norm."
        ),
        click.option("--clip-value", type=POSITIVE, default=None, help="Clip each gradient component."),
        seed_option(words="Random seed; the same seed reproduces the run bit for bit."),
    )
    advanced = grouped(
        "Advanced",
        click.option(
            "--dtype", type=click.Choice(["float32", "float64"]), default="float32", help="Floating-point precision."
        ),
        click.option(
            "--engine",
            type=click.Choice(ENGINES),
            default=ENGINES[0],
            help="Optimized engine, or the plain reference implementation of each layer.",
        ),
        click.option(
            "--shards",
            type=click.IntRange(1, 256),
            default=None,
            show_default="1 to 4, by batch size",
            help="Number of parts of a batch to compute in parallel; affects rounding.",
        ),
        plugin_option,
    )
    return together(training, advanced, omit=omit)


def fold_options(folds: str) -> Decorator:
    """`--fold K/N` and `--cross-validate K`.

    folds  what a fold is, e.g. "stratified by class"
    """
    return grouped(
        "Data",
        click.option(
            "--fold",
            type=SpecType(parse_fold, "K/N"),
            help=f"Hold out the K-th of N folds ({folds}) for validation, e.g. 2/5.",
        ),
        click.option(
            "--cross-validate",
            type=click.IntRange(min=2),
            metavar="K",
            help="Train K networks, each with another fold held out, and report the mean and standard deviation "
            "of the validation metrics.",
        ),
    )


def output_options(shipped: Path | None = None) -> Decorator:
    """When `train` stops, what it writes, and what it resumes or starts from.

    shipped  the network shipped with the program, if there is one
    """
    training = grouped(
        "Training",
        click.option(
            "--early-stopping",
            type=click.IntRange(min=1),
            metavar="EPOCHS",
            default=None,
            help="Stop after this many epochs without a lower validation loss, and keep the best weights.",
        ),
        click.option(
            "--resume", type=MODEL, help="Resume from a checkpoint, and save to it; --epochs may be increased."
        ),
        click.option(
            "--from",
            "start",
            type=MODEL if shipped is None else ShippedModel(shipped),
            help="Start a new run from the weights and settings of a checkpoint"
            f"{', or of the shipped network (shipped)' if shipped else ''}; other data, learning rate, epochs, etc. "
            "may be given.",
        ),
    )
    output = grouped(
        "Output",
        click.option("--save", type=OutputFile(kind=CHECKPOINT), help="Write a checkpoint while training."),
        figure_options("the learning curves"),
        log_options(),
    )
    return together(training, output, threads_option())
