"""Plots, written to files in one of three styles. Matplotlib is imported only when needed."""

from nn_core.plots.axes import (
    cell_text_fits,
    cell_text_size,
    laid_out_size,
    lay_out,
    log_scale,
    log_scale_if_wide,
    percent_axis,
    tidy,
)
from nn_core.plots.figure_files import FigureFile, canvas, drawing, write_around
from nn_core.plots.legends import add_legend
from nn_core.plots.series import background, colors, ink, ink_on, muted, sequential, series
from nn_core.plots.styles import STYLES, new_figure, styled

__all__ = [
    "STYLES",
    "FigureFile",
    "add_legend",
    "background",
    "canvas",
    "cell_text_fits",
    "cell_text_size",
    "colors",
    "drawing",
    "ink",
    "ink_on",
    "laid_out_size",
    "lay_out",
    "log_scale",
    "log_scale_if_wide",
    "muted",
    "new_figure",
    "percent_axis",
    "sequential",
    "series",
    "styled",
    "tidy",
    "write_around",
]
