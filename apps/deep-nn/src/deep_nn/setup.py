"""The setup of a training run: data, network and trainer from the settings and their seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deep_nn.datasets.dataset import Dataset, fingerprint
from deep_nn.datasets.preprocessing import Preprocessing, fit
from deep_nn.datasets.registry import Splits, load, load_for_evaluation
from deep_nn.model import Model, build_layers, loss_for, output_units
from deep_nn.settings import NetworkSettings
from nn_core import checkpoint
from nn_core.arrays import Array, Labels
from nn_core.errors import CheckpointError, DataError
from nn_core.network import Network
from nn_core.training.trainer import Trainer


@dataclass(frozen=True)
class Setup:
    """A run that has not started, and the data it was built from."""

    trainer: Trainer
    splits: Splits
    preprocessing: Preprocessing

    def details(self, settings: NetworkSettings) -> dict[str, Any]:
        """What a checkpoint holds beside the network."""
        return {
            "settings": settings.to_dict(),
            "classes": self.splits.train.classes,
            "preprocessing": self.preprocessing.to_dict(),
            "fingerprint": fingerprint(self.splits.train),
        }

    def run_to_resume(self, model: Model) -> checkpoint.Run:
        """The run of a checkpoint. Raises CheckpointError or DataError if it cannot be resumed."""
        if model.run is None:
            raise CheckpointError("the checkpoint has no training run to resume")
        require_same_data(model, self.splits)
        return model.run


def set_up(settings: NetworkSettings) -> Setup:
    """Data, network and trainer of a run, each with its own random generator.

    Raises DataError, ShapeError or SettingError for settings that cannot be trained.
    """
    _, weights_rng, training_rng, _ = random_generators(settings.seed)
    splits = load_splits(settings)
    preprocessing = fit(splits.train)
    classes = splits.train.classes

    def rows(dataset: Dataset) -> tuple[Array, Labels]:
        return preprocessing.apply(dataset.x, settings.dtype, dataset.name), dataset.y

    x, y = rows(splits.train)
    network = Network(
        build_layers(settings, output_units(classes)),
        input_shape=x.shape[1:],
        rng=weights_rng,
        dtype=settings.dtype,
    )
    trainer = Trainer(
        network,
        x,
        y,
        settings.recipe(loss_for(classes)),
        epochs=settings.epochs,
        rng=training_rng,
        validation=rows(splits.validation),
        measure_training=True,
    )
    return Setup(trainer, splits, preprocessing)


def build_trainer(settings: NetworkSettings) -> Trainer:
    """The trainer of a run, for comparisons."""
    return set_up(settings).trainer


def random_generators(seed: int) -> list[np.random.Generator]:
    """Independent generators: data and split, initial weights, training, evaluation points."""
    return np.random.default_rng(seed).spawn(4)


def load_splits(settings: NetworkSettings) -> Splits:
    """The training and validation sets; the same for the same settings."""
    return load(
        settings.data,
        test=None if settings.test is None else Path(settings.test),
        validation=settings.validation,
        rng=random_generators(settings.seed)[0],
    )


def splits_of(model: Model) -> Splits:
    """The training and validation sets of a model.

    Raises DataError if they are missing or have changed.
    """
    try:
        splits = load_splits(model.settings)
    except DataError as error:
        raise DataError(f"cannot load the training data: {error}; give --data instead") from None
    require_same_data(model, splits)
    return splits


def evaluation_data(model: Model, data: str | None) -> tuple[Dataset, str]:
    """What to evaluate a model on, and where it comes from: `data`, or the validation set."""
    if data is not None:
        rng = random_generators(model.settings.seed)[3]
        return load_for_evaluation(data, model.classes, rng=rng)
    validation = splits_of(model).validation
    return validation, validation.name


def require_same_data(model: Model, splits: Splits) -> None:
    """Raise DataError unless the training set is that of the model."""
    if fingerprint(splits.train) != model.fingerprint:
        raise DataError(f"{splits.train.name} is not the data that the model was trained on")
