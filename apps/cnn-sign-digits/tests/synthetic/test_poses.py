"""The signs: which fingers are extended, and where the thumb goes."""

import numpy as np
import pytest
from photos import rng

from cnn_sign_digits.synthetic.poses import ALL_POSES, FINGERS, POSES, VARIANTS, choose_poses
from cnn_sign_digits.synthetic.skeleton import BONES, forward_kinematics


def test_the_number_of_extended_fingers_is_how_people_count() -> None:
    assert [len(pose.extended) for pose in POSES] == [0, 1, 2, 3, 4, 5, 3, 3, 3, 3]
    assert len({pose.extended for pose in POSES}) == 10


@pytest.mark.parametrize("pose", range(len(ALL_POSES)))
def test_extended_fingers_are_stretched_and_others_are_not(pose: int) -> None:
    skeleton = forward_kinematics(np.full(200, pose), rng=rng())
    length = np.linalg.norm(skeleton.fingers[:, :, 3] - skeleton.fingers[:, :, 0], axis=2)
    stretched = length.mean(axis=0) / BONES.sum(axis=1)
    for finger, share in zip(FINGERS, stretched, strict=True):
        if finger in ALL_POSES[pose].extended:
            assert share > 0.95, finger
        else:
            assert share < 0.85, finger


@pytest.mark.parametrize("digit", [0, 6, 7, 8, 9])
def test_the_thumb_touches_its_finger(digit: int) -> None:
    skeleton = forward_kinematics(np.full(200, digit), rng=rng())
    gaps = np.linalg.norm(skeleton.fingers[:, :, 3] - skeleton.thumb[:, None, 3], axis=2)
    assert FINGERS[np.median(gaps, axis=0).argmin()] == POSES[digit].touches
    assert np.median(gaps.min(axis=1)) < 0.25  # two fingertips are 0.16 thick each


@pytest.mark.parametrize("pose", range(len(ALL_POSES)))
def test_the_thumb_is_abducted_only_where_it_is_extended(pose: int) -> None:
    thumb = forward_kinematics(np.full(200, pose), rng=rng()).thumb
    abducted = np.median(thumb[:, 3, 0]) > 0.7
    assert abducted == ("thumb" in ALL_POSES[pose].extended)


def test_a_variant_extends_the_fingers_of_its_digit() -> None:
    for digit, pose in VARIANTS:
        assert pose.extended == POSES[digit].extended


def test_all_variants_of_a_digit_occur() -> None:
    digits = np.arange(4000) % 10
    np.testing.assert_array_equal(choose_poses(digits, rng=rng(), diversity=0.0), digits)
    poses = choose_poses(digits, rng=rng())
    assert set(poses.tolist()) == set(range(len(ALL_POSES)))
    assert 0.4 < (poses == digits).mean() < 0.6
    digit_of_pose = np.array([*range(10), *(digit for digit, _ in VARIANTS)])
    np.testing.assert_array_equal(digit_of_pose[poses], digits)
