"""Generated data sets: formulas, settings and seeds."""

from typing import Any

import numpy as np
import pytest

from deep_nn.datasets.generated import GENERATED, blobs, circles, moons, spirals
from nn_core.errors import SettingError
from nn_core.registry import parse


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", GENERATED)
def test_points_depend_on_settings_and_generator_alone(name: str) -> None:
    made = parse(f"{name}:points=101", GENERATED, "data set")(rng=rng(3))
    again = GENERATED[name](points=101, rng=rng(3))
    other = GENERATED[name](points=101, rng=rng(4))
    assert made.x.shape == (101, 2)
    assert made.x.dtype == np.float64
    counts = np.bincount(made.y, minlength=len(made.classes))
    assert counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(made.x, again.x)
    np.testing.assert_array_equal(made.y, again.y)
    assert (made.x != other.x).any()


def test_moons_lie_on_half_circles() -> None:
    made = moons(points=7, noise=0, rng=rng())
    assert made.classes == ("upper", "lower")
    upper, lower = made.x[made.y == 0], made.x[made.y == 1]
    h = np.sqrt(0.75)
    np.testing.assert_allclose(upper, [[1, 0], [0.5, h], [-0.5, h], [-1, 0]], atol=1e-15)
    np.testing.assert_allclose(lower, [[0, 0.5], [1, -0.5], [2, 0.5]], atol=1e-15)


def test_circles_have_their_radii() -> None:
    made = circles(points=9, noise=0, factor=0.25, rng=rng())
    radius = np.hypot(*made.x.T)
    np.testing.assert_allclose(radius[made.y == 0], 1)
    np.testing.assert_allclose(radius[made.y == 1], 0.25)
    np.testing.assert_allclose(made.x[made.y == 1].sum(axis=0), 0, atol=1e-15)


def test_spirals_wind_outward() -> None:
    made = spirals(points=15, noise=0, classes=3, turns=2, rng=rng())
    assert made.classes == ("0", "1", "2")
    for arm in range(3):
        x = made.x[made.y == arm]
        np.testing.assert_allclose(np.hypot(*x.T), [0.1, 0.325, 0.55, 0.775, 1])
        angle = 2 * np.pi * arm / 3  # the arm ends where it began, two turns on
        np.testing.assert_allclose(x[-1], [np.cos(angle), np.sin(angle)], atol=1e-12)
        np.testing.assert_allclose(x[1] / 0.325, -x[0] / 0.1, atol=1e-12)  # half a turn on


def test_blobs_are_centered_on_the_unit_circle() -> None:
    made = blobs(points=4, classes=2, spread=0, rng=rng())
    np.testing.assert_allclose(made.x, [[1, 0], [1, 0], [-1, 0], [-1, 0]], atol=1e-15)
    spread = blobs(points=20_000, classes=2, spread=0.5, rng=rng())
    np.testing.assert_allclose(spread.x[spread.y == 0].std(axis=0), 0.5, rtol=0.03)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("moons:points=3", "points must be 4 to 1000000"),
        ("moons:points=1000001", "points must be 4 to"),
        ("blobs:points=7,classes=4", "points must be 8 to"),
        ("moons:noise=-0.1", "noise must be 0 to 1000"),
        ("moons:noise=1e300", "noise must be 0 to 1000"),
        ("moons:noise=nan", "must be finite"),
        ("moons:points=2.5", "must be an integer"),
        ("circles:factor=1", "factor must be between 0 and 1"),
        ("spirals:classes=1", "classes must be 2 to 100"),
        ("spirals:turns=0", "turns must be more than 0"),
        ("blobs:spread=-1", "spread must be 0 to"),
        ("blobs:rng=1", "no setting 'rng'"),
    ],
)
def test_settings_out_of_range(spec: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        parse(spec, GENERATED, "data set")(rng=rng())


@pytest.mark.parametrize("make", [moons, circles, spirals])
def test_nan_noise_is_refused_in_python_too(make: Any) -> None:
    with pytest.raises(SettingError, match="noise"):
        make(noise=float("nan"), rng=rng())
