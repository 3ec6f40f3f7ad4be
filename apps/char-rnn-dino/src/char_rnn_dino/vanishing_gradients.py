"""The command `vanishing-gradients` of both programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from char_rnn_dino.gradient_comparison import (
    Compared,
    clipping_title,
    left_over,
    legend_title,
    lesson,
    panel_title,
    trained,
    untrained,
)
from char_rnn_dino.gradient_norms import KEEPS
from char_rnn_dino.model import Model
from char_rnn_dino.options import data_option
from nn_core.arrays import Labels
from nn_core.cli.command_help import grouped
from nn_core.cli.config import on_command_line
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import plugin_option, seed_option
from nn_core.cli.param_types import CommaList, FloatRange, require_distinct
from nn_core.cli.terminal import echo, echo_json, info, json_option
from nn_core.layers import CELLS
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

SCALES = CommaList(FloatRange(above=0, most=100), "numbers")
BIASES = CommaList(FloatRange(least=-30, most=30), "numbers")
Reader = Callable[[Model, str | None, int, np.random.Generator], tuple[str, Labels]]
"""From a model, `--data`, the most steps and a generator to the source and tokens (N, K + 1), K <= steps."""


def vanishing_gradients_command(
    corpus: str, load: Callable[[Path], Model], read: Reader, model_type: click.ParamType[Any]
) -> Any:
    """The command of a program.

    corpus      the name of the bundled data
    load        reads a model
    read        what a trained model reads
    model_type  of `--model`
    """
    model = grouped(
        "Data",
        click.option(
            "--model",
            "model_paths",
            type=model_type,
            multiple=True,
            show_default="untrained networks",
            help="Trained network that reads its data; may be repeated, to compare.",
        ),
        plugin_option,
        data_option(corpus),
    )
    network = grouped(
        "Network",
        click.option(
            "--cell",
            "cells",
            type=click.Choice(list(CELLS)),
            multiple=True,
            show_default="all",
            help="Recurrent layer of untrained networks; may be repeated.",
        ),
        click.option("--hidden", type=click.IntRange(1, 1024), default=64, help="Units of the recurrent layer."),
        click.option("--steps", type=click.IntRange(1, 1000), default=50, help="Number of time steps."),
        click.option(
            "--scales",
            type=SCALES,
            default="1,1.5,2,3",
            help="Factors on the orthogonal recurrent weights of a plain RNN.",
        ),
        click.option(
            "--gate-biases",
            type=BIASES,
            default="0,1,3,5",
            help="Biases of the update gate of a GRU, or the forget gate of an LSTM (its input gate has the"
            " negative): larger is more open.",
        ),
        click.option(
            "--clip-norm",
            type=FloatRange(above=0),
            default=5.0,
            help="Maximum norm of the weight gradient after clipping.",
        ),
        seed_option(),
    )

    @click.command("vanishing-gradients")
    @network
    @model
    @figure_options(
        "the gradient norms",
        default="vanishing-gradients.png",
        clipping="the norm of the weight gradient, unclipped and clipped",
    )
    @json_option
    @click.pass_context
    def vanishing_gradients(
        ctx: click.Context,
        /,
        model_paths: tuple[Path, ...],
        data: str | None,
        cells: tuple[str, ...],
        hidden: int,
        steps: int,
        scales: str,
        gate_biases: str,
        clip_norm: float,
        seed: int,
        figure: FigureFile,
        clipping: FigureFile | None,
        as_json: bool,
    ) -> None:
        inputs: dict[str, Path | str | None] = {f"--model {path}": path for path in model_paths}
        require_distinct({"--figure": figure, "--clipping": clipping}, **inputs, **{"--data": data})
        if model_paths:
            _require_unused(ctx, "with --model", "cells", "hidden", "scales", "gate_biases")
            rows = []
            for path in dict.fromkeys(model_paths):
                model = load(path)
                source, text = read(model, data, steps, np.random.default_rng(seed))
                rows.append(trained(_name(path, model_paths), model, source, text, clip_norm=clip_norm))
        else:
            _require_unused(ctx, "without --model", "data")
            chosen = tuple(dict.fromkeys(cells)) or tuple(CELLS)
            if "rnn" not in chosen:
                _require_unused(ctx, "without --cell rnn", "scales")
            if not KEEPS.keys() & set(chosen):
                _require_unused(ctx, "without --cell gru or --cell lstm", "gate_biases")
            values = {
                cell: tuple(dict.fromkeys(BIASES.values(gate_biases) if cell in KEEPS else SCALES.values(scales)))
                for cell in chosen
            }
            network = partial(untrained, hidden=hidden, steps=steps, clip_norm=clip_norm)
            rows = [
                network(cell, value=value, rng=np.random.default_rng(seed)) for cell in chosen for value in values[cell]
            ]
        _plot(rows, figure, clipping, clip_norm=clip_norm)
        if as_json:
            results = [
                {**row.settings, "growth": row.norms.growth}
                | {name: values.tolist() for name, values in vars(row.norms).items()}
                for row in rows
            ]
            echo_json({"clip_norm": clip_norm, "rows": results})
        else:
            echo("\n".join(row.sentence(clip_norm) for row in rows))
        for file in (figure, clipping):
            if file is not None:
                info(f"wrote {file}")

    return vanishing_gradients


def _require_unused(ctx: click.Context, when: str, *names: str) -> None:
    for parameter in ctx.command.params:
        if parameter.name in names and on_command_line(ctx, parameter.name):
            raise click.UsageError(f"{parameter.opts[0]} has no effect {when}", ctx)


def _name(path: Path, paths: Sequence[Path]) -> str:
    """The name of a file, with its folder where others have the same name."""
    return path.name if sum(other.name == path.name for other in set(paths)) == 1 else str(path)


def _plot(rows: Sequence[Compared], figure: FigureFile, clipping: FigureFile | None, *, clip_norm: float) -> None:
    from char_rnn_dino.plots.gradient_norms import Panel, plot_clipping, plot_gradient_norms

    groups = [[row for row in rows if row.group == group] for group in dict.fromkeys(row.group for row in rows)]
    if rows[0].group:
        networks = f"Untrained networks of {rows[0].settings['hidden']} units read random letters."
    else:
        sources = ", ".join(dict.fromkeys(without_folders(row.settings["data"]) for row in rows))
        networks = f"Trained networks read {sources}. {left_over(rows)}."
    panels = [
        Panel(panel_title(group) if rows[0].group else "", legend_title(group), {row.label: row.norms for row in group})
        for group in groups
    ]
    plot_gradient_norms(panels, figure, title=lesson(rows), note=f"{networks} Loss of the last step alone.")
    if clipping is not None:
        by_cell = [
            Panel(rows[0].group.upper(), panel.legend, panel.norms) for rows, panel in zip(groups, panels, strict=True)
        ]
        note = f"{networks} Solid: unclipped; dashed: clipped to norm {clip_norm:g}."
        plot_clipping(by_cell, clipping, title=clipping_title(rows, clip_norm), note=note)
