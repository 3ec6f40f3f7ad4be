"""Synthetic images of hands that sign digits, rendered from a seed.

`poses` has the signs, `skeleton` the joint positions, `capsules` the surface around them, `camera`
the view, `rasterizer` the visible surface at each pixel, `light` its color, `scene` the background
and the camera's artifacts. Hands are rendered at twice the size and downsampled.
"""

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.synthetic.camera import project
from cnn_sign_digits.synthetic.capsules import BLENDS, build_capsules
from cnn_sign_digits.synthetic.image_ops import downsample
from cnn_sign_digits.synthetic.light import sample_light, shade
from cnn_sign_digits.synthetic.poses import POSES, choose_poses
from cnn_sign_digits.synthetic.rasterizer import rasterize
from cnn_sign_digits.synthetic.scene import background, cast_shadow, photograph
from cnn_sign_digits.synthetic.skeleton import forward_kinematics
from nn_core.arrays import Labels
from nn_core.progress import job
from nn_core.registry import require

MIN_SIZE, MAX_SIZE = 16, 512
MAX_COUNT = 1_000_000
BATCH = 16
"""Number of 64 x 64 images rendered together, small enough for their arrays to stay in cache."""

Images = npt.NDArray[np.uint8]


def render_dataset(
    count: int, *, rng: np.random.Generator, size: int = 64, diversity: float = 1.0
) -> tuple[Images, Labels]:
    """Render a balanced set of synthetic hands in random order.

    size, diversity  as for `render`
    Returns x (count, size, size, 3) and y (count,), the digits.
    Raises SettingError for values out of range.
    """
    require(1 <= count <= MAX_COUNT, f"count must be 1 to {MAX_COUNT}, not {count}")
    y = rng.permutation(np.arange(count, dtype=np.int64) % len(POSES))
    return render(y, rng=rng, size=size, diversity=diversity), y


def render(digits: Labels, *, rng: np.random.Generator, size: int = 64, diversity: float = 1.0) -> Images:
    """Render a hand for each of the digits (N,): RGB images (N, size, size, 3).

    diversity  variation of hands, viewpoints, backgrounds and cameras: 0 none, 1 realistic
    Raises SettingError for a digit outside 0-9, an odd size, or a value out of range.
    """
    wrong = [digit for digit in digits.tolist() if digit not in range(len(POSES))]
    require(not wrong, f"digits must be 0 to 9, not {wrong[0] if wrong else ''}")
    require(
        MIN_SIZE <= size <= MAX_SIZE and size % 2 == 0,
        f"size must be even, {MIN_SIZE} to {MAX_SIZE} pixels, not {size}",
    )
    require(0 <= diversity <= 1, f"diversity must be 0 to 1, not {diversity}")
    images = np.empty((len(digits), size, size, 3), np.uint8)
    at_once = max(1, BATCH * 64**2 // size**2)
    with job("drawing synthetic hands", len(digits)) as advance:
        for first in range(0, len(digits), at_once):
            batch = slice(first, first + at_once)
            images[batch] = _render_batch(digits[batch], size, rng, diversity)
            advance(len(digits[batch]))
    return images


def _render_batch(digits: Labels, size: int, rng: np.random.Generator, diversity: float) -> Images:
    n, fine = len(digits), 2 * size
    poses = choose_poses(digits, rng=rng, diversity=diversity)
    skeleton = forward_kinematics(poses, rng=rng, diversity=diversity)
    capsules = build_capsules(skeleton, rng=rng)
    view = project(capsules, skeleton.dorsal, poses, fine, rng=rng, diversity=diversity)
    fragments = rasterize(view.capsules, view.unit[:, None] * BLENDS, fine)
    light = sample_light(n, rng=rng)
    hand = np.zeros((n * fine * fine, 4), np.float32)
    hand[fragments.pixel, :3] = shade(fragments, view, light, rng=rng)
    hand[fragments.pixel, 3] = 1
    hand = downsample(hand.reshape(n, fine, fine, 4))
    alpha = hand[..., 3]
    wall = cast_shadow(background(n, size, rng=rng, diversity=diversity), alpha, light, rng=rng)
    images = hand[..., :3] + (1 - alpha[..., None]) * wall
    return photograph(images, rng=rng, diversity=diversity).astype(np.uint8)
