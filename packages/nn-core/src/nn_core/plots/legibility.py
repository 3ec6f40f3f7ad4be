"""Whether the texts of a figure can be read: none overlaps another, is cut, or is too small."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Corners = npt.NDArray[np.float64]


class DrawnText(NamedTuple):
    """A text as drawn.

    corners  (4, 2) of the rectangle around it, turned with it, in points from the lower left of the figure
    """

    text: str
    points: float
    corners: Corners


def flaws(figure: "Figure", *, least_points: float = 0.0) -> list[str]:
    """What cannot be read in a figure, a line each; [] if all can.

    least_points  the smallest text allowed
    """
    texts = drawn_texts(figure)
    width, height = 72 * figure.get_size_inches()
    found = [f"{_quoted(each)} has {each.points:g} points" for each in texts if each.points < least_points - 1e-6]
    for each in texts:
        low, high = each.corners.min(axis=0), each.corners.max(axis=0)
        if low.min() < -1 or high[0] > width + 1 or high[1] > height + 1:
            found.append(f"{_quoted(each)} is cut by the edge of the figure")
    found += [f"{_quoted(texts[i])} overlaps {_quoted(texts[j])}" for i, j in _overlapping(texts)]
    return found


def drawn_texts(figure: "Figure") -> list[DrawnText]:
    """All texts that drawing a figure writes, those of ticks among them, where its last layout placed them."""
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    found = []
    engine = figure.get_layout_engine()
    figure.set_layout_engine("none")
    with _recorded_texts() as texts:
        figure.draw(renderer)
    figure.set_layout_engine(engine)
    for text in dict.fromkeys(texts):
        if text.get_visible() and text.get_text().strip():
            corners = _corners(text, renderer) * 72 / figure.dpi
            found.append(DrawnText(text.get_text(), float(text.get_fontsize()), corners))
    return found


@contextlib.contextmanager
def _recorded_texts() -> Iterator[list[Any]]:
    """Collect the text objects that are drawn in the block: an axis draws only some of its tick labels."""
    from matplotlib import text as module

    texts: list[Any] = []
    Text: Any = module.Text
    draw = Text.draw

    def record(text: Any, renderer: Any) -> None:
        texts.append(text)
        draw(text, renderer)

    Text.draw = record
    try:
        yield texts
    finally:
        Text.draw = draw


def _corners(text: Any, renderer: Any) -> Corners:
    from matplotlib.text import Text

    around = Text.get_window_extent(text, renderer)  # which leaves out the arrow of an annotation
    angle = text.get_rotation()
    center = np.array([(around.x0 + around.x1) / 2, (around.y0 + around.y1) / 2])
    text.set_rotation(0)
    level = Text.get_window_extent(text, renderer)
    text.set_rotation(angle)
    half = np.array([level.width / 2, level.height / 2])
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    result: Corners = center + np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half @ turn
    return result


def _shrunk(text: DrawnText) -> Corners:
    """Without the room for ascenders and descenders, of which a fifth of the height may overlap."""
    center = text.corners.mean(axis=0)
    across, up = (text.corners[1] - text.corners[0]) / 2, (text.corners[3] - text.corners[0]) / 2
    across *= max(1 - 1 / max(float(np.hypot(*across)), 1.0), 0.5)
    up *= 0.8
    return np.array([center - across - up, center + across - up, center + across + up, center - across + up])


def _overlapping(texts: Sequence[DrawnText]) -> Iterator[tuple[int, int]]:
    """Pairs of texts that overlap: of those whose upright boxes do."""
    if not texts:
        return
    shrunk = np.stack([_shrunk(text) for text in texts])
    low, high = shrunk.min(axis=1), shrunk.max(axis=1)
    near = ((low[:, None] < high) & (low < high[:, None])).all(axis=2)
    for i, j in np.argwhere(np.triu(near, 1)).tolist():
        if _overlap(shrunk[i], shrunk[j]):
            yield i, j


def _overlap(a: Corners, b: Corners) -> bool:
    """Whether two rectangles share an area: no line along one of their sides separates them."""
    for corners in (a, b):
        for side in (corners[1] - corners[0], corners[3] - corners[0]):
            along_a, along_b = a @ side, b @ side
            if along_a.max() <= along_b.min() or along_b.max() <= along_a.min():
                return False
    return True


def _quoted(text: DrawnText) -> str:
    line = " ".join(text.text.split())
    return repr(line if len(line) <= 40 else f"{line[:37]}...")
