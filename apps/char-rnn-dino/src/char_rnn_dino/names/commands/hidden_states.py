"""The command `dino-gen hidden-states`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.names.trace import Trace, trace, varied_units
from char_rnn_dino.tokens import END, normalize
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Labels
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import counted, echo, echo_json, info, json_option
from nn_core.errors import SettingError

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

MAX_LETTERS = 60
"""Maximum length of a name, so that it fits in the figure."""
TOP = 3
"""Number of predictions listed per step."""
DEFAULT_UNITS, DEFAULT_UNITS_WITH_GATES = 12, 6
"""Number of units plotted."""


class Units(click.ParamType[tuple[int, ...] | int]):
    """How many units to plot, or which ones, counted from 1: `12`, `3,7,40`, or `7,` for one."""

    name = "N|LIST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...] | int:
        if isinstance(value, (int, tuple)):
            return value
        parts = [part.strip() for part in str(value).rstrip().removesuffix(",").split(",")]
        try:
            units = tuple(int(part) for part in parts)
        except ValueError:
            self.fail(f"{value!r} is not a number of units such as 12, or a list of them such as 3,7,40", param, ctx)
        if min(units) < 1:
            self.fail(f"{value!r}: units are counted from 1", param, ctx)
        return units[0] if "," not in str(value) else tuple(dict.fromkeys(units))


@click.command()
@click.argument("name")
@model_option(required=False)
@click.option(
    "--layer",
    type=click.IntRange(min=1),
    metavar="K",
    show_default="the last",
    help="Recurrent layer to plot, counted from 1.",
)
@click.option(
    "--units",
    type=Units(),
    show_default=f"{DEFAULT_UNITS}, or {DEFAULT_UNITS_WITH_GATES} with --gates",
    help="Number of units to plot, those that vary most, or a list of them such as 3,7,40.",
)
@click.option("--gates", is_flag=True, help="Also plot the update gate of a GRU, or the forget gate of an LSTM.")
@figure_options("the states and predictions", default="hidden-states.png")
@json_option
def hidden_states(
    name: str,
    model_path: Path | None,
    layer: int | None,
    units: tuple[int, ...] | int | None,
    gates: bool,
    figure: "FigureFile",
    as_json: bool,
) -> None:
    """Plot the hidden states of a network reading a name.

    Also plots the most likely next letters, and with --gates how much of each state is kept.

    \b
    Example: dino-gen hidden-states Yutyrannus --units 3,7,40 --gates --figure hidden-states.png
    """
    from char_rnn_dino.plots.hidden_states import plot_hidden_states

    require_distinct({"--figure": figure}, **{"--model": model_path})
    name = normalize(name)
    if len(name) > MAX_LETTERS:
        raise SettingError(f"a name of {len(name)} letters is too long to plot; the limit is {MAX_LETTERS}")
    model = load_model(model_path, DINO_GEN)
    traced = trace(model.network, model.vocabulary, name, layer)
    if gates and not traced.gates:
        raise SettingError("--gates: the layer is a plain RNN, which has no gates")
    chosen, words = _chosen_units(traced, units or (DEFAULT_UNITS_WITH_GATES if gates else DEFAULT_UNITS))
    gate = next(iter(traced.gates)) if gates else None
    shown = name if len(name) <= 24 else f"{name[:21]}..."
    title = f"Hidden states of a network that reads {shown.capitalize()}, and the letters it expects"
    note = f"Recurrent layer {traced.layer}: {words}. Box: the guess is right."
    if gate:
        note += f" {gate.capitalize()} gate: 1 keeps the state, 0 replaces it."
    plot_hidden_states(traced, chosen, model.vocabulary, name.lower(), figure, gate=gate, title=title, note=note)
    steps = _steps(traced, model.vocabulary, name.lower())
    if as_json:
        values = {"states": traced.states.tolist(), "units": (chosen + 1).tolist()}
        if gates:
            values["gates"] = {each: gate_values.tolist() for each, gate_values in traced.gates.items()}
        echo_json({"name": name, "layer": traced.layer, "steps": steps, **values})
    else:
        echo(_table(steps))
    info(f"wrote {figure}")


def _chosen_units(traced: Trace, units: tuple[int, ...] | int) -> tuple[Labels, str]:
    """The units to plot, counted from 0, and how they were chosen."""
    count = traced.states.shape[1]
    if isinstance(units, int):
        if units >= count:
            return np.arange(count), counted(count, "unit")
        return varied_units(traced.states, units), f"the {units} of {count} units that vary most over the name"
    beyond = [unit for unit in units if unit > count]
    if beyond:
        raise SettingError(f"no unit {beyond[0]}; the layer has {count}")
    return np.array(units) - 1, f"{len(units)} of {count} units"


def _steps(traced: Trace, vocabulary: Vocabulary, name: str) -> list[dict[str, Any]]:
    """The prediction at each step; the end of the name is ""."""
    letters = ["" if token == END else token for token in vocabulary.tokens]
    steps = []
    for t, (p, actual) in enumerate(zip(traced.probabilities, traced.next_tokens, strict=True)):
        order = np.argsort(-p, kind="stable")[:TOP]
        steps.append(
            {
                "read": name[:t],
                "next": letters[actual],
                "probability": float(p[actual]),
                "most_likely": [{"letter": letters[i], "probability": float(p[i])} for i in order],
            }
        )
    return steps


def _table(steps: list[dict[str, Any]]) -> str:
    width = max(4, *(len(step["read"]) for step in steps))
    lines = [f"{'read':{width}}  next  probability  most likely"]
    for step in steps:
        best = ", ".join(f"{each['letter'] or 'end'} {each['probability']:.0%}" for each in step["most_likely"])
        lines.append(f"{step['read']:{width}}  {step['next'] or 'end':4}  {step['probability']:11.1%}  {best}")
    return "\n".join(lines)
