"""The styles of figures: for paper, for slides, and for slides on a dark background."""

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIGHT = (
    "#065cb2", "#d55e00", "#164d3e", "#cb8ba8", "#e19c09", "#14b7f4", "#6c6c6c", "#000000",
)  # fmt: skip
"""Blue, vermilion, green, pink, orange, sky blue, gray, black: the first four, and all neighbors, differ by
at least 24 (CIEDE2000) for readers with protanopia and deuteranopia, too (`docs/color_vision.py`).
Source of the hues: Okabe, Ito, Color universal design (2008)."""
DARK = (
    "#296dfa", "#df5803", "#12a674", "#e89dc3", "#f3cf50", "#a8e3fe", "#737373", "#ffffff",
)  # fmt: skip
"""The same hues in the same order, lighter; at least 18."""

LEAST_POINTS = 14.0
"""The smallest text on a slide, in points on 13.33 x 7.5 inches."""


@dataclass(frozen=True)
class Style:
    """What a figure looks like.

    size    width and height in inches; None for the natural size of each plot
    dpi     pixels per inch
    params  matplotlib's rcParams
    """

    size: tuple[float, float] | None
    dpi: int
    params: Mapping[str, Any]


_SHARED = {
    "axes.axisbelow": True,
    "axes.labelsize": "medium",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "figure.titlesize": "large",
    "legend.fontsize": "small",
    "legend.frameon": False,
    "legend.title_fontsize": "small",
    "svg.hashsalt": "nn-core",
    "text.parse_math": False,  # so that a dollar sign in a name is one
    "xtick.labelsize": "small",
    "ytick.labelsize": "small",
}
_SLIDE = _SHARED | {
    "axes.linewidth": 1.4,
    "axes.titlepad": 10.0,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.constrained_layout.w_pad": 0.12,
    "font.size": 17.0,  # so that "small" is 14 points
    "grid.linewidth": 1.2,
    "lines.linewidth": 3.0,
    "lines.markersize": 9.0,
    "patch.linewidth": 1.4,
    "xtick.major.size": 6.0,
    "xtick.major.width": 1.4,
    "ytick.major.size": 6.0,
    "ytick.major.width": 1.4,
}


def _colored(background: str, text: str, secondary: str, grid: str) -> dict[str, str]:
    text_params = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    return {
        **dict.fromkeys(text_params, text),
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), background),
        "grid.color": grid,
        "hatch.color": secondary,
        "patch.edgecolor": secondary,
    }


_PAPER_COLORS = _colored("#ffffff", "#000000", "#595959", "#e5e5e5")
_DARK_COLORS = _colored("#14161a", "#f2f2f2", "#b8b8b8", "#3a3d43")

STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "paper": Style(None, 150, _SHARED | _PAPER_COLORS | {"font.size": 10.0, "lines.linewidth": 1.8}),
        "slide": Style((40 / 3, 7.5), 144, _SLIDE | _PAPER_COLORS),
        "dark": Style((40 / 3, 7.5), 144, _SLIDE | _DARK_COLORS),
    }
)
"""paper: each plot at its natural size; slide, dark: 1920 x 1080 pixels, text of at least 14 points."""


@contextlib.contextmanager
def styled(name: str) -> Iterator[Style]:
    """Draw in a style, on top of matplotlib's own defaults: a matplotlibrc file has no effect."""
    import matplotlib as mpl
    from matplotlib.rcsetup import cycler

    style = STYLES[name]
    cycle = cycler(color=DARK if name == "dark" else LIGHT)
    with mpl.rc_context():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about names that matplotlib will drop
            defaults: dict[Any, Any] = dict(mpl.rcParamsDefault)
            mpl.rcParams.update({key: value for key, value in defaults.items() if "backend" not in key})
        params: dict[Any, Any] = {**style.params, "axes.prop_cycle": cycle}
        mpl.rcParams.update(params)
        yield style


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure with a canvas of its own, without pyplot; width and height in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
