"""The command `make-data`: drawn hands in a file."""

from pathlib import Path

import click
import numpy as np

from cnn_sign_digits.rendering import LARGEST, MOST_IMAGES, SMALLEST, Images, render_all
from nn_core.arrays import Labels
from nn_core.cli.app import info
from nn_core.cli.options import SEED
from nn_core.cli.param_types import FIGURE, FloatRange, OutputFile, require_distinct
from nn_core.cli.plots import new_figure, save_figure
from nn_core.cli.progress import Progress
from nn_core.storage.atomic import atomic_write

AT_ONCE = 100
"""Pictures between two steps of the progress bar."""


@click.command("make-data")
@click.argument("out", metavar="[OUT.h5]", type=OutputFile(".h5", ".hdf5"), default="hands.h5")
@click.option(
    "--count",
    type=click.IntRange(10, MOST_IMAGES),
    default=2000,
    help="Pictures to train on, as many of each digit.",
)
@click.option(
    "--test", type=click.IntRange(0, MOST_IMAGES), default=400, help="Pictures to test on."
)
@click.option(
    "--size", type=click.IntRange(SMALLEST, LARGEST), default=64, help="Pixels a side, even."
)
@click.option(
    "--variety",
    type=FloatRange(least=0, most=1),
    default=1.0,
    help="How much hands, views, walls and cameras differ.",
)
@click.option("--seed", type=SEED, default=0, help="The same seed draws the same pictures.")
@click.option("--figure", type=FIGURE, help="Draw some of them, a row for each digit.")
def make_data(
    out: Path, count: int, test: int, size: int, variety: float, seed: int, figure: Path | None
) -> None:
    """Draw hands that sign the digits 0 to 9, and write them as HDF5 (hands.h5).

    \b
    Example: cnn-sign make-data hands.h5 --figure hands.png
    """
    require_distinct({"OUT.h5": out, "--figure": figure})
    progress = Progress(-(-count // AT_ONCE) + -(-test // AT_ONCE), unit="hundred")
    try:
        rng_of_train, rng_of_test = np.random.default_rng(seed).spawn(2)
        train = draw(count, size, variety, rng_of_train, progress)
        parts = {"train": train, "test": draw(test, size, variety, rng_of_test, progress)}
    finally:
        progress.close()
    atomic_write(out, hdf5_of({name: part for name, part in parts.items() if len(part[1])}))
    click.echo(f"{out}: {count:,} pictures to train on, {test:,} to test, {size}x{size}x3")
    if figure is not None:
        draw_rows(*train, figure)
        info(f"wrote {figure}")


def draw(
    count: int, size: int, variety: float, rng: np.random.Generator, progress: Progress
) -> tuple[Images, Labels]:
    """Pictures (count, size, size, 3) and their digits (count,), each digit as often."""
    y = rng.permutation(np.arange(count, dtype=np.int64) % 10)
    x = np.empty((count, size, size, 3), np.uint8)
    for first in range(0, count, AT_ONCE):
        part = slice(first, first + AT_ONCE)
        x[part] = render_all(y[part], rng=rng, size=size, variety=variety)
        progress.advance()
    return x, y


def hdf5_of(parts: dict[str, tuple[Images, Labels]]) -> bytes:
    """The bytes of a file with `<part>_set_x`, `<part>_set_y` and `list_classes`."""
    import h5py

    with h5py.File("pictures", "w", driver="core", backing_store=False) as file:
        for name, (x, y) in parts.items():
            file[f"{name}_set_x"] = x
            file[f"{name}_set_y"] = y
        file["list_classes"] = np.array([str(digit).encode() for digit in range(10)])
        file.flush()
        image: bytes = file.id.get_file_image()
    return image


def draw_rows(x: Images, y: Labels, path: Path, *, columns: int = 12) -> None:
    """The first pictures of each digit in a row; white where there are no more."""
    size = x.shape[1]
    sheet = np.full((10, size, columns, size, 3), 255, np.uint8)
    for digit in range(10):
        for column, picture in enumerate(x[y == digit][:columns]):
            sheet[digit, :, column] = picture
    figure = new_figure(0.75 * columns + 0.4, 7.5)
    axes = figure.subplots()
    axes.imshow(sheet.reshape(10 * size, columns * size, 3))
    axes.set_yticks([size * (digit + 0.5) for digit in range(10)], labels=list("0123456789"))
    axes.set_xticks([])
    axes.set_ylabel("digit")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    save_figure(figure, path)


COMMANDS = {"make-data": make_data}
