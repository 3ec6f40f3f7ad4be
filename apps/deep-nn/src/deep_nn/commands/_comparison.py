"""Base of the commands `compare-*`: the same run with several values of one setting."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deep_nn.options import network_options
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer
from nn_core.cli.command_help import grouped
from nn_core.cli.figure_options import figure_options
from nn_core.cli.param_types import require_distinct
from nn_core.cli.standard_input import is_standard, name_of
from nn_core.cli.terminal import echo_json, info, json_option
from nn_core.cli.train_options import recipe_options
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

NOISY_MOONS = {"data": "moons:points=150,noise=0.35", "hidden": "64,64", "epochs": 300}
"""Defaults that lead to overfitting: few noisy points, many weights."""


@dataclass(frozen=True)
class Sweep:
    """A setting, and the values to compare.

    setting   field of `NetworkSettings`
    type      click type of a value
    values    values compared by default
    baseline  value used by the baseline, a run of plain gradient descent
    defaults  defaults of other options that differ from those of `train`
    """

    setting: str
    type: click.ParamType[Any]
    values: tuple[str, ...]
    baseline: Any
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def settings(self, base: NetworkSettings, value: Any) -> NetworkSettings:
        """The settings of one trial."""
        return replace(base, **{self.setting: value})

    def baseline_settings(self, base: NetworkSettings, trials: Sequence[NetworkSettings]) -> NetworkSettings:
        """The settings of the baseline: plain gradient descent."""
        return replace(base, optimizer="gradient-descent")

    def label(self, settings: NetworkSettings) -> str:
        """The name of a trial in the table and the legend."""
        value = getattr(settings, self.setting)
        if isinstance(value, float):
            return f"{value:g}"
        return "full" if value is None else str(value)

    def command(self, function: Callable[[], None]) -> click.Command:
        """Decorator that turns a function's name and docstring into the command."""
        name = function.__name__.replace("_", "-")
        epilog = (
            f"Compares {', '.join(self.values)} by default. With the same seed, all trials have "
            f"the same initial weights and batches. The baseline is the lowest loss of plain "
            f"gradient descent."
        )

        @click.command(name, help=inspect.getdoc(function), epilog=epilog)
        @click.argument("values", nargs=-1, type=self.type, metavar=f"[{self.setting.upper()}]...")
        @network_options(omit=self.setting, **self.defaults)
        @recipe_options(omit=self.setting, **{"optimizer": "adam", "epochs": 100, **self.defaults})
        @grouped(
            "Training",
            click.option(
                "--seeds",
                type=click.IntRange(min=1),
                default=3,
                help="Runs per trial, with the seeds --seed, --seed + 1, ...",
            ),
        )
        @grouped(
            "Advanced",
            click.option(
                "--workers",
                type=click.IntRange(min=1),
                default=1,
                help="Number of worker processes; does not affect the results.",
            ),
        )
        @figure_options("the loss curves", default=f"{name}.png")
        @json_option
        def command(
            values: tuple[Any, ...], seeds: int, workers: int, figure: "FigureFile", as_json: bool, **options: Any
        ) -> None:
            from nn_core.cli.sweep import compare
            from nn_core.cli.sweep_report import draw_comparison, report_json, report_table

            options |= {self.setting: self.baseline, "early_stopping": None}
            base = NetworkSettings(**options)
            if workers > 1 and (is_standard(base.data) or is_standard(base.test)):
                raise click.UsageError("worker processes cannot read standard input; omit --workers, or give a file")
            require_distinct({"--figure": figure}, **{"--data": base.data, "--test": base.test})
            compared = values or [self.type.convert(text, None, None) for text in self.values]
            trials = [self.settings(base, value) for value in compared]
            comparison = compare(
                build_trainer,
                [(self.label(trial), trial) for trial in trials],
                self.baseline_settings(base, trials),
                seeds=seeds,
                workers=workers,
            )
            if as_json:
                result = {"command": name, "data": base.data, "figure": str(figure)}
                echo_json(result | report_json(comparison))
            else:
                click.echo(report_table(comparison))
            title = f"{name} on {without_folders(name_of(Path(base.data)))}, hidden layers {base.hidden or 'none'}"
            draw_comparison(comparison, figure, title=title)
            info(f"wrote {figure}")

        return command
