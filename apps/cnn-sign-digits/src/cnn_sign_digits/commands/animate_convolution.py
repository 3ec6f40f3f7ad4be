"""The command `animate-convolution`."""

from pathlib import Path

import click
import numpy as np

from cnn_sign_digits.anatomy import convolutions, pick
from cnn_sign_digits.model import load_model
from cnn_sign_digits.sliding import KERNELS, Grid, Sliding, levels, pattern
from nn_core.cli.app import info
from nn_core.cli.images import read_image
from nn_core.cli.param_types import MODEL, OutputFile, require_distinct
from nn_core.errors import SettingError
from nn_core.registry import nearest, require
from nn_core.storage.files import printable

LARGEST_KERNEL = 7
"""Rows and columns of a kernel whose products can be written out legibly."""


@click.command("animate-convolution")
@click.argument("image", metavar="[IMAGE]", type=MODEL, required=False)
@click.option(
    "--kernel",
    metavar="NAME|MODEL",
    default="sobel",
    help=f"{', '.join(KERNELS)}, or a checkpoint of train, for what it has learned.",
)
@click.option(
    "--filter",
    "number",
    type=click.IntRange(min=1),
    default=None,
    metavar="K",
    help="Which filter of MODEL's first convolution.  [default: 1]",
)
@click.option("--size", type=click.IntRange(3, 9), default=7, help="Rows and columns of the input.")
@click.option(
    "--stride", type=click.IntRange(1, 8), default=1, help="Numbers from one place to the next."
)
@click.option(
    "--padding",
    type=click.Choice(["valid", "same"]),
    default="valid",
    help="valid: the kernel stays inside; same: zeros around.",
)
@click.option(
    "--figure", type=OutputFile(".gif"), default="convolution.gif", help="Where to draw it."
)
@click.pass_context
def animate_convolution(
    ctx: click.Context,
    image: Path | None,
    kernel: str,
    number: int | None,
    size: int,
    stride: int,
    padding: str,
    figure: Path,
) -> None:
    """Film a kernel that slides over an input, with every number and every sum.

    IMAGE is a photo, made small and grey, in levels from 0 (black) to 10 (white); without it the
    input is a bright side and a dark one.

    \b
    Example: cnn-sign animate-convolution --kernel edge --padding same --figure edge.gif
    """
    from cnn_sign_digits.convolution_film import write_film

    named = kernel in KERNELS
    if named and number is not None:
        raise click.UsageError(
            f"--filter is for a MODEL as --kernel; {kernel} is one by itself", ctx
        )
    require_distinct({"--figure": figure}, IMAGE=image, **{"--kernel": None if named else kernel})
    if named:
        weights, name = KERNELS[kernel], kernel
    else:
        weights, name = _learned(kernel, number or 1)
    numbers = pattern(size)
    if image is not None:
        numbers = levels(read_image(image, (size, size, 1), crop=True)[0, ..., 0])
    sliding = Sliding(numbers, weights, stride, padding)
    over = "" if image is None else f" over {printable(image.name)}"
    title = f"{name}{over}, stride {stride}, padding {padding}"
    frames = write_film(sliding, figure, title=title)
    info(f"wrote {figure}, {frames} {'frame' if frames == 1 else 'frames'}")


def _learned(path: str, number: int) -> tuple[Grid, str]:
    """A kernel that a network has learned, as it meets a grey photo, and what to call it.

    Where red, green and blue are alike, their three weights act as one, their sum.
    """
    if not Path(path).exists():
        raise SettingError(f"{path!r} is no kernel and no file; {nearest(path, KERNELS)}")
    network = load_model(Path(path)).network
    W = network.parameter_views[pick(convolutions(network), 1, "convolution")]["W"]
    filters = range(W.shape[3])
    f = pick(filters, number, "filter")
    require(
        max(W.shape[:2]) <= LARGEST_KERNEL,
        f"the kernels of {path} are {W.shape[0]} x {W.shape[1]}: too large to write out",
    )
    weights = np.round(W[..., f].astype(np.float64).sum(axis=2), 2)
    return weights, f"filter {number} of {printable(Path(path).name)} (colours added up, rounded)"


COMMANDS = {"animate-convolution": animate_convolution}
