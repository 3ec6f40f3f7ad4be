"""Data sets by name or path: what `--data` and `--test` accept, and what `datasets` lists."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import numpy as np
import numpy.typing as npt

from nn_core.batches.splits import group_folds, group_split, random_split, stratified_split
from nn_core.cli.dataset import Contents, Dataset, Part, Splits, X, describe_shape
from nn_core.cli.download import RemoteDataset, locate
from nn_core.cli.folds import parse_fold
from nn_core.cli.param_types import STANDARD
from nn_core.cli.terminal import counted
from nn_core.errors import DataError, ShapeError, remark
from nn_core.registry import nearest, parse, require
from nn_core.storage.files import exists, first_few, printable


@dataclass(frozen=True)
class Entry:
    """A named data set: its spec with default settings, and a description."""

    name: str
    spec: str
    description: str
    is_here: bool


@dataclass(frozen=True)
class Catalog(Generic[X]):
    """The data sets of a program, by name or path.

    program    its name on the command line
    generated  name -> function of its settings and a keyword `rng` that generates the set
    remote     name -> data set to download: one file or folder, or a training and a test file
    read       reads a path; raises an NNError that names it
    """

    program: str
    generated: Mapping[str, Callable[..., Dataset[X]]]
    remote: Mapping[str, RemoteDataset]
    read: Callable[[Path], Contents[X]]

    @property
    def names(self) -> list[str]:
        """The names of all data sets."""
        return [*self.generated, *self.remote]

    def entries(self) -> list[Entry]:
        """All named data sets, generated ones first."""
        return list_sets(self.generated, self.remote)

    def contents(
        self, spec: str, *, rng: np.random.Generator, read: Callable[[Path], Contents[X]] | None = None
    ) -> Contents[X]:
        """The contents of a data set.

        spec  "moons", "moons:points=300,noise=0.1", "cats", a path, or "-" for standard input
        rng   used only for generated sets
        read  reader to use instead of the catalog's
        Raises DataError for data that is missing or unusable, SettingError for settings out of
        range; each names the data.
        """
        name, colon, _ = spec.strip().partition(":")
        if name in self.generated:
            made = parse(spec, self.generated, "data set")(rng=rng)
            return Contents(Part(made.name, made.x, made.y, made.classes or None, made.groups), None)
        if name in self.remote:
            require(not colon, f"data set {name!r} has no settings")
            return self._downloaded(self.remote[name], read or self.read)
        path = Path(spec)
        if not spec or (path != STANDARD and not exists(path) and path.name == spec and not Path(name).suffix):
            hint = nearest(name, [*self.generated, *self.remote])
            raise DataError(f"no such file or data set: {printable(name)!r}; {hint}")
        return (read or self.read)(path)

    def load(
        self,
        spec: str,
        *,
        test: str | None = None,
        validation: float = 0.2,
        fold: str | None = None,
        classes: tuple[str, ...] | None = None,
        rng: np.random.Generator,
        read: Callable[[Path], Contents[X]] | None = None,
    ) -> Splits[X]:
        """The training and the validation set of a run.

        spec        as for `contents`
        test        a data set to validate on: its test set, if it has one
        validation  fraction to hold out if there is no test set: of the groups if they are
                    known, otherwise of each class; 0 for none
        fold        "2/5": hold out the second of five parts, split by group if groups are
                    known; overrides `test` and `validation`
        classes     of the model that training starts from, which may have more than the data;
                    () for real-valued targets; None for those of the data
        rng         for generated examples and for the split
        read        reader of the training data, instead of the catalog's
        The validation set is the first that applies: the fold, `test`, the data set's own test
        set, a split. Its labels are matched to the training classes as in `load_for_evaluation`.

        Raises as `contents` does, and ShapeError if training and test examples differ in shape.
        """
        contents = self.contents(spec, rng=rng, read=read)
        if contents.train is None:
            raise DataError(f"{printable(spec)} has only a test set, no training set")
        train = contents.train.for_training() if classes is None else contents.train.matched(classes, "model")
        part = contents.test
        if test is not None:
            part = self.contents(test, rng=rng).for_evaluation(printable(test))
        if part is None or fold is not None:
            return _split(train, validation, fold, rng)
        matched = part.matched(train.classes, "training data")
        if matched.example_shape != train.example_shape:
            raise ShapeError(
                f"{train.name} has {describe_shape(train.example_shape)},"
                f" but {matched.name} has {describe_shape(matched.example_shape)}"
            )
        return Splits(train, matched, matched.name)

    def load_for_evaluation(
        self,
        spec: str,
        classes: tuple[str, ...],
        *,
        rng: np.random.Generator,
        read: Callable[[Path], Contents[X]] | None = None,
    ) -> Dataset[X]:
        """The examples to evaluate a model on, labeled with its classes.

        spec     as for `contents`; the test set, if there is one
        classes  the model's; the data may lack some
        read     reader to use instead of the catalog's
        Class names are matched by name. Numeric labels are matched by name if any class of the
        model is a number, otherwise they are indices into its classes.
        Raises as `contents` does, and DataError for a class that the model lacks.
        """
        contents = self.contents(spec, rng=rng, read=read)
        return contents.for_evaluation(printable(spec)).matched(classes, "model")

    def _downloaded(self, remote: RemoteDataset, read: Callable[[Path], Contents[X]]) -> Contents[X]:
        paths = [path for path in map(locate, remote.files) if path is not None]
        if len(paths) < len(remote.files):
            raise DataError(f"data set {remote.name!r} is not downloaded yet; run: {self.program} fetch {remote.name}")
        first, *rest = paths
        contents = read(first)
        for path in rest:
            contents = Contents(contents.train, read(path).for_evaluation(printable(path)))
        return contents


def list_sets(generated: Mapping[str, Callable[..., Any]], remote: Mapping[str, RemoteDataset]) -> list[Entry]:
    """Generated sets, with settings and descriptions from their functions, then remote ones."""
    entries = []
    for name, make in generated.items():
        parameters = inspect.signature(make).parameters.values()
        settings = [f"{p.name}={p.default}" for p in parameters if p.default is not p.empty]
        description = (inspect.getdoc(make) or "").partition("\n")[0]
        entries.append(Entry(name, f"{name}:{','.join(settings)}", description, True))
    for name, dataset in remote.items():
        is_here = all(locate(file) is not None for file in dataset.files)
        entries.append(Entry(name, name, dataset.description, is_here))
    return entries


def _split(train: Dataset[X], validation: float, fold: str | None, rng: np.random.Generator) -> Splits[X]:
    if fold is None and validation == 0:
        return Splits(train, None, "none")
    try:
        kept, held_out, origin = _held_out(train, validation, fold, rng)
    except DataError as error:
        raise DataError(f"{train.name}: {error}") from None
    if train.classes and train.groups is None:
        _remark_on_single_examples(train, held_out)
    return Splits(
        train.subset(kept, train.name), train.subset(held_out, f"{train.name}, held out"), f"{origin} held out"
    )


def _remark_on_single_examples(train: Dataset[X], held_out: npt.NDArray[np.intp]) -> None:
    """Remark on classes with a single example, which is either trained on or predicted."""
    counts = np.bincount(train.y, minlength=len(train.classes))
    single = np.flatnonzero(counts == 1)
    predicted = np.intersect1d(single, train.y[held_out])
    for found, where in (
        (np.setdiff1d(single, predicted), "in the training set only"),
        (predicted, "held out and not trained on"),
    ):
        if found.size:
            names = first_few([repr(printable(train.classes[c])) for c in found])
            remark(f"{train.name}: only one example of {names}, {where}")


def _held_out(
    train: Dataset[X], validation: float, fold: str | None, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], str]:
    """Training and validation indices, and a description of what is held out."""
    labels = train.y if train.classes else None
    if fold is not None:
        number, folds = parse_fold(fold)
        if train.groups is None and len(train) < folds:
            raise DataError(f"{counted(len(train), 'example')} cannot be divided into {folds} folds")
        groups = np.arange(len(train)) if train.groups is None else train.groups
        parts = group_folds(groups, folds, rng=rng, labels=labels)[number - 1]
        return *parts, f"fold {number} of {folds}"
    if train.groups is None and labels is None:
        parts = random_split(len(train), validation, rng=rng)
        return *parts, f"{validation:g} of the examples"
    if train.groups is None:
        parts = stratified_split(train.y, validation, rng=rng)
        return *parts, f"{validation:g} of each class"
    kept, held_out = group_split(train.groups, validation, rng=rng, labels=labels)
    count, total = len(np.unique(train.groups[held_out])), len(np.unique(train.groups))
    return kept, held_out, f"{count} of {total} subjects"
