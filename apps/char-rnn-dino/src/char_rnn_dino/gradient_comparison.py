"""Networks compared by the gradients that reach their early steps: what is compared, and what it shows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from char_rnn_dino.gradient_norms import KEEPS, GradientNorms, gradient_norms, random_text, untrained_network
from char_rnn_dino.model import Model
from nn_core.arrays import Labels
from nn_core.cli.terminal import counted
from nn_core.errors import DataError, DivergenceError
from nn_core.layers import CELLS, Recurrent

VANISHED, EXPLODED = 0.1, 10.0
"""What must be left of a gradient, for it not to have vanished or exploded."""


@dataclass(frozen=True)
class Compared:
    """A network and its gradient norms.

    group     networks of one plot: the name of a cell, or "" for trained networks
    label     of its line in the figure
    words     what the text output calls it
    settings  what the JSON output says of it
    """

    group: str
    label: str
    words: str
    settings: Mapping[str, Any]
    norms: GradientNorms

    @property
    def steps(self) -> int:
        """Steps of backpropagation."""
        return len(self.norms.weights)

    @property
    def left(self) -> float:
        """The norm of the state's gradient at the first step, relative to the last."""
        return float(self.norms.state[-1])

    def sentence(self, clip_norm: float) -> str:
        """The result as text."""
        verb = "vanishes" if self.left < VANISHED else "explodes" if self.left > EXPLODED else "persists"
        norm = self.norms.weights[-1]
        clipped = f"clipped from {norm:.3g} to {clip_norm:g}" if norm > clip_norm else f"{norm:.3g}, unclipped"
        return (
            f"{self.words}: the state gradient {verb} (x {self.norms.growth:.2f} per step,"
            f" x {self.left:.2g} over {counted(self.steps, 'step')}); weight gradient norm {clipped}"
        )


def untrained(
    cell: str, *, value: float, hidden: int, steps: int, clip_norm: float, rng: np.random.Generator
) -> Compared:
    """An untrained network that reads random tokens.

    value  the factor on the recurrent weights of a plain RNN, or the bias of a gated cell's gate
    """
    gate = KEEPS.get(cell)
    if gate is None:
        scale, bias, label = value, None, f"x {value:g}"
        words, settings = f"{cell}, recurrent weights {label}", {"scale": value}
    else:
        is_open = 1 / (1 + math.exp(-value))
        scale, bias, label = 1.0, value, f"bias {value:g}: {_percent(is_open)} open"
        words, settings = f"{cell}, {gate} bias {value:g} ({_percent(is_open)} open)", {"gate_bias": value}
    network = untrained_network(cell, hidden=hidden, scale=scale, gate_bias=bias, rng=rng)
    try:
        norms = gradient_norms(network, random_text(steps, rng), clip_norm=clip_norm)
    except DivergenceError as error:
        raise DivergenceError(f"{words}: {error}") from None
    return Compared(cell, label, words, {"cell": cell, "hidden": hidden, **settings}, norms)


def trained(name: str, model: Model, source: str, text: Labels, *, clip_norm: float) -> Compared:
    """A trained network that reads tokens (N, K + 1) of its data.

    name    of its file
    source  of the data
    """
    names = {layer_type: cell for cell, layer_type in CELLS.items()}
    layers = [layer for layer in model.network.layers if isinstance(layer, Recurrent)]
    if not layers:
        raise DataError(f"{name} has no recurrent layer")
    cell, units, count = names.get(type(layers[0]), type(layers[0]).__name__), layers[0].units, len(layers)
    size = f"{count} layers of {units} units" if count > 1 else f"{units} units"
    try:
        norms = gradient_norms(model.network, text, clip_norm=clip_norm)
    except (DataError, DivergenceError) as error:
        raise type(error)(f"{name}: {error}") from None
    settings = {"model": name, "data": source, "cell": cell, "hidden": units, "layers": count}
    return Compared("", f"{cell.upper()}, {size} ({name})", f"{name} ({cell.upper()}, {size})", settings, norms)


def lesson(rows: Sequence[Compared]) -> str:
    """What the gradient norms show, as the title of their figure."""
    if not rows[0].group:
        return "How much of the gradient is left, back in time: trained networks"
    parts = []
    plain = [row.left for row in rows if row.group not in KEEPS]
    if plain and (verbs := _verbs(plain)):
        parts.append(f"{verbs} in a plain RNN")
    gated = [[row for row in rows if row.group == cell] for cell in KEEPS if any(row.group == cell for row in rows)]
    if gated and all(map(_open_gates_keep, gated)):
        parts.append("open gates keep it")
    if not parts:
        return "How much of the gradient is left, back in time: untrained networks"
    return f"Back in time, the gradient {'; '.join(parts)}" if plain else "Back in time, open gates keep the gradient"


def _verbs(left: Sequence[float]) -> str:
    return " or ".join(
        verb for verb, seen in {"vanishes": min(left) < VANISHED, "explodes": max(left) > EXPLODED}.items() if seen
    )


def panel_title(rows: Sequence[Compared]) -> str:
    """The cell of one plot, and by how much it changes the gradient."""
    name = rows[0].group.upper()
    if rows[0].group in KEEPS:
        low, high = (min(row.left for row in rows), max(row.left for row in rows))
        return f"{name}: {_short(low)} to {_short(high)} is left" if len(rows) > 1 else f"{name}: {_short(low)} is left"
    factors = sorted({f"{row.norms.growth:.2f}" for row in rows}, key=float)
    return f"{name}: × {' to '.join(dict.fromkeys([factors[0], factors[-1]]))} a step"


def legend_title(rows: Sequence[Compared]) -> str:
    """What the labels of one plot are."""
    group = rows[0].group
    return KEEPS.get(group, "recurrent weights") if group else "network"


def left_over(rows: Sequence[Compared]) -> str:
    """What is left of the gradient in each trained network, as a note."""
    if len({row.steps for row in rows}) == 1:
        left = ", ".join(f"{row.settings['model']} {_short(row.left)}" for row in rows)
        return f"Left after {counted(rows[0].steps, 'step')}: {left}"
    return "Left: " + ", ".join(f"{row.settings['model']} {_short(row.left)} after {row.steps}" for row in rows)


def clipping_title(rows: Sequence[Compared], clip_norm: float) -> str:
    """What clipping does to the gradients of the weights."""
    largest = max(float(row.norms.weights.max()) for row in rows)
    if largest <= clip_norm:
        return f"Weight gradients: at most {_short(largest)}, too small to be clipped to {clip_norm:g}"
    return f"Weight gradients: up to {_short(largest)}, clipped to at most {clip_norm:g}"


def _short(value: float) -> str:
    """To one digit, or two from 0.1: "6e-9", "0.64"."""
    from nn_core.plots.axes import plain_number

    return plain_number(float(f"{value:.2g}" if value >= 0.1 else f"{value:.1g}"))


def _open_gates_keep(rows: Sequence[Compared]) -> bool:
    """Whether the gradient vanishes with the gate that is least open, and persists with the one that is most."""
    ordered = sorted(rows, key=lambda row: float(row.settings["gate_bias"]))
    return ordered[0].left < VANISHED <= ordered[-1].left <= EXPLODED


def _percent(fraction: float) -> str:
    return f"{fraction:.0%}" if 0.01 <= fraction <= 0.99 else f"{fraction:.1%}"
