"""Training and validation sets from `--data`, `--test`, `--fold` and `--validation`."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.catalog import FETCHED, GENERATED, is_generated
from cnn_sign_digits.datasets.data_source import Contents, Part
from cnn_sign_digits.datasets.dataset import SIZE, Dataset
from cnn_sign_digits.datasets.folders import read_folder
from cnn_sign_digits.datasets.hdf5 import SUFFIXES, hdf5_files, read_hdf5, read_hdf5_folder
from nn_core.batches.splits import group_folds, group_split, stratified_split
from nn_core.cli.download import locate
from nn_core.cli.labels import check_for_training, match_classes
from nn_core.errors import DataError, SettingError
from nn_core.registry import nearest, parse, require
from nn_core.storage.files import exists, printable


@dataclass(frozen=True, eq=False)
class Splits:
    """A training and a validation set with the same classes.

    origin    of the validation set, in words
    original  the training set before anything was added to it; None if nothing was
    """

    train: Dataset
    validation: Dataset
    origin: str
    original: Dataset | None = None


def load_holdout(
    spec: str,
    *,
    test: str | None = None,
    validation: float = 0.2,
    group: str | None = None,
    rng: np.random.Generator,
) -> Splits:
    """A data set, and a validation set for it.

    spec        "synthetic", "synthetic:count=5000,diversity=1", "digits", or a path: a folder
                of class folders, an .h5 file, or a folder of .h5 files
    test        the validation set, named in the same way; its own test part is used if it has one
    validation  fraction to hold out if there is no test part: of the subjects if they are known,
                otherwise of each class
    group       how to find the subjects in a folder (see `subjects.find_subjects`)
    rng         for synthetic data and for the choice of what is held out
    The validation set is, in this order: `test`, the data set's own test part, the fraction.
    Its labels are matched to the training classes as in `load_for_evaluation`.

    Raises DataError or ShapeError if the data is missing or unusable, SettingError for settings
    out of range; each names the file.
    """
    contents, train = _load_for_training(spec, group, rng)
    part = contents.test if test is None else _evaluation_part(test, rng)
    if part is not None:
        heldout = _with_classes(part, train.classes, "training data")
        return Splits(train, heldout, heldout.name)
    try:
        if train.groups is None:
            kept, held_out = stratified_split(train.y, validation, rng=rng)
            origin = f"{100 * validation:g}% of each class held out"
        else:
            kept, held_out = group_split(train.groups, validation, rng=rng, labels=train.y)
            subjects, total = (len(np.unique(g)) for g in (train.groups[held_out], train.groups))
            origin = f"{subjects} of {total} subjects held out"
    except DataError as error:
        raise DataError(f"{train.name}: {error}") from None
    return _split(train, kept, held_out, origin)


def load_fold(
    spec: str, fold: str, *, group: str | None = None, rng: np.random.Generator
) -> Splits:
    """One fold of cross-validation; over all folds, each photo is held out once.

    fold  "2/5": the second of five
    All photos of a subject are in the same fold. The data set's own test part is not used.
    Raises as `load_holdout` does.
    """
    number, folds = parse_fold(fold)
    _, train = _load_for_training(spec, group, rng)
    groups = np.arange(len(train)) if train.groups is None else train.groups
    try:
        kept, held_out = group_folds(groups, folds, rng=rng, labels=train.y)[number - 1]
    except DataError as error:
        raise DataError(f"{train.name}: {error}") from None
    return _split(train, kept, held_out, f"fold {number} of {folds} held out")


def parse_fold(text: str) -> tuple[int, int]:
    """2 and 5 of "2/5". Raises SettingError for any other text."""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    number, folds = (int(found[1]), int(found[2])) if found else (0, 0)
    require(
        1 <= number <= folds >= 2, f"expected K/N, as in 2/5 for the second of 5 folds: {text!r}"
    )
    return number, folds


def load_for_evaluation(
    spec: str, classes: tuple[str, ...], *, rng: np.random.Generator
) -> Dataset:
    """Photos to evaluate a model on, labeled with its classes.

    spec     as for `load_holdout`; of a data set with a test part, only that part
    classes  the model's; the data may lack some
    Labels with names are matched by name. Numeric labels are names if any of the model's classes is
    a number too, and indices into the classes otherwise.
    Raises DataError if the data is missing or unusable, or has a class that the model has not.
    """
    return _with_classes(_evaluation_part(spec, rng), classes, "model")


def load_training_part(spec: str, *, rng: np.random.Generator) -> Part:
    """The photos of a data set, whatever their classes; only the training part if there is one.

    Raises DataError if the data is missing or unusable.
    """
    contents = _read(spec, None, rng)
    return contents.train or _evaluation_part_of(contents, spec)


def _load_for_training(
    spec: str, group: str | None, rng: np.random.Generator
) -> tuple[Contents, Dataset]:
    contents = _read(spec, group, rng)
    part = contents.train
    if part is None:
        raise DataError(f"{printable(spec)} has only a test set; training needs a training set")
    classes = check_for_training(part.y, part.names, part.source)
    return contents, Dataset(part.source, part.x, part.y, classes, part.groups)


def _read(spec: str, group: str | None, rng: np.random.Generator) -> Contents:
    """A generated or downloaded data set, a folder or a file."""
    name, colon, _ = spec.strip().partition(":")
    if is_generated(spec):
        if group is not None:
            raise SettingError(f"--group needs a folder of photos, not {name} data")
        made = parse(spec, GENERATED, "data set")(rng=rng)
        return Contents(Part(made.name, made.x, made.y, made.classes), None)
    if name in FETCHED:
        if colon:
            raise SettingError(f"data set {name!r} has no settings")
        found = locate(FETCHED[name].files[0])
        if found is None:
            raise DataError(f"data set {name!r} is not downloaded; run: cnn-sign fetch {name}")
        return _read_path(found, group)
    path = Path(spec)
    if not spec or (not exists(path) and path.name == spec and not path.suffix):
        hint = nearest(name, [*GENERATED, *FETCHED])
        raise DataError(f"no such file or data set: {printable(name)!r}; {hint}")
    return _read_path(path, group)


def _read_path(path: Path, group: str | None) -> Contents:
    if not exists(path):
        raise DataError(f"no such file or folder: {printable(path)}")
    if path.is_dir() and not hdf5_files(path):
        return Contents(read_folder(path, size=SIZE, group=group), None)
    if group is not None:
        raise SettingError(f"--group needs a folder of photos, not {printable(path)}")
    if path.is_dir():
        return read_hdf5_folder(path, size=SIZE)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{printable(path)} is neither a folder nor an .h5 file")
    return read_hdf5(path, size=SIZE)


def _evaluation_part(spec: str, rng: np.random.Generator) -> Part:
    return _evaluation_part_of(_read(spec, None, rng), spec)


def _evaluation_part_of(contents: Contents, spec: str) -> Part:
    part = contents.test or contents.train
    if part is None:
        raise DataError(f"{printable(spec)} has no photos")
    return part


def _with_classes(part: Part, classes: tuple[str, ...], owner: str) -> Dataset:
    y = match_classes(part.y, part.names, classes, source=part.source, owner=owner)
    return Dataset(part.source, part.x, y, classes, part.groups)


def _split(
    dataset: Dataset, kept: npt.NDArray[np.intp], held_out: npt.NDArray[np.intp], origin: str
) -> Splits:
    train = dataset.subset(kept, dataset.name)
    return Splits(train, dataset.subset(held_out, f"{dataset.name}, held out"), origin)
