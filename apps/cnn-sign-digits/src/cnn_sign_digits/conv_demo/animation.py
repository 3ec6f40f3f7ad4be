"""An animated GIF of a convolution: a frame for each output position."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_sign_digits.conv_demo.convolution import Convolution, short_number, sum_lines
from cnn_sign_digits.conv_demo.grid_plots import diverging_colors, plot_frame, plot_input, plot_squares, write_numbers
from nn_core.storage.atomic import atomic_write

if TYPE_CHECKING:
    from PIL.Image import Image

FRAME_MS, LAST_FRAME_MS = 700, 3000
_DPI = 80
_PALETTE = 128
_GRIDS = 4.9
"""Height of everything except the sum, in inches."""


def write_animation(convolution: Convolution, path: Path, *, title: str) -> int:
    """Write a looping GIF with a frame per output position; returns the number of frames."""
    from PIL.Image import Dither

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a box is drawn instead
        frames = draw_frames(convolution, title=title)
    palette = frames[-1].quantize(_PALETTE)
    quantized = [frame.quantize(palette=palette, dither=Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    quantized[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=quantized[1:],
        duration=[FRAME_MS] * (len(frames) - 1) + [LAST_FRAME_MS],
        loop=0,
    )
    atomic_write(path, buffer.getvalue())
    return len(frames)


def draw_frames(convolution: Convolution, *, title: str) -> "list[Image]":
    """Input, kernel, products, the output so far, and the sum written out.

    The static parts are drawn once; each frame adds one output value and draws the moving parts on
    top.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    kernel, steps, output = convolution.kernel, list(convolution.steps()), convolution.output()
    height = _GRIDS + 0.3 + 0.19 * (len(kernel) + 1)
    figure = Figure(figsize=(11, height), dpi=_DPI)
    canvas: Any = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        2,
        3,
        width_ratios=[1.25, 0.8, 1.25],
        left=0.02,
        right=0.98,
        top=1 - 0.9 / height,
        bottom=1 - (_GRIDS - 0.1) / height,
        wspace=0.06,
        hspace=0.2,
    )
    input_axes, output_axes = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 2])
    kernel_axes, product_axes = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    plot_input(input_axes, convolution)
    plot_squares(kernel_axes, diverging_colors(kernel), "kernel")
    write_numbers(kernel_axes, kernel)
    plot_squares(product_axes, np.ones((*kernel.shape, 3)), "input * kernel")
    products = write_numbers(product_axes, np.array([step.products for step in steps]))
    size = " x ".join(map(str, output.shape))
    plot_squares(output_axes, np.full((*output.shape, 3), 0.9), f"output, {size}")
    squares = plot_squares(output_axes, diverging_colors(output), f"output, {size}")
    totals = write_numbers(output_axes, output)

    window, position = plot_frame(input_axes, kernel.shape), plot_frame(output_axes, (1, 1))
    heading = figure.text(0.5, 1 - 0.1 / height, "", ha="center", va="top", size=12, parse_math=False)
    written_sum = figure.text(0.5, 0.15 / height, "", ha="center", ma="left", size=11, family="monospace")
    moving = [window, position, *products, heading, written_sum]
    for artist in (*moving, *squares, *totals):
        artist.set_animated(True)
    canvas.draw()
    renderer, static = canvas.get_renderer(), canvas.copy_from_bbox(figure.bbox)
    frames = []
    for number, step in enumerate(steps):
        canvas.restore_region(static)
        squares[number].draw(renderer)
        totals[number].draw(renderer)
        static = canvas.copy_from_bbox(figure.bbox)
        heading.set_text(f"{title}\noutput position {number + 1} of {len(steps)}")
        window.set_xy((step.corner[1] - 0.5, step.corner[0] - 0.5))
        position.set_xy((step.position[1] - 0.5, step.position[0] - 0.5))
        for text, value in zip(products, step.products.flat, strict=True):
            text.set_text(short_number(value))
        written_sum.set_text("\n".join(sum_lines(step, kernel)))
        for artist in moving:
            artist.draw(renderer)
        frames.append(Image.fromarray(np.array(canvas.buffer_rgba())[..., :3]))
    return frames
