"""The command `char-rnn sample`."""

from pathlib import Path

import click
import numpy as np

from char_rnn_dino.model import CHAR_RNN, load_model
from char_rnn_dino.writing import written
from nn_core.cli.app import echo_json, json_option
from nn_core.cli.param_types import MODEL, FloatRange


@click.command()
@click.argument("model_path", metavar="MODEL", type=MODEL)
@click.option("--prime", default="", metavar="TEXT", help="What the text begins with.")
@click.option(
    "--length",
    type=click.IntRange(1, 10_000_000),
    default=500,
    help="Characters to write, or words.",
)
@click.option(
    "--temperature",
    type=FloatRange(least=0),
    default=1.0,
    help="Below 1 like what is known, above 1 wilder; 0 is always the likeliest.",
)
@click.option("--top-k", type=click.IntRange(min=1), help="Draw among the K likeliest.")
@click.option(
    "--top-p",
    type=FloatRange(above=0, most=1),
    help="Draw among the likeliest that together reach this probability.",
)
@click.option("--seed", type=click.IntRange(min=0), help="The same seed, the same text.")
@json_option
def sample(
    model_path: Path,
    prime: str,
    length: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Go on with a text, as the network learned to.

    \b
    Example: char-rnn sample notes.h5 --prime "Day 12." --length 300
    """
    model = load_model(model_path, CHAR_RNN)
    parts = written(
        model.network,
        model.vocabulary,
        prime,
        length,
        rng=np.random.default_rng(seed),
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
    )
    if as_json:
        echo_json({"prime": prime, "text": "".join(parts)})
        return
    click.echo(prime, nl=False)
    for part in parts:
        click.echo(part, nl=False)  # and flush, so that it is seen as it is made
    click.echo()


COMMANDS = {"sample": sample}
