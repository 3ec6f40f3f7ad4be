"""The calibration of a network on held-out photos: a temperature, and a threshold for unknown photos."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.image_statistics import image_statistics
from cnn_sign_digits.photo_predictor import PhotoPredictor
from nn_core.arrays import Array
from nn_core.batches.augmentation import Augment
from nn_core.calibration import FeatureDistribution, expected_calibration_error, fit_temperature, temper
from nn_core.cli.dataset import Dataset
from nn_core.cli.terminal import counted
from nn_core.registry import require

SAMPLE = 2000
"""Most photos of the training and of the validation set that are measured."""
REJECTED = 0.01
"""Fraction of held-out photos rejected by their features."""
IMAGES_REJECTED = 0.001
"""Fraction rejected by image statistics, which are for images that are not photos."""
SLACK, LEAST_THRESHOLD = 1.001, 1e-3
"""For rounding errors: thresholds are this much larger, and no smaller, where photos hardly differ."""


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
        far: npt.NDArray[np.bool_] = self.features.distances(features) > self.threshold
        if self.images is None:
            return far
        distribution, threshold = self.images
        return far | (distribution.distances(image_statistics(x)) > threshold)

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
        """The calibration that `to_dict` described. Raises KeyError, TypeError or ValueError if it is damaged."""
        error = stored["expected_calibration_error"]
        numbers = [float(stored[name]) for name in ("temperature", "threshold", "rejected")]
        temperature, threshold, rejected = numbers
        require(temperature > 0 and bool(np.isfinite(numbers).all()), f"no calibration has the numbers {numbers}")
        features = FeatureDistribution.from_dict(stored["features"])
        before_after = float(error["before"]), float(error["after"])
        images = stored.get("images")
        both = None if images is None else (FeatureDistribution.from_dict(images), float(images["threshold"]))
        return cls(temperature, threshold, features, int(stored["photos"]), before_after, rejected, both)


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
    known, plain = _augmented(train.x, augment, (seed, 0)), held_out.x[:]
    held = plain if augment is None else np.concatenate([plain, _augmented(plain, augment, (seed, 1))])
    _, features = predictor.probabilities_and_features(known)
    p, held_features = predictor.probabilities_and_features(held)
    if not all(np.isfinite(values).all() for values in (p, features, held_features)):
        return None
    distribution = FeatureDistribution.fit(features, train.y)
    images = FeatureDistribution.fit(image_statistics(known), np.zeros_like(train.y), normalized=False)
    threshold = _threshold(distribution.distances(held_features), REJECTED)
    image_threshold = _threshold(images.distances(image_statistics(held)), IMAGES_REJECTED)
    p = p[: len(plain)]
    temperature = fit_temperature(p, held_out.y)
    before, after = (expected_calibration_error(each, held_out.y) for each in (p, temper(p, temperature)))
    found = Calibration(
        temperature, threshold, distribution, len(held_out), (before, after), 0.0, (images, image_threshold)
    )
    return replace(found, rejected=float(found.rejects(plain, held_features[: len(plain)]).mean()))


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
    """At most SAMPLE of the photos, in memory."""
    chosen = np.sort(rng.permutation(len(dataset))[:SAMPLE])
    part = dataset.subset(chosen, dataset.name)
    return Dataset(part.name, part.x[:], part.y, part.classes)


def _augmented(x: Photos, augment: Augment | None, seed: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Photos as in training, as bytes."""
    if augment is None:
        return x[:]
    augmented = augment(x[:], seed=seed)
    return np.clip(np.rint(augmented), 0, 255).astype(np.uint8)
