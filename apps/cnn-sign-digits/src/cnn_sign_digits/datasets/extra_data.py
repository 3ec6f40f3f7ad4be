"""Additions to a training set: other photos, and copies of its hands over synthetic backgrounds."""

import hashlib

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.catalog import CATALOG, PhotoSplits, is_generated
from cnn_sign_digits.datasets.cutouts import replace_backgrounds, segment_hands
from cnn_sign_digits.datasets.photos import Photos
from nn_core.arrays import Labels
from nn_core.cli.dataset import Dataset, Splits
from nn_core.cli.labels import match_classes
from nn_core.errors import DataError
from nn_core.storage.files import printable


def add_extra_data(splits: PhotoSplits, spec: str, *, rng: np.random.Generator) -> PhotoSplits:
    """The splits with the photos of another data set added to the training set.

    spec  as for --data; photos of classes that the training set lacks are ignored
    Raises DataError if the data is missing or invalid, does not fit in memory, or contains a photo
    of the validation set.
    """
    classes = splits.train.classes
    if is_generated(spec) and not set(classes) & set("0123456789"):
        return splits  # all of it would be ignored, so do not render it
    contents = CATALOG.contents(spec, rng=rng)
    part = contents.train or contents.for_evaluation(printable(spec))
    names = part.names or tuple(map(str, range(int(part.y.max()) + 1)))
    fits = np.isin(part.y, [i for i, name in enumerate(names) if name in classes])
    if not fits.any():
        return splits
    y = match_classes(part.y[fits], names, classes, source=part.source, owner="training data")
    x = _in_memory(part.x, part.source)[fits]
    if splits.validation is not None and not _hashes(x).isdisjoint(_hashes(splits.validation.x)):
        raise DataError(f"{part.source}: the extra data contains photos of the validation set")
    return _extended(splits, x, y, f"{splits.train.name} and {part.source}")


def add_backgrounds(splits: PhotoSplits, copies: int, *, rng: np.random.Generator) -> PhotoSplits:
    """The splits with copies of each hand over synthetic backgrounds added to the training set.

    Photos in which no hand is found get no copies.
    Raises DataError if the photos do not fit in memory.
    """
    train = splits.train
    photos = _in_memory(train.x, train.name)
    alphas = segment_hands(photos)
    found = alphas.any(axis=(1, 2))
    photos, alphas, y = photos[found], alphas[found], train.y[found]
    for _ in range(copies if len(photos) else 0):
        splits = _extended(splits, replace_backgrounds(photos, alphas, rng=rng), y, train.name)
    return splits


def _extended(splits: PhotoSplits, x: npt.NDArray[np.uint8], y: Labels, name: str) -> PhotoSplits:
    train = splits.train
    photos = np.concatenate([_in_memory(train.x, train.name), x])
    extended: Dataset[Photos] = Dataset(name, photos, np.concatenate([train.y, y]), train.classes)
    return Splits(extended, splits.validation, splits.origin, splits.original or train)


def _hashes(x: Photos) -> set[bytes]:
    """A hash of each photo."""
    return {
        hashlib.sha256(photo.tobytes()).digest()
        for start in range(0, len(x), 1024)
        for photo in x[start : start + 1024]
    }


def _in_memory(x: Photos, source: str) -> npt.NDArray[np.uint8]:
    if not isinstance(x, np.ndarray):
        raise DataError(f"{source} does not fit in memory; train with --extra-data none --backgrounds 0")
    return x
