"""Data sets by name or path: what `--data` and `--test` accept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deep_nn.datasets.dataset import Dataset, Examples, describe_shape
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
    description="64x64 RGB photos, cat or non-cat: 209 for training, 50 for testing",
    origin="nabeelshan78/deep-nn-from-scratch",
    licence="course data; no license stated",
)
REMOTE = {CATS.name: CATS}
"""Data sets to download, each a training file and a test file."""


@dataclass(frozen=True, eq=False)
class Splits:
    """A training and a validation set with the same classes and shape of example.

    origin  of the validation set, in words
    """

    train: Dataset
    validation: Dataset
    origin: str


def list_datasets() -> list[Entry]:
    """All named data sets, generated ones first."""
    return list_sets(GENERATED, REMOTE)


def load(
    spec: str, *, test: Path | None = None, validation: float = 0.2, rng: np.random.Generator
) -> Splits:
    """The training and validation sets of a data set.

    spec        "moons", "moons:points=300,noise=0.1", "cats", or a path (see `files.read`)
    test        a file to validate on: its test set, if it has one
    validation  fraction of each class to split off if there is no test set
    rng         for generated points and for the split
    The validation set is, in this order: `test`, the data set's own test set, a split.
    Its labels are matched to the training classes as in `load_for_evaluation`.

    Raises DataError for data that is missing or unusable, ShapeError if training and test
    examples differ in shape, SettingError for settings out of range; each names the file.
    """
    name, generated = _generate(spec, rng)
    contents = Contents(None, None) if generated is not None else _contents(name)
    train = generated if generated is not None else _training_set(contents, name)
    if test is not None:
        part = _test_part(read(test), printable(test))
    elif contents.test is not None:
        part = contents.test
    else:
        kept, held_out = _split(train, validation, rng)
        return Splits(kept, held_out, f"{validation:g} of each class held out")
    matched = _matched(part, train.classes, "training data")
    if matched.example_shape != train.example_shape:
        raise ShapeError(
            f"{train.name} has {describe_shape(train.example_shape)},"
            f" but {matched.name} has {describe_shape(matched.example_shape)}"
        )
    return Splits(train, matched, matched.name)


def load_for_evaluation(
    spec: str, classes: tuple[str, ...], *, rng: np.random.Generator
) -> tuple[Dataset, str]:
    """The examples to evaluate a model on, labeled with its classes, and their source.

    spec     as for `load`; the test set, if there is one
    classes  the model's; the data may lack some
    Class names are matched by name. Numeric labels are matched by name if any class of the
    model is a number, otherwise they are indices into its classes.
    Raises DataError for data that is missing or unusable, or has a class that the model lacks.
    """
    name, generated = _generate(spec, rng)
    if generated is not None:
        part = Part(generated.name, generated.x, generated.y, generated.classes)
    else:
        part = _test_part(_contents(name), printable(name))
    return _matched(part, classes, "model"), part.source


def read_for_prediction(path: Path, shape: Shape) -> Examples:
    """Examples (N, ...) without labels: one image, or the rows of a CSV file.

    shape  of one training example: (H, W, C) or (D,)
    Raises DataError for a file that is unreadable or does not fit the shape.
    """
    if len(shape) == 1:
        if path.is_file() and path.suffix.lower() != ".csv":
            raise DataError(
                f"the model was trained on {describe_shape(shape)};"
                f" {printable(path)} is not a .csv file"
            )
        return read_rows(path, shape[0])
    return read_image(path, shape)


def _generate(spec: str, rng: np.random.Generator) -> tuple[str, Dataset | None]:
    """The name or path in a spec, and the data set if it is a generated one."""
    name, colon, _ = spec.strip().partition(":")
    if name in GENERATED:
        return name, parse(spec, GENERATED, "data set")(rng=rng)
    if name in REMOTE and colon:
        raise SettingError(f"data set {name!r} has no settings")
    return (name if name in REMOTE else spec), None


def _contents(name: str) -> Contents:
    """Of a downloaded data set or of a file."""
    if name in REMOTE:
        return _fetched(REMOTE[name])
    path = Path(name)
    word = name.partition(":")[0]
    if not name or (not exists(path) and path.name == name and not Path(word).suffix):
        hint = nearest(word, [*GENERATED, *REMOTE])
        raise DataError(f"no such file or data set: {word!r}; {hint}")
    return read(path)


def _fetched(remote: RemoteDataset) -> Contents:
    train, test = (locate(file) for file in remote.files)
    if train is None or test is None:
        raise DataError(
            f"data set {remote.name!r} is not downloaded yet; run: deep-nn fetch {remote.name}"
        )
    return Contents(read(train).train, _test_part(read(test), printable(test)))


def _test_part(contents: Contents, name: str) -> Part:
    part = contents.test or contents.train
    if part is None:
        raise DataError(f"{name} has no examples to evaluate on")
    return part


def _training_set(contents: Contents, name: str) -> Dataset:
    part = contents.train
    if part is None:
        raise DataError(f"{printable(name)} has a test set only, no training set")
    classes = check_for_training(part.y, part.names, part.source)
    return Dataset(part.source, part.x, part.y, classes)


def _split(dataset: Dataset, fraction: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    try:
        kept, held_out = stratified_split(dataset.y, fraction, rng=rng)
    except DataError as error:
        raise DataError(f"{dataset.name}: {error}") from None
    return (
        dataset.subset(kept, dataset.name),
        dataset.subset(held_out, f"{dataset.name}, held out"),
    )


def _matched(part: Part, classes: tuple[str, ...], owner: str) -> Dataset:
    """A part with its labels matched to `classes`, those of the `owner`."""
    y = match_classes(part.y, part.names, classes, source=part.source, owner=owner)
    return Dataset(part.source, part.x, y, classes)
