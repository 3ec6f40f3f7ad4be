"""What defines a run of cnn-sign, as plain values."""

from dataclasses import dataclass

import numpy as np

from cnn_sign_digits.data import parse_fold
from cnn_sign_digits.model import Model
from cnn_sign_digits.presets import PRESETS
from nn_core.batches.augmentation import augmentation
from nn_core.cli.settings import Settings
from nn_core.errors import CheckpointError
from nn_core.layers import ACTIVATIONS, Layer
from nn_core.losses import softmax_cross_entropy
from nn_core.registry import parse


@dataclass(frozen=True, kw_only=True)
class PhotoSettings(Settings):
    """A run of cnn-sign.

    test       what to judge by; None: the set's own test part, a fold, or what is held back
    fold       "2/5": the second of five parts is held back
    group      who is on the photos of a folder
    add        more photos to train on, or "none"
    walls      how often each hand is shown before another wall as well
    keep_prob  what dropout keeps before the last layer
    """

    data: str
    test: str | None
    validation: float
    fold: str | None
    group: str | None
    add: str
    walls: int
    preset: str
    activation: str
    initializer: str
    keep_prob: float
    augment: str


def settings_of(model: Model) -> PhotoSettings:
    """Those that the model was trained with. Raises CheckpointError if they make no sense."""
    try:
        settings = PhotoSettings.from_mapping(model.settings)
        layers(settings, 2)
        augmentation(settings.augment)
        settings.recipe(softmax_cross_entropy)
        streams(settings.seed)
        if settings.fold is not None:
            parse_fold(settings.fold)
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise CheckpointError(
            f"the settings of the model's training are damaged: {error}"
        ) from None
    return settings


def layers(settings: PhotoSettings, classes: int) -> list[Layer]:
    """Those of the preset."""
    activation = parse(settings.activation, ACTIVATIONS, "activation")()
    build = PRESETS[settings.preset].build
    return build(classes, activation, settings.initializer, settings.keep_prob)


def streams(seed: int) -> list[np.random.Generator]:
    """Independent generators: data and split, first weights, training, photos never seen,
    photos added, and walls.
    """
    return np.random.default_rng(seed).spawn(6)
