"""The command `animate-convolution`."""

from pathlib import Path

import click
import numpy as np

from cnn_sign_digits.conv_demo.convolution import KERNELS, Convolution, Grid, gray_levels, vertical_edge
from cnn_sign_digits.inspect.layer_info import convolutions, pick
from cnn_sign_digits.model import SHIPPED, load_model
from nn_core.cli.images import read_image
from nn_core.cli.options import model_option
from nn_core.cli.output_kinds import ANIMATION
from nn_core.cli.param_types import MODEL, OutputFile, require_distinct
from nn_core.cli.terminal import counted, info
from nn_core.registry import nearest, require
from nn_core.storage.files import printable

MAX_KERNEL_SIZE = 7
"""Maximum rows and columns of a kernel, so that the frames stay legible."""


@click.command("animate-convolution")
@click.argument("image", metavar="[IMAGE]", type=MODEL, required=False)
@click.option("--kernel", metavar="NAME", help=f"Kernel: {', '.join(KERNELS)}.  [default: sobel]")
@click.option(
    "--filter",
    "number",
    type=click.IntRange(min=1),
    metavar="K",
    help="Instead of --kernel, the K-th learned filter of the first convolution of --model.",
)
@model_option(required=False)
@click.option("--image-size", "size", type=click.IntRange(3, 9), default=7, help="Height and width of the input.")
@click.option("--stride", type=click.IntRange(1, 8), default=1, help="Stride of the kernel.")
@click.option(
    "--padding",
    type=click.Choice(["valid", "same"]),
    default="valid",
    help="valid: no padding; same: zero padding around the input.",
)
@click.option("--figure", type=OutputFile(".gif", kind=ANIMATION), default="convolution.gif", help="File to write.")
@click.pass_context
def animate_convolution(
    ctx: click.Context,
    image: Path | None,
    kernel: str | None,
    number: int | None,
    model_path: Path | None,
    size: int,
    stride: int,
    padding: str,
    figure: Path,
) -> None:
    """Animate a convolution step by step.

    A kernel slides over a small input, with every product and sum written out. IMAGE is resized to
    --image-size pixels of gray levels 0 (black) to 10 (white); without it, the input is a vertical edge.

    \b
    Example: cnn-sign animate-convolution --kernel edge --padding same --figure edge.gif
    """
    from cnn_sign_digits.conv_demo.animation import write_animation

    learned = model_path is not None or number is not None
    if learned and kernel is not None:
        raise click.UsageError("--kernel cannot be combined with --filter or --model", ctx)
    require_distinct({"--figure": figure}, IMAGE=image, **{"--model": model_path})
    if not learned:
        name = kernel or "sobel"
        require(name in KERNELS, f"unknown kernel {name!r}; {nearest(name, KERNELS)}")
        weights = KERNELS[name]
    else:
        weights = _learned_kernel(model_path, number or 1)
        file = printable((model_path or SHIPPED).name)
        name = f"filter {number or 1} of {file} (channels summed, rounded)"
    pixels = vertical_edge(size)
    if image is not None:
        pixels = gray_levels(read_image(image, (size, size, 1), crop=True)[0, ..., 0])
    convolution = Convolution(pixels, weights, stride, padding)
    over = "" if image is None else f" over {printable(image.name)}"
    title = f"{name}{over}, stride {stride}, padding {padding}"
    frames = write_animation(convolution, figure, title=title)
    info(f"wrote {figure}, {counted(frames, 'frame')}")


def _learned_kernel(path: Path | None, number: int) -> Grid:
    """A filter of the first convolution of a network, for gray input.

    With red, green and blue equal, the filter acts on them as the sum of its channels.
    """
    network = load_model(path).network
    first = pick(convolutions(network), 1, "convolution")
    W = network.params[f"{first}/W"]
    f = pick(range(W.shape[3]), number, "filter")
    h, w = W.shape[:2]
    most = MAX_KERNEL_SIZE
    require(max(h, w) <= most, f"the {h} x {w} kernels of this network exceed {most} x {most}")
    summed: Grid = W[..., f].astype(np.float64).sum(axis=2)
    return np.round(summed, 2)
