"""Hands cut out of photos: what is hand, what is wall, and hands before other walls."""

import numpy as np
import pytest

from cnn_sign_digits.cutouts import BATCH, before_other_walls, cut_out
from cnn_sign_digits.rendering import dataset
from nn_core.errors import SettingError

SIZE = 64


def rng(seed=0):
    return np.random.default_rng(seed)


def hand_shape():
    """An arm from below, a palm, and two fingers."""
    shape = np.zeros((SIZE, SIZE), bool)
    shape[44:, 26:38] = True
    shape[28:46, 20:44] = True
    shape[8:30, 22:28] = shape[10:30, 36:42] = True
    return shape


def photo_of(shape, seed=0, skin=(190, 140, 110), wall=(200, 202, 205)):
    """Skin before a wall whose light falls off to the corners, with a little noise."""
    y, x = np.mgrid[:SIZE, :SIZE] / (SIZE / 2) - 1
    picture = np.array(wall) * (1 - 0.15 * (x * x + y * y) + 0.05 * x)[..., None]
    picture[shape] = skin
    picture += rng(seed).normal(0, 1.5, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def test_skin_is_hand_and_the_rest_is_wall():
    shape = hand_shape()
    cover = cut_out(photo_of(shape)[None])[0]
    assert cover.dtype == np.float32
    assert (cover.min(), cover.max()) == (0, 1)
    found = cover > 0.5
    assert (found & shape).sum() / (found | shape).sum() > 0.95


def test_what_hangs_not_together_with_the_hand_is_wall():
    shape = hand_shape()
    spot = np.zeros_like(shape)
    spot[5:11, 52:58] = True
    cover = cut_out(photo_of(shape | spot)[None])[0]
    assert cover[spot].max() == 0
    assert cover[shape].mean() > 0.9


@pytest.mark.parametrize("rows", [0, 3, 60])
def test_what_has_not_the_size_of_a_hand_is_none(rows):
    shape = np.zeros((SIZE, SIZE), bool)
    shape[SIZE - rows :, 6:-6] = True
    assert not cut_out(photo_of(shape)[None]).any()


def test_drawn_hands_before_plain_walls_are_found():
    x, _ = dataset(40, rng=rng(), variety=0.0)
    share = (cut_out(x) > 0.5).mean(axis=(1, 2))
    assert (share > 0.07).mean() > 0.9


def test_a_photo_is_cut_out_whatever_stands_beside_it():
    photos = np.stack([photo_of(hand_shape(), seed) for seed in range(BATCH + 3)])
    covers = cut_out(photos)
    np.testing.assert_array_equal(covers[BATCH:], cut_out(photos[BATCH:]))
    assert cut_out(photos[:0]).shape == (0, SIZE, SIZE)


def test_nothing_of_the_old_wall_remains():
    shape = hand_shape()
    covers = shape[None].astype(np.float32)
    light = before_other_walls(photo_of(shape)[None], covers, rng=rng())
    dark = before_other_walls(photo_of(shape, wall=(60, 20, 90))[None], covers, rng=rng())
    np.testing.assert_array_equal(light, dark)


def test_the_hand_remains_and_the_wall_is_new_each_time():
    photos = np.stack([photo_of(hand_shape())] * 40)
    covers = cut_out(photos)
    before = photos.copy()
    images = before_other_walls(photos, covers, rng=rng())
    np.testing.assert_array_equal(photos, before)
    assert (images.shape, images.dtype) == (photos.shape, np.uint8)
    corner, palm = images[:, :6, :6].mean(axis=(1, 2)), images[:, 34:40, 28:36].mean(axis=(1, 2))
    assert corner.std(axis=0).min() > 20
    warm = palm[:, 0] - palm[:, 2]
    assert np.median(warm) > 20
    np.testing.assert_array_equal(images, before_other_walls(photos, covers, rng=rng()))
    assert (images != before_other_walls(photos, covers, rng=rng(1))).mean() > 0.9


@pytest.mark.parametrize("variety", [-0.1, 1.5, float("nan")])
def test_variety_out_of_range_is_refused(variety):
    photos = photo_of(hand_shape())[None]
    with pytest.raises(SettingError, match="variety must be 0 to 1"):
        before_other_walls(photos, cut_out(photos), rng=rng(), variety=variety)
