"""Augmentation against its definition: one pixel, one channel at a time."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.batches import augmentation as module
from nn_core.batches.augmentation import AUGMENTATIONS, Augmentation, augmentation, rotate, rotation_weights
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.noise import uniform

STILL: dict[str, Any] = {"shift": 0.0, "rotation": 0.0, "scale": 0.0, "stretch": 0.0, "horizontal_flip": False}
UNLIT: dict[str, Any] = {"brightness": 0.0, "contrast": 0.0, "color": 0.0}
settings = st.builds(
    Augmentation,
    shift=st.floats(0, 1),
    rotation=st.floats(0, 180),
    scale=st.floats(0, 1),
    stretch=st.floats(0, 1),
    horizontal_flip=st.booleans(),
    brightness=st.floats(0, 1),
    contrast=st.floats(0, 1),
    color=st.floats(0, 1),
)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7), st.integers(1, 4))
seeds = st.integers(0, 2**32 - 1)


def bytes_of(shape: tuple[int, ...], seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(shape: tuple[int, int, int, int], seed: int = 0) -> npt.NDArray[np.uint8]:
    """Images whose neighboring pixels differ little, so that rounding a coordinate does too."""
    N, H, W, C = shape
    draw = np.random.default_rng(seed)
    slope = draw.uniform(-4, 4, (2, N, 1, 1, C))
    plane = slope[0] * np.arange(H)[:, None, None] + slope[1] * np.arange(W)[:, None]
    images: npt.NDArray[np.uint8] = np.clip(128 + plane, 0, 255).astype(np.uint8)
    return images


def slowly(
    x: npt.NDArray[np.uint8], chosen: Augmentation, seed: tuple[int, int], white: float
) -> npt.NDArray[np.float64]:
    """The definition, in the words of its docstring, at whole precision."""
    N, H, W, C = x.shape
    y = np.empty(x.shape)
    for n, drawn in enumerate(2 * uniform(seed, (), 0, (N, 8 + C)) - 1):
        t = np.array([chosen.shift * W * drawn[0], chosen.shift * H * drawn[1]])
        a = math.radians(chosen.rotation * drawn[2])
        k = (1 + chosen.scale) ** drawn[3]
        F = np.diag([-1.0 if chosen.horizontal_flip and drawn[4] < 0 else 1.0, 1.0])
        R = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
        e = (1 + chosen.stretch) ** drawn[-1]
        back = np.linalg.inv(np.diag([e, 1 / e]) @ (k * R @ F))
        c = (1 + chosen.contrast) ** drawn[6]
        center = np.array([(W - 1) / 2, (H - 1) / 2])
        for row in range(H):
            for column in range(W):
                p = back @ (np.array([column, row]) - center - t) + center
                p = np.clip(p, 0, [W - 1, H - 1])
                i, j = (math.floor(v) for v in p)
                r, s = p - [i, j]
                right, below = min(i + 1, W - 1), min(j + 1, H - 1)
                for channel in range(C):
                    g = (1 + chosen.color) ** drawn[7 + channel]
                    value = (
                        (1 - r) * (1 - s) * x[n, j, i, channel]
                        + r * (1 - s) * x[n, j, right, channel]
                        + (1 - r) * s * x[n, below, i, channel]
                        + r * s * x[n, below, right, channel]
                    ) / 255
                    lit = c * (g * value - 0.5) + 0.5 + chosen.brightness * drawn[5]
                    y[n, row, column, channel] = white * min(1.0, max(0.0, lit))
    return y


@given(chosen=settings, shape=shapes, seed=seeds, white=st.sampled_from([1.0, 255.0]))
def test_as_defined(chosen: Augmentation, shape: tuple[int, int, int, int], seed: int, white: float) -> None:
    x = smooth(shape, seed)
    y = chosen(x, seed=(seed, 3), white=white)
    assert y.shape == x.shape
    assert y.dtype == np.float32
    # Coordinates are rounded to 1/512 pixel, weights to 1/512; neighbors differ by 8 or 9,
    # and light multiplies by 4 at most.
    tolerance = 4 * (9 * 2 / 512 + 9 / 512 + 0.01) * white / 255
    np.testing.assert_allclose(y, slowly(x, chosen, (seed, 3), white), rtol=0, atol=tolerance)


@given(chosen=settings, seed=seeds)
def test_as_defined_on_noise_within_the_steepest_slope(chosen: Augmentation, seed: int) -> None:
    x = bytes_of((2, 6, 5, 3), seed)
    difference = chosen(x, seed=(seed, 3)) - slowly(x, chosen, (seed, 3), 255.0)
    assert np.abs(difference).max() <= 4 * (2 * 255 / 512 + 255 / 512 + 0.01)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("white", [1.0, 255.0])
def test_no_settings_leave_the_image_as_it_is(channels: int, white: float) -> None:
    x = bytes_of((5, 9, 7, channels))
    y = Augmentation(**STILL, **UNLIT)(x, seed=(0, 1), white=white)
    np.testing.assert_allclose(y, x * (white / 255), rtol=1e-6, atol=0)


def test_white_is_255_unless_told_otherwise() -> None:
    y = Augmentation()(np.full((1, 4, 4, 3), 255, np.uint8), seed=(0, 1))
    assert 100 < y.max() <= 255


def test_a_flip_and_nothing_else() -> None:
    x = bytes_of((64, 6, 5, 3))
    y = Augmentation(**(STILL | UNLIT | {"horizontal_flip": True}))(x, seed=(0, 1))
    same = (y == x).all(axis=(1, 2, 3))
    flipped = (y == x[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ flipped).all()
    assert 16 < flipped.sum() < 48


def test_whole_pixels_and_quarter_turns_are_exact() -> None:
    x = bytes_of((1, 5, 5, 3))

    def seen(chosen: Augmentation, **drawn: float) -> Any:
        """The image after numbers that the test chooses."""
        names = ["right", "down", "turn", "scale", "flip", "bright", "contrast"]
        row = [*(drawn.get(name, 0.0) for name in names), *[0.0] * 3, drawn.get("wider", 0.0)]
        return chosen._transform(x, np.array([row]), 255.0)[0]

    mover = Augmentation(**(STILL | UNLIT | {"shift": 0.4}))
    moved = seen(mover, right=1.0)
    np.testing.assert_array_equal(moved[:, 2:], x[0, :, :3])
    np.testing.assert_array_equal(moved[:, :2], np.repeat(x[0, :, :1], 2, axis=1))
    lifted = seen(mover, down=-0.5)
    np.testing.assert_array_equal(lifted[:4], x[0, 1:])
    np.testing.assert_array_equal(lifted[4], x[0, 4])
    # q = R p with a = 90 degrees takes (1, 0) to (0, 1): right goes down, rows being counted
    # from the top, which is a clockwise rotation.
    rotated = seen(Augmentation(**(STILL | UNLIT | {"rotation": 90.0})), turn=1.0)
    np.testing.assert_array_equal(rotated, np.rot90(x[0], -1))
    grown = seen(Augmentation(**(STILL | UNLIT | {"scale": 1.0})), scale=1.0)
    np.testing.assert_array_equal(grown[::2, ::2], x[0, 1:4, 1:4])
    halves = (x[0, 1:4, 1:3].astype(float) + x[0, 1:4, 2:4]) / 2
    np.testing.assert_allclose(grown[::2, 1::2], halves, atol=1e-4)
    # Twice as wide and half as high: the middle row shows every column at half a pixel's steps.
    wider = seen(Augmentation(**(STILL | UNLIT | {"stretch": 1.0})), wider=1.0)
    np.testing.assert_array_equal(wider[2, ::2], x[0, 2, 1:4])
    np.testing.assert_array_equal(wider[[1, 3], 2], x[0, [0, 4], 2])
    # Flipped first, then moved to the right.
    both = Augmentation(**(STILL | UNLIT | {"shift": 0.4, "horizontal_flip": True}))
    moved = seen(both, right=1.0, flip=-1.0)
    np.testing.assert_array_equal(moved[:, 2:], x[0, :, ::-1][:, :3])
    brighter = seen(Augmentation(**(STILL | UNLIT | {"brightness": 0.2})), bright=0.5)
    np.testing.assert_allclose(brighter, np.minimum(x[0] + 25.5, 255), rtol=1e-6)
    starker = seen(Augmentation(**(STILL | UNLIT | {"contrast": 0.5})), contrast=1.0)
    by_hand = np.clip((x[0] - 127.5) * 1.5 + 127.5, 0, 255)
    np.testing.assert_allclose(starker, by_hand, rtol=1e-5, atol=1e-3)


def test_light_differs_by_channel_only_by_color() -> None:
    x = np.full((40, 3, 3, 3), 100, np.uint8)
    lit = Augmentation(**STILL, brightness=0.2, contrast=0.3, color=0.0)(x, seed=(0, 1))
    np.testing.assert_array_equal(lit[..., 0], lit[..., 2])
    assert np.ptp(lit[:, 0, 0, 0]) > 30
    tinted = Augmentation(**STILL, brightness=0.0, contrast=0.0, color=0.5)(x, seed=(0, 1))
    assert np.abs(tinted[..., 0] - tinted[..., 1]).max() > 20
    assert 100 / 1.5 - 0.01 <= tinted.min() < tinted.max() <= 150.01
    np.testing.assert_array_equal(tinted, tinted[:, :1, :1] + np.zeros((3, 3, 1), np.float32))


@given(seed=seeds, count=st.integers(1, 12), pixels=st.sampled_from([1, 40, 100, 10**9]))
def test_images_do_not_depend_on_their_neighbors_or_on_the_blocks(seed: int, count: int, pixels: int) -> None:
    x = bytes_of((count, 5, 4, 3), seed)
    chosen = Augmentation(shift=0.5, rotation=90, scale=0.5)
    whole = chosen(x, seed=(seed, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_PIXELS", pixels)
        np.testing.assert_array_equal(chosen(x, seed=(seed, 3)), whole)
    for n in range(count):
        alone = chosen(x[n : n + 1], seed=(seed, 3), first_row=n)
        np.testing.assert_array_equal(alone[0], whole[n])


def test_one_seed_gives_the_same_bits_and_the_batch_stays_as_it_is() -> None:
    x = bytes_of((6, 8, 8, 3))
    before = x.copy()
    first, again, other, later = (Augmentation()(x, seed=seed) for seed in ((1, 5), (1, 5), (2, 5), (1, 6)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, later)
    np.testing.assert_array_equal(x, before)


def test_a_view_is_as_good_as_an_array() -> None:
    x = bytes_of((4, 6, 6, 3))
    view = np.asfortranarray(x)
    np.testing.assert_array_equal(Augmentation()(view, seed=(0, 1)), Augmentation()(x, seed=(0, 1)))
    none = Augmentation()(x[:0], seed=(0, 1))
    assert none.shape == (0, 6, 6, 3)


def test_a_large_image_stays_within_the_integers() -> None:
    x = np.zeros((1, 3, 4096, 1), np.uint8)
    x[:, :, 4095] = 255
    chosen = Augmentation(shift=1.0, rotation=180.0, scale=1.0, stretch=1.0)
    for seed in range(20):
        y = chosen(x, seed=(seed, 3))
        assert 0 <= y.min() <= y.max() <= 255


def test_named_with_its_settings() -> None:
    chosen = augmentation("standard:rotation=30,horizontal_flip=no,color=0")
    assert chosen == Augmentation(rotation=30.0, horizontal_flip=False, color=0.0)
    assert augmentation(AUGMENTATIONS.describe(chosen)) == chosen
    assert augmentation("standard:horizontal_flip=YES") == Augmentation(horizontal_flip=True)
    with pytest.raises(SettingError, match="horizontal_flip must be yes or no, not '2'"):
        augmentation("standard:horizontal_flip=2")


@pytest.mark.parametrize("name", [*STILL, *UNLIT])
def test_settings_out_of_range_are_refused(name: str) -> None:
    most = 180 if name == "rotation" else 1

    def with_value(value: Any) -> Augmentation:
        return replace(Augmentation(), **{name: value})

    assert with_value(0) != with_value(most)
    for wrong in (-0.1, most + 0.1, math.nan):
        with pytest.raises(SettingError, match=f"{name} must be from 0 to {most}, not"):
            with_value(wrong)


@pytest.mark.parametrize(
    ("shape", "dtype", "error", "message"),
    [
        ((2, 4, 4), np.uint8, ShapeError, r"must be \(N, H, W, C\) with C from 1 to 4, not \(2, 4, 4"),
        ((2, 4, 4, 5), np.uint8, ShapeError, "C from 1 to 4"),
        ((2, 4, 4, 0), np.uint8, ShapeError, "C from 1 to 4"),
        ((2, 0, 4, 3), np.uint8, ShapeError, "C from 1 to 4"),
        ((1, 1, 4097, 1), np.uint8, ShapeError, "at most 4096 pixels per side"),
        ((2, 4, 4, 3), np.float32, DataError, "must be uint8, not float32"),
    ],
)
def test_invalid_image_batches_are_refused(
    shape: tuple[int, ...], dtype: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Augmentation()(np.zeros(shape, dtype), seed=(0, 1))


def test_rotated_by_a_right_angle_each_pixel_is_where_it_should_be() -> None:
    x = np.random.default_rng(0).integers(256, size=(2, 5, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(rotate(x, 90), np.rot90(x, -1, axes=(1, 2)))
    np.testing.assert_array_equal(rotate(x, -90), np.rot90(x, 1, axes=(1, 2)))
    np.testing.assert_array_equal(rotate(x, 0), x)


@pytest.mark.parametrize("degrees", [20.0, -33.0, 180.0])
@pytest.mark.parametrize("shape", [(9, 6, 3), (5, 1, 1)])
def test_a_rotation_is_a_weighted_sum_of_pixels(degrees: float, shape: tuple[int, int, int]) -> None:
    x = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    indices, weights = rotation_weights(degrees, *shape[:2])
    assert set(weights.sum(axis=1)) == {256}
    pixels = x.reshape(2, -1, shape[2])[:, indices]  # (N, H W, 4, C)
    summed = (pixels * weights[..., None]).sum(axis=2) / 256
    np.testing.assert_array_equal(summed.reshape(x.shape), rotate(x, degrees))
