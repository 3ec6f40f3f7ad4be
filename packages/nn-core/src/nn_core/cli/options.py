"""Options shared by several programs. This module imports no NumPy.

Those that name layers, optimizers or schedules are in `nn_core.cli.train_options`.
"""

from collections.abc import Iterable
from typing import Any

import click

from nn_core.cli import command_help
from nn_core.cli.command_help import grouped
from nn_core.cli.completion import complete_names
from nn_core.cli.param_types import MODEL, CommaList, FloatRange

Decorator = command_help.Decorator
POSITIVE = FloatRange(above=0)
RATE = FloatRange(least=0, below=1)
SEED = click.IntRange(min=0)


def _load_plugins(ctx: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> None:
    if names:
        from nn_core.plugins import load_plugin

        for name in names:
            load_plugin(name)


plugin_option = grouped(
    "Advanced",
    click.option(
        "--plugin",
        metavar="MODULE",
        multiple=True,
        is_eager=True,
        expose_value=False,
        callback=_load_plugins,
        help="Python module or file that registers layers, optimizers, etc.; may be repeated.",
    ),
)


def model_option(*, required: bool = True, multiple: bool = False) -> Decorator:
    """`--model FILE`, passed as `model_path`; None for the shipped network, a tuple if it may be repeated."""
    return together(
        click.option(
            "--model",
            "model_path",
            type=MODEL,
            required=required,
            multiple=multiple,
            show_default=False if required else "the shipped network",
            help=f"Trained network: a checkpoint written by train or export{'; may be repeated' if multiple else ''}.",
        ),
        plugin_option,
    )


def seed_option(default: int | None = 0, words: str = "Random seed.") -> Decorator:
    """`--seed`; without a default, every run differs."""
    return click.option("--seed", type=SEED, default=default, help=words)


def data_options(
    *, data: str, kinds: str, names: Iterable[str] = (), validation: float = 0.2, of: str = "each class"
) -> Decorator:
    """`--data`, `--test` and `--validation`.

    data   default of `--data`
    kinds  description of what it accepts
    names  of data sets, for the completion of the shell
    of     what a fraction is held out of
    """
    return grouped(
        "Data",
        click.option(
            "--data",
            default=data,
            metavar="NAME|PATH",
            shell_complete=complete_names(names),
            help=f"Data set: {kinds}.",
        ),
        click.option(
            "--test",
            metavar="NAME|PATH",
            shell_complete=complete_names(names),
            help="Data set to validate on, instead of the test set of --data or a split of it.",
        ),
        validation_option(validation, of),
    )


def validation_option(default: float, of: str) -> Decorator:
    """`--validation FRACTION`."""
    words = f"Fraction of {of} to hold out for validation, if there is no test set; 0 to train on everything."
    return grouped("Data", click.option("--validation", type=RATE, default=default, metavar="FRACTION", help=words))


def hidden_option(default: str) -> Decorator:
    """`--hidden 20,7,5`, as text."""
    return grouped(
        "Network",
        click.option(
            "--hidden",
            type=CommaList(click.IntRange(min=1), "units", empty=True),
            default=default,
            help='Units of each hidden layer, e.g. 20,7,5; "" for no hidden layers.',
        ),
    )


def dropout_option(where: str, *, default: float = 0.0, per_layer: bool = False) -> Decorator:
    """`--dropout RATE`: a number; with `per_layer`, one or more as text.

    where      where it is applied, e.g. "before the last layer"
    per_layer  whether each layer may have its own rate
    """
    kind = CommaList(RATE, "rates") if per_layer else RATE
    words = ": one for all, or one per layer, e.g. 0.2,0.5" if per_layer else ""
    return grouped(
        "Network",
        click.option(
            "--dropout",
            type=kind,
            default=f"{default:g}" if per_layer else default,
            metavar="RATE",
            help=f"Dropout rate {where}{words}.",
        ),
    )


def threads_option() -> Decorator:
    """`--threads`."""
    return grouped(
        "Advanced",
        click.option(
            "--threads",
            type=click.IntRange(1, 256),
            default=None,
            show_default="number of cores, at most 4",
            help="Number of threads; does not affect the results.",
        ),
    )


def together(*options: Decorator, omit: str = "") -> Decorator:
    """Several options as one decorator; the help lists them in this order.

    omit  the field of an option to leave out
    """

    def apply(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        made: list[click.Parameter] = getattr(command, "__click_params__", [])
        made[:] = [parameter for parameter in made if parameter.name != omit]
        return command

    return apply
