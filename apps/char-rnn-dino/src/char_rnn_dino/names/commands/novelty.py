"""The command `dino-gen novelty`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.names.generate_names import generate_names
from char_rnn_dino.names.novelty import Novelty, RealNames, novelty
from char_rnn_dino.options import TEMPERATURES, data_option, temperatures_option
from char_rnn_dino.training_data import names_of
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option, seed_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import counted, echo, echo_json, info, json_option
from nn_core.engine.thread_pool import available_threads
from nn_core.progress import track
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command("novelty")
@model_option(required=False)
@data_option("dinosaurs")
@temperatures_option()
@click.option("--count", type=click.IntRange(1, 100_000), default=500, help="Names per temperature.")
@seed_option()
@figure_options("the statistics", default="novelty.png")
@json_option
def novelty_command(
    model_path: Path | None,
    data: str | None,
    temperatures: str,
    count: int,
    seed: int,
    figure: "FigureFile",
    as_json: bool,
) -> None:
    """Measure the novelty of generated names.

    For each sampling temperature, prints the fractions of names that are in the training set, repeat
    an earlier name, or are cut at the maximum length; the mean edit distance to the nearest real name;
    and the mean length.

    \b
    Example: dino-gen novelty --temperatures 0.5,1,1.5 --count 200 --figure novelty.png
    """
    from char_rnn_dino.plots.novelty import plot_novelty

    require_distinct({"--figure": figure}, **{"--model": model_path, "--data": None if data is None else Path(data)})
    model = load_model(model_path, DINO_GEN)
    known = names_of(model, data)
    real = RealNames(known.all)
    longest = max(model.max_length, *map(len, known.all))
    values = tuple(dict.fromkeys(TEMPERATURES.values(temperatures)))
    found = {}
    rngs = np.random.default_rng(seed).spawn(len(values))
    for temperature, rng in track([*zip(values, rngs, strict=True)], "generating names: temperature"):
        groups = generate_names(
            model.network,
            model.vocabulary,
            "",
            count,
            rng=rng,
            max_length=longest,
            temperature=temperature,
            threads=available_threads(),
        )
        found[temperature] = novelty([name for group in groups for name in group], known.training, real)
    note = f"{counted(count, 'name')} per temperature; trained on {without_folders(known.source)}"
    plot_novelty(found, figure, note=note)
    if as_json:
        rows = [{"temperature": t} | dataclasses.asdict(each) for t, each in found.items()]
        sizes = {"training_names": len(known.training), "count": count}
        echo_json({"data": known.source, **sizes, "rows": rows})
    else:
        echo(f"{known.source}: {len(known.training):,} training names;"
                   f" {count:,} generated per temperature")  # fmt: skip
        echo(_table(found))
    info(f"wrote {figure}")


def _table(found: Mapping[float, Novelty]) -> str:
    header = "temperature   copies  duplicates     cut  distance  length"
    rows = [
        f"{temperature:11g}  {each.copies:7.1%}  {each.duplicates:10.1%}  {each.cut:6.1%}"
        f"  {each.distance:8.2f}  {each.length:6.2f}"
        for temperature, each in found.items()
    ]
    return "\n".join([header, *rows])
