"""The command `activation-histograms`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deep_nn.options import network_options
from nn_core.cli.command_help import grouped
from nn_core.cli.config import on_command_line
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import plugin_option, seed_option
from nn_core.cli.param_types import MODEL, require_distinct
from nn_core.cli.terminal import echo, echo_json, info, json_option
from nn_core.cli.train_options import INITIALIZER

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

DEFAULTS = ("zeros", "normal:scale=0.01", "xavier", "he", "normal:scale=1")
OF_MODELS = ("model_path", "data", "seed")
"""Options that go with a trained network."""


@click.command("activation-histograms", epilog=f"Compares {', '.join(DEFAULTS)} by default.")
@click.argument("initializers", nargs=-1, type=INITIALIZER, metavar="[INITIALIZER]...")
@grouped(
    "Network",
    click.option(
        "--model", "model_path", type=MODEL, help="A trained network, to compare with new ones of the same layers."
    ),
)
@network_options(omit="initializer", hidden="64,64,64,64,64", activation="tanh")
@grouped(
    "Training",
    click.option(
        "--epochs",
        type=click.IntRange(min=0),
        default=0,
        help="Train the new networks first, with Adam and its defaults.",
    ),
    seed_option(words="Random seed of the weights and the data."),
)
@plugin_option
@figure_options(
    "the activations of each layer",
    default="activation-histograms.png",
    gradients="the gradients of each layer, on a logarithmic axis",
)
@json_option
@click.pass_context
def activation_histograms(
    ctx: click.Context,
    /,
    initializers: tuple[str, ...],
    model_path: Path | None,
    epochs: int,
    figure: "FigureFile",
    gradients: "FigureFile | None",
    as_json: bool,
    **options: Any,
) -> None:
    """Plot activations and gradients by layer.

    Shows where a signal vanishes, explodes or saturates on its way through a deep network, for
    several initializers, before training or after it.

    \b
    Example: deep-nn activation-histograms xavier normal:scale=0.01 --gradients gradients.png
    """
    from deep_nn.layer_report import draw_activations, draw_gradients, report_json, report_table
    from deep_nn.layer_runs import measure_model, measure_new
    from nn_core.cli.standard_input import is_standard

    inputs = {"--data": options["data"], "--test": options["test"], "--model": model_path}
    require_distinct(
        {"--figure": figure, "--gradients": gradients},
        **{name: path for name, path in inputs.items() if not (path and is_standard(str(path)))},
    )
    if model_path is None:
        found = measure_new(initializers or DEFAULTS, options, epochs=epochs)
    else:
        for parameter in ctx.command.params:
            name = parameter.name or ""
            if (name in options or name == "epochs") and name not in OF_MODELS and on_command_line(ctx, name):
                raise click.UsageError(f"{parameter.opts[0]} is for new networks; omit it, or omit --model", ctx)
        found = measure_model(model_path, initializers, options["data"] if on_command_line(ctx, "data") else None)
    if as_json:
        files = {"figure": str(figure), "gradients_figure": None if gradients is None else str(gradients)}
        echo_json({"command": "activation-histograms"} | files | report_json(found))
    else:
        echo(report_table(found))
    draw_activations(found, figure)
    info(f"wrote {figure}")
    if gradients is not None:
        draw_gradients(found, gradients)
        info(f"wrote {gradients}")
