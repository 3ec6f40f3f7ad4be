"""Base of the commands `compare-*`: the same run with several values of one setting."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from deep_nn.options import network_options
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer, set_up
from nn_core.cli.command_help import Decorator, grouped
from nn_core.cli.config import is_given
from nn_core.cli.execution import Execution, execution_options
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import together
from nn_core.cli.param_types import ANIMATIONS, FIGURE, FIGURE_OR_ANIMATION, require_distinct
from nn_core.cli.standard_input import name_of
from nn_core.cli.terminal import echo, echo_json, info, json_option
from nn_core.cli.train_options import recipe_options
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from nn_core.cli.rate_search import RateSearch
    from nn_core.cli.sweep import Comparison
    from nn_core.plots import FigureFile
    from nn_core.training.trainer import Trainer

Build: TypeAlias = "Callable[[NetworkSettings], Trainer]"

MAX_SEEDS = 10_000
"""Of a trial."""
NOISY_MOONS = {"data": "moons:points=1000,noise=0.3", "validation": 0.9, "hidden": "64,64", "epochs": 200}
"""Defaults that lead to overfitting: 100 noisy training points, many weights; and 900 points to validate on."""
HELD_OUT = 0.2
"""Fraction of other data to hold out by default."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    trials    label and settings
    baseline  plain gradient descent; None for a comparison without one
    search    how learning rates were found; None if they were given
    notes     lines below the table
    """

    trials: Sequence[tuple[str, NetworkSettings]]
    baseline: NetworkSettings | None
    search: "RateSearch | None" = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """What a user asks for, besides settings and values.

    name  of the command
    """

    ctx: click.Context
    name: str
    seeds: int
    execution: Execution
    figure: "FigureFile"
    as_json: bool


@dataclass(frozen=True)
class Sweep:
    """A setting, and the values to compare.

    setting         field of `NetworkSettings`
    type            click type of a value
    values          values compared by default
    baseline        value used by the baseline, a run of plain gradient descent
    defaults        defaults of other options that differ from those of `train`; a fraction to hold out
                    holds for the default data only
    name            what a value is, e.g. "L2 strength"; by default the setting
    plural          what the values are in titles; by default the name with an "s"
    generalization  whether training is compared with validation, without a baseline; otherwise
                    how fast the training loss falls
    by_layer        whether the gradient norm of each layer at the first step is shown, too
    animates        whether an option of its own writes an animation
    """

    setting: str
    type: click.ParamType[Any]
    values: tuple[str, ...]
    baseline: Any
    defaults: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    plural: str = ""
    generalization: bool = False
    by_layer: bool = False
    animates: bool = False

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

    @property
    def called(self) -> str:
        """What the values are."""
        return self.name or self.setting.replace("_", " ")

    def counted(self, number: int) -> str:
        """A number of values: "four optimizers"."""
        words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
        noun = self.plural or f"{self.called}s"
        noun = noun.removesuffix("s") if number == 1 else noun
        return f"{words[number] if number < len(words) else number} {noun}"

    @property
    def legend_title(self) -> str:
        """What the labels are."""
        return self.called

    def options(self) -> Decorator:
        """Options of this command only, passed to `plan`."""
        return together()

    def plan(
        self, base: NetworkSettings, values: Sequence[Any], *, build: Build, execution: Execution, **own: Any
    ) -> Plan:
        """What to run for some values.

        build, execution  as in `compare`, for a search before it
        own               values of `options`
        """
        trials = [self.settings(base, value) for value in values]
        baseline = None if self.generalization else self.baseline_settings(base, trials)
        return Plan([(self.label(trial), trial) for trial in trials], baseline)

    def instead(self, base: NetworkSettings, values: Sequence[Any], run: "Request", **own: Any) -> bool:
        """Do something else than compare, if an option of `options` asks for it; whether it did."""
        return False

    def command(self, function: Callable[[], None]) -> click.Command:
        """Decorator that turns a function's name and docstring into the command."""
        name = function.__name__.replace("_", "-")
        lesson = (
            "Shows loss and accuracy on the training and on the validation set."
            if self.generalization
            else "The baseline is the lowest loss of plain gradient descent."
        )
        shown = ", ".join(value or '""' for value in self.values)
        epilog = (
            f"Compares {shown} by default. With the same seed, all trials have "
            f"the same initial weights and batches. {lesson}"
        )
        defaults = {"optimizer": "adam", "epochs": 100, **self.defaults}

        @click.command(name, help=inspect.getdoc(function), epilog=epilog)
        @click.argument("values", nargs=-1, type=self.type, metavar=f"[{self.setting.upper()}]...")
        @network_options(omit=self.setting, **self.defaults)
        @recipe_options(omit=self.setting, **defaults)
        @self.options()
        @grouped(
            "Training",
            click.option(
                "--seeds",
                type=click.IntRange(1, MAX_SEEDS),
                default=3,
                help="Runs per trial, with the seeds --seed, --seed + 1, ...",
            ),
        )
        @execution_options
        @figure_options(
            "the loss curves",
            default=f"{name}.png",
            file=FIGURE_OR_ANIMATION if self.animates else FIGURE,
            boundaries="the decision boundary of each trial with the first seed, for data with two inputs,",
        )
        @json_option
        @click.pass_context
        def command(
            ctx: click.Context,
            /,
            values: tuple[Any, ...],
            seeds: int,
            execution: Execution,
            figure: "FigureFile",
            boundaries: "FigureFile | None",
            as_json: bool,
            **options: Any,
        ) -> None:
            from deep_nn.gradient_norms import GradientNorms, first_step_norms
            from nn_core.cli.sweep import compare
            from nn_core.cli.sweep_plot import draw_comparison
            from nn_core.cli.sweep_report import report_json, report_table, time_note

            if options["data"] != self.defaults.get("data", options["data"]) and not is_given(ctx, "validation"):
                options["validation"] = HELD_OUT
            own = {key: options.pop(key) for key in list(options) if key not in NetworkSettings.__dataclass_fields__}
            base = NetworkSettings(**options | {self.setting: self.baseline, "early_stopping": None})
            execution.require_files(base.data, base.test)
            outputs = {"--figure": figure, "--boundaries": boundaries}
            require_distinct(outputs, **{"--data": base.data, "--test": base.test})
            if boundaries is not None:
                from deep_nn.boundary_panels import require_plane

                made = set_up(self.settings(base, self.baseline), threads=1)
                require_plane(made.model(), "--boundaries", _data_title(base))
            compared = values or [self.type.convert(text, None, None) for text in self.values]
            require_still(boundaries)
            request = Request(ctx, name, seeds, execution, figure, as_json)
            if self.instead(base, compared, request, **own):
                return
            require_still(figure)
            plan = self.plan(base, compared, build=build_trainer, execution=execution, **own)
            comparison = compare(
                build_trainer,
                plan.trials,
                plan.baseline,
                seeds=seeds,
                execution=execution,
                keep_weights=boundaries is not None,
                probe=first_step_norms if self.by_layer else None,
            )
            norms = GradientNorms.of(comparison) if self.by_layer else None
            if as_json:
                found = {} if plan.search is None else {"learning_rate_search": plan.search.to_dict()}
                files = {key: str(file) for key, file in (("figure", figure), ("boundaries", boundaries)) if file}
                result = {"command": name, "data": base.data, **files, **found}
                report = report_json(comparison)
                echo_json(result | (report if norms is None else norms.added_to(report)))
            else:
                times = "" if self.generalization else time_note(comparison)
                notes = [times, *plan.notes, "" if norms is None else norms.note]
                echo(report_table(comparison, self.legend_title, [note for note in notes if note]))
            where = f"{self.counted(len(plan.trials))}, {_data_title(base)}"
            both = self.generalization and comparison.measures("validation_loss")
            what = "Training and validation loss" if both else "Training loss"
            if norms is not None:
                what = f"{what} and gradient by layer"
            draw_comparison(
                comparison,
                figure,
                title=f"{what} with {where}",
                name=self.legend_title,
                search=plan.search,
                beside=None if norms is None else norms.draw,
                has_target=self.setting == "optimizer",
            )
            info(f"wrote {figure}")
            if boundaries is not None:
                self.draw_boundaries(plan, comparison, boundaries, f"Decision boundaries with {where}")
                info(f"wrote {boundaries}")

        return command

    def draw_boundaries(self, plan: Plan, comparison: "Comparison", file: "FigureFile", title: str) -> None:
        """The boundary of each trial, after the run with the first seed."""
        from deep_nn.boundary_panels import Panel, draw_boundaries

        panels = []
        for (label, settings), trial in zip(plan.trials, comparison.trials, strict=True):
            curve = trial.curves[0]
            if curve.diverged or curve.weights is None:
                info(f"Note: no boundary for {self.called} {label}, which diverged")
                continue
            made = set_up(settings, threads=1)
            made.trainer.network.vector[:] = curve.weights
            splits = made.splits
            parts = {"training": splits.train} | (
                {} if splits.validation is None else {"validation": splits.validation}
            )
            panels.append(Panel(f"{self.called} {label}", made.model(), parts, short=label))
        if panels:
            draw_boundaries(panels, file, title=title, note=f"seed {comparison.seeds[0]}")


def _data_title(settings: NetworkSettings) -> str:
    """The data without its settings: "moons"."""
    return without_folders(name_of(Path(settings.data))).partition(":")[0]


def require_still(figure: "FigureFile | None") -> None:
    """Raise click.UsageError for an animation of what does not move."""
    if figure is not None and figure.path.suffix.lower() in ANIMATIONS:
        raise click.UsageError(f"{str(figure.path)!r}: only --landscape is animated; use .png, .svg or .pdf")
