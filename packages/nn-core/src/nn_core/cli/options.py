"""Options that several programs have, each declared once."""

from collections.abc import Callable
from typing import Any

import click

from nn_core.cli.param_types import (
    FIGURE,
    MODEL,
    BatchSize,
    CommaList,
    FloatRange,
    OutputFile,
    SpecType,
)
from nn_core.engine.thread_pool import available_threads
from nn_core.initializers import INITIALIZERS, initializer
from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.optim.schedules import SCHEDULES, schedule
from nn_core.registry import load_plugin, parse

Decorator = Callable[[Any], Any]

OPTIMIZER = SpecType(optimizer, "optimizer", OPTIMIZERS)
INITIALIZER = SpecType(initializer, "initializer", INITIALIZERS)
SCHEDULE = SpecType(schedule, "schedule", SCHEDULES)
POSITIVE = FloatRange(above=0)
FRACTION = FloatRange(above=0, below=1)
RATE = FloatRange(least=0, below=1)
SEED = click.IntRange(min=0)
ENGINES = ("fast", "reference")


class NameOption(click.Option):
    """An option whose help lists the names that its SpecType knows, in place of `{names}`.

    They are looked up when the help is shown, since plug-ins may add some.
    """

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        names = getattr(self.type, "names", ())
        shown, self.help = self.help, (self.help or "").format(names=", ".join(names))
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = shown


def _load_plugins(ctx: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> None:
    for name in names:
        load_plugin(name)


plugin_option = click.option(
    "--plugin",
    metavar="MODULE",
    multiple=True,
    is_eager=True,
    expose_value=False,
    callback=_load_plugins,
    help="Python module or file that registers layers, optimizers or others; may be repeated.",
)


def model_option(*, required: bool = True) -> Decorator:
    """`--model FILE`, passed on as `model_path`; None for the network that is shipped."""
    return together(
        click.option(
            "--model",
            "model_path",
            type=MODEL,
            required=required,
            show_default=False if required else "the shipped network",
            help="Trained network: a checkpoint written by train or export.",
        ),
        plugin_option,
    )


def figure_option(what: str, *, default: str | None = None) -> Decorator:
    """`--figure FILE`.

    what     is plotted, after "Plot"
    default  only for commands whose result is a figure
    """
    return click.option(
        "--figure", type=FIGURE, default=default, help=f"Plot {what} (.png, .svg or .pdf)."
    )


def seed_option(default: int | None = 0, words: str = "Random seed.") -> Decorator:
    """`--seed`; without a default, every call differs."""
    return click.option("--seed", type=SEED, default=default, help=words)


def data_options(
    *, data: str, kinds: str, validation: float = 0.2, of: str = "each class"
) -> Decorator:
    """`--data`, `--test` and `--validation`.

    data   default of `--data`
    kinds  what it accepts, in words
    of     what a fraction is held out of
    """
    return together(
        click.option("--data", default=data, metavar="NAME|PATH", help=f"Data set: {kinds}."),
        click.option(
            "--test",
            metavar="NAME|PATH",
            help="Data set to validate on, in place of the test set of --data or a split of it.",
        ),
        validation_option(validation, of),
    )


def validation_option(default: float, of: str) -> Decorator:
    """`--validation FRACTION`."""
    return click.option(
        "--validation",
        type=FRACTION,
        default=default,
        metavar="FRACTION",
        help=f"Fraction of {of} to hold out for validation, if there is no test set.",
    )


def hidden_option(default: str) -> Decorator:
    """`--hidden 20,7,5`, as text."""
    return click.option(
        "--hidden",
        type=CommaList(click.IntRange(min=1), "units", empty=True),
        default=default,
        help='Units of the hidden layers, as in 20,7,5; "" for no hidden layer.',
    )


def dropout_option(where: str, *, default: float = 0.0, per_layer: bool = False) -> Decorator:
    """`--dropout RATE`: a number; or one or more, as text.

    where      it is applied, as in "before the last layer"
    per_layer  whether each layer may have a rate of its own
    """
    if not per_layer:
        words = f"Dropout rate {where}."
        return click.option("--dropout", type=RATE, default=default, metavar="RATE", help=words)
    return click.option(
        "--dropout",
        type=CommaList(RATE, "rates"),
        default=f"{default:g}",
        metavar="RATE",
        help=f"Dropout rate {where}: one for all, or one per layer, as in 0.2,0.5.",
    )


def activation_option(default: str = "relu") -> Decorator:
    """`--activation NAME`."""
    from nn_core.layers import ACTIVATIONS

    kind = SpecType(lambda text: parse(text, ACTIVATIONS, "activation"), "activation", ACTIVATIONS)
    return click.option(
        "--activation", cls=NameOption, type=kind, default=default, help="Activation: {names}."
    )


def initializer_option(
    name: str = "--initializer", default: str = "he", what: str = "weights"
) -> Decorator:
    """`--initializer NAME`, or another option of that kind."""
    words = f"Initializer of the {what}: {{names}}."
    return click.option(name, cls=NameOption, type=INITIALIZER, default=default, help=words)


def augment_option(default: str = "none") -> Decorator:
    """`--augment NAME`."""
    from nn_core.batches.augmentation import AUGMENTATIONS, augmentation

    return click.option(
        "--augment",
        cls=NameOption,
        type=SpecType(augmentation, "augmentation", AUGMENTATIONS),
        default=default,
        help="Augmentation of each training image: {names}; with settings as in"
        " standard:rotation=30.",
    )


def recipe_options(*, omit: str = "", **defaults: Any) -> Decorator:
    """How to train: the options behind `Settings`, with a program's own defaults.

    omit  the field of an option that is left out
    """
    own = "" if "learning_rate" in defaults else "; by default the optimizer's own"
    return together(
        click.option(
            "--optimizer",
            cls=NameOption,
            type=OPTIMIZER,
            default=defaults["optimizer"],
            help="Optimizer: {names}; with settings as in momentum:beta=0.95.",
        ),
        click.option(
            "--learning-rate",
            type=POSITIVE,
            default=defaults.get("learning_rate"),
            help=f"Learning rate{own}.",
        ),
        click.option(
            "--schedule",
            cls=NameOption,
            type=SCHEDULE,
            default=defaults.get("schedule", "constant"),
            help="Learning-rate schedule: {names}; each takes a warmup in epochs, as in"
            " cosine:warmup=5.",
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
            help="Passes over the training set.",
        ),
        click.option(
            "--l2",
            type=FloatRange(least=0),
            default=0.0,
            help="L2 penalty: adds l2/2 * sum(W^2) over all weights to the loss.",
        ),
        click.option(
            "--clip-norm",
            type=POSITIVE,
            default=defaults.get("clip_norm"),
            help="Clip the global gradient norm.",
        ),
        click.option(
            "--clip-value", type=POSITIVE, default=None, help="Clip each gradient component."
        ),
        seed_option(words="Random seed; the same seed reproduces the run bit for bit."),
        click.option(
            "--dtype",
            type=click.Choice(["float32", "float64"]),
            default="float32",
            help="Floating-point precision.",
        ),
        click.option(
            "--engine",
            type=click.Choice(ENGINES),
            default=ENGINES[0],
            help="Compute with the optimized engine, or with the reference: the layers as they"
            " are written.",
        ),
        click.option(
            "--shards",
            type=click.IntRange(1, 256),
            default=None,
            show_default="1 to 4, by batch size",
            help="Parts of a batch that are computed in parallel; rounding depends on it.",
        ),
        plugin_option,
        omit=omit,
    )


def output_options() -> Decorator:
    """When `train` stops, what it writes, and what it resumes."""
    return together(
        click.option(
            "--early-stopping",
            type=click.IntRange(min=1),
            metavar="EPOCHS",
            default=None,
            help="Stop after this many epochs without a lower validation loss, and keep the best"
            " weights.",
        ),
        click.option("--save", type=OutputFile(), help="Write a checkpoint while training."),
        click.option(
            "--resume",
            type=MODEL,
            help="Resume the run of a checkpoint, and save to it; --epochs may be increased.",
        ),
        click.option(
            "--log", type=OutputFile(), help="Write the metrics of each epoch as a line of JSON."
        ),
        threads_option(),
        figure_option("the learning curves"),
    )


def threads_option() -> Decorator:
    """`--threads`."""
    return click.option(
        "--threads",
        type=click.IntRange(1, 256),
        default=available_threads,
        show_default="number of cores, at most 4",
        help="Threads to compute with; the results do not depend on it.",
    )


def together(*options: Decorator, omit: str = "") -> Decorator:
    """Several options as one decorator, in this order in the help.

    omit  the field of one that is left out
    """

    def apply(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        made: list[click.Parameter] = getattr(command, "__click_params__", [])
        made[:] = [parameter for parameter in made if parameter.name != omit]
        return command

    return apply
