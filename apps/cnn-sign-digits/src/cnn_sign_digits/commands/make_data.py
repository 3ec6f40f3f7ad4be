"""The command `make-data`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import numpy.typing as npt

from cnn_sign_digits.synthetic.renderer import MAX_COUNT, MAX_SIZE, MIN_SIZE, Images, render
from nn_core.arrays import Labels
from nn_core.cli.aliases import AliasedOption
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import seed_option
from nn_core.cli.output_kinds import DATA_SET
from nn_core.cli.param_types import FloatRange, OutputFile, require_distinct
from nn_core.cli.terminal import echo, info
from nn_core.progress import job
from nn_core.storage.atomic import atomic_write
from nn_core.storage.hdf5_image import hdf5_image

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

BATCH = 100
"""Images per draw from the random generator."""


@click.command("make-data")
@click.option("--save", type=OutputFile(".h5", ".hdf5", kind=DATA_SET), default="hands.h5", help="File to write (.h5).")
@click.option(
    "--count", type=click.IntRange(10, MAX_COUNT), default=2000, help="Training images, balanced over the digits."
)
@click.option(
    "--test-count",
    cls=AliasedOption,
    aliases=("--test",),
    type=click.IntRange(0, MAX_COUNT),
    default=400,
    help="Test images.",
)
@click.option(
    "--image-size",
    "size",
    type=click.IntRange(MIN_SIZE, MAX_SIZE),
    default=64,
    help="Even height and width of the images in pixels.",
)
@click.option(
    "--diversity",
    type=FloatRange(least=0, most=1),
    default=1.0,
    help="Variation of hands, viewpoints, backgrounds and cameras, 0 to 1.",
)
@seed_option()
@figure_options("samples, a row per digit")
def make_data(
    save: Path, count: int, test_count: int, size: int, diversity: float, seed: int, figure: "FigureFile | None"
) -> None:
    """Generate a data set of synthetic hand signs as HDF5.

    The file contains train_set_x, train_set_y, test_set_x, test_set_y and list_classes.

    \b
    Example: cnn-sign make-data --save hands.h5 --figure hands.png
    """
    require_distinct({"--save": save, "--figure": figure})
    rng_of_train, rng_of_test = np.random.default_rng(seed).spawn(2)
    with job("drawing synthetic hands", count + test_count) as advance:
        train = _render(count, size, diversity, rng_of_train, advance)
        parts = {"train": train, "test": _render(test_count, size, diversity, rng_of_test, advance)}
    atomic_write(save, _hdf5_bytes({name: part for name, part in parts.items() if len(part[1])}))
    echo(f"{save}: {count:,} training and {test_count:,} test images, {size}x{size}x3")
    if figure is not None:
        from cnn_sign_digits.plots import plot_samples

        plot_samples(*train, figure)
        info(f"wrote {figure}")


def _render(
    count: int, size: int, diversity: float, rng: np.random.Generator, advance: Callable[[int], None]
) -> tuple[Images, Labels]:
    """Images (count, size, size, 3) and their digits (count,), balanced."""
    y = rng.permutation(np.arange(count, dtype=np.int64) % 10)
    x = np.empty((count, size, size, 3), np.uint8)
    for first in range(0, count, BATCH):
        batch = slice(first, first + BATCH)
        x[batch] = render(y[batch], rng=rng, size=size, diversity=diversity)
        advance(len(y[batch]))
    return x, y


def _hdf5_bytes(parts: dict[str, tuple[Images, Labels]]) -> bytes:
    """A file with `<part>_set_x`, `<part>_set_y` and `list_classes`."""
    values: dict[str, npt.NDArray[Any]] = {}
    for name, (x, y) in parts.items():
        values |= {f"{name}_set_x": x, f"{name}_set_y": y}
    return hdf5_image(values | {"list_classes": np.array([str(digit).encode() for digit in range(10)])})
