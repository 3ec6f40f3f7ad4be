"""Photos by name or path: what `--data` and `--test` accept, ready to train or evaluate on."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.dataset import SIZE, Dataset
from cnn_sign_digits.folders import PHOTOS, read_folder
from cnn_sign_digits.hdf5 import SUFFIXES, hdf5_files, read_hdf5, read_pair
from cnn_sign_digits.parts import Contents, Part
from nn_core.batches.splits import group_folds, group_split, stratified_split
from nn_core.cli.catalog import Entry, list_sets
from nn_core.cli.download import RemoteArchive, RemoteDataset, RemoteFile, locate
from nn_core.cli.labels import check_for_training, match_classes
from nn_core.errors import DataError, SettingError
from nn_core.registry import nearest, parse, require
from nn_core.storage.files import exists, printable

DIGITS = RemoteDataset(
    name="digits",
    files=(
        RemoteArchive(
            name="sign-language-digits",
            url="https://github.com/ardamavi/Sign-Language-Digits-Dataset/archive/"
            "4b09433ef9d5c60602e8805bb54b8aa2428527f8.zip",
            inside="Dataset",
            sha256="dfbee581094004f6bb7a246660392f6b3c1db9f49e779e75cde4076e1a17a773",
        ),
    ),
    description="2,062 photos of hand signs of the digits 0 to 9, by some 210 people",
    origin="ardamavi/Sign-Language-Digits-Dataset (arXiv:2011.08927)",
    licence="Apache-2.0",
)
SIGNS = RemoteDataset(
    name="signs",
    files=(
        RemoteFile(
            "test_signs.h5",
            "https://raw.githubusercontent.com/nabeelshan78/cnn-from-scratch-sign-digits/"
            "cf44d0e35387b5803aa2781527ecb1669d19b554/datasets/test_signs.h5",
            "539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be",
        ),
    ),
    description="120 photos of hand signs of the digits 0 to 5, 64x64, to test on",
    origin="nabeelshan78/cnn-from-scratch-sign-digits",
    licence="course data; no licence is stated",
)
FETCHED = {remote.name: remote for remote in (DIGITS, SIGNS)}
"""Sets that are fetched by name, each of one file or folder."""


@dataclass(frozen=True, eq=False)
class Splits:
    """What to train on and what to judge by, with the same classes.

    origin  in words, where the validation part comes from
    alone   what there was to train on before more was added to it; None if nothing was
    """

    train: Dataset
    validation: Dataset
    origin: str
    alone: Dataset | None = None


def synthetic(count: int = 5000, variety: float = 0.15, *, rng: np.random.Generator) -> Dataset:
    """Hands of all ten digits, drawn: a new one for each photo.

    variety  how much hands, views, walls and cameras differ: 0 not at all, 1 as in life
    Raises SettingError for numbers out of range.
    """
    from cnn_sign_digits import rendering

    require(count >= 10, f"synthetic: count must be at least 10, one for each digit, not {count}")
    require(0 <= variety <= 1, f"synthetic: variety must be 0 to 1, not {variety}")
    x, y = rendering.dataset(count, rng=rng, size=SIZE, variety=variety)
    return Dataset("synthetic", x, y, tuple(map(str, range(10))))


MADE: Mapping[str, Callable[..., Dataset]] = {"synthetic": synthetic}


def require_outside(outputs: Mapping[str, Path | None], **inputs: str | None) -> None:
    """Raise SettingError for an output that would count among the photos of an input folder.

    outputs, inputs  by the name of their options
    """
    for source, spec in inputs.items():
        if spec is None or not Path(spec).is_dir():
            continue
        folder = Path(spec).resolve()
        for name, path in outputs.items():
            if path is None or not path.resolve().is_relative_to(folder):
                continue
            inside = path.resolve().relative_to(folder)
            suffix = inside.suffix.lower()
            deep = len(inside.parts) > 1
            if (deep and suffix in PHOTOS) or (not deep and suffix in SUFFIXES):
                raise SettingError(
                    f"{name} would be taken for data: {printable(path)} is in {source}"
                )


def catalogue() -> list[Entry]:
    """All data sets that have a name, those made here first."""
    return list_sets(MADE, FETCHED)


def load(
    spec: str,
    *,
    test: str | None = None,
    validation: float = 0.2,
    group: str | None = None,
    rng: np.random.Generator,
) -> Splits:
    """The training and validation parts of a data set.

    spec        "synthetic", "synthetic:count=5000,variety=1", "digits", or a path: a folder
                of class folders, an .h5 file, or a folder with .h5 files
    test        what to judge by, named in the same way; of a set with a test part only that
                part is used
    validation  the fraction to hold back if there is no test part: of people if they are
                known, and of photos if not, each class giving its share
    group       who is on the photos of a folder (see `people.people`)
    rng         draws the hands and chooses what is held back; nothing else
    The validation part is, in this order: `test`, the set's own test part, the fraction.
    Its labels are matched to the training classes as in `load_for_evaluation`.

    Raises DataError or ShapeError if the set cannot be had or used, SettingError for settings
    out of range; each names the file.
    """
    contents, train = _for_training(spec, group, rng)
    part = contents.test if test is None else _to_judge_by(test, rng)
    if part is not None:
        judged = _onto(part, train.classes, "training data")
        return Splits(train, judged, judged.name)
    try:
        if train.groups is None:
            kept, held_back = stratified_split(train.y, validation, rng=rng)
            origin = f"{validation:g} of each class held back"
        else:
            kept, held_back = group_split(train.groups, validation, rng=rng, labels=train.y)
            origin = f"{_count(train, held_back)} of {_count(train)} people held back"
    except DataError as error:
        raise DataError(f"{train.name}: {error}") from None
    return Splits(*_parts(train, kept, held_back), origin)


def load_fold(
    spec: str, fold: str, *, group: str | None = None, rng: np.random.Generator
) -> Splits:
    """One of the ways to divide a data set, in all of which each photo is held back once.

    fold  "2/5": the second of five
    People stay together where they are known. The set's own test part is not used.
    Raises as `load` does.
    """
    number, folds = parse_fold(fold)
    _, train = _for_training(spec, group, rng)
    groups = np.arange(len(train)) if train.groups is None else train.groups
    try:
        kept, held_back = group_folds(groups, folds, rng=rng, labels=train.y)[number - 1]
    except DataError as error:
        raise DataError(f"{train.name}: {error}") from None
    return Splits(*_parts(train, kept, held_back), f"fold {number} of {folds} held back")


def parse_fold(text: str) -> tuple[int, int]:
    """Which of how many, of a text such as "2/5". Raises SettingError for any other."""
    stated = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    number, folds = (int(stated[1]), int(stated[2])) if stated else (0, 0)
    require(1 <= number <= folds >= 2, f"a fold is K/N, as in 2/5 for the second of five: {text!r}")
    return number, folds


def load_more(spec: str, *, rng: np.random.Generator) -> Part:
    """All photos of a data set to train on, whatever their classes.

    spec  as for `load`; of a set with a training part that part is used
    Raises DataError if the set cannot be had or used.
    """
    name, made = _make(spec, rng)
    if made is not None:
        return Part(made.name, made.x, made.y, made.classes)
    contents = _contents(name, None)
    return contents.train or _judging_part(contents, printable(name))


def load_for_evaluation(
    spec: str, classes: tuple[str, ...], *, rng: np.random.Generator
) -> Dataset:
    """All photos to judge a model by, labelled with its classes.

    spec     as for `load`; of a set with a test part only that part is used
    classes  the model's; the data may lack some
    Labels with names are matched by name. Labels that are mere numbers count as names if any
    of the model's classes is a number too, and otherwise as positions among the classes.
    Raises DataError if the set cannot be had or used, or for a class that the model does not
    know.
    """
    return _onto(_to_judge_by(spec, rng), classes, "model")


def _for_training(
    spec: str, group: str | None, rng: np.random.Generator
) -> tuple[Contents, Dataset]:
    made_here = spec.strip().partition(":")[0]
    if group is not None and made_here in MADE:
        raise SettingError(f"--group is for folders of photos; {made_here} has nobody in it")
    name, made = _make(spec, rng)
    if made is not None:
        return Contents(None, None), made
    contents = _contents(name, group)
    part = contents.train
    if part is None:
        raise DataError(f"{printable(name)} has a test part only; there is nothing to train on")
    classes = check_for_training(part.y, part.names, part.source)
    return contents, Dataset(part.source, part.x, part.y, classes, part.groups)


def _make(spec: str, rng: np.random.Generator) -> tuple[str, Dataset | None]:
    """The name or path in a spec, and the set if it is one that is made here."""
    name, colon, _ = spec.strip().partition(":")
    if name in MADE:
        return name, parse(spec, MADE, "data set")(rng=rng)
    if name in FETCHED and colon:
        raise SettingError(f"data set {name!r} has no settings")
    return (name if name in FETCHED else spec), None


def _contents(name: str, group: str | None) -> Contents:
    """Of a fetched set, a folder or a file."""
    if name in FETCHED:
        remote = FETCHED[name]
        path = locate(remote.files[0])
        if path is None:
            raise DataError(
                f"data set {name!r} is not here yet; fetch it with: cnn-sign fetch {name}"
            )
        return _read(path, group)
    path = Path(name)
    word = name.partition(":")[0]
    if not name or (not exists(path) and path.name == name and not path.suffix):
        hint = nearest(word, [*MADE, *FETCHED])
        raise DataError(f"no such file or data set: {printable(word)!r}; {hint}")
    return _read(path, group)


def _read(path: Path, group: str | None) -> Contents:
    if not exists(path):
        raise DataError(f"no such file or folder: {printable(path)}")
    if path.is_dir() and not hdf5_files(path):
        return Contents(read_folder(path, size=SIZE, group=group), None)
    if group is not None:
        raise SettingError(f"--group is for folders of photos; {printable(path)} is none")
    if path.is_dir():
        return read_pair(path, size=SIZE)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"{printable(path)} is neither a folder nor an .h5 file (its suffix is"
            f" {printable(path.suffix) or 'none'})"
        )
    return read_hdf5(path, size=SIZE)


def _to_judge_by(spec: str, rng: np.random.Generator) -> Part:
    name, made = _make(spec, rng)
    if made is not None:
        return Part(made.name, made.x, made.y, made.classes)
    return _judging_part(_contents(name, None), printable(name))


def _judging_part(contents: Contents, name: str) -> Part:
    part = contents.test or contents.train
    if part is None:
        raise DataError(f"{name} has no photos to judge by")
    return part


def _onto(part: Part, classes: tuple[str, ...], owner: str) -> Dataset:
    y = match_classes(part.y, part.names, classes, source=part.source, owner=owner)
    return Dataset(part.source, part.x, y, classes, part.groups)


def _parts(
    train: Dataset, kept: npt.NDArray[np.intp], held_back: npt.NDArray[np.intp]
) -> tuple[Dataset, Dataset]:
    return (
        train.subset(kept, train.name),
        train.subset(held_back, f"{train.name}, held back"),
    )


def _count(dataset: Dataset, rows: npt.NDArray[np.intp] | None = None) -> int:
    groups = dataset.groups if dataset.groups is not None else np.zeros(0)
    return len(np.unique(groups if rows is None else groups[rows]))
