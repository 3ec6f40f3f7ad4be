"""Segmentation of hands, and hands over synthetic backgrounds."""

import numpy as np
import numpy.typing as npt
import pytest
from photos import rng

from cnn_sign_digits.datasets.cutouts import BATCH, replace_backgrounds, segment_hands
from cnn_sign_digits.synthetic.renderer import render_dataset
from nn_core.errors import SettingError

SIZE = 64
Color = tuple[int, int, int]


def hand_shape() -> npt.NDArray[np.bool_]:
    """An arm from below, a palm, and two fingers."""
    shape = np.zeros((SIZE, SIZE), bool)
    shape[44:, 26:38] = True
    shape[28:46, 20:44] = True
    shape[8:30, 22:28] = shape[10:30, 36:42] = True
    return shape


def photo_of(
    shape: npt.NDArray[np.bool_], seed: int = 0, skin: Color = (190, 140, 110), wall: Color = (200, 202, 205)
) -> npt.NDArray[np.uint8]:
    """Skin over a wall that is darker in the corners, with a little noise."""
    y, x = np.mgrid[:SIZE, :SIZE] / (SIZE / 2) - 1
    image = np.array(wall) * (1 - 0.15 * (x * x + y * y) + 0.05 * x)[..., None]
    image[shape] = skin
    image += rng(seed).normal(0, 1.5, image.shape)
    clipped: npt.NDArray[np.uint8] = image.clip(0, 255).astype(np.uint8)
    return clipped


def test_skin_is_hand_and_the_rest_is_background() -> None:
    shape = hand_shape()
    alpha = segment_hands(photo_of(shape)[None])[0]
    assert alpha.dtype == np.float32
    assert (alpha.min(), alpha.max()) == (0, 1)
    found = alpha > 0.5
    assert (found & shape).sum() / (found | shape).sum() > 0.95


def test_a_separate_spot_is_background() -> None:
    shape = hand_shape()
    spot = np.zeros_like(shape)
    spot[5:11, 52:58] = True
    alpha = segment_hands(photo_of(shape | spot)[None])[0]
    assert alpha[spot].max() == 0
    assert alpha[shape].mean() > 0.9


@pytest.mark.parametrize("rows", [0, 3, 60])
def test_a_region_of_another_size_is_no_hand(rows: int) -> None:
    shape = np.zeros((SIZE, SIZE), bool)
    shape[SIZE - rows :, 6:-6] = True
    assert not segment_hands(photo_of(shape)[None]).any()


def test_synthetic_hands_over_plain_backgrounds_are_found() -> None:
    x, _ = render_dataset(40, rng=rng(), diversity=0.0)
    share = (segment_hands(x) > 0.5).mean(axis=(1, 2))
    assert (share > 0.07).mean() > 0.9


def test_the_other_photos_of_a_batch_do_not_matter() -> None:
    photos = np.stack([photo_of(hand_shape(), seed) for seed in range(BATCH + 3)])
    alphas = segment_hands(photos)
    np.testing.assert_array_equal(alphas[BATCH:], segment_hands(photos[BATCH:]))
    assert segment_hands(photos[:0]).shape == (0, SIZE, SIZE)


def test_nothing_of_the_old_background_remains() -> None:
    shape = hand_shape()
    alphas = shape[None].astype(np.float32)
    light = replace_backgrounds(photo_of(shape)[None], alphas, rng=rng())
    dark = replace_backgrounds(photo_of(shape, wall=(60, 20, 90))[None], alphas, rng=rng())
    np.testing.assert_array_equal(light, dark)


def test_the_hand_remains_and_each_background_is_new() -> None:
    photos = np.stack([photo_of(hand_shape())] * 40)
    alphas = segment_hands(photos)
    before = photos.copy()
    images = replace_backgrounds(photos, alphas, rng=rng())
    np.testing.assert_array_equal(photos, before)
    assert images.shape == photos.shape
    assert images.dtype == np.uint8
    corner, palm = images[:, :6, :6].mean(axis=(1, 2)), images[:, 34:40, 28:36].mean(axis=(1, 2))
    assert corner.std(axis=0).min() > 20
    warm = palm[:, 0] - palm[:, 2]
    assert np.median(warm) > 20
    np.testing.assert_array_equal(images, replace_backgrounds(photos, alphas, rng=rng()))
    assert (images != replace_backgrounds(photos, alphas, rng=rng(1))).mean() > 0.9


@pytest.mark.parametrize("diversity", [-0.1, 1.5, float("nan")])
def test_diversity_out_of_range_is_refused(diversity: float) -> None:
    photos = photo_of(hand_shape())[None]
    with pytest.raises(SettingError, match="diversity must be 0 to 1"):
        replace_backgrounds(photos, segment_hands(photos), rng=rng(), diversity=diversity)
