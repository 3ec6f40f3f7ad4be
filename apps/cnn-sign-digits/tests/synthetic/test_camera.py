"""The orientation of hands before the camera."""

import numpy as np
from photos import rng

from cnn_sign_digits.synthetic.camera import project, rotation_matrices
from cnn_sign_digits.synthetic.capsules import build_capsules
from cnn_sign_digits.synthetic.skeleton import forward_kinematics


def test_rotations_turn_the_palm_and_keep_lengths() -> None:
    quarter = np.array([np.pi / 2])
    turn = rotation_matrices(quarter, 0 * quarter, 0 * quarter)[0]
    np.testing.assert_allclose(turn @ [0, 0, 1], [1, 0, 0], atol=1e-15)
    turn = rotation_matrices(*rng().normal(size=(3, 5)))
    np.testing.assert_allclose(turn @ turn.transpose(0, 2, 1), np.tile(np.eye(3), (5, 1, 1)), atol=1e-12)


def test_some_hands_show_their_back_and_its_normal_is_toward_the_viewer() -> None:
    poses = np.full(400, 5)
    skeleton = forward_kinematics(poses, rng=rng())
    view = project(build_capsules(skeleton, rng=rng()), skeleton.dorsal, poses, 64, rng=rng())
    nails = view.dorsal[:, :4, 2].mean(axis=1)
    assert 0.05 < (nails > 0).mean() < 0.25
    assert (view.palmar[:, 2] > 0).all()
