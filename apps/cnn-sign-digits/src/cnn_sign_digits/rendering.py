"""Pictures of hands that sign digits, drawn from nothing but a seed.

A skeleton bends into the digit's pose (`poses`, `skeleton`), is covered with flesh (`body`),
turned before a camera (`camera`), seen through every pixel (`raster`), lit (`light`), and put
before a background (`scene`). Two pixels a side are drawn for each one that remains.
"""

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.hands.body import BLENDS, flesh
from cnn_sign_digits.hands.camera import look
from cnn_sign_digits.hands.light import colours, lamp
from cnn_sign_digits.hands.pixels import halved
from cnn_sign_digits.hands.poses import POSES, choose
from cnn_sign_digits.hands.raster import see
from cnn_sign_digits.hands.scene import background, cast_shadow, photograph
from cnn_sign_digits.hands.skeleton import bend
from nn_core.arrays import Labels
from nn_core.registry import require

SMALLEST, LARGEST = 16, 512
MOST_IMAGES = 1_000_000
BATCH = 16
"""Images of 64 pixels a side drawn at once, so few that their maps stay in the cache."""

Images = npt.NDArray[np.uint8]


def render(digit: int, *, rng: np.random.Generator, size: int = 64, variety: float = 1.0) -> Images:
    """One hand that signs the digit: (size, size, 3), red, green and blue.

    variety  how much hands, views, walls and cameras differ: 0 not at all, 1 as in life
    Raises SettingError for a digit outside 0-9, a size that is odd, or a number out of range.
    """
    image: Images = render_all(np.array([digit]), rng=rng, size=size, variety=variety)[0]
    return image


def dataset(
    count: int, *, rng: np.random.Generator, size: int = 64, variety: float = 1.0
) -> tuple[Images, Labels]:
    """As many hands of each digit, give or take one, in random order.

    size, variety  as for `render`
    Returns x (count, size, size, 3) and y (count,), the digit of each.
    Raises SettingError for numbers out of range.
    """
    require(1 <= count <= MOST_IMAGES, f"count must be 1 to {MOST_IMAGES}, not {count}")
    y = rng.permutation(np.arange(count, dtype=np.int64) % len(POSES))
    return render_all(y, rng=rng, size=size, variety=variety), y


def render_all(
    digits: Labels, *, rng: np.random.Generator, size: int = 64, variety: float = 1.0
) -> Images:
    """A hand for each of the digits (N,): (N, size, size, 3).

    Raises SettingError as `render` does.
    """
    wrong = [digit for digit in digits.tolist() if digit not in range(len(POSES))]
    require(not wrong, f"a sign is a digit, 0 to 9, not {wrong[0] if wrong else ''}")
    require(
        SMALLEST <= size <= LARGEST and size % 2 == 0,
        f"size must be even, {SMALLEST} to {LARGEST} pixels, not {size}",
    )
    require(0 <= variety <= 1, f"variety must be 0 to 1, not {variety}")
    images = np.empty((len(digits), size, size, 3), np.uint8)
    at_once = max(1, BATCH * 64**2 // size**2)
    for first in range(0, len(digits), at_once):
        batch = slice(first, first + at_once)
        images[batch] = _render_batch(digits[batch], size, rng, variety)
    return images


def _render_batch(digits: Labels, size: int, rng: np.random.Generator, variety: float) -> Images:
    n, fine = len(digits), 2 * size
    signs = choose(digits, rng=rng, variety=variety)
    skeleton = bend(signs, rng=rng, variety=variety)
    view = look(flesh(skeleton, rng=rng), skeleton.dorsal, signs, fine, rng=rng, variety=variety)
    seen = see(view.rods, view.unit[:, None] * BLENDS, fine)
    light = lamp(n, rng=rng)
    hand = np.zeros((n * fine * fine, 4), np.float32)
    hand[seen.pixel, :3] = colours(seen, view, light, rng=rng)
    hand[seen.pixel, 3] = 1
    hand = halved(hand.reshape(n, fine, fine, 4))
    cover = hand[..., 3]
    wall = cast_shadow(background(n, size, rng=rng, variety=variety), cover, light, rng=rng)
    picture = hand[..., :3] + (1 - cover[..., None]) * wall
    return photograph(picture, rng=rng, variety=variety).astype(np.uint8)
