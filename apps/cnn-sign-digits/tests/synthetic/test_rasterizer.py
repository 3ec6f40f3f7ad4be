"""The visible surface of capsules, against that of many balls."""

import numpy as np
import pytest

from cnn_sign_digits.synthetic.capsules import Capsules
from cnn_sign_digits.synthetic.rasterizer import rasterize

Point = tuple[float, float, float]


def capsules_of(*ends: tuple[Point, Point], radii: tuple[float, float]) -> Capsules:
    """Capsules of one image, from start to end, all of the same radii."""
    start, end = (np.array([points], float) for points in zip(*ends, strict=True))
    sizes = (1, len(ends))
    return Capsules(start, end, np.full(sizes, radii[0]), np.full(sizes, radii[1]))


@pytest.mark.parametrize(
    ("end", "end_radius"),
    [((24, 20, 0), 3), ((24, 20, 12), 3), ((12, 13, -20), 4.5), ((13, 12, 9), 6), ((12, 26, 4), 5)],
)
def test_the_surface_is_that_of_many_balls(end: Point, end_radius: float) -> None:
    start, start_radius, size = (12.0, 12.0, 2.0), 5.0, 32
    capsules = capsules_of((start, end), radii=(start_radius, end_radius))
    fragments = rasterize(capsules, np.ones((1, 1)), size)
    y, x = np.mgrid[:size, :size] + 0.5
    expected = np.full((size, size), -np.inf)
    for t in np.linspace(0, 1, 2001):
        center = np.array(start) + t * (np.array(end) - start)
        under = (start_radius + t * (end_radius - start_radius)) ** 2
        under = under - (x - center[0]) ** 2 - (y - center[1]) ** 2
        height = center[2] + np.sqrt(np.where(under > 0, under, np.nan))
        expected = np.fmax(expected, height)
    covered = np.isfinite(expected)
    assert (covered == np.isfinite(fragments.depth[0])).mean() > 0.995
    both = covered & np.isfinite(fragments.depth[0])
    np.testing.assert_allclose(fragments.depth[0][both], expected[both], atol=0.1)
    visible = np.flatnonzero(np.isfinite(fragments.depth))
    np.testing.assert_array_equal(np.sort(fragments.pixel), visible)
    np.testing.assert_allclose(np.linalg.norm(fragments.normal, axis=0), 1, rtol=1e-5)


def test_the_nearer_of_two_capsules_is_visible() -> None:
    vertical, nearer = ((8.0, 2.0, 0.0), (8.0, 14.0, 0.0)), ((2.0, 8.0, 9.0), (14.0, 8.0, 9.0))
    fragments = rasterize(capsules_of(vertical, nearer, radii=(2.0, 2.0)), np.full((1, 2), 0.1), 16)
    capsule = dict(zip(fragments.pixel.tolist(), fragments.capsule.tolist(), strict=True))
    assert capsule[8 * 16 + 8] == 1
    assert capsule[3 * 16 + 8] == 0
    assert 0 not in capsule
