"""deep-nn and small data sets, for the tests of its commands."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.cli import main
from nn_core.testing import CommandLine, contents, write_hdf5

PROGRAM = CommandLine("deep-nn", main, module="deep_nn")
invoke, succeed, refusal, json_of = PROGRAM.invoke, PROGRAM.succeed, PROGRAM.refusal, PROGRAM.json
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(60, 2))
SIDES = (POINTS @ [1.0, -1.0] > 0).astype(np.int64)
THIRDS = np.digitize(POINTS[:, 0], [-0.4, 0.4])
PHOTOS = RNG.integers(256, size=(40, 6, 5, 3), dtype=np.uint8)
CATS = np.arange(40) % 2
PHOTOS[CATS == 1] //= 3


def trained(path: Path, *arguments: object) -> Path:
    """A checkpoint after one epoch, or as the arguments say."""
    succeed("train", "--epochs", 1, "--save", path, *arguments)
    return path


def refused_and_nothing_changed(folder: Path, *arguments: object, status: int) -> str:
    """The error line of a command that must fail and change no file under a folder."""
    before = contents(folder)
    line = refusal(*arguments, status=status)
    assert contents(folder) == before
    return line


def write_cats(path: Path, *parts: str) -> Path:
    """A file in the format of the cats, with the sets "train", "test" or both."""
    arrays: dict[str, Any] = {"list_classes": np.array([b"non-cat", b"cat"])}
    for part in parts:
        arrays |= {f"{part}_set_x": PHOTOS, f"{part}_set_y": CATS[None]}
    return write_hdf5(path, **arrays)


def write_npz(path: Path, labels: npt.NDArray[Any] = SIDES, **others: Any) -> Path:
    np.savez(path, x=POINTS, y=labels, **others)
    return path


def write_csv(path: Path, labels: npt.NDArray[Any] = SIDES, names: str = "") -> Path:
    rows = [
        f"{u},{v},{names[label] if names else label}"
        for (u, v), label in zip(POINTS.tolist(), labels.tolist(), strict=True)
    ]
    path.write_text("\n".join(["u,v,side", *rows]) + "\n", encoding="utf-8")
    return path
