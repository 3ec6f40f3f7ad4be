"""From settings to a run: its photos, its network and its trainer."""

from dataclasses import dataclass
from typing import Any

from cnn_sign_digits.data import Splits, load, load_fold
from cnn_sign_digits.dataset import fingerprint
from cnn_sign_digits.joining import add_photos, add_walls
from cnn_sign_digits.model import INPUT_SHAPE, Model, View
from cnn_sign_digits.settings import PhotoSettings, layers, settings_of, streams
from nn_core import checkpoint
from nn_core.batches.augmentation import Augmentation, augmentation
from nn_core.errors import CheckpointError, DataError
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.training.trainer import Trainer

TURN = 20.0
"""Degrees by which photos are turned to be looked at once more."""


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
            "fingerprint": _fingerprint(self.splits),
            "views": views(augmentation(settings.augment)),
        }


def load_splits(settings: PhotoSettings) -> Splits:
    """What a run trains on and is judged by; the same for the same settings."""
    data_rng, _, _, _, added_rng, walls_rng = streams(settings.seed)
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
    if settings.walls:
        splits = add_walls(splits, settings.walls, rng=walls_rng)
    if settings.add != "none":
        splits = add_photos(splits, settings.add, rng=added_rng)
    return splits


def splits_of(model: Model) -> Splits:
    """What a model was trained on and judged by.

    Raises DataError if it is no longer to be had, or is no longer the same.
    """
    try:
        splits = load_splits(settings_of(model))
    except DataError as error:
        raise DataError(f"the data of the model's training: {error}; name other --data") from None
    require_same_data(model, splits)
    return splits


def require_same_data(model: Model, splits: Splits) -> None:
    """Raise DataError unless the training part is that of the model."""
    if _fingerprint(splits) != model.fingerprint:
        raise DataError(
            f"{(splits.alone or splits.train).name} is not the data that the model was trained on"
        )


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


def run_to_resume(model: Model, prepared: Prepared) -> checkpoint.Run:
    """The run to go on with. Raises CheckpointError or DataError if it cannot go on."""
    if model.run is None:
        raise CheckpointError("the checkpoint holds a network, but no run to go on with")
    require_same_data(model, prepared.splits)
    return model.run


def views(augment: Augmentation | None) -> list[View]:
    """How a network looks at a photo that was trained with such an augmentation.

    One that knows left and right hands looks at the mirror image as well, and one that knows
    hands in every position at both, turned to either side: more looks are better than one.
    """
    sides = [False, True] if augment is not None and augment.mirror else [False]
    turns = [0.0, TURN, -TURN] if augment is not None and augment.rotation > TURN else [0.0]
    return [(degrees, mirrored) for degrees in turns for mirrored in sides]


def _fingerprint(splits: Splits) -> str:
    """Of the photos alone: hands before other walls may differ by a bit on another machine."""
    return fingerprint(splits.alone or splits.train)
