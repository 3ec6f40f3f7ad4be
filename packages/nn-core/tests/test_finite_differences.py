"""The comparison itself: slopes, kinks, rounding, and that what it moves is put back."""

from collections.abc import Callable

import numpy as np
import pytest

from nn_core.errors import GradientError
from nn_core.finite_differences import GradientReport, check_function


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan])
def test_the_bounds_at_a_kink_by_hand(wrong: float) -> None:
    # |v| / 2 + v / 2 has slope 0 to the left of 0 and 1 to the right.
    v = np.zeros(1)

    def f() -> float:
        return float(max(v[0], 0.0))

    for right in (0.0, 0.3, 1.0):
        report = check_function(f, {"v": v}, {"v": np.array([right])}, rng=rng())
        assert report.arrays[0].kinks == ("[0]",)
    with pytest.raises(GradientError, match=r"v\[0\]: at a kink, expected between -?\S+ and 1"):
        check_function(f, {"v": v}, {"v": np.array([wrong])}, rng=rng())


@pytest.mark.parametrize("distance", [3e-6, 3e-7, -3e-6])
def test_a_kink_nearby_is_no_kink_here(distance: float) -> None:
    v, slope = np.array([distance]), np.array([1.0 if distance > 0 else 0.0])
    report = check_function(lambda: float(max(v[0], 0.0)), {"v": v}, {"v": slope}, rng=rng())
    assert report.arrays[0].kinks == ()
    with pytest.raises(GradientError, match=r"v\[0\]"):
        check_function(lambda: float(max(v[0], 0.0)), {"v": v}, {"v": slope + 2}, rng=rng())


def test_a_steep_curve_is_no_kink() -> None:
    v = np.array([2.0])
    f: Callable[[], float] = lambda: float(v[0] ** 4)  # noqa: E731
    assert check_function(f, {"v": v}, {"v": np.array([32.0])}, rng=rng()).arrays[0].kinks == ()
    with pytest.raises(GradientError, match=r"expected 32.* by finite differences, received 32.001"):
        check_function(f, {"v": v}, {"v": np.array([32.001])}, rng=rng())


def test_a_loss_that_is_not_a_number_passes_nothing() -> None:
    v = np.ones(1)
    with pytest.raises(GradientError):
        check_function(lambda: np.nan, {"v": v}, {"v": np.ones(1)}, rng=rng())


def test_moved_numbers_are_put_back_even_after_an_error() -> None:
    v = np.array([0.1, 0.2])

    def fails_elsewhere() -> float:
        if v[0] != 0.1:
            raise ZeroDivisionError
        return 0.0

    with pytest.raises(ZeroDivisionError):
        check_function(fails_elsewhere, {"v": v}, {"v": np.zeros(2)}, rng=rng())
    np.testing.assert_array_equal(v, [0.1, 0.2])


@pytest.mark.parametrize("size", [200, 201])
def test_small_arrays_go_number_by_number_and_large_ones_along_directions(size: int) -> None:
    v = np.linspace(0.5, 1.5, size)

    def f() -> float:
        return float((v**3).sum())

    report = check_function(f, {"v": v}, {"v": 3 * v**2}, rng=rng())
    assert report.arrays[0].numbers == (200 if size == 200 else 3)
    wrong = 3 * v**2
    wrong[17] += 0.01
    where = r"v\[17\]" if size == 200 else "v, random direction 0"
    with pytest.raises(GradientError, match=where):
        check_function(f, {"v": v}, {"v": wrong}, rng=rng())


def test_the_report_has_a_line_for_each_array_and_the_largest_error() -> None:
    v, w = np.array([1.0, 2.0]), np.array([[0.0, 3.0]])

    def f() -> float:
        return float((v**2).sum() + np.abs(w).sum())

    report = check_function(f, {"v": v, "w": w}, {"v": 2 * v, "w": np.array([[0.5, 1]])}, rng=rng())
    first, second, third = str(report).splitlines()
    assert first.startswith("v (2,): 2 compared, max relative error ")
    assert second.startswith("w (1, 2): 1 compared, max relative error ")
    assert third == "  1 at a kink: [0, 0]"
    assert report.error == max(array.error for array in report.arrays)
    assert GradientReport(()).error == 0
