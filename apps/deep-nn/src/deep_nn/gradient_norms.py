"""The gradient of each layer's weights at the first step of training, in a comparison of runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from nn_core.plots import log_scale, series, tidy
from nn_core.plots.axes import plain_number
from nn_core.reference import Reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn_core.cli.sweep import Comparison
    from nn_core.training.trainer import Trainer

Norms = Sequence[Sequence[float]]
"""Norms of one trial: for each seed, those of all layers."""


def first_step_norms(trainer: "Trainer") -> list[float]:
    """|dL/dW| of each layer, from the first to the output layer, for the batch of the next step.

    L is the mean loss of the batch, with dropout and without the L2 penalty.
    """
    network, state = trainer.network, trainer.state
    seed = state.seed, state.step + 1
    x, y, weights = trainer.batches.batch(seed)
    with np.errstate(over="ignore", invalid="ignore"):
        found = Reference(network).loss_and_gradients(x, y, trainer.recipe.loss, weights=weights, seed=seed)
    gradients = network.named(found.gradients[: network.trained_count])
    of_weights = [gradient for name, gradient in gradients.items() if name.endswith("/W")]
    return [float(np.linalg.norm(gradient.astype(np.float64))) for gradient in of_weights]


@dataclass(frozen=True)
class GradientNorms:
    """The norms of all trials, by their labels in order."""

    labels: tuple[str, ...]
    trials: tuple[Norms, ...]

    @classmethod
    def of(cls, comparison: "Comparison") -> "GradientNorms":
        """Of a comparison that was probed by `first_step_norms`."""
        trials = tuple([curve.probed for curve in trial.curves] for trial in comparison.trials)
        return cls(tuple(trial.label for trial in comparison.trials), trials)

    def added_to(self, report: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of a comparison, with the norms of each run and their medians."""
        trials = [
            trial
            | {
                "gradient_norms": medians(norms),
                "runs": [run | {"gradient_norms": own} for run, own in zip(trial["runs"], norms, strict=True)],
            }
            for trial, norms in zip(report["trials"], self.trials, strict=True)
        ]
        return {**report, "trials": trials}

    @property
    def note(self) -> str:
        """A line below the table."""
        pairs = zip(self.labels, self.trials, strict=True)
        shown = "; ".join(f"{label} {ends_text(norms)}" for label, norms in pairs)
        return f"gradient norm of the first and the output layer, at the first step: {shown}"

    def draw(self, axes: "Axes") -> None:
        """A line per trial: median and range over the seeds, by layer, on a logarithmic axis.

        Zeros have markers on the lower end of the axis.
        """
        import matplotlib as mpl

        layers = range(1, max(len(norms[0]) for norms in self.trials) + 1)
        middles = [np.array(medians(norms)) for norms in self.trials]
        positive = [norm for norms in self.trials for run in norms for norm in run if 0 < norm < math.inf]
        floor = min(positive) / 10 if positive and any((middle == 0).any() for middle in middles) else 0.0
        width = mpl.rcParams["lines.linewidth"]
        for i, (norms, middle) in enumerate(zip(self.trials, middles, strict=True)):
            at, look = np.arange(1, len(middle) + 1), series(i) | {"markevery": 1}
            # Each line is thinner than the one below it, so that coinciding lines remain visible.
            axes.plot(at, _positive(middle), linewidth=width * (1.5 - 0.7 * i / max(len(middles) - 1, 1)), **look)
            if len(norms) > 1:
                runs = _positive(np.array(norms))
                band = np.fmin.reduce(runs), np.fmax.reduce(runs)
                axes.fill_between(at, *band, color=look["color"], alpha=0.15, linewidth=0)
            zeros = at[middle == 0]
            if len(zeros):
                on_axis = {"color": look["color"], "marker": look["marker"], "linestyle": "none", "clip_on": False}
                axes.plot(zeros, np.full(len(zeros), floor), **on_axis)
        if positive:
            log_scale(axes)
            if floor:
                axes.set_ylim(bottom=floor)
        else:
            axes.set_ylim(0, 1)
            axes.set_yticks([0])
        axes.set_xticks(layers[:: -(-len(layers) // 10)])
        below = "; on the axis: 0" if floor else ""
        tidy(axes, x=f"layer ({layers[-1]}: output{below})", y="norm of dL/dW", title="gradient norm at the first step")


def medians(norms: Norms) -> list[float]:
    """By layer, over the seeds."""
    return [median(of_layer) for of_layer in zip(*norms, strict=True)]


def ends_text(norms: Norms) -> str:
    """The norms of the first and of the output layer: "8.6e-6, 0.27"."""
    middle = medians(norms)
    return ", ".join(plain_number(float(f"{norm:.2g}")) for norm in (middle[0], middle[-1]))


def _positive(norms: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.float64]":
    """NaN in place of what a logarithmic axis cannot show."""
    return np.where((norms > 0) & np.isfinite(norms), norms, np.nan)
