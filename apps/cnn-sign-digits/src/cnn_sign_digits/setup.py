"""From settings to a training run: its photos, network and trainer."""

from dataclasses import dataclass
from typing import Any

from cnn_sign_digits.datasets.dataset import fingerprint
from cnn_sign_digits.datasets.extra_data import add_backgrounds, add_extra_data
from cnn_sign_digits.datasets.splits import Splits, load_fold, load_holdout
from cnn_sign_digits.model import INPUT_SHAPE, Model, Transform
from cnn_sign_digits.settings import PhotoSettings, settings_of, spawn_rngs
from nn_core import checkpoint
from nn_core.batches.augmentation import Augmentation, augmentation
from nn_core.errors import CheckpointError, DataError
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.training.trainer import Trainer

TEST_TIME_ROTATION = 20.0
"""Degrees."""


@dataclass(frozen=True)
class Setup:
    """A run before its first step."""

    settings: PhotoSettings
    splits: Splits
    trainer: Trainer

    def details(self) -> dict[str, Any]:
        """What a checkpoint stores beside the network."""
        return {
            "settings": self.settings.to_dict(),
            "classes": self.splits.train.classes,
            "fingerprint": _fingerprint(self.splits),
            "test_time_augmentation": prediction_transforms(augmentation(self.settings.augment)),
        }


def set_up(settings: PhotoSettings) -> Setup:
    """Photos, network and trainer of a run, each with its own generator.

    Raises DataError, ShapeError or SettingError for what cannot be trained.
    """
    rngs = spawn_rngs(settings.seed)
    splits = load_splits(settings)
    network = Network(
        settings.layers(len(splits.train.classes)),
        input_shape=INPUT_SHAPE,
        rng=rngs.weights,
        dtype=settings.dtype,
    )
    trainer = Trainer(
        network,
        splits.train.x,
        splits.train.y,
        settings.recipe(softmax_cross_entropy),
        epochs=settings.epochs,
        rng=rngs.training,
        validation=(splits.validation.x, splits.validation.y),
        measure_training=True,
        augment=augmentation(settings.augment),
    )
    return Setup(settings, splits, trainer)


def load_splits(settings: PhotoSettings) -> Splits:
    """Training and validation set; the same for the same settings."""
    rngs = spawn_rngs(settings.seed)
    data, group = settings.data, settings.group
    if settings.fold is not None:
        splits = load_fold(data, settings.fold, group=group, rng=rngs.data)
    else:
        test, fraction = settings.test, settings.validation
        splits = load_holdout(data, test=test, validation=fraction, group=group, rng=rngs.data)
    if settings.backgrounds:
        splits = add_backgrounds(splits, settings.backgrounds, rng=rngs.backgrounds)
    if settings.extra_data != "none":
        splits = add_extra_data(splits, settings.extra_data, rng=rngs.extra_data)
    return splits


def splits_of(model: Model) -> Splits:
    """The training and validation set of a model. Raises DataError if they are gone or changed."""
    try:
        splits = load_splits(settings_of(model))
    except DataError as error:
        raise DataError(f"the data of the model's training: {error}; name other --data") from None
    require_same_data(model, splits)
    return splits


def require_same_data(model: Model, splits: Splits) -> None:
    """Raise DataError unless a model was trained on this training set."""
    if _fingerprint(splits) != model.fingerprint:
        name = (splits.original or splits.train).name
        raise DataError(f"{name} is not the data that the model was trained on")


def run_to_resume(model: Model, setup: Setup) -> checkpoint.Run:
    """The saved run of a model. Raises CheckpointError or DataError if it cannot be resumed."""
    if model.run is None:
        raise CheckpointError("the checkpoint has no training state to resume from")
    require_same_data(model, setup.splits)
    return model.run


def prediction_transforms(augment: Augmentation | None) -> list[Transform]:
    """Test-time augmentation: transforms of a photo over which predictions are averaged.

    Horizontal flips and rotations by TEST_TIME_ROTATION to either side, as far as the network was
    trained on them.
    """
    flips = [False, True] if augment is not None and augment.horizontal_flip else [False]
    degrees = TEST_TIME_ROTATION
    rotated = augment is not None and augment.rotation > degrees
    rotations = [0.0, degrees, -degrees] if rotated else [0.0]
    return [(rotation, flip) for rotation in rotations for flip in flips]


def _fingerprint(splits: Splits) -> str:
    """Of the original photos: synthetic backgrounds can differ by a bit between machines."""
    return fingerprint(splits.original or splits.train)
