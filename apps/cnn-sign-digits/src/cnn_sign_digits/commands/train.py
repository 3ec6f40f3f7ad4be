"""The command `train`."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.datasets.catalog import CATALOG, is_generated
from cnn_sign_digits.datasets.outputs import require_outside
from cnn_sign_digits.model import SHIPPED, load_model
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.settings import BACKGROUNDS, PRESET_NAME, PhotoSettings, settings_of
from cnn_sign_digits.setup import Setup, set_up
from nn_core.cli.class_weight import class_weight_option
from nn_core.cli.command_help import grouped
from nn_core.cli.completion import complete_names
from nn_core.cli.config import is_given, on_command_line, set_defaults
from nn_core.cli.options import dropout_option, validation_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import json_option
from nn_core.cli.train_command import train_network
from nn_core.cli.train_options import (
    activation_option,
    augment_option,
    fold_options,
    initializer_option,
    output_options,
    recipe_options,
)

PRESET, DATA = "classic", "synthetic"


def _set_defaults(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Set the preset's settings for this type of data as the defaults of the other options."""
    given = {"preset": PRESET, "data": DATA, **ctx.params, parameter.name or "": value}
    preset = PRESETS[given["preset"]]
    set_defaults(ctx, preset.defaults_for(synthetic=is_generated(given["data"])))
    return value


@click.command()
@grouped(
    "Data",
    click.option(
        "--data",
        default=DATA,
        is_eager=True,
        callback=_set_defaults,
        metavar="NAME|PATH",
        shell_complete=complete_names(CATALOG.names),
        help="Data set: synthetic (with settings, e.g. synthetic:count=2000), digits, a folder with one "
        "subfolder of photos per class, a file of photos (.h5, .npz, .mat, .csv, idx), a folder of such files, or - "
        "for a table of pixels on standard input.",
    ),
    click.option(
        "--test",
        metavar="NAME|PATH",
        shell_complete=complete_names(CATALOG.names),
        help="Data set to validate on, instead of the test set of --data or a split of it.",
    ),
    validation_option(0.2, "the subjects, or else of each class,"),
    augment_option(),
    click.option(
        "--extra-data",
        default="none",
        metavar="NAME|PATH",
        shell_complete=complete_names(CATALOG.names),
        help="Additional training photos, e.g. synthetic:count=2000, or none.",
    ),
    click.option(
        "--backgrounds",
        type=BACKGROUNDS,
        default=0,
        help="Number of copies of each hand, segmented from its photo, over synthetic backgrounds.",
    ),
    click.option(
        "--group",
        metavar="REGEX|CSV",
        help="Subject of each photo, so that no subject is in both sets: a regular expression on the "
        r"path with one group, e.g. 'person(\d+)', or a CSV file with columns file and group.",
    ),
    fold_options("by subject if known, or else stratified by class"),
    class_weight_option(),
)
@grouped(
    "Network",
    click.option(
        "--preset",
        type=PRESET_NAME,
        default=PRESET,
        is_eager=True,
        callback=_set_defaults,
        help="Network architecture; with --data, sets the defaults of other options.",
    ),
    dropout_option("before the last layer"),
    activation_option(),
    initializer_option(),
)
@recipe_options(**PRESETS[PRESET].defaults_for(synthetic=True))
@output_options(SHIPPED)
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    """Train a convolutional network.

    Without options, trains on synthetic hands.

    \b
    Example: cnn-sign train --data digits --save digits.h5 --figure digits.png
    """
    train_network(
        ctx,
        options,
        program=PROGRAM,
        settings_type=PhotoSettings,
        load_model=load_model,
        settings_of=settings_of,
        set_up=partial(set_up, group=_own_group(ctx)),
        final_details=Setup.final_details,
        inputs=("data", "test"),
        check=_check,
    )


def _own_group(ctx: click.Context) -> str | None:
    """`--group`, if the user gave it for this run; None for what a checkpoint says."""
    given = on_command_line if ctx.params["resume"] is not None else is_given
    group: str | None = ctx.params["group"]
    return group if given(ctx, "group") else None


def _check(settings: PhotoSettings, outputs: Mapping[str, Path | None]) -> None:
    """Reject outputs that are inputs."""
    table = settings.group if (settings.group or "").lower().endswith(".csv") else None
    extra = {"--extra-data": settings.extra_data}
    require_distinct(outputs, **extra, **{"--group": table})
    require_outside(outputs, **extra, **{"--data": settings.data, "--test": settings.test})
