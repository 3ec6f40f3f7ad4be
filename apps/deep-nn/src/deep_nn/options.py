"""Data and network options shared by the commands of deep-nn."""

from typing import Any

import click

from deep_nn.datasets.catalog import CATALOG
from deep_nn.datasets.files import KNOWN
from deep_nn.datasets.table_options import MISSING_MODES, TASKS
from nn_core.cli.class_weight import class_weight_option
from nn_core.cli.command_help import Decorator, grouped
from nn_core.cli.options import data_options, dropout_option, hidden_option, together
from nn_core.cli.train_options import activation_option, initializer_option

DATA = (
    f"{', '.join([*CATALOG.generated, *CATALOG.remote])} (with settings, e.g. moons:noise=0.3),"
    f" or a file or folder of your own ({', '.join(KNOWN)}, etc.), or - for a table on standard input"
)
"""What `--data` accepts."""
FITTING = "xavier for sigmoid and tanh, otherwise he"
"""The initializer that fits an activation function, for help texts."""


def network_options(
    *,
    omit: str = "",
    data: str = "moons",
    validation: float = 0.2,
    hidden: str = "16,16",
    activation: str = "relu",
    initializer: str | None = "he",
    **others: Any,
) -> Decorator:
    """The options for the fields of `NetworkSettings`.

    omit    a field to leave out
    others  ignored: defaults of options declared elsewhere
    The others are defaults.
    """
    return together(
        data_options(data=data, kinds=DATA, names=CATALOG.names, validation=validation),
        table_options(),
        grouped(
            "Tables",
            click.option(
                "--task",
                type=click.Choice(TASKS),
                default="auto",
                help="Predict classes or a number; auto decides by the target.",
            ),
        ),
        class_weight_option(),
        hidden_option(hidden),
        activation_option(activation),
        initializer_option(default=initializer, shown=None if initializer else FITTING),
        dropout_option("after each hidden layer", per_layer=True),
        omit=omit,
    )


def table_options() -> Decorator:
    """How to read a table: the fields of `TableOptions`, without `--task`."""
    return grouped(
        "Tables",
        click.option(
            "--target",
            metavar="NAME|NUMBER",
            show_default="the one named label, class, target, species or y; otherwise the last",
            help="Column of a table to predict, by name or number (from 1).",
        ),
        click.option("--drop", metavar="NAMES", help="Columns of a table to drop, e.g. Id,Name or 1,3."),
        click.option(
            "--columns", metavar="NAMES", show_default="all", help="Columns of a table to predict from, e.g. age,fare."
        ),
        click.option(
            "--missing",
            type=click.Choice(MISSING_MODES),
            default=MISSING_MODES[0],
            help="Missing values of a table: report an error, drop the rows, or impute the training mean"
            " and add an indicator input.",
        ),
        click.option("--merge-case", is_flag=True, help="Merge texts of a table that differ only in case or spaces."),
    )
