"""The figures: ratios with their spread and their goals, and growth."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.growth import Growth
from bench.report import Result
from bench.sides import BARE, FLOOR, OURS, REFERENCE, SCIKIT, TORCH
from nn_core.plots import new_figure, tidy
from nn_core.plots.figure_files import save_figure
from nn_core.plots.styles import LIGHT as COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOR_OF = {TORCH: COLORS[1], SCIKIT: COLORS[0], FLOOR: COLORS[6], REFERENCE: COLORS[4], BARE: COLORS[2]}


def draw_ratios(results: Sequence[Result], path: Path) -> None:
    """One line a workload and one panel a number of threads; right of 1 nn-core is faster."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    cases = list(dict.fromkeys((r.group, r.case) for r in results))
    counts: list[int | None] = [*sorted({r.threads for r in results if r.threads is not None})]
    counts = counts or [None]
    figure = new_figure(3 + 4.5 * len(counts), 1.6 + 0.36 * len(cases))
    panels = figure.subplots(1, len(counts), squeeze=False, sharey=True, sharex=True)[0]
    for count, axes in zip(counts, panels, strict=True):
        shown = [r for r in results if r.threads in (count, None)]
        for result in shown:
            _mark(axes, result, cases.index((result.group, result.case)))
        axes.axvline(1.0, color="0.3", linewidth=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        title = "" if count is None else f"{count} thread{'s' if count > 1 else ''}"
        tidy(axes, x="peer's time / nn-core's time", y="", title=title)
        axes.set_yticks(range(len(cases)), [f"{group}  {case}" for group, case in cases])
        axes.set_ylim(len(cases) - 0.4, -0.6)
    _explain(panels[0], {r.ratio.peer for r in results})
    figure.legend(loc="outside lower center", ncols=6, frameon=False)
    save_figure(figure, path)


def _mark(axes: "Axes", result: Result, place: int) -> None:
    """The median with its quartiles, and the goal as a bar across the line."""
    ratio, color = result.ratio, COLOR_OF[result.ratio.peer]
    shift = {SCIKIT: 0.18, TORCH: -0.18 if result.goal is not None else 0.0}.get(ratio.peer, 0.0)
    y = place + shift
    spread = [[max(0.0, ratio.ratio - ratio.lower)], [max(0.0, ratio.upper - ratio.ratio)]]
    filled = color if ratio.peer != FLOOR else "white"
    axes.errorbar(ratio.ratio, y, xerr=spread, fmt="o", color=color, markersize=5, mfc=filled, capsize=2)
    if result.goal is not None:
        axes.plot(result.goal, y, marker="|", markersize=14, markeredgewidth=2, color=color)


def _explain(axes: "Axes", peers: set[str]) -> None:
    """Marks without a place, for the legend."""
    for peer, color in COLOR_OF.items():
        if peer in peers:
            hollow = peer == FLOOR
            label = f"{peer} (products alone)" if hollow else peer
            axes.plot([], [], "o", color=color, mfc="white" if hollow else color, label=label)
    axes.plot([], [], "|", color="0.3", markersize=14, markeredgewidth=2, label="goal")


def draw_growth(growth: Sequence[Growth], path: Path) -> None:
    """Milliseconds a step and megabytes beyond the batch, against the batch."""
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2)
    for threads in sorted({g.threads for g in growth}):
        for ours, color in ((True, COLORS[0]), (False, COLORS[1])):
            rows = [g for g in growth if g.threads == threads and (g.side == OURS) == ours]
            if not rows:
                continue
            name = f"{'nn-core' if ours else 'PyTorch'}, {threads} thread{'s'[: threads > 1]}"
            style = {"color": color, "marker": "o", "markersize": 4, "label": name}
            line = "-" if threads == 1 else "--"
            batches = [g.batch for g in rows]
            left.plot(batches, [g.seconds * 1e3 for g in rows], line, **style)
            memory = [(g.batch, g.working_bytes / 1e6) for g in rows if g.working_bytes]
            if memory:
                right.plot(*zip(*memory, strict=True), line, **style)
    for axes in (left, right):
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
    tidy(left, x="batch", y="ms a step", title="classic: time of a training step")
    tidy(right, x="batch", y="MB", title="Memory beyond the imports and the batch")
    save_figure(figure, path)
