"""Photos, folders and files that the tests of the data are made of."""

import h5py
import numpy as np
from PIL import Image


def rng(seed=0):
    return np.random.default_rng(seed)


def pixels(count, *shape, seed=0):
    return rng(seed).integers(0, 256, (count, *(shape or (64, 64, 3))), dtype=np.uint8)


def photo(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = array if isinstance(array, Image.Image) else Image.fromarray(array)
    picture.save(path, **options)
    return path


def folder_of(root, counts, name="{digit}/photo{number}.png"):
    """Folders of photos of one colour each, (class number, number of the photo, 0)."""
    for digit, count in counts.items():
        for number in range(count):
            colour = np.full((5, 5, 3), (int(digit), number, 0), np.uint8)
            photo(root / name.format(digit=digit, number=number), colour)
    return root


def numbered_folder(root, people, first=1118, size=5):
    """Folders as the fetched set has them: everybody shows 0 to 9, one after the other."""
    number = first
    for person in range(people):
        for digit in range(10):
            colour = np.full((size, size, 3), (digit, person, 0), np.uint8)
            photo(root / str(digit) / f"IMG_{number}.JPG", colour, quality=95)
            number += 1
    return root


def hdf5_file(path, names=None, **arrays):
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
        if names is not None:
            file["list_classes"] = names
    return path
