"""The commands `compare-*`: one run under several settings, side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from deep_nn.arguments import network_options
from deep_nn.model import NetworkSettings, build_trainer
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.options import INITIALIZER, POSITIVE, recipe_options
from nn_core.cli.param_types import (
    FIGURE,
    BatchSize,
    CommaList,
    FloatRange,
    SpecType,
    require_distinct,
)
from nn_core.errors import SettingError
from nn_core.optim.optimizers import optimizer
from nn_core.registry import require


@dataclass(frozen=True)
class Kind:
    """One comparison: which setting varies, between what, and with which other defaults.

    name      of the command, after "compare-"
    setting   the field of `NetworkSettings` that varies
    value     the kind of value that it takes
    variants  what it is by default
    usual     what it is in the run of plain gradient descent that sets the target
    defaults  of the other options, where these show more than the usual ones
    """

    name: str
    setting: str
    value: click.ParamType[Any]
    variants: tuple[str, ...]
    usual: Any
    summary: str
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def settings(self, base: NetworkSettings, value: Any) -> NetworkSettings:
        """Those of one variant."""
        if self.setting != "optimizer":
            return replace(base, **{self.setting: value})
        text, rate = rated_optimizer(value)
        return replace(base, optimizer=text, learning_rate=rate or base.learning_rate)

    def reference(
        self, base: NetworkSettings, variants: Sequence[NetworkSettings]
    ) -> NetworkSettings:
        """The run that sets the target: a variant that is plain gradient descent, or one more."""
        plain = replace(base, optimizer="gradient-descent")
        if self.setting != "optimizer":
            return plain
        return next((one for one in variants if one.optimizer == plain.optimizer), plain)

    def label(self, settings: NetworkSettings) -> str:
        """A variant in the legend and in the table."""
        value = getattr(settings, self.setting)
        if self.setting == "optimizer":
            rate = settings.learning_rate or optimizer(value).default_learning_rate
            return f"{value} @ {rate:g}"
        if isinstance(value, float):
            return f"{value:g}"
        return "full" if value is None else str(value)


def rated_optimizer(text: str) -> tuple[str, float | None]:
    """The optimizer and the learning rate in a text such as "adam@0.01"; None without one.

    Raises SettingError for an optimizer that there is not, or a rate that is no rate.
    """
    name, at, rate = text.partition("@")
    optimizer(name)
    try:
        number = float(rate) if at else None
    except ValueError:
        raise SettingError(f"the learning rate in {text!r} is not a number above 0") from None
    require(
        number is None or 0 < number < math.inf, f"the learning rate in {text!r} is not above 0"
    )
    return name, number


CROWDED = {"data": "moons:points=150,noise=0.35", "hidden": "64,64", "epochs": 300}
"""So few and noisy points that a wide network learns them by heart."""

COMPARISONS = (
    Kind(
        "optimizers",
        "optimizer",
        SpecType(rated_optimizer, "optimizer"),
        ("gradient-descent", "momentum", "rmsprop", "adam"),
        "gradient-descent",
        "Race optimizers, each with its own learning rate unless --learning-rate sets one for "
        "all, or adam@0.003 its own.",
    ),
    Kind(
        "initializers",
        "initializer",
        INITIALIZER,
        ("zeros", "normal:scale=0.01", "xavier", "he", "orthogonal"),
        "he",
        "Compare how the weights begin.",
        {"hidden": "16,16,16", "optimizer": "gradient-descent", "learning_rate": 0.1},
    ),
    Kind(
        "learning-rates",
        "learning_rate",
        POSITIVE,
        ("0.01", "0.03", "0.1", "0.3", "1"),
        None,
        "Compare learning rates.",
        {"optimizer": "gradient-descent"},
    ),
    Kind(
        "batch-sizes",
        "batch_size",
        BatchSize(),
        ("8", "32", "128", "full"),
        64,
        "Compare how many examples a step sees.",
    ),
    Kind(
        "dropout",
        "keep_prob",
        CommaList(FloatRange(above=0, most=1), "probability"),
        ("1", "0.9", "0.8", "0.5"),
        "1",
        "Compare what dropout keeps.",
        CROWDED,
    ),
    Kind(
        "l2",
        "l2",
        FloatRange(least=0),
        ("0", "0.001", "0.01", "0.1"),
        0.0,
        "Compare strengths of L2.",
        CROWDED,
    ),
)


def comparison_command(kind: Kind) -> click.Command:
    """The command of one comparison."""
    name = f"compare-{kind.name}"
    help_text = (
        f"{kind.summary}\n\n"
        f"Within a seed every variant starts from the same weights and sees the same batches. "
        f"By default it compares {', '.join(kind.variants)}. The target is the best loss of "
        f"plain gradient descent.\n\n"
        f"\b\nExample: deep-nn {name} {' '.join(kind.variants[:2])} --seeds 5"
    )

    @click.command(name, help=help_text)
    @click.argument("variants", nargs=-1, type=kind.value, metavar=f"[{kind.setting.upper()}]...")
    @network_options(omit=kind.setting, **kind.defaults)
    @recipe_options(omit=kind.setting, **{"optimizer": "adam", "epochs": 100, **kind.defaults})
    @click.option(
        "--seeds",
        type=click.IntRange(min=1),
        default=3,
        help="Runs of each variant, with --seed, --seed + 1, ...",
    )
    @click.option(
        "--workers",
        type=click.IntRange(min=1),
        default=1,
        help="Processes to share the runs out to; the numbers stay the same.",
    )
    @click.option("--figure", type=FIGURE, default=f"{name}.png", help="Where to draw the curves.")
    @json_option
    def command(
        variants: tuple[Any, ...],
        seeds: int,
        workers: int,
        figure: Path,
        as_json: bool,
        **options: Any,
    ) -> None:
        from nn_core.cli.sweep import compare
        from nn_core.cli.sweep_report import draw_comparison, report_json, report_table

        options |= {kind.setting: kind.usual, "early_stopping": None}
        base = NetworkSettings(**options)
        values = variants or [kind.value.convert(text, None, None) for text in kind.variants]
        require_distinct({"--figure": figure}, **{"--data": base.data, "--test": base.test})
        settings = [kind.settings(base, value) for value in values]
        comparison = compare(
            build_trainer,
            [(kind.label(one), one) for one in settings],
            kind.reference(base, settings),
            seeds=seeds,
            workers=workers,
        )
        if as_json:
            result = {"command": name, "data": base.data, "figure": str(figure)}
            echo_json(result | report_json(comparison))
        else:
            click.echo(report_table(comparison))
        title = f"{name} on {base.data}, hidden layers {base.hidden or 'none'}"
        draw_comparison(comparison, figure, title=title)
        info(f"wrote {figure}")

    return command


COMMANDS = {f"compare-{kind.name}": comparison_command(kind) for kind in COMPARISONS}
