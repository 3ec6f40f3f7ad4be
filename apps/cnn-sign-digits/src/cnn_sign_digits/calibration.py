"""The calibration of a network on held-out photos: a temperature, and a threshold for unknown photos."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.image_statistics import image_statistics
from cnn_sign_digits.photo_predictor import BATCH, PhotoPredictor
from nn_core.arrays import Array
from nn_core.batches.augmentation import Augment
from nn_core.calibration import DISTRIBUTION, FeatureDistribution, expected_calibration_error, fit_temperature, temper
from nn_core.cli.dataset import Dataset
from nn_core.cli.terminal import counted
from nn_core.progress import track
from nn_core.storage.json_schema import Integer, Number, Schema, check_json

SAMPLE = 2000
"""Most photos of the training and of the validation set that are measured."""
REJECTED = 0.01
"""Fraction of held-out photos rejected by their features."""
IMAGES_REJECTED = 0.001
"""Fraction rejected by image statistics, which are for images that are not photos."""
SLACK, LEAST_THRESHOLD = 1.001, 1e-3
"""For rounding errors: thresholds are this much larger, and no smaller, where photos hardly differ."""
SCHEMA: Schema = {
    "photos": Integer(0),
    "temperature": Number(above=0),
    "threshold": float,
    "expected_calibration_error": {"before": float, "after": float},
    "rejected": float,
    "features": DISTRIBUTION,
    "images?": DISTRIBUTION | {"threshold": float},
}
"""The fields of `Calibration` in a checkpoint."""


@dataclass(frozen=True)
class Calibration:
    """Measured on photos that the network was not trained on.

    temperature  of the class probabilities (see `nn_core.calibration.fit_temperature`)
    threshold    a photo whose features are farther from those of training is rejected
    features     distribution of the features of the training photos
    photos       number of held-out photos
    error        expected calibration error of these photos, before and after
    rejected     fraction of these photos that is rejected
    images       distribution of the image statistics of the training photos, and their own threshold;
                 None for features only
    """

    temperature: float
    threshold: float
    features: FeatureDistribution
    photos: int
    error: tuple[float, float]
    rejected: float
    images: tuple[FeatureDistribution, float] | None = None

    def rejects(self, x: Photos, features: Array) -> npt.NDArray[np.bool_]:
        """Whether photos (N, 64, 64, 3) with features (N, D) are unlike anything trained on: (N,)."""
        return self._far(features, None if self.images is None else image_statistics(x))

    def _far(self, features: Array, statistics: Array | None) -> npt.NDArray[np.bool_]:
        far: npt.NDArray[np.bool_] = self.features.distances(features) > self.threshold
        if self.images is None or statistics is None:
            return far
        distribution, threshold = self.images
        return far | (distribution.distances(statistics) > threshold)

    def summary(self) -> dict[str, Any]:
        """For reports, as JSON."""
        before, after = self.error
        return {
            "photos": self.photos,
            "temperature": self.temperature,
            "threshold": self.threshold,
            "expected_calibration_error": {"before": before, "after": after},
            "rejected": self.rejected,
        }

    def to_dict(self) -> dict[str, Any]:
        """For a checkpoint, as JSON."""
        stored = {**self.summary(), "features": self.features.to_dict()}
        if self.images is None:
            return stored
        distribution, threshold = self.images
        return {**stored, "images": {**distribution.to_dict(), "threshold": threshold}}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Calibration":
        """The calibration that `to_dict` described. Raises DataError or SettingError if it is damaged."""
        check_json(stored, SCHEMA, source="calibration")
        temperature, threshold, rejected = (float(stored[name]) for name in ("temperature", "threshold", "rejected"))
        error, images = stored["expected_calibration_error"], stored.get("images")
        both = None
        if images is not None:
            described = {key: value for key, value in images.items() if key != "threshold"}
            both = FeatureDistribution.from_dict(described), float(images["threshold"])
        features = FeatureDistribution.from_dict(stored["features"])
        before_after = float(error["before"]), float(error["after"])
        return cls(temperature, threshold, features, stored["photos"], before_after, rejected, both)


def calibrate(
    predictor: PhotoPredictor, train: Dataset[Photos], held_out: Dataset[Photos], augment: Augment | None, *, seed: int
) -> Calibration | None:
    """Calibrate a trained network; None if its last layer is not dense or its outputs are not finite.

    The distributions are those of at most SAMPLE of the training photos, augmented as in training.
    The thresholds are distances that a fraction of the held-out photos exceeds, original and
    augmented: REJECTED for features, IMAGES_REJECTED for image statistics. The same for the same seed.
    """
    if predictor.features is None:
        return None
    rng = np.random.default_rng(seed)
    train, held_out = (_sample(each, rng) for each in (train, held_out))
    seeds = rng.integers(2**32, size=2).tolist()
    known = _measure(predictor, train.x, augment, seeds[0])
    plain = _measure(predictor, held_out.x, None, 0)
    held = [plain] if augment is None else [plain, _measure(predictor, held_out.x, augment, seeds[1])]
    features, statistics = (np.concatenate(values) for values in zip(*(each[1:] for each in held), strict=True))
    if not all(np.isfinite(values).all() for values in (plain.probabilities, known.features, features)):
        return None
    distribution = FeatureDistribution.fit(known.features, train.y)
    images = FeatureDistribution.fit(known.statistics, np.zeros_like(train.y), normalized=False)
    threshold = _threshold(distribution.distances(features), REJECTED)
    image_threshold = _threshold(images.distances(statistics), IMAGES_REJECTED)
    p = plain.probabilities
    temperature = fit_temperature(p, held_out.y)
    before, after = (expected_calibration_error(each, held_out.y) for each in (p, temper(p, temperature)))
    found = Calibration(
        temperature, threshold, distribution, len(held_out), (before, after), 0.0, (images, image_threshold)
    )
    return replace(found, rejected=float(found._far(plain.features, plain.statistics).mean()))


def calibration_report(summary: Mapping[str, Any]) -> str:
    """A line about a calibration, from its summary."""
    error = summary["expected_calibration_error"]
    return (
        f"calibrated on {counted(summary['photos'], 'held-out photo')}: temperature {summary['temperature']:.2f},"
        f" calibration error {error['before']:.1%} before, {error['after']:.1%} after;"
        f" {summary['rejected']:.1%} of them rejected as unlike anything trained on"
    )


def _threshold(distances: Array, fraction: float) -> float:
    """The smallest of the distances that at most a fraction of them exceeds, with SLACK."""
    return max(SLACK * float(np.quantile(distances, 1 - fraction, method="higher")), LEAST_THRESHOLD)


def _sample(dataset: Dataset[Photos], rng: np.random.Generator) -> Dataset[Photos]:
    """At most SAMPLE of the photos."""
    return dataset.subset(np.sort(rng.permutation(len(dataset))[:SAMPLE]), dataset.name)


class _Measured(NamedTuple):
    """Of photos: probabilities (N, C), features (N, D) and image statistics (N, S)."""

    probabilities: Array
    features: Array
    statistics: Array


def _measure(predictor: PhotoPredictor, x: Photos, augment: Augment | None, seed: int) -> _Measured:
    """Measure photos in batches, so that few are in memory; augmented as in training, and rounded to bytes."""
    batches = []
    for batch, start in enumerate(track(range(0, len(x), BATCH), "calibrating: batch")):
        photos = x[start : start + BATCH]
        if augment is not None:
            photos = np.clip(np.rint(augment(photos, seed=(seed, batch))), 0, 255).astype(np.uint8)
        batches.append((*predictor.probabilities_and_features(photos), image_statistics(photos)))
    return _Measured(*(np.concatenate(values) for values in zip(*batches, strict=True)))
