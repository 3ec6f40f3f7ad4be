"""The command `dino-gen hidden-states`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.names.trace import Trace, trace
from char_rnn_dino.tokens import END, normalize
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import echo_json, info, json_option
from nn_core.errors import SettingError

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

MAX_LETTERS = 60
"""Maximum length of a name, so that it fits in the figure."""
TOP = 3
"""Number of predictions listed per step."""


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
@figure_options("the states and predictions", default="hidden-states.png")
@json_option
def hidden_states(name: str, model_path: Path | None, layer: int | None, figure: "FigureFile", as_json: bool) -> None:
    """Plot the hidden states of a network reading a name.

    Also plots the predicted probabilities of the next letter.

    \b
    Example: dino-gen hidden-states Yutyrannus --figure hidden-states.png
    """
    from char_rnn_dino.plots import plot_trace

    require_distinct({"--figure": figure}, **{"--model": model_path})
    name = normalize(name)
    if len(name) > MAX_LETTERS:
        raise SettingError(f"a name of {len(name)} letters is too long to plot; the limit is {MAX_LETTERS}")
    model = load_model(model_path, DINO_GEN)
    traced = trace(model.network, model.vocabulary, name, layer)
    units = traced.states.shape[1]
    title = f"{name.capitalize()}: recurrent layer {traced.layer}, {units} units"
    plot_trace(traced, model.vocabulary, name.lower(), figure, title=title)
    steps = _steps(traced, model.vocabulary, name.lower())
    if as_json:
        states = traced.states.tolist()
        echo_json({"name": name, "layer": traced.layer, "steps": steps, "states": states})
    else:
        click.echo(_table(steps))
    info(f"wrote {figure}")


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
