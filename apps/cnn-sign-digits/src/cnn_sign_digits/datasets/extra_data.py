"""More to train on: other photos, and the same hands before other walls."""

import hashlib

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.cutouts import before_other_walls, cut_out
from cnn_sign_digits.data import MADE, Splits, load_more
from cnn_sign_digits.dataset import Dataset, Images
from nn_core.arrays import Labels
from nn_core.cli.labels import match_classes
from nn_core.errors import DataError


def add_photos(splits: Splits, spec: str, *, rng: np.random.Generator) -> Splits:
    """Another set's photos beside those to train on; those to judge by stay the same.

    spec  as for `data.load`; photos of classes that the training data do not have are left out
    Raises DataError if the set cannot be had or used, does not fit into memory, or has a photo
    that is to judge by.
    """
    classes = splits.train.classes
    if spec.partition(":")[0].strip() in MADE and not set(classes) & set("0123456789"):
        return splits  # no need to draw what would all be left out
    part = load_more(spec, rng=rng)
    names = part.names or tuple(map(str, range(int(part.y.max()) + 1)))
    fits = np.isin(part.y, [i for i, name in enumerate(names) if name in classes])
    if not fits.any():
        return splits
    y = match_classes(part.y[fits], names, classes, source=part.source, owner="training data")
    x = _in_memory(part.x, part.source)[fits]
    if not _photos(x).isdisjoint(_photos(splits.validation.x)):
        raise DataError(f"{part.source}: some of these photos to add are those to judge by")
    return _with(splits, x, y, part.source)


def add_walls(splits: Splits, times: int, *, rng: np.random.Generator) -> Splits:
    """Each hand that can be cut out of its photo, before so many other walls as well.

    Raises DataError if the photos do not fit into memory.
    """
    train = splits.train
    photos = _in_memory(train.x, train.name)
    covers = cut_out(photos)
    found = covers.any(axis=(1, 2))
    photos, covers, y = photos[found], covers[found], train.y[found]
    for _ in range(times if len(photos) else 0):
        added = before_other_walls(photos, covers, rng=rng)
        splits = _with(splits, added, y, None)
    return splits


def _with(splits: Splits, x: npt.NDArray[np.uint8], y: Labels, source: str | None) -> Splits:
    train = splits.train
    name = train.name if source is None else f"{train.name} and {source}"
    photos = np.concatenate([_in_memory(train.x, train.name), x])
    joined = Dataset(name, photos, np.concatenate([train.y, y]), train.classes)
    return Splits(joined, splits.validation, splits.origin, splits.alone or train)


def _photos(x: Images) -> set[bytes]:
    """A digest of each photo."""
    return {
        hashlib.sha256(photo.tobytes()).digest()
        for start in range(0, len(x), 1024)
        for photo in x[start : start + 1024]
    }


def _in_memory(x: Images, source: str) -> npt.NDArray[np.uint8]:
    if not isinstance(x, np.ndarray):
        raise DataError(f"{source} is too large for memory; train with --add none --walls 0")
    return x
