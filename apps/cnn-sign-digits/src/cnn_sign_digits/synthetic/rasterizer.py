"""Rasterization: the nearest capsule at each pixel of a batch of images, and its normal there."""

from dataclasses import dataclass

import numpy as np

from cnn_sign_digits.synthetic.capsules import Capsules
from nn_core.arrays import Array, Labels


@dataclass(frozen=True)
class Fragments:
    """The M pixels that show a hand, and the surface point at each.

    pixel    (M,) index into the flattened (N, S, S) images
    capsule  (M,) index into the flattened (N, K) capsules
    along    (M,) position along the capsule, 0 at its start and 1 at its end
    normal   (3, M) unit normal of the surface
    depth    (N, S, S) z of the nearest surface in pixels, -inf on the background
    """

    pixel: Labels
    capsule: Labels
    along: Array
    normal: Array
    depth: Array


def rasterize(capsules: Capsules, blends: Array, size: int) -> Fragments:
    """The nearest surface at each pixel, along rays parallel to z through the pixel centers.

    A capsule is the union of the balls around c(t) = a + t b with radius r(t) = r0 + t dr, t in
    [0, 1]. Over the pixel p the ball t reaches up to
        z(t) = a_z + t b_z + sqrt(q(t)),   q(t) = r(t)^2 - |p - c_xy(t)|^2
    With alpha = |b_xy|^2 - dr^2 this is q(t) = Q - alpha (t - t0)^2, where
        t0 = (r0 dr + (p - a)_xy . b_xy) / alpha,   Q = r0^2 - |p - a_xy|^2 + alpha t0^2
    z is concave in t, and dz/dt = 0 at
        t* = t0 + b_z sqrt(Q / (alpha (alpha + b_z^2)))
    so the nearest ball of the capsule is the one at t* clipped to [0, 1].

    Where other capsules lie just below the nearest surface, the normal is their weighted mean, with
    weights exp(-distance below / blend), which hides the seams.

    capsules    in pixels, x right, y down, z toward the viewer
    blends  (N, K) in pixels;  size  S
    """
    n, k = capsules.start_radius.shape
    which, x, y = _bounding_box_pixels(capsules, size)
    image = which // k

    a = capsules.start.reshape(-1, 3).astype(np.float32)
    b = (capsules.end - capsules.start).reshape(-1, 3).astype(np.float32)
    r0 = capsules.start_radius.ravel().astype(np.float32)
    dr = (capsules.end_radius - capsules.start_radius).ravel().astype(np.float32)
    alpha = np.maximum(b[:, 0] ** 2 + b[:, 1] ** 2 - dr**2, np.float32(0.01) * r0**2 + 1e-3)
    lift = b[:, 2] / np.sqrt(alpha * (alpha + b[:, 2] ** 2))

    px = x.astype(np.float32) + np.float32(0.5) - a[which, 0]
    py = y.astype(np.float32) + np.float32(0.5) - a[which, 1]
    bx, by, start_radius, taper = b[which, 0], b[which, 1], r0[which], dr[which]
    curvature = alpha[which]
    t0 = (start_radius * taper + px * bx + py * by) / curvature
    top = start_radius**2 - px * px - py * py + curvature * t0 * t0
    t = (t0 + lift[which] * np.sqrt(np.maximum(top, 0))).clip(0, 1)
    px -= t * bx
    py -= t * by
    radius = start_radius + t * taper
    q = radius * radius - px * px - py * py

    hit = np.flatnonzero(q > 0)
    which, t, radius = which[hit], t[hit], radius[hit]
    rise = np.sqrt(q[hit])
    z = a[which, 2] + t * b[which, 2] + rise
    pixel = (image[hit] * size + y[hit]) * size + x[hit]
    depth = np.full(n * size * size, -np.inf, np.float32)
    np.maximum.at(depth, pixel, z)
    below = depth[pixel] - z
    first = np.flatnonzero(below == 0)
    rank = np.zeros(len(depth), np.int32)  # of each pixel among those that show a hand
    rank[pixel[first]] = np.arange(len(first), dtype=np.int32)
    first = first[rank[pixel[first]] == np.arange(len(first))]  # ties: keep one of two
    rank[pixel[first]] = np.arange(len(first), dtype=np.int32)

    blend = blends.ravel().astype(np.float32)
    reach = np.minimum(blend[which], blend[which[first]][rank[pixel]])
    near = np.flatnonzero(below < 4 * reach)
    weight = np.exp(-below[near] / reach[near]) / radius[near]
    at = rank[pixel[near]]
    sides = [np.bincount(at, weight * side[near]) for side in (px[hit], py[hit], rise)]
    normal = np.stack(sides).astype(np.float32)
    normal /= np.sqrt(np.sum(normal * normal, axis=0)).clip(1e-6)
    return Fragments(pixel[first], which[first], t[first], normal, depth.reshape(n, size, size))


def _bounding_box_pixels(capsules: Capsules, size: int) -> tuple[Labels, Labels, Labels]:
    """Each pixel of each capsule's bounding box: the capsule (F,), x and y (F,)."""
    reach_start, reach_end = capsules.start_radius[..., None], capsules.end_radius[..., None]
    low = np.minimum(capsules.start[..., :2] - reach_start, capsules.end[..., :2] - reach_end)
    high = np.maximum(capsules.start[..., :2] + reach_start, capsules.end[..., :2] + reach_end)
    first = np.floor(low).clip(0, size).astype(np.int32).reshape(-1, 2)
    last = np.ceil(high).clip(0, size).astype(np.int32).reshape(-1, 2)
    sides = np.maximum(last - first, 0)
    sides[capsules.end_radius.ravel() <= 0] = 0
    rows = np.repeat(np.arange(len(sides), dtype=np.int32), sides[:, 1])  # the rows of all boxes
    starts = np.cumsum(sides[:, 1]) - sides[:, 1]
    y = np.arange(len(rows), dtype=np.int32) - starts[rows] + first[rows, 1]
    lengths = sides[rows, 0]
    which = np.repeat(rows, lengths)
    before = np.cumsum(lengths) - lengths - first[rows, 0]
    x = np.arange(len(which), dtype=np.int32) - np.repeat(before, lengths)
    return which, x.astype(np.int32), np.repeat(y, lengths).astype(np.int32)
