"""The gradient of each layer's weights at the first step of training, and its plot."""

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from nn_core.plots import log_scale, series, tidy
from nn_core.reference import Reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    return [float(np.linalg.norm(gradient)) for name, gradient in gradients.items() if name.endswith("/W")]


def medians(norms: Norms) -> list[float]:
    """By layer, over the seeds."""
    return [median(of_layer) for of_layer in zip(*norms, strict=True)]


def ratio_text(norms: Norms) -> str:
    """The first layer's norm as a part of the last layer's: "1/37,000"; its multiple if it is larger: "3.5"."""
    first, *_, last = medians(norms)
    if not (math.isfinite(first) and math.isfinite(last)) or last == 0:
        return "0" if first == 0 else "not finite"
    if first == 0:
        return "0"
    ratio = first / last
    return f"1/{float(f'{1 / ratio:.2g}'):,.0f}" if ratio < 0.1 else f"{ratio:.2g}"


def draw_gradient_norms(axes: "Axes", trials: Sequence[Norms]) -> None:
    """A line per trial: median and range over the seeds, by layer, on a logarithmic axis.

    Zeros have markers on the lower end of the axis.
    """
    import matplotlib as mpl

    layers = range(1, max(len(norms[0]) for norms in trials) + 1)
    positive = [norm for norms in trials for run in norms for norm in run if 0 < norm < math.inf]
    floor = min(positive, default=1.0) / 10 if _has_zeros(trials) else 0.0
    width = mpl.rcParams["lines.linewidth"]
    for i, norms in enumerate(trials):
        at, middle = list(layers)[: len(norms[0])], np.array(medians(norms))
        style = series(i) | {"markevery": 1}
        shown = np.where((middle > 0) & np.isfinite(middle), middle, np.nan)
        # Each line is thinner than the previous one, so that coinciding lines remain visible.
        axes.plot(at, shown, linewidth=width * (1.3 - 0.6 * i / max(len(trials) - 1, 1)), **style)
        runs = np.where(np.array(norms) > 0, norms, np.nan)
        if len(norms) > 1:
            low, high = np.fmin.reduce(runs), np.fmax.reduce(runs)
            axes.fill_between(at, low, high, color=style["color"], alpha=0.15, linewidth=0)
        zeros = [layer for layer, norm in zip(at, middle, strict=True) if norm == 0]
        axes.plot(zeros, [floor] * len(zeros), color=style["color"], marker=style["marker"], ls="none", clip_on=False)
    if positive:
        log_scale(axes)
    if floor:
        axes.set_ylim(bottom=floor)
    axes.set_xticks([*_every(layers)])
    below = "; on the axis: zero" if floor else ""
    tidy(
        axes, x=f"layer (1: first, {layers[-1]}: output{below})", y="norm of dL/dW", title="gradient at the first step"
    )


def _has_zeros(trials: Sequence[Norms]) -> bool:
    return any(norm == 0 for norms in trials for norm in medians(norms))


def _every(layers: range) -> range:
    """Layers with a label on the axis: at most ten."""
    return layers[:: -(-len(layers) // 10)]
