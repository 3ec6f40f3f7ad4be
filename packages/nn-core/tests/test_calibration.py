"""Temperature, calibration error and distances, against numbers worked by hand and other computations."""

import json
import math
from typing import Any

import numpy as np
import pytest

from nn_core.activations import softmax
from nn_core.calibration import COLDEST, FeatureDistribution, expected_calibration_error, fit_temperature, temper
from nn_core.errors import DataError, SettingError, ShapeError

RNG = np.random.default_rng(0)


def test_a_temperature_of_two_takes_square_roots() -> None:
    p = np.array([[0.64, 0.16, 0.2], [1.0, 0.0, 0.0]])
    roots = np.sqrt(p)
    np.testing.assert_allclose(temper(p, 2.0), roots / roots.sum(axis=1, keepdims=True), atol=1e-12)
    np.testing.assert_allclose(temper(p, 1.0), p, atol=1e-12)


def test_a_probability_of_zero_counts_as_the_least() -> None:
    """1e-30 to the power of 1/30 is 0.1, beside 1."""
    np.testing.assert_allclose(temper(np.array([[1.0, 0.0]]), 30.0), [[10 / 11, 1 / 11]], rtol=1e-12)


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(true: float) -> None:
    z = 2 * RNG.normal(size=(40_000, 4))
    p = softmax(z / true)
    labels = (p.cumsum(axis=1) < RNG.random((len(p), 1))).sum(axis=1)
    assert fit_temperature(softmax(z), labels) == pytest.approx(true, rel=0.03)


def test_the_temperature_has_the_least_loss_of_all() -> None:
    p = softmax(3 * RNG.normal(size=(50, 3)))
    labels = np.where(RNG.random(50) < 0.7, p.argmax(axis=1), RNG.integers(0, 3, 50))
    targets = np.full((50, 3), 0.25 / 51)
    targets[np.arange(50), labels] = 50.5 / 51

    def loss(temperature: float) -> float:
        return float(-(targets * np.log(temper(p, temperature))).sum(axis=1).mean())

    found = fit_temperature(p, labels)
    assert all(loss(found) <= loss(found * factor) for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2))


def test_two_classes_by_hand() -> None:
    """All right with p = 0.8: softmax gives 1 - 1 / (2N + 2) = 5/6 at 4^(1/T) = 5."""
    p = np.array([[0.8, 0.2], [0.2, 0.8]])
    assert fit_temperature(p, np.array([0, 1])) == pytest.approx(math.log(4) / math.log(5), rel=1e-6)


def test_perfect_predictions_keep_a_finite_temperature() -> None:
    p = temper(np.eye(3)[np.arange(30) % 3] * 0.9 + 0.1 / 3, 1.0)
    labels = np.arange(30) % 3
    assert COLDEST < fit_temperature(p, labels) < 1
    assert fit_temperature(np.full((4, 2), 0.5), np.zeros(4, np.int64)) > 0


def test_calibration_error_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    # one of the two at 0.9 is right: |1/2 - 0.9|; both at 0.6: |1 - 0.6|
    assert expected_calibration_error(p, np.array([0, 1, 0, 1])) == pytest.approx(0.4)
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0
    # 1 is in the last bin, together with 0.95: |1/2 - (1 + 0.95) / 2|
    assert expected_calibration_error(np.array([[0.0, 1.0], [0.95, 0.05]]), np.array([0, 0])) == pytest.approx(0.475)


@pytest.fixture
def features() -> tuple[Any, Any]:
    labels = np.arange(600) % 3
    centers = 8 * np.eye(3, 5)
    return (centers[labels] + RNG.normal(size=(600, 5)) * [1, 2, 1, 0.5, 1]).astype(np.float32), labels


def test_distances_are_those_of_mahalanobis(features: tuple[Any, Any]) -> None:
    x, labels = features
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    means = np.stack([unit[labels == c].mean(axis=0) for c in range(3)])
    residual = unit - means[labels]
    covariance = residual.T @ residual / len(x)
    covariance += 0.01 * np.trace(covariance) / 5 * np.eye(5)
    expected = [
        min((u - m) @ np.linalg.solve(covariance, u - m) for m in means) / 5 for u in unit[:20].astype(np.float64)
    ]
    found = FeatureDistribution.fit(x, labels)
    np.testing.assert_allclose(found.distances(x[:20]), expected, rtol=1e-4)
    assert 0.8 < found.distances(x).mean() < 1.2


def test_what_is_unlike_training_is_far(features: tuple[Any, Any]) -> None:
    found = FeatureDistribution.fit(*features)
    near = np.quantile(found.distances(features[0]), 0.99)
    others = np.array([[-1, -1, -1, 0, 0], [0, 0, 0, 9, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]], np.float32)
    assert (found.distances(others) > near).all()


def test_it_comes_back_from_json(features: tuple[Any, Any]) -> None:
    found = FeatureDistribution.fit(*features)
    stored = json.loads(json.dumps(found.to_dict()))
    again = FeatureDistribution.from_dict(stored)
    np.testing.assert_allclose(again.distances(features[0]), found.distances(features[0]), 1e-4)
    np.testing.assert_allclose(again.means, found.means, rtol=1e-6)
    np.testing.assert_allclose(again.factor, found.factor, rtol=1e-6)
    for damage in ({"shape": [3, 6]}, {"shape": [3, 10**9]}, {"float32": "AAAA"}, {"float32": "?"}):
        with pytest.raises((DataError, SettingError)):
            FeatureDistribution.from_dict(stored | damage)


def test_a_short_row_of_features_is_not_stretched_to_length_one() -> None:
    """By hand: distances from zero, in units of the length of features, but of 1e-12 at least."""
    from_zero = FeatureDistribution(np.zeros((1, 2)), np.eye(2))
    rows = np.array([[3.0, 4.0], [3e-12, 4e-12], [3e-13, 4e-13], [0.0, 0.0]])
    np.testing.assert_allclose(from_zero.distances(rows), [0.5, 0.5, 0.125, 0.0], rtol=1e-12)


def test_a_class_without_examples_and_fewer_examples_than_features() -> None:
    x = RNG.normal(size=(4, 9)).astype(np.float32)
    found = FeatureDistribution.fit(x, np.array([0, 0, 5, 5]))
    assert found.means.shape == (2, 9)
    assert np.isfinite(found.distances(x)).all()
    same = FeatureDistribution.fit(np.ones((3, 2), np.float32), np.zeros(3, np.int64))
    assert np.isfinite(same.distances(np.zeros((1, 2)))).all()


def test_shapes_that_do_not_fit() -> None:
    p, labels = np.full((2, 2), 0.5), np.zeros(3, np.int64)
    for function in (fit_temperature, expected_calibration_error, FeatureDistribution.fit):
        with pytest.raises(ShapeError, match="one label for each row"):
            function(p, labels)
        with pytest.raises(DataError, match="at least one example"):
            function(p[:0], labels[:0])
    with pytest.raises(ShapeError, match=r"expected features \(N, 2\)"):
        FeatureDistribution.fit(p, labels[:2]).distances(np.zeros((1, 3)))
