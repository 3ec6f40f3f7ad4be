"""A kernel sliding over an input, number by number, as an animated GIF."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_sign_digits.sliding import Sliding, sum_lines, written
from cnn_sign_digits.tiles import draw_input, draw_tiles, frame, tinted, write_numbers
from nn_core.storage.atomic import atomic_write

if TYPE_CHECKING:
    from PIL.Image import Image

FRAME, LAST = 700, 3000
"""Milliseconds that a frame is seen, and the last."""
_DPI = 80
_SHADES = 128
_GRIDS = 4.9
"""Inches that are not for the sum."""


def write_film(sliding: Sliding, path: Path, *, title: str) -> int:
    """A frame for each number of the output, over and over; returns how many frames."""
    from PIL.Image import Dither

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # it draws a box instead
        frames = draw_frames(sliding, title=title)
    palette = frames[-1].quantize(_SHADES)
    quantized = [frame.quantize(palette=palette, dither=Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    quantized[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=quantized[1:],
        duration=[FRAME] * (len(frames) - 1) + [LAST],
        loop=0,
    )
    atomic_write(path, buffer.getvalue())
    return len(frames)


def draw_frames(sliding: Sliding, *, title: str) -> "list[Image]":
    """Input, kernel with products, output as far as it is known, and the sum written out.

    What stays is drawn once; a number of the output is added to it when it is known, and what
    moves is drawn over it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    steps, output = list(sliding.steps()), sliding.output()
    height = _GRIDS + 0.3 + 0.19 * (len(sliding.kernel) + 1)
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
    draw_input(input_axes, sliding)
    draw_tiles(kernel_axes, tinted(sliding.kernel), "kernel")
    write_numbers(kernel_axes, sliding.kernel)
    draw_tiles(product_axes, np.ones((*sliding.kernel.shape, 3)), "input * kernel")
    products = write_numbers(product_axes, np.array([step.products for step in steps]))
    size = " x ".join(map(str, output.shape))
    draw_tiles(output_axes, np.full((*output.shape, 3), 0.9), f"output, {size}")
    tiles = draw_tiles(output_axes, tinted(output), f"output, {size}")
    totals = write_numbers(output_axes, output)

    window, place = frame(input_axes, sliding.kernel.shape), frame(output_axes, (1, 1))
    heading = figure.text(
        0.5, 1 - 0.1 / height, "", ha="center", va="top", size=12, parse_math=False
    )
    summed = figure.text(
        0.5, 0.15 / height, "", ha="center", ma="left", size=11, family="monospace"
    )
    moving = [window, place, *products, heading, summed]
    for artist in (*moving, *tiles, *totals):
        artist.set_animated(True)
    canvas.draw()
    renderer, still = canvas.get_renderer(), canvas.copy_from_bbox(figure.bbox)
    frames = []
    for number, step in enumerate(steps):
        canvas.restore_region(still)
        tiles[number].draw(renderer)
        totals[number].draw(renderer)
        still = canvas.copy_from_bbox(figure.bbox)
        heading.set_text(f"{title}\nplace {number + 1} of {len(steps)}")
        window.set_xy((step.corner[1] - 0.5, step.corner[0] - 0.5))
        place.set_xy((step.place[1] - 0.5, step.place[0] - 0.5))
        for text, value in zip(products, step.products.flat, strict=True):
            text.set_text(written(value))
        summed.set_text("\n".join(sum_lines(step, sliding.kernel)))
        for artist in moving:
            artist.draw(renderer)
        frames.append(Image.fromarray(np.array(canvas.buffer_rgba())[..., :3]))
    return frames
