"""How the series of a plot differ: by color, and by dashes and markers for readers who cannot tell colors apart."""

from typing import Any

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (7, 1.6, 1.2, 1.6)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def colors() -> list[str]:
    """The palette of the style."""
    import matplotlib as mpl

    cycle: list[str] = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    return cycle


def background() -> str:
    """The color behind a plot."""
    import matplotlib as mpl

    return str(mpl.rcParams["axes.facecolor"])


def sequential() -> Any:
    """A color map of shares from 0, the background, to 1."""
    from matplotlib.colors import LinearSegmentedColormap

    ends: Any = [background(), colors()[0], _mixed(colors()[0], ink())]
    return LinearSegmentedColormap.from_list("shares", ends)


def ink_on(color: Any) -> str:
    """Black or white, whichever is easier to read on a color."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(color)
    return "#000000" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "#ffffff"


def _mixed(a: str, b: str) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple((x + y) / 2 for x, y in zip(to_rgb(a), to_rgb(b), strict=True))


def ink() -> str:
    """The color of text."""
    import matplotlib as mpl

    return str(mpl.rcParams["text.color"])


def muted() -> str:
    """The color of lines and text of secondary importance."""
    import matplotlib as mpl

    return str(mpl.rcParams["hatch.color"])


def series(index: int) -> dict[str, Any]:
    """Color, dashes and markers of a line. The first 32 differ in color or dashes, neighbors also in marker."""
    palette = colors()
    round_ = index // len(palette)
    return {
        "color": palette[index % len(palette)],
        "linestyle": DASHES[(index + round_) % len(DASHES)],
        "marker": MARKERS[(index + round_) % len(MARKERS)],
        "markevery": (0.03 * (index % 5), 0.2),
    }
