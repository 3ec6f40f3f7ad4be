"""A trained classifier of photos, as stored in a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits import PROGRAM, calibration
from cnn_sign_digits.calibration import Calibration
from cnn_sign_digits.datasets.photos import SHAPE, Photos
from cnn_sign_digits.image_statistics import STATISTICS
from cnn_sign_digits.photo_predictor import BATCH, PhotoPredictor, Transform
from nn_core import checkpoint
from nn_core.arrays import Array, Labels
from nn_core.calibration import temper
from nn_core.checkpoint import Checkpoint
from nn_core.cli.images import read_image
from nn_core.cli.labels import CLASSES, class_names
from nn_core.cli.settings import SETTINGS
from nn_core.errors import CheckpointError
from nn_core.network import Network
from nn_core.overflow import checked_overflow, require_finite
from nn_core.storage.json_schema import Integer, Items, Number, Row, Schema, Text, check_json

SHIPPED = Path(__file__).with_name("accurate.h5")
"""The default of --model."""
INPUT_SHAPE = SHAPE


@dataclass(frozen=True)
class Assessment:
    """What a model says of photos.

    probabilities  calibrated P(class | photo), (N, classes); their order is that of the network's
    rejected       whether a photo is unlike anything trained on, (N,); never without a calibration
    """

    probabilities: Array
    rejected: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Model:
    """A trained network that classifies photos given as bytes (N, 64, 64, 3).

    checkpoint              the contents of its file: the network, and optionally a run to resume
    settings                the training settings, as stored in the checkpoint
    fingerprint             identifies the training photos
    test_time_augmentation  transforms of each photo over which predictions are averaged
    calibration             measured on held-out photos; None in earlier checkpoints
    subjects                found by --group, a number for each photo of the data; None without, and in earlier ones
    """

    checkpoint: Checkpoint
    classes: tuple[str, ...]
    settings: Mapping[str, Any]
    fingerprint: str
    test_time_augmentation: tuple[Transform, ...]
    calibration: Calibration | None = None
    subjects: Labels | None = None

    @property
    def network(self) -> Network:
        """The trained network, which outputs logits."""
        return self.checkpoint.network

    @cached_property
    def predictor(self) -> PhotoPredictor:
        """The predictor; the weights must not change."""
        return PhotoPredictor(self.network, self.test_time_augmentation)

    def log_probabilities(self, x: Photos) -> Array:
        """log P(class | photo), (N, classes), not calibrated."""
        return np.log(np.maximum(self.probabilities(x), 1e-30))

    def probabilities(self, x: Photos) -> Array:
        """P(class | photo), (N, classes), not calibrated: the mean over the test-time transforms.

        Raises DataError if they overflow.
        """
        with checked_overflow():
            p = self.predictor.probabilities(x)
        require_finite(p, "the photos")
        return p

    def assess(self, x: Photos) -> Assessment:
        """Calibrated probabilities, and which photos are unlike anything trained on; in batches."""
        if self.calibration is None:
            return Assessment(self.probabilities(x), np.zeros(len(x), np.bool_))
        p = np.empty((len(x), len(self.classes)), self.network.dtype)
        rejected = np.empty(len(x), np.bool_)
        for start in range(0, len(x), BATCH):
            photos = x[start : start + BATCH]
            batch = slice(start, start + len(photos))
            with checked_overflow():
                p[batch], features = self.predictor.probabilities_and_features(photos)
            require_finite(p[batch], "the photos")
            require_finite(features, "the photos")
            rejected[batch] = self.calibration.rejects(photos, features)
        return Assessment(temper(p, self.calibration.temperature), rejected)


MAX_VIEWS = 6
"""Test-time transforms: three rotations, each with and without a flip; see `setup.prediction_transforms`."""
DETAILS: Schema = {
    "settings": SETTINGS,
    "classes": CLASSES,
    "fingerprint": Text(100),
    "test_time_augmentation": Items(Row(Number(-180, 180), bool), 1, MAX_VIEWS),
    "calibration?": (calibration.SCHEMA, None),
    "subjects?": (Items(Integer(0, 2**31 - 1)), None),
}
"""The details of a cnn-sign checkpoint."""


def load_model(path: Path | None) -> Model:
    """Load a cnn-sign checkpoint; None for the shipped one.

    Raises CheckpointError with a one-line message.
    """
    return checkpoint.load_model(SHIPPED if path is None else path, PROGRAM, model_of)


def model_of(loaded: Checkpoint) -> Model:
    """The model of a cnn-sign checkpoint. Raises an NNError if its details are invalid."""
    details = dict(loaded.details)
    if "views" in details:  # early checkpoints call the transforms so
        details["test_time_augmentation"] = details.pop("views")
    check_json(details, DETAILS, source="/details")
    stored, subjects = details.get("calibration"), details.get("subjects")
    model = Model(
        loaded,
        class_names(details["classes"]),
        details["settings"],
        details["fingerprint"],
        tuple((float(degrees), flip) for degrees, flip in details["test_time_augmentation"]),
        None if stored is None else Calibration.from_dict(stored),
        None if subjects is None else np.array(subjects, np.int64),
    )
    network = model.network
    if network.input_shape != INPUT_SHAPE or network.output_shape != (len(model.classes),):
        raise CheckpointError(
            f"its network maps {network.input_shape} to {network.output_shape},"
            f" expected {INPUT_SHAPE} to ({len(model.classes)},)"
        )
    if model.calibration is not None and not _fits(model.calibration, network):
        raise CheckpointError("its calibration is of another network")
    return model


checkpoint.READERS[PROGRAM] = model_of


def _fits(calibration: Calibration, network: Network) -> bool:
    """Whether the features of a calibration are the inputs of the last layer."""
    W = network.params.get(f"{len(network.layers) - 1}/W")
    if W is None or calibration.features.means.shape[1] != W.shape[0]:
        return False
    return calibration.images is None or calibration.images[0].means.shape[1] == STATISTICS


def read_photo(path: Path) -> npt.NDArray[np.uint8]:
    """Read a photo as network input, cropped to a square: (1, 64, 64, 3) bytes.

    Raises DataError if the file is not an image.
    """
    return read_image(path, INPUT_SHAPE, crop=True)
