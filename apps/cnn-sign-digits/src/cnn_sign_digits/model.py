"""The network between the photos and the answers: built from settings, kept in a checkpoint."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from cnn_sign_digits.data import SIZE, Splits, add_photos, load, load_fold
from cnn_sign_digits.dataset import Images, fingerprint
from cnn_sign_digits.presets import PRESETS
from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.augmentation import augmentation
from nn_core.errors import CheckpointError, DataError
from nn_core.lab.labels import class_names
from nn_core.lab.settings import Settings
from nn_core.layers import ACTIVATIONS, Layer
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import probabilities
from nn_core.network import Network
from nn_core.spec import parse
from nn_core.training import Trainer

PROGRAM = "cnn-sign"
SHIPPED = "accurate.h5"
"""The weights that come with the program."""
INPUT_SHAPE = (SIZE, SIZE, 3)


@dataclass(frozen=True, kw_only=True)
class PhotoSettings(Settings):
    """A run of cnn-sign.

    test       what to judge by; None: the set's own test part, a fold, or what is held back
    fold       "2/5": the second of five parts is held back
    group      who is on the photos of a folder
    add        more photos to train on
    keep_prob  what dropout keeps before the last layer
    """

    data: str
    test: str | None
    validation: float
    fold: str | None
    group: str | None
    add: str | None
    preset: str
    activation: str
    initializer: str
    keep_prob: float
    augment: str


@dataclass(frozen=True)
class Prepared:
    """A run that has not begun, and what it was made from."""

    trainer: Trainer
    splits: Splits

    def details(self, settings: PhotoSettings) -> dict[str, Any]:
        """What a checkpoint needs beside the network."""
        return {
            "settings": settings.to_dict(),
            "classes": self.splits.train.classes,
            "fingerprint": fingerprint(self.splits.train),
        }


@dataclass(frozen=True)
class Model:
    """A trained network that answers for photos as they are, bytes (N, 64, 64, 3)."""

    network: Network
    classes: tuple[str, ...]
    settings: PhotoSettings
    fingerprint: str
    run: checkpoint.Run | None

    def logits(self, x: Images) -> Array:
        """(N, classes)."""
        return self.network.predict(x)

    def probabilities(self, x: Images) -> Array:
        """P(class | photo), (N, classes)."""
        return probabilities(self.logits(x))

    def details(self) -> dict[str, Any]:
        """What a checkpoint needs beside the network."""
        return {
            "settings": self.settings.to_dict(),
            "classes": self.classes,
            "fingerprint": self.fingerprint,
        }


def load_model(path: Path | None) -> Model:
    """Read a checkpoint of cnn-sign; without a path, the one that comes with the program.

    Raises CheckpointError, in one line.
    """
    if path is None:
        with resources.as_file(resources.files("cnn_sign_digits") / SHIPPED) as shipped:
            return load_model(shipped)
    loaded = checkpoint.load(path, program=PROGRAM)
    details = loaded.details
    try:
        settings = PhotoSettings.from_mapping(details["settings"])
        _check(settings)
        model = Model(
            loaded.network,
            class_names(details["classes"]),
            settings,
            details["fingerprint"],
            loaded.run,
        )
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    network = model.network
    if network.input_shape != INPUT_SHAPE or network.output_shape != (len(model.classes),):
        raise CheckpointError(f"{path} is damaged: its network does not fit its classes or photos")
    return model


def _check(settings: PhotoSettings) -> None:
    """Raise KeyError, ValueError or SettingError for what no command line lets through."""
    layers(settings, 2)
    augmentation(settings.augment)
    settings.recipe(softmax_cross_entropy)
    streams(settings.seed)


def layers(settings: PhotoSettings, classes: int) -> list[Layer]:
    """Those of the preset."""
    activation = parse(settings.activation, ACTIVATIONS, "activation")()
    build = PRESETS[settings.preset].build
    return build(classes, activation, settings.initializer, settings.keep_prob)


def load_splits(settings: PhotoSettings) -> Splits:
    """What a run trains on and is judged by; the same for the same settings."""
    data_rng, *_, added_rng = streams(settings.seed)
    if settings.fold is not None:
        splits = load_fold(settings.data, settings.fold, group=settings.group, rng=data_rng)
    else:
        splits = load(
            settings.data,
            test=settings.test,
            validation=settings.validation,
            group=settings.group,
            rng=data_rng,
        )
    return splits if settings.add is None else add_photos(splits, settings.add, rng=added_rng)


def splits_of(model: Model) -> Splits:
    """What a model was trained on and judged by.

    Raises DataError if it is no longer to be had, or is no longer the same.
    """
    try:
        splits = load_splits(model.settings)
    except DataError as error:
        raise DataError(f"the data of the model's training: {error}; name other --data") from None
    require_same_data(model, splits)
    return splits


def require_same_data(model: Model, splits: Splits) -> None:
    """Raise DataError unless the training part is that of the model."""
    if fingerprint(splits.train) != model.fingerprint:
        raise DataError(f"{splits.train.name} is not the data that the model was trained on")


def prepare(settings: PhotoSettings) -> Prepared:
    """Photos, network and trainer of a run; each draws from its own stream of the seed.

    Raises DataError, ShapeError or SettingError for what cannot be trained.
    """
    _, weights_rng, training_rng, *_ = streams(settings.seed)
    splits = load_splits(settings)
    network = Network(
        layers(settings, len(splits.train.classes)),
        input_shape=INPUT_SHAPE,
        rng=weights_rng,
        dtype=settings.dtype,
    )
    trainer = Trainer(
        network,
        splits.train.x,
        splits.train.y,
        settings.recipe(softmax_cross_entropy),
        epochs=settings.epochs,
        rng=training_rng,
        validation=(splits.validation.x, splits.validation.y),
        measure_training=True,
        augment=augmentation(settings.augment),
    )
    return Prepared(trainer, splits)


def streams(seed: int) -> list[np.random.Generator]:
    """Independent generators: data and split, first weights, training, photos never seen, and
    photos added.
    """
    return np.random.default_rng(seed).spawn(5)


def run_to_resume(model: Model, prepared: Prepared) -> checkpoint.Run:
    """The run to go on with. Raises CheckpointError or DataError if it cannot go on."""
    if model.run is None:
        raise CheckpointError("the checkpoint holds a network, but no run to go on with")
    require_same_data(model, prepared.splits)
    return model.run
