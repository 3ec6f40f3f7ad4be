"""The network between the photos and the answers: built from settings, kept in a checkpoint."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from cnn_sign_digits.dataset import SIZE, Images
from cnn_sign_digits.presets import PRESETS
from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.augmentation import augmentation
from nn_core.errors import CheckpointError
from nn_core.lab.labels import class_names
from nn_core.lab.settings import Settings
from nn_core.layers import ACTIVATIONS, Layer
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import probabilities
from nn_core.network import Network
from nn_core.spec import parse

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


def streams(seed: int) -> list[np.random.Generator]:
    """Independent generators: data and split, first weights, training, photos never seen, and
    photos added.
    """
    return np.random.default_rng(seed).spawn(5)
