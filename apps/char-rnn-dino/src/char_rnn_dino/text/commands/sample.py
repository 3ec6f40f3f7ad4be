"""The command `char-rnn sample`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from char_rnn_dino.model import CHAR_RNN, load_model
from char_rnn_dino.options import sampling_options
from char_rnn_dino.text.generate_text import generate_text
from nn_core.cli.aliases import AliasedOption
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo, echo_json, json_option


@click.command()
@model_option(required=True)
@click.option(
    "--start",
    cls=AliasedOption,
    aliases=("--prime",),
    default="",
    show_default=False,
    metavar="TEXT",
    help="Text to continue (the prompt).",
)
@click.option(
    "--length", type=click.IntRange(1, 10_000_000), default=500, help="Number of characters (or words) to generate."
)
@sampling_options("token")
@json_option
def sample(model_path: Path, start: str, length: int, seed: int | None, as_json: bool, **sampling: Any) -> None:
    """Generate text from a prompt.

    \b
    Example: char-rnn sample --model notes.h5 --start "Day 12." --length 300
    """
    model = load_model(model_path, CHAR_RNN)
    start = start.replace("\r\n", "\n").replace("\r", "\n")
    rng = np.random.default_rng(seed)
    parts = generate_text(model.network, model.vocabulary, start, length, rng=rng, **sampling)
    if as_json:
        echo_json({"start": start, "text": "".join(parts)})
        return
    echo(start, end="")
    for part in parts:
        echo(part, end="")  # flushed, so each token appears as soon as it is sampled
    echo()
