"""cnn-sign run as a user would run it, on small data."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from photos import folder_of, hdf5_file

from cnn_sign_digits.cli import main
from nn_core.testing import CommandLine

PROGRAM = CommandLine(
    "cnn-sign", main, module="cnn_sign_digits", remarks=r"(epoch|batch) \d+/\d+(  |$)|wrote |no mistakes"
)
invoke, succeed, refusal, json_of = PROGRAM.invoke, PROGRAM.succeed, PROGRAM.refusal, PROGRAM.json
RNG = np.random.default_rng(0)
SIGNS = np.arange(30) % 3
PHOTOS = RNG.integers(60, 90, (30, 64, 64, 3), dtype=np.uint8)
for i, sign in enumerate(SIGNS):  # the class is the height of a bright rectangle
    PHOTOS[i, 4 + 20 * sign : 20 + 20 * sign, 10 + i % 5 : 40] = 220


def signs_file(
    path: Path,
    parts: tuple[str, ...] = ("train", "test"),
    names: tuple[str, ...] = ("a", "b", "c"),
    photos: npt.NDArray[np.uint8] = PHOTOS,
) -> Path:
    """Thirty photos that are easily classified, in each of the parts."""
    arrays: dict[str, Any] = {}
    for part in parts:
        arrays |= {f"{part}_set_x": photos, f"{part}_set_y": SIGNS}
    return hdf5_file(path, [name.encode() for name in names], **arrays)


def trained(folder: Path, *arguments: object, name: str = "model.h5") -> Path:
    """A model of the signs after one epoch, unless the arguments say otherwise."""
    data = folder / "signs.h5"
    if not data.exists():
        signs_file(data)
    quick = ("--epochs", 1, "--augment", "none")
    succeed("train", "--data", data, *quick, "--save", folder / name, *arguments)
    return folder / name


def subjects_folder(root: Path, subjects: int = 6) -> Path:
    """Photos named by subject, two of each sign."""
    return folder_of(root, {"0": 2 * subjects, "1": 2 * subjects}, "{digit}/p{number}_x.png")
