"""Rendered hands: reproducible, balanced, and as they were rendered before."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from photos import rng
from PIL import Image

from cnn_sign_digits.synthetic.capsules import PARTS, Capsules, build_capsules
from cnn_sign_digits.synthetic.rasterizer import rasterize
from cnn_sign_digits.synthetic.renderer import BATCH, render, render_dataset
from cnn_sign_digits.synthetic.skeleton import forward_kinematics
from nn_core.errors import SettingError

GOLDEN = Path(__file__).parents[1] / "data" / "hands.png"


def test_hands_are_those_of_the_first_version() -> None:
    """Rounding may differ by machine: at edges a pixel can change, elsewhere a level of 255."""
    with Image.open(GOLDEN) as image:
        expected = np.asarray(image).reshape(64, 10, 64, 3).transpose(1, 0, 2, 3).astype(int)
    found = render(np.arange(10), rng=rng(20), diversity=0.5)
    assert (abs(found - expected) > 1).mean() < 0.001


def test_an_image_has_the_size_asked_for() -> None:
    for size in (16, 64, 90):
        (image,) = render(np.array([5]), rng=rng(), size=size)
        assert image.shape == (size, size, 3)
        assert image.dtype == np.uint8
        assert image.std() > 5


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = (render_dataset(70, rng=rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).mean() > 0.9


def test_a_data_set_is_balanced_and_shuffled() -> None:
    x, y = render_dataset(2 * BATCH + 7, rng=rng())
    assert x.shape == (2 * BATCH + 7, 64, 64, 3)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    counts = np.bincount(y, minlength=10)
    assert counts.max() - counts.min() <= 1
    assert (np.diff(y) < 0).any()
    assert len({image.tobytes() for image in x}) == len(x)
    small, _ = render_dataset(3, rng=rng(), size=32)
    assert small.shape == (3, 32, 32, 3)


def test_the_digits_look_different() -> None:
    """Their mean images differ, by far more than those of two halves of one digit."""
    halves = np.array([[_depth_maps(digit, seed).mean(axis=0) for digit in range(10)] for seed in (0, 1)])
    distance = np.linalg.norm((halves[0][:, None] - halves[1]).reshape(10, 10, -1), axis=2)
    np.testing.assert_array_equal(distance.argmin(axis=1), np.arange(10))


def _depth_maps(digit: int, seed: int) -> npt.NDArray[np.floating]:
    """An upright right hand before it is rotated, in a fixed frame."""
    capsules = build_capsules(forward_kinematics(np.full(60, digit), rng=rng(seed)), rng=rng(seed))
    frame = np.array((20.0, -20.0, 20.0))
    origin = np.array((32.0, 48.0, 0.0))
    fragments = rasterize(
        Capsules(
            capsules.start * frame + origin,
            capsules.end * frame + origin,
            capsules.start_radius * 20,
            capsules.end_radius * 20,
        ),
        np.ones((60, len(PARTS))),
        64,
    )
    return np.where(np.isfinite(fragments.depth), 1 + fragments.depth / 20, 0)


@pytest.mark.parametrize("digit", [-1, 10, 99])
def test_an_invalid_digit_is_refused(digit: int) -> None:
    with pytest.raises(SettingError, match=f"0 to 9, not {digit}"):
        render(np.array([1, digit]), rng=rng())


@pytest.mark.parametrize("size", [0, 8, 63, 514, 10_000])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(SettingError, match=f"size must be even, 16 to 512 pixels, not {size}"):
        render(np.array([1]), rng=rng(), size=size)


@pytest.mark.parametrize("count", [0, -3, 10_000_000])
def test_a_count_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(SettingError, match="count must be 1 to 1000000"):
        render_dataset(count, rng=rng())


def test_less_diversity_makes_images_more_alike() -> None:
    digits = np.full(64, 5)
    spread = [render(digits, rng=rng(), diversity=diversity).std(axis=0).mean() for diversity in (0, 0.5, 1)]
    assert spread[0] < spread[1] < spread[2]


@pytest.mark.parametrize("diversity", [-0.1, 1.5, float("nan")])
def test_diversity_out_of_range_is_refused(diversity: float) -> None:
    with pytest.raises(SettingError, match="diversity must be 0 to 1"):
        render(np.array([1]), rng=rng(), diversity=diversity)
