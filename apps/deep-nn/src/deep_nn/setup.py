"""Set up a training run: data, network and trainer from settings and their seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from deep_nn.datasets import RawExamples
from deep_nn.datasets.catalog import catalog_for
from deep_nn.datasets.columns import Columns
from deep_nn.datasets.files import TABLES
from deep_nn.datasets.preprocessing import Preprocessing, fit
from deep_nn.model import Model, build_layers, loss_for, output_units
from deep_nn.settings import NetworkSettings
from nn_core.arrays import Array, Labels
from nn_core.cli.class_weight import weights_by_class
from nn_core.cli.dataset import Dataset, Splits, require_same_data
from nn_core.errors import DataError
from nn_core.network import Network
from nn_core.registry import require

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer


@dataclass(frozen=True)
class Setup:
    """A training run, not yet started, and its components."""

    settings: NetworkSettings
    trainer: Trainer
    splits: Splits[RawExamples]
    preprocessing: Preprocessing

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
        """The network by its units, "2-16-16-1 network"."""
        network = self.trainer.network
        units = (*network.input_shape, *self.settings.units(), *network.output_shape)
        return f"{'-'.join(map(str, units))} network"

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
        }

    def result(self) -> dict[str, Any]:
        """Loss and accuracy on the training and the validation set, and the cost of the run."""
        from nn_core.cli.train_report import training_result

        return training_result(self.trainer, data=self.source, classes=self.splits.train.classes)

    def report(self, result: Mapping[str, Any]) -> str:
        """The result as text."""
        from nn_core.cli.train_report import training_report

        return training_report(dict(result), network=self.network, origin=self.splits.origin)


def set_up(settings: NetworkSettings, threads: int | None = None) -> Setup:
    """Data, network and trainer of a run; data and network have separate random generators.

    threads  number of threads; None for the number of cores, at most 4
    Raises DataError, ShapeError or SettingError for invalid settings or data.
    """
    _, weights_rng, _ = random_generators(settings.seed)
    splits = load_splits(settings)
    preprocessing = fit(splits.train, categories_of(splits.train))
    classes = splits.train.classes

    def rows(dataset: Dataset[RawExamples]) -> tuple[Array, Labels]:
        return preprocessing.apply(dataset.x, settings.dtype, dataset.name), dataset.y

    x, y = rows(splits.train)
    network = Network(
        build_layers(settings, output_units(classes)), input_shape=x.shape[1:], rng=weights_rng, dtype=settings.dtype
    )
    from nn_core.cli.train_run import backend_for
    from nn_core.training.trainer import Trainer

    trainer = Trainer(
        backend_for(network, settings, threads),
        x,
        y,
        settings.recipe(loss_for(classes)),
        epochs=settings.epochs,
        seed=settings.seed,
        validation=rows(splits.validation),
        measure_training=True,
        weights=weights_by_class(settings.class_weight, splits.train.y, classes),
    )
    return Setup(settings, trainer, splits, preprocessing)


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


def load_splits(settings: NetworkSettings) -> Splits[RawExamples]:
    """The training and validation sets; the same for the same settings."""
    options = settings.table_options
    unused = [name for name in ("target", "drop", "columns") if getattr(options, name) is not None]
    unused += ["missing"] * (options.missing != "error") + ["merge-case"] * options.merge_case
    suffix = PurePath(settings.data).suffix.lower()
    require(not unused or suffix in TABLES, f"--{''.join(unused[:1])} is for tables in text, not for {settings.data}")
    return catalog_for(options).load(
        settings.data, test=settings.test, validation=settings.validation, rng=random_generators(settings.seed)[0]
    )


def splits_of(model: Model) -> Splits[RawExamples]:
    """The training and validation sets that a model was trained with.

    Raises DataError if they are missing or have changed.
    """
    try:
        splits = load_splits(model.settings)
    except DataError as error:
        raise DataError(f"cannot load the training data: {error}; give --data instead") from None
    require_same_data(splits.train.name, splits.fingerprint, model.fingerprint)
    return splits


def evaluation_data(model: Model, data: str | None) -> Dataset[RawExamples]:
    """The data set to evaluate a model on: `data`, or the model's validation set if None."""
    if data is None:
        return splits_of(model).validation
    rng = random_generators(model.settings.seed)[2]
    return catalog_for(model.settings.table_options, model.table).load_for_evaluation(data, model.classes, rng=rng)
