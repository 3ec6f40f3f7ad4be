"""The command `summary`, shared by the programs: the layers of a network, and how it was trained."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from nn_core.cli.options import model_option, together
from nn_core.cli.settings import Settings, settings_lines, settings_used
from nn_core.cli.terminal import echo, echo_json, json_option
from nn_core.network import Network


@dataclass(frozen=True)
class Overview:
    """A network and what its program knows of it.

    name      of its file or preset
    settings  of its training; None for one that was not trained
    details   more for --json, by name
    lines     more for people, such as the classes
    """

    name: str
    network: Network
    settings: Settings | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()


Layers = Callable[[Network], tuple[Mapping[str, Any], str]]
"""The layers of a network, for --json and as text."""


def summary_command(
    of_model: Callable[[Any], Overview],
    *,
    required: bool = False,
    presets: Collection[str] = (),
    of_preset: Callable[[str], Overview] | None = None,
    layers: Layers | None = None,
) -> click.Command:
    """The command `summary` of a program; its help is the docstring of the calling module.

    of_model   reads a checkpoint; None for the shipped one
    required   whether there is no shipped one
    presets    names of untrained networks to show instead of a checkpoint
    of_preset  builds one of them
    layers     describes the layers; None for a table with output shapes and costs
    """
    choice = click.option(
        "--preset", type=click.Choice(list(presets)), help="Show the untrained network of a preset instead of --model."
    )

    @click.command("summary")
    @together(model_option(required=required), *([choice] if presets else []))
    @json_option
    @click.pass_context
    def summary(ctx: click.Context, /, model_path: Path | None, as_json: bool, preset: str | None = None) -> None:
        if preset is not None and model_path is not None:
            raise click.UsageError("--model and --preset are mutually exclusive", ctx)
        overview = of_model(model_path) if preset is None or of_preset is None else of_preset(preset)
        found, table = (layers or layer_table)(overview.network)
        settings = None if overview.settings is None else settings_used(overview.settings)
        if as_json:
            echo_json({"model": overview.name, **overview.details, "settings": settings, "network": found})
            return
        echo(f"{overview.name}\n{table}")
        more = [*overview.lines, *settings_lines(overview.settings)]
        if more:
            echo("\n".join(["", *more]))

    return summary


def layer_table(network: Network) -> tuple[Mapping[str, Any], str]:
    """Output shapes, parameters and MACs of all layers, and which of them prediction fuses."""
    from nn_core.engine.plan import Plan
    from nn_core.summary import summarize

    fused = "; ".join(Plan.of(network, "inference").describe())
    summary = summarize(network, notes=[f"fused in prediction: {fused or 'none'}"])
    return summary.to_dict(), str(summary)
