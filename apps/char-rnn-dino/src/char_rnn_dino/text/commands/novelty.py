"""The command `char-rnn novelty`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from char_rnn_dino.model import CHAR_RNN, Model, load_model
from char_rnn_dino.options import TEMPERATURES, data_option, temperatures_option
from char_rnn_dino.text.overlap import Overlap, overlaps
from char_rnn_dino.tokens import END, UNIT_NAMES, UNKNOWN
from char_rnn_dino.training_data import text_of
from nn_core.arrays import Labels
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option, seed_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import counted, echo, echo_json, info, json_option
from nn_core.engine.predictor import Predictor
from nn_core.generate import sample
from nn_core.progress import job, track
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

SHORTEST = {"char": 20, "word": 5}
SHOWN = 60
"""Characters of the longest copied passage in the table."""


@click.command("novelty")
@model_option(required=True)
@data_option("fieldnotes")
@temperatures_option()
@click.option("--count", type=click.IntRange(1, 1000), default=20, help="Texts per temperature.")
@click.option(
    "--length", type=click.IntRange(1, 100_000), default=500, help="Length of each text, in characters or words."
)
@click.option(
    "--shortest",
    type=click.IntRange(min=1),
    show_default="20 characters or 5 words",
    help="Minimum length of a copied passage.",
)
@seed_option()
@figure_options("the statistics", default="novelty.png")
@json_option
def novelty_command(
    model_path: Path,
    data: str | None,
    temperatures: str,
    count: int,
    length: int,
    shortest: int | None,
    seed: int,
    figure: "FigureFile",
    as_json: bool,
) -> None:
    """Measure how much of generated text is copied.

    For each sampling temperature, prints the fraction of characters (or words) in passages of the
    training text of at least --shortest characters, and the longest one. Held-out text is measured for
    comparison.

    \b
    Example: char-rnn novelty --model notes.h5 --temperatures 0.5,1 --figure novelty.png
    """
    from char_rnn_dino.plots.novelty import plot_overlaps

    require_distinct({"--figure": figure}, **{"--model": model_path, "--data": None if data is None else Path(data)})
    model = load_model(model_path, CHAR_RNN)
    vocabulary = model.vocabulary
    least = shortest or SHORTEST[vocabulary.unit]
    source, (training, last), validation = text_of(model, data)
    training = np.append(training, last[-1:])
    if UNKNOWN in vocabulary.ids:
        training[training == vocabulary.ids[UNKNOWN]] = -1  # any word, so that two of them are not alike
    values = tuple(dict.fromkeys(TEMPERATURES.values(temperatures)))
    rngs = np.random.default_rng(seed).spawn(len(values))
    samples = [
        _texts(model, count, length, temperature, rng)
        for temperature, rng in track([*zip(values, rngs, strict=True)], "generating texts: temperature")
    ]
    if validation is not None:
        samples.append([validation[1][: count * length]])
    with job("looking for copied passages"):
        found = overlaps(samples, training, shortest=least)
    held_out = None if validation is None else found.pop()
    by_temperature = dict(zip(values, found, strict=True))
    unit = UNIT_NAMES[vocabulary.unit]
    note = f"{counted(count, 'text')} of {counted(length, unit)} per temperature; trained on {without_folders(source)}"
    plot_overlaps(by_temperature, held_out, figure, unit=vocabulary.unit, shortest=least, note=note)
    if as_json:
        rows = [{"temperature": t, **_row(each, model)} for t, each in by_temperature.items()]
        sizes = {"training_tokens": len(training), "count": count, "length": length, "shortest": least}
        echo_json(
            {"data": source, **sizes, "rows": rows, "held_out": None if held_out is None else _row(held_out, model)}
        )
    else:
        echo(f"{source}: {len(training):,} {unit}s for training; {note.partition(';')[0]}")
        echo(_table(by_temperature, held_out, model, least))
    info(f"wrote {figure}")


def _texts(model: Model, count: int, length: int, temperature: float, rng: np.random.Generator) -> list[Labels]:
    """Texts that follow a newline."""
    ids = model.vocabulary.ids
    return sample(
        lambda: Predictor(model.network, frozen=True),
        np.full((count, 1), ids.get(END, 0)),
        rng=rng,
        temperature=temperature,
        banned=[ids[UNKNOWN]] if UNKNOWN in ids else [],
        max_length=length,
    )


def _row(each: Overlap, model: Model) -> dict[str, Any]:
    return {"copied": each.copied, "longest": each.longest, "passage": model.vocabulary.decode(each.passage)}


def _table(found: Mapping[float, Overlap], held_out: Overlap | None, model: Model, shortest: int) -> str:
    rows = [(f"{temperature:g}", each) for temperature, each in found.items()]
    if held_out is not None:
        rows.append(("held out", held_out))
    lines = ["temperature   copied  longest  passage"]
    for name, each in rows:
        passage = model.vocabulary.decode(each.passage)
        shown = repr(passage if len(passage) <= SHOWN else f"{passage[:SHOWN]}...")
        longest = f"{each.longest:,}" if each.longest else f"< {shortest}"
        lines.append(f"{name:>11}  {each.copied:7.1%}  {longest:>7}  {shown if each.longest else ''}".rstrip())
    return "\n".join(lines)
