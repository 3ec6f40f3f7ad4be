"""The command `animate-convolution`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from cnn_sign_digits.conv_demo.convolution import Convolution, colored_edges, example_gradient, levels, vertical_edge
from cnn_sign_digits.conv_demo.kernels import KERNELS, check_size, read_kernel, with_channels
from cnn_sign_digits.inspect.layer_info import convolutions, pick
from cnn_sign_digits.model import SHIPPED, load_model
from cnn_sign_digits.number_grid import Grid
from nn_core.cli.command_help import grouped
from nn_core.cli.figure_options import figure_options
from nn_core.cli.images import read_image
from nn_core.cli.options import model_option
from nn_core.cli.param_types import ANIMATIONS, FIGURE_OR_ANIMATION, MODEL, STILLS, require_distinct
from nn_core.cli.shared_options import FORCE
from nn_core.cli.terminal import counted, info
from nn_core.registry import require
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


class NewFolder(click.ParamType[Path]):
    """A folder that does not exist yet, or is empty, or may be written into with `--force`."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if path.exists() and not path.is_dir():
            self.fail(f"{value!r} is not a folder", param, ctx)
        if path.is_dir() and any(path.iterdir()) and not (ctx is not None and ctx.meta.get(FORCE)):
            self.fail(f"the folder {value!r} is not empty; use --force to write into it", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"no such folder: {str(path.parent)!r}", param, ctx)
        return path


@click.command("animate-convolution")
@click.argument("image", metavar="[IMAGE]", type=MODEL, required=False)
@grouped(
    "Data",
    click.option(
        "--image-size",
        "size",
        type=click.IntRange(3, 9),
        show_default="7; for --channels 3 and --backward, 5 or more",
        help="Height and width of the input.",
    ),
    click.option(
        "--channels",
        type=click.Choice(["1", "3"]),
        show_default="1, or those of the kernel",
        help="Channels of the input: 1 for gray, 3 for red, green and blue.",
    ),
)
@grouped(
    "Network",
    click.option(
        "--kernel",
        metavar="NAME|NUMBERS|FILE",
        help=f"Kernel: {', '.join(KERNELS)}, rows of numbers such as 1,0,-1;2,0,-2;1,0,-1, or a .csv or .npy file."
        "  [default: sobel]",
    ),
    click.option(
        "--filter",
        "number",
        type=click.IntRange(min=1),
        metavar="K",
        help="Instead of --kernel, the K-th learned filter of the first convolution of --model.",
    ),
    model_option(required=False),
    click.option("--stride", type=click.IntRange(1, 8), default=1, help="Stride of the kernel."),
    click.option(
        "--padding",
        type=click.Choice(["valid", "same"]),
        default="valid",
        help="valid: no padding; same: zero padding around the input.",
    ),
)
@grouped(
    "Figure",
    click.option("--backward", is_flag=True, help="Animate the backward pass: where d_x and d_W come from."),
    click.option(
        "--step", type=click.IntRange(min=1), metavar="N", show_default="the last", help="The step of a still figure."
    ),
    click.option("--frames", type=NewFolder(), help="Folder to write each step to, as numbered PNG files."),
)
@figure_options("the steps", default="convolution.gif", file=FIGURE_OR_ANIMATION)
@click.pass_context
def animate_convolution(
    ctx: click.Context,
    image: Path | None,
    kernel: str | None,
    number: int | None,
    model_path: Path | None,
    channels: str | None,
    size: int | None,
    stride: int,
    padding: str,
    backward: bool,
    step: int | None,
    frames: Path | None,
    figure: "FigureFile",
) -> None:
    """Animate a convolution step by step.

    A kernel slides over a small input, with every product and sum written out. IMAGE is resized to
    --image-size pixels of levels 0 (black) to 10 (white); without it, the input is a vertical edge.

    An image format such as .png shows a single step. MP4 needs ffmpeg, or the package imageio-ffmpeg.

    \b
    Example: cnn-sign animate-convolution --kernel edge --padding same --figure edge.gif
    """
    from cnn_sign_digits.conv_demo.animation import write_animation, write_step
    from cnn_sign_digits.conv_demo.scenes import BackwardScene, ForwardScene

    learned = model_path is not None or number is not None
    is_still = figure.path.suffix.lower() in STILLS
    if learned and kernel is not None:
        raise click.UsageError("--kernel cannot be combined with --filter or --model", ctx)
    if is_still and frames is not None:
        raise click.UsageError(f"--frames needs an animation, {' or '.join(ANIMATIONS)}, not {figure}", ctx)
    if step is not None and not is_still:
        raise click.UsageError("--step needs a still --figure, such as step.png", ctx)
    require_distinct({"--figure": figure}, IMAGE=image, **{"--model": model_path, "--kernel": _file(kernel)})
    if learned:
        weights, name = _learned_kernel(model_path, number or 1, int(channels or 1))
    else:
        weights, name = read_kernel(kernel or "sobel")
    C = int(channels) if channels is not None else weights.shape[2] if weights.ndim == 3 else 1
    require(C in (1, 3), f"the kernel has {C} channels; choose 1 or 3")
    weights = with_channels(weights, C)
    if size is None:
        size = 7 if C == 1 and not backward else max(5, *(side + 2 for side in weights.shape[:2]))
    pixels = _input(image, size, C)
    convolution = Convolution(pixels, weights, stride, padding)
    over = f" over {printable(image.name)}" if image is not None else ""
    settings = f"{name}{over}" + (f", stride {stride}" if stride > 1 else "")
    if backward:
        d_y = example_gradient(convolution.output_shape)
        draw: Any = partial(BackwardScene, convolution=convolution, d_y=d_y)
        title = f"Backward, each output adds to d_x and d_W: {settings}"
    else:
        draw = partial(ForwardScene, convolution=convolution)
        title = f"Each output is the sum of {weights.size} products: {settings}"
    count = int(np.prod(convolution.output_shape))
    if is_still:
        require(step is None or step <= count, f"no step {step}; choose from 1 to {count}")
        write_step(figure, draw, (step or count) - 1, title=title)
        info(f"wrote {figure}, step {step or count} of {count}")
        return
    write_animation(figure, draw, title=title, folder=frames)
    info(f"wrote {figure}, {counted(count, 'frame')}")
    if frames is not None:
        info(f"wrote {frames}, {counted(count, 'PNG file')}")


def _file(kernel: str | None) -> Path | None:
    return Path(kernel) if kernel is not None and kernel not in KERNELS else None


def _input(image: Path | None, size: int, channels: int) -> Grid:
    """The input, (size, size, channels): an image, or edges."""
    if image is None:
        return vertical_edge(size) if channels == 1 else colored_edges(size)
    return levels(read_image(image, (size, size, channels), crop=True)[0])


def _learned_kernel(path: Path | None, number: int, channels: int) -> tuple[Grid, str]:
    """A filter of the first convolution of a network, rounded, and its name.

    For gray input, with red, green and blue equal, it acts as the sum of its channels.
    """
    network = load_model(path).network
    first = pick(convolutions(network), 1, "convolution")
    W = network.params[f"{first}/W"]
    f = pick(range(W.shape[3]), number, "filter")
    kernel: Grid = W[..., f].astype(np.float64)
    check_size(kernel)
    name = f"filter {number} of {printable((path or SHIPPED).name)}"
    if channels > 1:
        return np.round(kernel, 2), f"{name} (rounded)"
    return np.round(kernel.sum(axis=2), 2), f"{name} (channels summed, rounded)"
