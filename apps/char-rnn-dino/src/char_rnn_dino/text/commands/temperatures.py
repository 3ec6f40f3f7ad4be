"""The command `char-rnn temperatures`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from char_rnn_dino.model import CHAR_RNN, load_model
from char_rnn_dino.options import TEMPERATURES, cut_options, temperatures_option
from char_rnn_dino.temperature_report import show_temperatures
from char_rnn_dino.temperatures import compare_temperatures, token_names
from char_rnn_dino.text.generate_text import encode_prompt, generate_text
from char_rnn_dino.tokens import UNIT_NAMES
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option, seed_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import json_option

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command("temperatures")
@model_option(required=True)
@click.option("--start", default="", show_default=False, metavar="TEXT", help="Text to continue (the prompt).")
@temperatures_option("0.2,0.5,1,2")
@click.option("--length", type=click.IntRange(1, 10_000), default=120, help="Characters (or words) per temperature.")
@click.option("--show", type=click.IntRange(1, 30), default=8, help="Number of next characters (or words) to plot.")
@cut_options("token")
@seed_option()
@figure_options("the next token and texts", default="temperatures.png")
@json_option
def temperatures_command(
    model_path: Path,
    start: str,
    temperatures: str,
    length: int,
    show: int,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    figure: "FigureFile",
    as_json: bool,
) -> None:
    """Show what the softmax temperature does to text.

    The softmax at temperature T gives token i, whose logit is z_i, the probability

    \b
        P(i) = exp(z_i / T) / sum over j of exp(z_j / T)

    Temperatures below 1 favor likely tokens, those above 1 level the odds. Texts are drawn with the same
    random numbers at each.

    \b
    Example: char-rnn temperatures --model notes.h5 --start "The river " --temperatures 0.3,1,3
    """
    require_distinct({"--figure": figure}, **{"--model": model_path})
    model = load_model(model_path, CHAR_RNN)
    start = start.replace("\r\n", "\n").replace("\r", "\n")
    prefix = encode_prompt(model.vocabulary, start)

    def text(**settings: Any) -> list[str]:
        rng = np.random.default_rng(seed)
        parts = generate_text(model.network, model.vocabulary, start, length, rng=rng, **settings)
        return [start + "".join(parts)]

    cut: dict[str, Any] = {"top_k": top_k, "top_p": top_p}
    logits, found = compare_temperatures(model, prefix, TEMPERATURES.values(temperatures), text, **cut)
    unit = UNIT_NAMES[model.vocabulary.unit]
    show_temperatures(
        found,
        token_names(model.vocabulary, end="newline"),
        np.argsort(-logits, kind="stable")[:show],
        figure,
        after=f"next {unit} after {_end_of(start)}" if start else f"first {unit}",
        what="Text",
        result={"start": start} if as_json else None,
        **cut,
    )


def _end_of(start: str) -> str:
    text = " ".join(start.split("\n"))
    return f"'{text}'" if len(text) <= 12 else f"'...{text[-10:]}'"
