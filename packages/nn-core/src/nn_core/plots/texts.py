"""The texts of a figure, made fit to be drawn: names of classes, tokens, files and titles may hold anything.

No text is read as mathematics (see `styles`), so a dollar sign is one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nn_core.printable import LONGEST_LINE, without_controls, without_middle

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter

MOST_LINES = 40


def drawable(text: str) -> str:
    """A text with unprintable characters escaped, long lines cut in the middle, and at most MOST_LINES lines."""
    if len(text) <= LONGEST_LINE and text.isprintable() and text.isascii():
        return text
    lines = text[: LONGEST_LINE * MOST_LINES].split("\n")[:MOST_LINES]
    return without_controls("\n".join(without_middle(line, LONGEST_LINE) for line in lines)).expandtabs()


def make_drawable(figure: "Figure") -> None:
    """Rewrite what cannot be drawn in a figure; needed before any text is measured."""
    rewrite(figure, drawable)


def rewrite(figure: "Figure", change: Callable[[str], str]) -> None:
    """Change the texts of a figure, and with them the tick labels that its axes write anew at each drawing."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    texts: list[Any] = figure.findobj(Text)
    changed = {text: after for text in texts if (after := change(text.get_text())) != text.get_text()}
    for text, after in changed.items():
        text.set_text(after)
    for axes in figure.axes if changed else ():
        for axis in (axes.xaxis, axes.yaxis):
            labels = axis.get_major_formatter()
            if isinstance(labels, (FixedFormatter, FuncFormatter)):
                axis.set_major_formatter(FuncFormatter(_changed(labels, change)))


def _changed(labels: "Formatter", change: Callable[[str], str]) -> Callable[[float, int | None], str]:
    return lambda value, position: change(labels(value, position))
