"""Data by name or path: what `--data` and `--test` accept, ready to train or evaluate on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deep_nn.datasets.dataset import Dataset, Examples, say_shape
from deep_nn.datasets.files import Contents, Part, read
from deep_nn.datasets.generated import GENERATED
from deep_nn.datasets.tables import read_rows
from nn_core.arrays import Shape
from nn_core.batches.splits import stratified_split
from nn_core.cli.catalog import Entry, list_sets
from nn_core.cli.download import RemoteDataset, RemoteFile, locate
from nn_core.cli.images import read_image
from nn_core.cli.labels import check_for_training, match_classes
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.registry import nearest, parse
from nn_core.storage.files import exists, printable

_CATS = (
    "https://raw.githubusercontent.com/nabeelshan78/deep-nn-from-scratch/"
    "80b8a1d04e7f390765f5fbe792381c52deffe457/datasets"
)
CATS = RemoteDataset(
    name="cats",
    files=(
        RemoteFile(
            "train_catvnoncat.h5",
            f"{_CATS}/train_catvnoncat.h5",
            "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
        ),
        RemoteFile(
            "test_catvnoncat.h5",
            f"{_CATS}/test_catvnoncat.h5",
            "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951",
        ),
    ),
    description="Photos of cats and of other things, 64x64 RGB: 209 to train on, 50 to test",
    origin="nabeelshan78/deep-nn-from-scratch",
    licence="course data; no licence is stated",
)
FETCHED = {CATS.name: CATS}
"""Sets that are fetched by name; each has a training file, then a test file."""


@dataclass(frozen=True, eq=False)
class Splits:
    """What to train on and what to judge by, with the same classes and shape of example.

    origin  in words, where the validation part comes from
    """

    train: Dataset
    validation: Dataset
    origin: str


def catalogue() -> list[Entry]:
    """All data sets that have a name, those made here first."""
    return list_sets(GENERATED, FETCHED)


def load(
    spec: str, *, test: Path | None = None, validation: float = 0.2, rng: np.random.Generator
) -> Splits:
    """The training and validation parts of a data set.

    spec        "moons", "moons:points=300,noise=0.1", "cats", or a path (see `files.read`)
    test        a file to judge by; of one that has a test part only that part is used
    validation  the fraction of each class to hold back if there is no test part
    rng         draws generated points and chooses what is held back; nothing else
    The validation part is, in this order: `test`, the set's own test part, the fraction.
    Its labels are matched to the training classes as in `load_for_evaluation`.

    Raises DataError if the set cannot be had or used, ShapeError if the parts do not fit each
    other, SettingError for settings out of range; each names the file.
    """
    name, made = _generate(spec, rng)
    contents = Contents(None, None) if made is not None else _contents(name)
    train = made if made is not None else _for_training(contents, name)
    if test is not None:
        part = _judging_part(read(test), printable(test))
    elif contents.test is not None:
        part = contents.test
    else:
        kept, held_back = _split(train, validation, rng)
        return Splits(kept, held_back, f"{validation:g} of each class held back")
    judged = _onto(part, train.classes, "training data")
    if judged.example_shape != train.example_shape:
        raise ShapeError(
            f"{train.name} has {say_shape(train.example_shape)},"
            f" but {judged.name} has {say_shape(judged.example_shape)}"
        )
    return Splits(train, judged, judged.name)


def load_for_evaluation(
    spec: str, classes: tuple[str, ...], *, rng: np.random.Generator
) -> tuple[Dataset, str]:
    """All examples to judge a model by, labelled with its classes, and where they come from.

    spec     as for `load`; of a set with a test part only that part is used
    classes  the model's; the data may lack some
    Labels with names are matched by name. Labels that are mere numbers count as names if any
    of the model's classes is a number too, and otherwise as positions among the classes.
    Raises DataError if the set cannot be had or used, or for a class that the model does not
    know.
    """
    name, made = _generate(spec, rng)
    if made is not None:
        part = Part(made.name, made.x, made.y, made.classes)
    else:
        part = _judging_part(_contents(name), printable(name))
    return _onto(part, classes, "model"), part.source


def read_for_prediction(path: Path, shape: Shape) -> Examples:
    """Examples (N, ...) without labels: a picture, or the rows of a CSV file.

    shape  of one example, as the model was trained on
    Raises DataError if the file cannot be used by such a model.
    """
    if len(shape) == 1:
        if path.is_file() and path.suffix.lower() != ".csv":
            raise DataError(
                f"the model was trained on {say_shape(shape)}; {printable(path)} is not a .csv file"
            )
        return read_rows(path, shape[0])
    return read_image(path, shape)


def _generate(spec: str, rng: np.random.Generator) -> tuple[str, Dataset | None]:
    """The name or path in a spec, and the set if it is one that is made here."""
    name, colon, _ = spec.strip().partition(":")
    if name in GENERATED:
        return name, parse(spec, GENERATED, "data set")(rng=rng)
    if name in FETCHED and colon:
        raise SettingError(f"data set {name!r} has no settings")
    return (name if name in FETCHED else spec), None


def _contents(name: str) -> Contents:
    """Of a fetched set or of a file."""
    if name in FETCHED:
        return _fetched(FETCHED[name])
    path = Path(name)
    word = name.partition(":")[0]
    if not name or (not exists(path) and path.name == name and not Path(word).suffix):
        hint = nearest(word, [*GENERATED, *FETCHED])
        raise DataError(f"no such file or data set: {word!r}; {hint}")
    return read(path)


def _fetched(remote: RemoteDataset) -> Contents:
    train, test = (locate(file) for file in remote.files)
    if train is None or test is None:
        raise DataError(
            f"data set {remote.name!r} is not here yet; fetch it with: deep-nn fetch {remote.name}"
        )
    return Contents(read(train).train, _judging_part(read(test), printable(test)))


def _judging_part(contents: Contents, name: str) -> Part:
    part = contents.test or contents.train
    if part is None:
        raise DataError(f"{name} has no examples to judge by")
    return part


def _for_training(contents: Contents, name: str) -> Dataset:
    part = contents.train
    if part is None:
        raise DataError(f"{printable(name)} has a test part only; there is nothing to train on")
    classes = check_for_training(part.y, part.names, part.source)
    return Dataset(part.source, part.x, part.y, classes)


def _split(dataset: Dataset, fraction: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    try:
        kept, held_back = stratified_split(dataset.y, fraction, rng=rng)
    except DataError as error:
        raise DataError(f"{dataset.name}: {error}") from None
    return (
        dataset.subset(kept, dataset.name),
        dataset.subset(held_back, f"{dataset.name}, held back"),
    )


def _onto(part: Part, classes: tuple[str, ...], owner: str) -> Dataset:
    """A part with its labels turned into positions in `classes`, which belong to `owner`."""
    y = match_classes(part.y, part.names, classes, source=part.source, owner=owner)
    return Dataset(part.source, part.x, y, classes)
