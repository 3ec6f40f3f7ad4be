"""Set up a training run: data, network and trainer from settings and their seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.datasets.catalog import catalog_for
from deep_nn.datasets.columns import Columns
from deep_nn.datasets.files import TABLES
from deep_nn.datasets.preprocessing import Preprocessing, fit
from deep_nn.model import PROGRAM, Model, build_layers, loss_for, output_units
from deep_nn.regression import metrics_in_units, regression_report, regression_result
from deep_nn.settings import NetworkSettings
from deep_nn.target_scale import TargetScale, fit_target
from nn_core.arrays import Array
from nn_core.checkpoint.format import VERSION, Checkpoint
from nn_core.cli.class_weight import weights_by_class
from nn_core.cli.dataset import Dataset, Splits, require_same_data
from nn_core.cli.standard_input import is_standard, require_stored
from nn_core.errors import DataError
from nn_core.network import Network
from nn_core.registry import require
from nn_core.storage.files import is_folder

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer


@dataclass(frozen=True)
class Setup:
    """A training run, not yet started, and its components."""

    settings: NetworkSettings
    trainer: Trainer
    splits: Splits[RawExamples]
    preprocessing: Preprocessing
    target: TargetScale | None = None

    @property
    def columns(self) -> Columns | None:
        """The columns of the training table; None for other data."""
        schema = self.splits.train.schema
        return schema if isinstance(schema, Columns) else None

    @property
    def source(self) -> str:
        """The name of the training data."""
        return self.splits.train.name

    @property
    def network(self) -> str:
        """The network by its units, and what it predicts, if known: "2-16-16-1 network for column 'price'"."""
        network = self.trainer.network
        units = (*network.input_shape, *self.settings.units(), *network.output_shape)
        words = f"{'-'.join(map(str, units))} network"
        return words if self.columns is None else f"{words} for {self.columns.title}"

    @property
    def fingerprint(self) -> str:
        """Identifies the training data."""
        return self.splits.fingerprint

    def details(self) -> dict[str, Any]:
        """What a checkpoint stores besides the network."""
        return {
            "settings": self.settings.to_dict(),
            "classes": self.splits.train.classes,
            "preprocessing": self.preprocessing.to_dict(),
            "fingerprint": self.fingerprint,
            "columns": None if self.columns is None else self.columns.to_dict(),
            **({} if self.target is None else {"target": self.target.to_dict()}),
        }

    def model(self) -> Model:
        """The network as it is, with what prepares its inputs."""
        return Model(
            Checkpoint(self.trainer.network, PROGRAM, self.details(), None, VERSION),
            self.splits.train.classes,
            self.preprocessing,
            self.settings,
            self.fingerprint,
            self.target,
            self.columns,
        )

    def result(self) -> dict[str, Any]:
        """Loss and metrics on the training and the validation set, and the cost of the run."""
        from nn_core.cli.train_report import training_result

        if self.target is not None:
            return regression_result(self.trainer, self.target, data=self.source)
        return training_result(self.trainer, data=self.source, classes=self.splits.train.classes)

    def scores(self, result: Mapping[str, Any]) -> dict[str, float]:
        """The metrics on the validation set."""
        from nn_core.cli.train_report import validation_scores

        return validation_scores(result)

    def report(self, result: Mapping[str, Any]) -> str:
        """The result as text."""
        from nn_core.cli.train_report import training_report

        if self.target is not None:
            return regression_report(result, network=self.network, origin=self.splits.origin)
        return training_report(dict(result), network=self.network, origin=self.splits.origin)


def set_up(
    settings: NetworkSettings, threads: int | None = None, start: Model | None = None, resumed: Model | None = None
) -> Setup:
    """Data, network and trainer of a run; data and network have separate random generators.

    threads  number of threads; None for the number of cores, at most 4
    start    the model whose weights the network starts from, with its classes and preprocessing
    resumed  the model of the run to resume, with its classes and preprocessing
    Raises DataError, ShapeError or SettingError for invalid settings or data.
    """
    _, weights_rng, _ = random_generators(settings.seed)
    known = start or resumed
    splits = load_splits(settings, known)
    preprocessing = fit(splits.train, categories_of(splits.train)) if known is None else known.preprocessing
    classes = splits.train.classes
    require(settings.task != "regress" or not classes, f"--task regress: {splits.train.name} has classes, not numbers")
    target = None
    if not classes:
        target = fit_target(splits.train) if known is None else known.target

    def rows(dataset: Dataset[RawExamples]) -> tuple[Array, npt.NDArray[Any]]:
        y = dataset.y if target is None else target.standardize(dataset.y, dataset.name)
        return preprocessing.apply(dataset.x, settings.dtype, dataset.name), y

    x, y = rows(splits.train)
    network = Network(
        build_layers(settings, output_units(classes)), input_shape=x.shape[1:], rng=weights_rng, dtype=settings.dtype
    )
    from nn_core.cli.train_run import backend_for, start_from
    from nn_core.training.trainer import Trainer

    if start is not None:
        start_from(network, start.network)
    trainer = Trainer(
        backend_for(network, settings, threads),
        x,
        y,
        settings.recipe(loss_for(classes)),
        epochs=settings.epochs,
        seed=settings.seed,
        validation=None if splits.validation is None else rows(splits.validation),
        measure_training=True,
        metrics=None if target is None else metrics_in_units(target),
        weights=weights_by_class(settings.class_weight, splits.train.y, classes),
    )
    return Setup(settings, trainer, splits, preprocessing, target)


def categories_of(dataset: Dataset[RawExamples]) -> list[bool]:
    """Which columns are codes of categories; empty if nothing is known of them."""
    schema = dataset.schema
    return [feature.kind == "category" for feature in schema.features] if isinstance(schema, Columns) else []


def build_trainer(settings: NetworkSettings) -> Trainer:
    """A single-threaded trainer, for comparisons."""
    return set_up(settings, threads=1).trainer


def random_generators(seed: int) -> list[np.random.Generator]:
    """Independent generators: data and split, initial weights, evaluation points."""
    return np.random.default_rng(seed).spawn(3)


def load_splits(settings: NetworkSettings, model: Model | None = None) -> Splits[RawExamples]:
    """The training and validation sets; the same for the same settings.

    model  the model whose classes and columns are to be read; None for those of the data
    Raises SettingError for options of tables with other data.
    """
    options, data = settings.table_options, PurePath(settings.data)
    given = options.names_given
    is_table = is_standard(settings.data) or data.suffix.lower() in TABLES or is_folder(Path(settings.data))
    require(not given or is_table, f"{', '.join(given)}: only for tables, such as .csv, not for {settings.data}")
    return catalog_for(options, None if model is None else model.table).load(
        settings.data,
        test=settings.test,
        validation=settings.validation,
        fold=settings.fold,
        classes=None if model is None else model.classes,
        rng=random_generators(settings.split_seed)[0],
    )


def splits_of(model: Model) -> Splits[RawExamples]:
    """The training and validation sets that a model was trained with.

    Raises DataError if they are missing or have changed.
    """
    settings = model.settings if model.target is None else replace(model.settings, task="regress")
    require_stored(settings.data, settings.test)
    try:
        splits = load_splits(settings, model)
    except DataError as error:
        raise DataError(f"cannot load the training data: {error}; give --data instead") from None
    require_same_data(splits.train.name, splits.fingerprint, model.fingerprint)
    return splits


def evaluation_data(model: Model, data: str | None) -> Dataset[RawExamples]:
    """The data set to evaluate a model on: `data`, or the model's validation set if None."""
    if data is None:
        return splits_of(model).held_out
    rng = random_generators(model.settings.seed)[2]
    return catalog_for(model.settings.table_options, model.table).load_for_evaluation(data, model.classes, rng=rng)
