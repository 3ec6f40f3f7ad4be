"""The command `train`."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cnn_sign_digits.datasets.catalog import PROGRAM, is_generated
from cnn_sign_digits.model import load_model
from cnn_sign_digits.options import require_outside
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.settings import PhotoSettings, settings_of
from cnn_sign_digits.setup import set_up, source_of
from nn_core.batches.augmentation import augmentation
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.catalog import parse_fold
from nn_core.cli.dataset import run_to_resume
from nn_core.cli.options import INITIALIZER, output_options, recipe_options
from nn_core.cli.param_types import FloatRange, SpecType, require_distinct
from nn_core.cli.settings import resumed_settings
from nn_core.cli.train_report import training_report, training_result
from nn_core.cli.train_run import run
from nn_core.layers import ACTIVATIONS
from nn_core.registry import parse

PRESET, DATA = "classic", "synthetic"


def _set_defaults(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Make the preset's settings for this kind of data the defaults of the other options."""
    given = {"preset": PRESET, "data": DATA, **ctx.params, parameter.name or "": value}
    preset = PRESETS[given["preset"]]
    ctx.default_map = preset.defaults_for(synthetic=is_generated(given["data"]))
    return value


@click.command()
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default=PRESET,
    is_eager=True,
    callback=_set_defaults,
    help="Network; together with --data it sets the defaults of the options below.",
)
@click.option(
    "--data",
    default=DATA,
    is_eager=True,
    callback=_set_defaults,
    metavar="NAME|PATH",
    help="synthetic (with settings, as in synthetic:count=2000), digits, a folder with a folder "
    "of photos per class, an .h5 file, or a folder of .h5 files.",
)
@click.option(
    "--test",
    default=None,
    metavar="NAME|PATH",
    help="Validation data.  [default: the test set within --data, or else a held-out part]",
)
@click.option(
    "--validation",
    type=FloatRange(above=0, below=1),
    default=0.2,
    help="Fraction to hold out: of the subjects if they are known, otherwise of each class.",
)
@click.option(
    "--fold",
    type=SpecType(parse_fold, "K/N"),
    default=None,
    help="Hold out the K-th of N folds, divided by subject, as in 2/5.",
)
@click.option(
    "--group",
    default=None,
    metavar="REGEX|CSV",
    help="Subject of each photo, so that no subject is in both sets: a regular expression on the "
    r"path with one group, as in 'person(\d+)', or a CSV file with columns file and group.",
)
@click.option(
    "--extra-data",
    default="none",
    metavar="NAME|PATH",
    help="Additional training photos, as in synthetic:count=2000, or none.",
)
@click.option(
    "--backgrounds",
    type=click.IntRange(0, 100),
    default=0,
    help="Copies of each hand, cut out of its photo, over synthetic backgrounds.",
)
@click.option(
    "--augment",
    type=SpecType(augmentation, "augmentation"),
    default="none",
    help="none, or standard with settings, as in standard:rotation=30,horizontal_flip=no: random "
    "shifts, rotations, scaling, flips, brightness, contrast and color.",
)
@click.option(
    "--activation",
    type=SpecType(lambda text: parse(text, ACTIVATIONS, "activation"), "activation"),
    default="relu",
    help=f"{', '.join(ACTIVATIONS)}.",
)
@click.option(
    "--initializer",
    type=INITIALIZER,
    default="he",
    help="he, xavier, lecun (each also as -uniform), orthogonal, normal:scale=0.01 or zeros.",
)
@click.option(
    "--dropout",
    type=FloatRange(least=0, below=1),
    default=0.0,
    help="Dropout rate before the last layer.",
)
@recipe_options(**PRESETS[PRESET].defaults_for(synthetic=True))
@output_options()
@json_option
@click.pass_context
def train(
    ctx: click.Context,
    /,
    save: Path | None,
    resume: Path | None,
    log: Path | None,
    threads: int,
    figure: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a convolutional network.

    Without options, on synthetic hands.

    \b
    Example: cnn-sign train --data digits --save digits.h5 --figure digits.png
    """
    model = None
    if resume is not None:
        model = load_model(resume)
        save = save or resume
        options = resumed_settings(ctx, settings_of(model).to_dict(), free={"data", "test"})
    settings = PhotoSettings.from_mapping(options)
    _require_one_validation_set(ctx, settings)
    outputs = {"--save": save, "--log": log, "--figure": figure}
    table = settings.group if (settings.group or "").lower().endswith(".csv") else None
    inputs = {"--data": settings.data, "--test": settings.test, "--extra-data": settings.extra_data}
    require_distinct(outputs, **inputs, **{"--group": table})
    require_distinct({"--log": log, "--figure": figure}, **{"--resume": resume})
    require_outside(outputs, **inputs)
    setup = set_up(settings)
    splits, to_resume = setup.splits, None
    if model is not None:
        found, source = splits.fingerprint, source_of(splits)
        to_resume = run_to_resume(model.run, source=source, found=found, expected=model.fingerprint)
    run(
        setup.trainer,
        program=PROGRAM,
        details=setup.details(),
        early_stopping=settings.early_stopping,
        save=save,
        resume=to_resume,
        log=log,
        threads=threads,
    )
    train_set, network = splits.train.name, f"{settings.preset} network"
    result = training_result(setup.trainer, data=train_set)
    if as_json:
        echo_json(result)
    else:
        click.echo(training_report(result, network=network, origin=splits.origin))
    if figure is not None:
        from nn_core.cli.plots import draw_training

        title = f"{train_set}: {network}, {settings.optimizer}"
        draw_training(setup.trainer.history, figure, title=title)
        info(f"wrote {figure}")


def _require_one_validation_set(ctx: click.Context, settings: PhotoSettings) -> None:
    """Raise click.UsageError if two options name the validation set."""
    explicit = ctx.get_parameter_source("validation") is ParameterSource.COMMANDLINE
    given = {
        "--fold": settings.fold is not None,
        "--test": settings.test is not None,
        "--validation": explicit,
    }
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise click.UsageError(f"{names[0]} and {names[1]} both name the validation set", ctx)
