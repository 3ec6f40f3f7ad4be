"""Forward and inverse kinematics, on chains worked out by hand."""

import numpy as np
from photos import rng

from cnn_sign_digits.synthetic.capsules import PARTS, build_capsules
from cnn_sign_digits.synthetic.skeleton import THUMB_BONES, fabrik, finger_chains, forward_kinematics


def test_a_finger_bends_toward_the_palm() -> None:
    start, flexions, sideways = np.zeros((1, 4, 3)), np.zeros((1, 4, 3)), np.zeros((1, 4))
    flexions[0, 1] = np.radians([90, 90, 0])
    sideways[0, 2] = np.radians(90)
    joints, dorsal = finger_chains(start, flexions, sideways, 0 * sideways, np.ones((1, 4, 3)))
    np.testing.assert_allclose(joints[0, 0], [[0, 0, 0], [0, 1, 0], [0, 2, 0], [0, 3, 0]])
    bent = [[0, 0, 0], [0, 0, 1], [0, -1, 1], [0, -2, 1]]  # out of the palm, then down
    np.testing.assert_allclose(joints[0, 1], bent, atol=1e-15)
    np.testing.assert_allclose(joints[0, 2, 3], [3, 0, 0], atol=1e-15)
    np.testing.assert_allclose(dorsal[0, :2], [[0, 0, -1], [0, 0, 1]], atol=1e-15)


def test_a_chain_reaches_its_goal_or_stretches_toward_it() -> None:
    root, bulge = np.zeros((2, 3)), np.array([[1.0, 0, 0], [1.0, 0, 0]])
    goal = np.array([[0.1, 0.6, 0.2], [0, 9.0, 0]])
    bones = np.tile(THUMB_BONES, (2, 1))
    joints = fabrik(root, goal, bones, bulge, sweeps=60)
    np.testing.assert_allclose(joints[0, 3], goal[0], atol=1e-3)
    np.testing.assert_allclose(joints[1, 3], [0, bones[1].sum(), 0], atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(np.diff(joints, axis=1), axis=2), bones, rtol=1e-9)
    assert (joints[0, 1:3, 0] > 0.1).all()  # bent to the side of the bulge


def test_every_capsule_belongs_to_a_part() -> None:
    skeleton = forward_kinematics(np.arange(3), rng=rng())
    capsules = build_capsules(skeleton, rng=rng())
    assert capsules.start.shape == capsules.end.shape == (3, len(PARTS), 3)
    assert capsules.start_radius.shape == capsules.end_radius.shape == (3, len(PARTS))
