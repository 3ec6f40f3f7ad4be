"""Hands drawn from a seed: poses as they should be, pictures as they were."""

import numpy as np
import pytest

from cnn_sign_digits.hands.body import KINDS, Rods, flesh
from cnn_sign_digits.hands.camera import look, rotations
from cnn_sign_digits.hands.poses import FINGERS, POSES, SIGNS, VARIANTS, choose
from cnn_sign_digits.hands.raster import see
from cnn_sign_digits.hands.skeleton import BONES, THUMB_BONES, bend, chain, reach
from cnn_sign_digits.rendering import BATCH, dataset, render, render_all
from nn_core.errors import SettingError

DIGITS = range(10)


def rng(seed=0):
    return np.random.default_rng(seed)


# --- the ten signs


def test_there_are_ten_signs_with_as_many_fingers_as_people_show():
    assert [len(pose.extended) for pose in POSES] == [0, 1, 2, 3, 4, 5, 3, 3, 3, 3]
    assert len({pose.extended for pose in POSES}) == 10


@pytest.mark.parametrize("sign", range(len(SIGNS)))
def test_extended_fingers_end_far_above_the_palm_and_others_do_not(sign):
    skeleton = bend(np.full(200, sign), rng=rng())
    length = np.linalg.norm(skeleton.fingers[:, :, 3] - skeleton.fingers[:, :, 0], axis=2)
    stretched = length.mean(axis=0) / BONES.sum(axis=1)
    for finger, share in zip(FINGERS, stretched, strict=True):
        if finger in SIGNS[sign].extended:
            assert share > 0.95, finger
        else:
            assert share < 0.85, finger


@pytest.mark.parametrize("digit", [0, 6, 7, 8, 9])
def test_the_thumb_touches_its_finger(digit):
    skeleton = bend(np.full(200, digit), rng=rng())
    gaps = np.linalg.norm(skeleton.fingers[:, :, 3] - skeleton.thumb[:, None, 3], axis=2)
    assert FINGERS[np.median(gaps, axis=0).argmin()] == POSES[digit].meets
    assert np.median(gaps.min(axis=1)) < 0.25  # two fingertips are 0.16 thick each


@pytest.mark.parametrize("sign", range(len(SIGNS)))
def test_the_thumb_stands_out_only_where_it_should(sign):
    thumb = bend(np.full(200, sign), rng=rng()).thumb
    out = np.median(thumb[:, 3, 0])
    assert (out > 0.7) == ("thumb" in SIGNS[sign].extended)


def test_a_variant_shows_the_fingers_of_its_digit():
    for digit, pose in VARIANTS:
        assert pose.extended == POSES[digit].extended


def test_every_digit_is_signed_in_all_its_ways():
    digits = np.arange(4000) % 10
    np.testing.assert_array_equal(choose(digits, rng=rng(), variety=0.0), digits)
    signs = choose(digits, rng=rng())
    assert set(signs.tolist()) == set(range(len(SIGNS)))
    assert 0.4 < (signs == digits).mean() < 0.6
    of_sign = np.array([*DIGITS, *(digit for digit, _ in VARIANTS)])
    np.testing.assert_array_equal(of_sign[signs], digits)


# --- joints


def test_a_chain_bends_towards_the_palm():
    start, flexions, sideways = np.zeros((1, 4, 3)), np.zeros((1, 4, 3)), np.zeros((1, 4))
    flexions[0, 1] = np.radians([90, 90, 0])
    sideways[0, 2] = np.radians(90)
    joints, dorsal = chain(start, flexions, sideways, 0 * sideways, np.ones((1, 4, 3)))
    np.testing.assert_allclose(joints[0, 0], [[0, 0, 0], [0, 1, 0], [0, 2, 0], [0, 3, 0]])
    bent = [[0, 0, 0], [0, 0, 1], [0, -1, 1], [0, -2, 1]]  # out of the palm, then down
    np.testing.assert_allclose(joints[0, 1], bent, atol=1e-15)
    np.testing.assert_allclose(joints[0, 2, 3], [3, 0, 0], atol=1e-15)
    np.testing.assert_allclose(dorsal[0, :2], [[0, 0, -1], [0, 0, 1]], atol=1e-15)


def test_a_chain_reaches_its_goal_or_stretches_towards_it():
    root, bulge = np.zeros((2, 3)), np.array([[1.0, 0, 0], [1.0, 0, 0]])
    goal = np.array([[0.1, 0.6, 0.2], [0, 9.0, 0]])
    bones = np.tile(THUMB_BONES, (2, 1))
    joints = reach(root, goal, bones, bulge, sweeps=60)
    np.testing.assert_allclose(joints[0, 3], goal[0], atol=1e-3)
    np.testing.assert_allclose(joints[1, 3], [0, bones[1].sum(), 0], atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(np.diff(joints, axis=1), axis=2), bones, rtol=1e-9)
    assert (joints[0, 1:3, 0] > 0.1).all()  # bent to the side of the bulge


def test_rotations_turn_the_palm_and_keep_lengths():
    quarter = np.array([np.pi / 2])
    turn = rotations(quarter, 0 * quarter, 0 * quarter)[0]
    np.testing.assert_allclose(turn @ [0, 0, 1], [1, 0, 0], atol=1e-15)
    turn = rotations(*rng().normal(size=(3, 5)))
    np.testing.assert_allclose(
        turn @ turn.transpose(0, 2, 1), np.tile(np.eye(3), (5, 1, 1)), atol=1e-12
    )


def test_every_rod_has_its_kind():
    skeleton = bend(np.arange(3), rng=rng())
    rods = flesh(skeleton, rng=rng())
    assert rods.start.shape == rods.end.shape == (3, len(KINDS), 3)
    assert rods.start_radius.shape == rods.end_radius.shape == (3, len(KINDS))


def test_some_hands_show_their_back_and_its_normal_is_towards_the_viewer():
    n = 400
    skeleton = bend(np.full(n, 5), rng=rng())
    view = look(flesh(skeleton, rng=rng()), skeleton.dorsal, np.full(n, 5), 64, rng=rng())
    nails = view.dorsal[:, :4, 2].mean(axis=1)
    assert 0.05 < (nails > 0).mean() < 0.25
    assert (view.palmar[:, 2] > 0).all()


# --- what a pixel sees


def one_rod(start, end, start_radius, end_radius):
    return Rods(
        np.array([[start]], float),
        np.array([[end]], float),
        np.array([[start_radius]], float),
        np.array([[end_radius]], float),
    )


@pytest.mark.parametrize(
    ("end", "end_radius"),
    [((24, 20, 0), 3), ((24, 20, 12), 3), ((12, 13, -20), 4.5), ((13, 12, 9), 6), ((12, 26, 4), 5)],
)
def test_the_surface_is_that_of_many_balls(end, end_radius):
    start, start_radius, size = np.array((12.0, 12.0, 2.0)), 5.0, 32
    seen = see(one_rod(start, end, start_radius, end_radius), np.ones((1, 1)), size)
    y, x = np.mgrid[:size, :size] + 0.5
    expected = np.full((size, size), -np.inf)
    for t in np.linspace(0, 1, 2001):
        centre = start + t * (np.array(end) - start)
        under = (start_radius + t * (end_radius - start_radius)) ** 2
        under = under - (x - centre[0]) ** 2 - (y - centre[1]) ** 2
        height = centre[2] + np.sqrt(np.where(under > 0, under, np.nan))
        expected = np.fmax(expected, height)
    covered = np.isfinite(expected)
    assert (covered == np.isfinite(seen.depth[0])).mean() > 0.995
    both = covered & np.isfinite(seen.depth[0])
    np.testing.assert_allclose(seen.depth[0][both], expected[both], atol=0.1)
    np.testing.assert_array_equal(np.sort(seen.pixel), np.flatnonzero(np.isfinite(seen.depth)))
    np.testing.assert_allclose(np.linalg.norm(seen.normal, axis=0), 1, rtol=1e-5)


def test_the_nearer_of_two_rods_is_seen():
    rods = Rods(
        np.array([[(8.0, 2, 0), (2.0, 8, 9)]]),
        np.array([[(8.0, 14, 0), (14.0, 8, 9)]]),
        np.full((1, 2), 2.0),
        np.full((1, 2), 2.0),
    )
    seen = see(rods, np.full((1, 2), 0.1), 16)
    rod = dict(zip(seen.pixel.tolist(), seen.rod.tolist(), strict=True))
    assert rod[8 * 16 + 8] == 1
    assert rod[3 * 16 + 8] == 0
    assert 0 not in rod


# --- pictures


def test_a_picture_has_the_size_asked_for():
    for size in (16, 64, 90):
        image = render(5, rng=rng(), size=size)
        assert image.shape == (size, size, 3)
        assert image.dtype == np.uint8
        assert image.std() > 5


def test_a_seed_makes_the_same_bytes_and_another_seed_others():
    first, again, other = (dataset(70, rng=rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).mean() > 0.9
    np.testing.assert_array_equal(render(3, rng=rng(4)), render(3, rng=rng(4)))
    assert (render(3, rng=rng(4)) != render(3, rng=rng(5))).any()


def test_a_data_set_is_balanced_and_shuffled():
    x, y = dataset(2 * BATCH + 7, rng=rng())
    assert x.shape == (2 * BATCH + 7, 64, 64, 3)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    counts = np.bincount(y, minlength=10)
    assert counts.max() - counts.min() <= 1
    assert (np.diff(y) < 0).any()
    assert len({image.tobytes() for image in x}) == len(x)
    small, _ = dataset(3, rng=rng(), size=32)
    assert small.shape == (3, 32, 32, 3)


def test_the_digits_look_different():
    """Their mean pictures differ, by far more than two halves of one digit's do."""
    halves = np.array(
        [[_outlines(digit, seed).mean(axis=0) for digit in DIGITS] for seed in (0, 1)]
    )
    distance = np.linalg.norm((halves[0][:, None] - halves[1]).reshape(10, 10, -1), axis=2)
    np.testing.assert_array_equal(distance.argmin(axis=1), np.arange(10))


def _outlines(digit, seed):
    """Where an upright right hand stands: its rods before they are turned, in a fixed frame."""
    rods = flesh(bend(np.full(60, digit), rng=rng(seed)), rng=rng(seed))
    frame = np.array((20.0, -20.0, 20.0))
    place = np.array((32.0, 48.0, 0.0))
    seen = see(
        Rods(
            rods.start * frame + place,
            rods.end * frame + place,
            rods.start_radius * 20,
            rods.end_radius * 20,
        ),
        np.ones((60, len(KINDS))),
        64,
    )
    return np.where(np.isfinite(seen.depth), 1 + seen.depth / 20, 0)


@pytest.mark.parametrize("digit", [-1, 10, 99])
def test_a_digit_that_is_none_is_refused(digit):
    with pytest.raises(SettingError, match=f"0 to 9, not {digit}"):
        render(digit, rng=rng())
    with pytest.raises(SettingError, match=f"0 to 9, not {digit}"):
        render_all(np.array([1, digit]), rng=rng())


@pytest.mark.parametrize("size", [0, 8, 63, 514, 10_000])
def test_a_size_out_of_range_is_refused(size):
    with pytest.raises(SettingError, match=f"size must be even, 16 to 512 pixels, not {size}"):
        render(1, rng=rng(), size=size)


@pytest.mark.parametrize("count", [0, -3, 10_000_000])
def test_a_count_out_of_range_is_refused(count):
    with pytest.raises(SettingError, match="count must be 1 to 1000000"):
        dataset(count, rng=rng())


def test_less_variety_makes_pictures_more_alike():
    digits = np.full(64, 5)
    spread = [
        render_all(digits, rng=rng(), variety=variety).std(axis=0).mean() for variety in (0, 0.5, 1)
    ]
    assert spread[0] < spread[1] < spread[2]


@pytest.mark.parametrize("variety", [-0.1, 1.5, float("nan")])
def test_variety_out_of_range_is_refused(variety):
    with pytest.raises(SettingError, match="variety must be 0 to 1"):
        render(1, rng=rng(), variety=variety)
