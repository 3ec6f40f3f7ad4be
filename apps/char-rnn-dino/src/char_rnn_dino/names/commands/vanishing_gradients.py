"""The command `dino-gen vanishing-gradients`."""

from typing import TYPE_CHECKING

import click
import numpy as np

from char_rnn_dino.names.gradient_norms import GradientNorms, gradient_norms
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import seed_option
from nn_core.cli.param_types import CommaList, FloatRange
from nn_core.cli.terminal import echo_json, info, json_option
from nn_core.layers import CELLS

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

SCALES = CommaList(FloatRange(above=0, most=100), "numbers")


@click.command()
@click.option(
    "--cell",
    "cells",
    type=click.Choice(list(CELLS)),
    multiple=True,
    show_default="all",
    help="Recurrent layer; may be repeated.",
)
@click.option("--hidden", type=click.IntRange(1, 1024), default=64, help="Units of the recurrent layer.")
@click.option("--steps", type=click.IntRange(1, 1000), default=50, help="Number of time steps.")
@click.option(
    "--scales", type=SCALES, default="0.5,1,2,3", help="Factors by which to scale the orthogonal recurrent weights."
)
@click.option(
    "--clip-norm", type=FloatRange(above=0), default=5.0, help="Maximum norm of the weight gradient after clipping."
)
@seed_option()
@figure_options("the gradient norms", default="vanishing-gradients.png")
@json_option
def vanishing_gradients(
    cells: tuple[str, ...],
    hidden: int,
    steps: int,
    scales: str,
    clip_norm: float,
    seed: int,
    figure: "FigureFile",
    as_json: bool,
) -> None:
    """Plot how gradients vanish or explode through time.

    Untrained networks read random letters, and the loss of the last step is backpropagated. Where
    the state gradient explodes, so does the weight gradient, and a single training step would be
    far too large: this is why gradients are clipped.

    \b
    Example: dino-gen vanishing-gradients --cell rnn --cell lstm --steps 30
    """
    from char_rnn_dino.plots import plot_gradient_norms

    found = {
        cell: {
            scale: gradient_norms(
                cell, hidden=hidden, steps=steps, scale=scale, clip_norm=clip_norm, rng=np.random.default_rng(seed)
            )
            for scale in SCALES.values(scales)
        }
        for cell in cells or CELLS
    }
    title = f"Gradient norms through {steps} time steps, {hidden} units"
    plot_gradient_norms(found, figure, clip_norm=clip_norm, title=title)
    rows = [(cell, scale, norms) for cell, by in found.items() for scale, norms in by.items()]
    if as_json:
        settings = {"hidden": hidden, "steps": steps, "clip_norm": clip_norm}
        results = [
            {"cell": cell, "scale": scale, "growth": norms.growth}
            | {name: values.tolist() for name, values in vars(norms).items()}
            for cell, scale, norms in rows
        ]
        echo_json({**settings, "rows": results})
    else:
        click.echo("\n".join(_sentence(*row, clip_norm) for row in rows))
    info(f"wrote {figure}")


def _sentence(cell: str, scale: float, norms: GradientNorms, clip_norm: float) -> str:
    steps, left, norm = len(norms.weights), norms.state[-1], norms.weights[-1]
    verb = "vanishes" if left < 0.1 else "explodes" if left > 10 else "persists"
    clipped = f"clipped from {norm:.3g} to {clip_norm:g}"
    return (
        f"{cell}, recurrent weights x {scale:g}: the state gradient {verb}"
        f" (x {norms.growth:.2f} per step, x {left:.2g} over {steps} steps);"
        f" weight gradient norm {clipped if norm > clip_norm else f'{norm:.3g}, unclipped'}"
    )
