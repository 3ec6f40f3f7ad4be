"""The calibration of a network on held-back photos: a temperature, and a limit to what it knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.photo_predictor import PhotoPredictor
from nn_core.arrays import Array
from nn_core.batches.augmentation import Augment
from nn_core.calibration import FeatureDistribution, expected_calibration_error, fit_temperature, temper
from nn_core.cli.dataset import Dataset
from nn_core.registry import require

SAMPLE = 2000
"""Most photos of the training and of the validation set that are measured."""
REJECTED = 0.01
"""The share of held-back photos that is rejected."""


@dataclass(frozen=True)
class Calibration:
    """Measured on photos that the network was not trained on.

    temperature  of the class probabilities (see `nn_core.calibration.fit_temperature`)
    threshold    a photo whose features are farther from those of training is rejected
    features     distribution of the features of the training photos
    photos       number of held-back photos
    error        expected calibration error of these photos, before and after
    rejected     share of these photos that is rejected
    """

    temperature: float
    threshold: float
    features: FeatureDistribution
    photos: int
    error: tuple[float, float]
    rejected: float

    def rejects(self, features: Array) -> npt.NDArray[np.bool_]:
        """Whether photos with these features (N, D) are unlike anything trained on: (N,)."""
        far: npt.NDArray[np.bool_] = self.features.distances(features) > self.threshold
        return far

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
        return {**self.summary(), "features": self.features.to_dict()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Calibration":
        """The calibration that `to_dict` described. Raises KeyError, TypeError or ValueError if it is damaged."""
        error = stored["expected_calibration_error"]
        numbers = [float(stored[name]) for name in ("temperature", "threshold", "rejected")]
        temperature, threshold, rejected = numbers
        require(temperature > 0 and bool(np.isfinite(numbers).all()), f"no calibration has the numbers {numbers}")
        features = FeatureDistribution.from_dict(stored["features"])
        before_after = float(error["before"]), float(error["after"])
        return cls(temperature, threshold, features, int(stored["photos"]), before_after, rejected)


def calibrate(
    predictor: PhotoPredictor, train: Dataset[Photos], held_out: Dataset[Photos], augment: Augment | None, *, seed: int
) -> Calibration | None:
    """Calibrate a trained network; None if its last layer is not dense or its outputs are not finite.

    The features of training are those of at most SAMPLE of its photos, augmented as in training.
    The threshold is their distance that a REJECTED share of the held-out photos exceeds, as they are
    and augmented. The same for the same seed.
    """
    if predictor.features is None:
        return None
    rng = np.random.default_rng(seed)
    train, held_out = (_sample(each, rng) for each in (train, held_out))
    _, features = predictor.probabilities_and_features(_augmented(train.x, augment, (seed, 0)))
    p, held_features = predictor.probabilities_and_features(held_out.x)
    if not all(np.isfinite(values).all() for values in (p, features, held_features)):
        return None
    distribution = FeatureDistribution.fit(features, train.y)
    plain = distances = distribution.distances(held_features)
    if augment is not None:
        _, features = predictor.probabilities_and_features(_augmented(held_out.x, augment, (seed, 1)))
        distances = np.concatenate([plain, distribution.distances(features)])
    threshold = float(np.quantile(distances, 1 - REJECTED))
    temperature = fit_temperature(p, held_out.y)
    before, after = (expected_calibration_error(each, held_out.y) for each in (p, temper(p, temperature)))
    rejected = float((plain > threshold).mean())
    return Calibration(temperature, threshold, distribution, len(held_out), (before, after), rejected)


def calibration_report(summary: Mapping[str, Any]) -> str:
    """A line about a calibration, from its summary."""
    error = summary["expected_calibration_error"]
    return (
        f"calibrated on {summary['photos']:,} held-back photos: temperature {summary['temperature']:.2f},"
        f" calibration error {error['before']:.1%} before, {error['after']:.1%} after;"
        f" {summary['rejected']:.1%} of them count as unlike anything trained on"
    )


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
