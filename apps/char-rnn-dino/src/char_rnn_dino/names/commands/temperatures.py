"""The command `dino-gen temperatures`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.names.generate_names import encode_prefix, generate_names
from char_rnn_dino.options import TEMPERATURES, cut_options, temperatures_option
from char_rnn_dino.temperature_report import show_temperatures
from char_rnn_dino.temperatures import compare_temperatures, token_names
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option, seed_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import json_option

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command("temperatures")
@click.option("--start", default="", show_default=False, metavar="LETTERS", help="Prefix of every name.")
@temperatures_option("0.2,0.5,1,2")
@click.option("--count", type=click.IntRange(1, 1000), default=6, help="Names per temperature.")
@click.option("--show", type=click.IntRange(1, 30), default=8, help="Number of next letters to plot.")
@cut_options("letter")
@seed_option()
@model_option(required=False)
@figure_options("the next letter and names", default="temperatures.png")
@json_option
def temperatures_command(
    start: str,
    temperatures: str,
    count: int,
    show: int,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    model_path: Path | None,
    figure: "FigureFile",
    as_json: bool,
) -> None:
    """Show what the softmax temperature does to names.

    The softmax at temperature T gives letter i, whose logit is z_i, the probability

    \b
        P(i) = exp(z_i / T) / sum over j of exp(z_j / T)

    Temperatures below 1 favor likely letters, those above 1 level the odds. Names are drawn with the same
    random numbers at each.

    \b
    Example: dino-gen temperatures --start Ty --temperatures 0.3,1,3
    """
    require_distinct({"--figure": figure}, **{"--model": model_path})
    model = load_model(model_path, DINO_GEN)
    prefix = encode_prefix(model.vocabulary, start)

    def names(**settings: Any) -> list[str]:
        groups = generate_names(
            model.network,
            model.vocabulary,
            start,
            count,
            rng=np.random.default_rng(seed),
            max_length=max(model.max_length, len(start)),
            **settings,
        )
        return [name.text.capitalize() for group in groups for name in group]

    cut: dict[str, Any] = {"top_k": top_k, "top_p": top_p}
    logits, found = compare_temperatures(model, prefix, TEMPERATURES.values(temperatures), names, **cut)
    show_temperatures(
        found,
        token_names(model.vocabulary, end="end"),
        np.argsort(-logits, kind="stable")[:show],
        figure,
        after=f"next letter after {start.capitalize()}" if start else "first letter",
        what="Names",
        result={"start": start} if as_json else None,
        **cut,
    )
