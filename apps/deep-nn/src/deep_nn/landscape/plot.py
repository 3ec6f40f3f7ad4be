"""Contours with the paths of optimizers, as a figure and as an animation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deep_nn.landscape.paths import OptimizerPath
from deep_nn.landscape.surfaces import Surface
from nn_core.arrays import Array
from nn_core.plots import add_legend, drawing, log_scale_if_wide, muted, series, tidy
from nn_core.plots.animations import write_animation
from nn_core.plots.series import ink, sequential

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile

POINTS = 81
"""Of the grid, in each direction."""
LEVELS = 18
SIZE = (12.0, 5.0)
FRAMES, FRAME_MS = 60, 100
"""Most frames of an animation, and how long each is shown."""


class PathScene:
    """Contour and paths, up to a step that grows from frame to frame."""

    def __init__(self, figure: "Figure", surface: Surface, paths: Sequence[OptimizerPath]) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[1.35, 1])
        _draw_contour(left, surface)
        self.lines: list[tuple[Any, Any, Any, OptimizerPath]] = []
        for i, path in enumerate(paths):
            look: dict[str, Any] = {"color": series(i)["color"], "linestyle": series(i)["linestyle"]}
            marker = series(i)["marker"]
            (line,) = left.plot([], [], linewidth=1.8, label=f"{path.name} @ {path.rate:g}", **look)
            (head,) = left.plot([], [], marker=marker, color=look["color"], markeredgecolor=ink(), zorder=4)
            (curve,) = right.plot([], [], **look)
            self.lines.append((line, head, curve, path))
        left.plot(*surface.start, marker="*", markersize=15, color=ink(), linestyle="none", label="start", zorder=5)
        x0, x1, y0, y1 = surface.window
        left.set_xlim(x0, x1)
        left.set_ylim(y0, y1)
        tidy(left, x=surface.axes[0], y=surface.axes[1])
        left.grid(visible=False)
        heights = [np.maximum(path.values - surface.lowest, 1e-12) for path in paths]
        self.heights = heights
        shown = np.concatenate(heights)
        top = float(shown.max())
        right.set_xlim(0, max(len(path.values) for path in paths) - 1)
        right.set_ylim(max(float(shown.min()), 1e-8 * top) / 1.5, 1.5 * top)
        log_scale_if_wide(right, [max(float(shown.min()), 1e-8 * top), top])
        tidy(right, x="step", y="loss" if surface.lowest == 0 else f"value above {surface.lowest:g}")
        handles, labels = left.get_legend_handles_labels()
        add_legend(figure, handles, labels, title="optimizer @ learning rate")
        self.steps = max(len(path.values) for path in paths) - 1

    def __len__(self) -> int:
        return min(FRAMES, self.steps + 1)

    def show(self, index: int) -> None:
        """Draw the paths up to the step of a frame, counted from 0."""
        stop = round(self.steps * index / max(len(self) - 1, 1)) + 1
        for (line, head, curve, path), heights in zip(self.lines, self.heights, strict=True):
            line.set_data(path.points[:stop].T)
            head.set_data([[value] for value in path.points[min(stop, len(path.points)) - 1]])
            curve.set_data(range(min(stop, len(heights))), heights[:stop])


def draw_landscape(
    surface: Surface, paths: Sequence[OptimizerPath], file: "FigureFile", *, title: str, is_animation: bool
) -> None:
    """Write the figure, or the animation."""
    note = "contours: log-spaced; star: start; markers: ends"
    if is_animation:
        write_animation(
            file, lambda figure: PathScene(figure, surface, paths), width=SIZE[0], height=SIZE[1], title=title,
            note=note, frame_ms=FRAME_MS,
        )  # fmt: skip
        return
    with drawing(file, *SIZE, title=title, note=note) as figure:
        scene = PathScene(figure, surface, paths)
        scene.show(len(scene) - 1)


def _draw_contour(axes: "Axes", surface: Surface) -> None:
    """Filled contours, at levels that are evenly spaced in the logarithm of the height."""
    x0, x1, y0, y1 = surface.window
    x, y = np.meshgrid(np.linspace(x0, x1, POINTS), np.linspace(y0, y1, POINTS))
    height: Array = surface.value(x, y) - surface.lowest
    low = max(float(np.quantile(np.maximum(height, 1e-12), 0.002)), float(height.max()) * 1e-6)
    levels = np.log(np.geomspace(low, float(height.max()), LEVELS))
    height = np.log(np.maximum(height, low))
    axes.contourf(x, y, height, levels=levels, cmap=sequential().reversed(), alpha=0.45, extend="min")
    axes.contour(x, y, height, levels=levels, colors=muted(), linewidths=0.6)
