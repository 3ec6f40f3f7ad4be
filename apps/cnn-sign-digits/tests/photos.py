"""Photos, folders and files for the tests of data."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from PIL import Image


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def pixels(count: int, *shape: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    return rng(seed).integers(0, 256, (count, *(shape or (64, 64, 3))), dtype=np.uint8)


def photo(path: Path, content: npt.NDArray[np.uint8] | Image.Image, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = content if isinstance(content, Image.Image) else Image.fromarray(content)
    image.save(path, **options)
    return path


def folder_of(root: Path, counts: dict[str, int], name: str = "{digit}/photo{number}.png") -> Path:
    """Folders of photos of one color each, (class number, number of the photo, 0)."""
    for digit, count in counts.items():
        for number in range(count):
            color = np.full((5, 5, 3), (int(digit), number, 0), np.uint8)
            photo(root / name.format(digit=digit, number=number), color)
    return root


def numbered_folder(root: Path, subjects: int, first: int = 1118, size: int = 5) -> Path:
    """Folders like the downloaded ones: each subject signs 0 to 9, one after the other."""
    number = first
    for subject in range(subjects):
        for digit in range(10):
            color = np.full((size, size, 3), (digit, subject, 0), np.uint8)
            photo(root / str(digit) / f"IMG_{number}.JPG", color, quality=95)
            number += 1
    return root


def hdf5_file(path: Path, names: Any = None, **arrays: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
        if names is not None:
            file["list_classes"] = names
    return path
