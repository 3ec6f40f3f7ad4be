"""The commands of dino-gen that show how it works: `novelty`, `heatmap` and `vanish`."""

import dataclasses
from pathlib import Path
from typing import Any

import click
import numpy as np

from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.naming import names_like
from char_rnn_dino.novelty import Novelty, RealNames, novelty
from char_rnn_dino.preparing import names_behind
from char_rnn_dino.reading_along import Reading, read_along
from char_rnn_dino.vanishing import GradientsBack, gradients_back
from char_rnn_dino.vocabulary import END, Vocabulary
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.param_types import FIGURE, MODEL, CommaList, FloatRange, require_distinct
from nn_core.engine.thread_pool import available_threads
from nn_core.errors import SettingError
from nn_core.layers import CELLS

TEMPERATURES = CommaList(FloatRange(least=0), "numbers")
SCALES = CommaList(FloatRange(above=0, most=100), "numbers")
LONGEST = 60
"""Letters of a name that still fits into a figure."""
LIKELIEST = 3
"""Letters that are named at each place."""

model_option = click.option(
    "--model", "model_path", type=MODEL, help="A checkpoint of train; by default the one shipped."
)


@click.command("novelty")
@model_option
@click.option(
    "--temperatures",
    type=TEMPERATURES,
    default="0.2,0.4,0.6,0.8,1,1.2,1.4,1.6",
    help="Those to draw names at.",
)
@click.option(
    "--count", type=click.IntRange(1, 100_000), default=500, help="Names at each temperature."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="The same seed, the same table."
)
@click.option("--figure", type=FIGURE, default="novelty.png", help="Where to draw it.")
@json_option
def novelty_command(
    model_path: Path | None, temperatures: str, count: int, seed: int, figure: Path, as_json: bool
) -> None:
    """Measure how new the names are that a network makes, from cool to hot.

    Copies stand in the list that it learned; distance is the least number of letters to put in,
    take out or exchange until it is a real name, learned or held back.

    \b
    Example: dino-gen novelty --temperatures 0.5,1,1.5 --count 200 --figure novelty.png
    """
    from char_rnn_dino.drawing import draw_novelty

    require_distinct({"--figure": figure}, **{"--model": model_path})
    model = load_model(model_path, DINO_GEN)
    source, learned, held = names_behind(model)
    real = RealNames(learned + held)
    chosen = TEMPERATURES.values(temperatures)
    found = []
    for temperature, rng in zip(
        chosen, np.random.default_rng(seed).spawn(len(chosen)), strict=True
    ):
        made = names_like(
            model.network,
            model.vocabulary,
            "",
            count,
            rng=rng,
            temperature=temperature,
            threads=available_threads(),
        )
        found.append(novelty(made, learned, real))
    draw_novelty(
        chosen, found, figure, title=f"{count:,} names at each temperature, learned from {source}"
    )
    if as_json:
        rows = [
            {"temperature": temperature} | dataclasses.asdict(each)
            for temperature, each in zip(chosen, found, strict=True)
        ]
        echo_json({"data": source, "learned": len(learned), "count": count, "rows": rows})
    else:
        click.echo(f"{source}: {len(learned):,} names learned, {count:,} made at each temperature")
        click.echo(_novelty_table(chosen, found))
    info(f"wrote {figure}")


@click.command()
@click.argument("name", metavar="NAME")
@model_option
@click.option(
    "--layer",
    type=click.IntRange(min=1),
    metavar="K",
    help="The K-th recurrent layer; by default the last.",
)
@click.option("--figure", type=FIGURE, default="heatmap.png", help="Where to draw it.")
@json_option
def heatmap(
    name: str, model_path: Path | None, layer: int | None, figure: Path, as_json: bool
) -> None:
    """Draw a network's hidden state as it reads a name, and which letters it expects.

    \b
    Example: dino-gen heatmap Yutyrannus --figure heatmap.png
    """
    from char_rnn_dino.drawing import draw_reading

    require_distinct({"--figure": figure}, **{"--model": model_path})
    if len(name) > LONGEST:
        raise SettingError(f"a name of {len(name)} letters is too long to be drawn; {LONGEST} fit")
    model = load_model(model_path, DINO_GEN)
    reading = read_along(model.network, model.vocabulary, name, layer)
    units = reading.states.shape[1]
    title = f"{name.capitalize()}, as recurrent layer {reading.layer} of {units} units reads it"
    draw_reading(reading, model.vocabulary, name.lower(), figure, title=title)
    places = _places(reading, model.vocabulary, name.lower())
    if as_json:
        found = {"name": name, "layer": reading.layer, "places": places}
        echo_json(found | {"states": reading.states.tolist()})
    else:
        click.echo(_places_table(places))
    info(f"wrote {figure}")


@click.command()
@click.option(
    "--cell",
    "cells",
    type=click.Choice(list(CELLS)),
    multiple=True,
    show_default="all",
    help="A recurrent layer to look at; can be given again.",
)
@click.option(
    "--hidden", type=click.IntRange(1, 1024), default=64, help="Units of the recurrent layer."
)
@click.option(
    "--steps", type=click.IntRange(1, 1000), default=50, help="Steps that the gradient goes back."
)
@click.option(
    "--scales",
    type=SCALES,
    default="0.5,1,2,3",
    help="What the recurrent weights, orthogonal as they begin, are multiplied by.",
)
@click.option(
    "--clip-norm",
    type=FloatRange(above=0),
    default=5.0,
    help="The longest that the gradient of all weights may be.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="The same seed, the same result."
)
@click.option("--figure", type=FIGURE, default="vanish.png", help="Where to draw it.")
@json_option
def vanish(
    cells: tuple[str, ...],
    hidden: int,
    steps: int,
    scales: str,
    clip_norm: float,
    seed: int,
    figure: Path,
    as_json: bool,
) -> None:
    """Follow the gradient of a loss back through time: it shrinks or grows at every step.

    Networks that nobody has trained read letters drawn at random. Where the gradient of the state
    grows, so does that of the weights, and one step of training would throw them far away: that
    is why it is clipped.

    \b
    Example: dino-gen vanish --cell rnn --cell lstm --steps 30 --figure vanish.png
    """
    from char_rnn_dino.drawing import draw_vanishing

    chosen = dict.fromkeys(SCALES.values(scales))
    found = {
        cell: {
            scale: gradients_back(
                cell,
                hidden=hidden,
                steps=steps,
                scale=scale,
                clip_norm=clip_norm,
                rng=np.random.default_rng(seed),
            )
            for scale in chosen
        }
        for cell in dict.fromkeys(cells or CELLS)
    }
    title = f"The last step's loss, {steps} steps back, through {hidden} units"
    draw_vanishing(found, figure, clip_norm=clip_norm, title=title)
    each = [(cell, scale, g) for cell, by in found.items() for scale, g in by.items()]
    if as_json:
        echo_json(
            {
                "hidden": hidden,
                "steps": steps,
                "clip_norm": clip_norm,
                "rows": [
                    {"cell": cell, "scale": scale, "growth": g.growth}
                    | {name: values.tolist() for name, values in vars(g).items()}
                    for cell, scale, g in each
                ],
            }
        )
    else:
        click.echo("\n".join(_sentence(*one, clip_norm) for one in each))
    info(f"wrote {figure}")


def _novelty_table(temperatures: tuple[float, ...], found: list[Novelty]) -> str:
    head = f"{'temperature':>11}  {'copies':>7}  {'duplicates':>10}  {'distance':>8}  {'length':>6}"
    return "\n".join(
        [
            head,
            *(
                f"{temperature:11g}  {each.copies:7.1%}  {each.duplicates:10.1%}"
                f"  {each.distance:8.2f}  {each.length:6.2f}"
                for temperature, each in zip(temperatures, found, strict=True)
            ),
        ]
    )


def _places(reading: Reading, vocabulary: Vocabulary, name: str) -> list[dict[str, Any]]:
    """What was expected at each place, "" for the end of the name."""
    names = ["" if token == END else token for token in vocabulary.tokens]
    places = []
    for t, (p, following) in enumerate(zip(reading.probabilities, reading.following, strict=True)):
        order = np.argsort(-p, kind="stable")[:LIKELIEST]
        places.append(
            {
                "read": name[:t],
                "next": names[following],
                "probability": float(p[following]),
                "likeliest": [{"letter": names[i], "probability": float(p[i])} for i in order],
            }
        )
    return places


def _places_table(places: list[dict[str, Any]]) -> str:
    width = max(4, *(len(place["read"]) for place in places))
    lines = [f"{'read':{width}}  next  probability  likeliest"]
    for place in places:
        best = ", ".join(
            f"{one['letter'] or 'end'} {one['probability']:.0%}" for one in place["likeliest"]
        )
        lines.append(
            f"{place['read']:{width}}  {place['next'] or 'end':4}  {place['probability']:11.1%}"
            f"  {best}"
        )
    return "\n".join(lines)


def _sentence(cell: str, scale: float, gradients: GradientsBack, clip_norm: float) -> str:
    """What becomes of one gradient, and of what the weights would follow."""
    steps, left, norm = len(gradients.weights), gradients.state[-1], gradients.weights[-1]
    verb = "vanishes" if left < 0.1 else "explodes" if left > 10 else "lasts"
    clipped = (
        f"clipping cuts the weights' gradient from {norm:.3g} to {clip_norm:g}"
        if norm > clip_norm
        else f"the weights' gradient, {norm:.3g}, needs no clipping"
    )
    return (
        f"{cell}, recurrent weights x {scale:g}: the state's gradient {verb}, times"
        f" {gradients.growth:.2f} a step, {left:.2g} of it after {steps} steps back; {clipped}"
    )


COMMANDS = {"novelty": novelty_command, "heatmap": heatmap, "vanish": vanish}
