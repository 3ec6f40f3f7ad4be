"""A trained classifier of photos, as stored in a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.datasets.photos import SHAPE, Photos
from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.batches.augmentation import rotate
from nn_core.checkpoint import Checkpoint
from nn_core.cli.images import read_image
from nn_core.cli.labels import class_names
from nn_core.engine.engine import Engine
from nn_core.engine.predictor import Predictor
from nn_core.errors import CheckpointError
from nn_core.metrics import probabilities
from nn_core.network import Network

SHIPPED = Path(__file__).with_name("accurate.h5")
"""The default of --model."""
INPUT_SHAPE = SHAPE
Transform: TypeAlias = tuple[float, bool]
"""A test-time augmentation: rotation in degrees, and whether to flip horizontally."""
BATCH = 256
"""Photos per batch of predictions."""


@dataclass(frozen=True)
class Model:
    """A trained network that classifies photos given as bytes (N, 64, 64, 3).

    checkpoint              the contents of its file: the network, and optionally a run to resume
    settings                the training settings, as stored in the checkpoint
    fingerprint             identifies the training photos
    test_time_augmentation  transforms of each photo over which predictions are averaged
    """

    checkpoint: Checkpoint
    classes: tuple[str, ...]
    settings: Mapping[str, Any]
    fingerprint: str
    test_time_augmentation: tuple[Transform, ...]

    @property
    def network(self) -> Network:
        """The trained network, which outputs logits."""
        return self.checkpoint.network

    @cached_property
    def predictor(self) -> Predictor:
        """A predictor of logits; the weights must not change."""
        return Engine(self.network).frozen()

    def log_probabilities(self, x: Photos) -> Array:
        """log P(class | photo), (N, classes)."""
        return np.log(np.maximum(self.probabilities(x), 1e-30))

    def probabilities(self, x: Photos) -> Array:
        """P(class | photo), (N, classes): the mean over the test-time transforms."""
        p = np.zeros((len(x), len(self.classes)), self.network.dtype)
        for start in range(0, len(x), BATCH):
            batch = slice(start, start + BATCH)
            photos = x[batch]
            for degrees, flip in self.test_time_augmentation:
                flipped = photos[:, :, ::-1] if flip else photos
                rotated = rotate(flipped, degrees) if degrees else flipped
                logits, _ = self.predictor.predict(rotated)
                p[batch] += probabilities(logits)
        p /= len(self.test_time_augmentation)
        return p


def load_model(path: Path | None) -> Model:
    """Load a cnn-sign checkpoint; None for the shipped one.

    Raises CheckpointError with a one-line message.
    """
    path = SHIPPED if path is None else path
    loaded = checkpoint.load(path, program=PROGRAM)
    details = loaded.details
    try:
        # Early checkpoints call the transforms "views".
        transforms = details.get("test_time_augmentation") or details["views"]
        model = Model(
            loaded,
            class_names(details["classes"]),
            dict(details["settings"]),
            details["fingerprint"],
            tuple((float(degrees), bool(flip)) for degrees, flip in transforms),
        )
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise checkpoint.unusable(path, error) from None
    network = model.network
    if not all(-180 <= degrees <= 180 for degrees, _ in model.test_time_augmentation):
        raise CheckpointError(f"{path} is damaged: its test-time rotations exceed 180 degrees")
    if network.input_shape != INPUT_SHAPE or network.output_shape != (len(model.classes),):
        raise CheckpointError(
            f"{path} is damaged: its network maps {network.input_shape} to"
            f" {network.output_shape}, expected {INPUT_SHAPE} to ({len(model.classes)},)"
        )
    return model


def read_photo(path: Path) -> npt.NDArray[np.uint8]:
    """Read a photo as network input, cropped to a square: (1, 64, 64, 3) bytes.

    Raises DataError if the file is not an image.
    """
    return read_image(path, INPUT_SHAPE, crop=True)
