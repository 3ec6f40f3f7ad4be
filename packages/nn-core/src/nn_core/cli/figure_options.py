"""The options of commands that plot: `--figure` and its looks. This module imports no NumPy."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from nn_core.cli.command_help import Decorator, grouped
from nn_core.cli.param_types import FIGURE, OutputFile

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

LOOKS = ("style", "size", "dpi", "title")
STYLE_NAMES = ("paper", "slide", "dark")


class FigureSize(click.ParamType[tuple[float, float]]):
    """Width and height in inches, such as 8x5."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        try:
            width, height = (float(part) for part in str(value).lower().replace("×", "x").split("x"))
        except ValueError:
            self.fail(f"{value!r} is not a width and a height in inches, such as 8x5", param, ctx)
        if not (1 <= width <= 100 and 1 <= height <= 100):
            self.fail(f"{value!r} is not between 1x1 and 100x100 inches", param, ctx)
        return width, height


def figure_options(
    what: str, *, default: str | None = None, name: str = "figure", file: OutputFile = FIGURE, **others: str
) -> Decorator:
    """`--figure FILE`, `--style`, `--size`, `--dpi` and `--title`, passed as one argument `figure: FigureFile | None`.

    what     what is plotted, completing "Plot ..."
    default  file that is written without `--figure`; only for commands whose result is a figure
    name     of the option and the argument
    file     its formats and kinds, if others than those of plots
    others   more files with the same looks, by the name of their option: what is plotted
    """

    def decorate(command: Any) -> Any:
        @functools.wraps(command)
        def with_files(*args: Any, **values: Any) -> Any:
            looks = {look: values.pop(f"figure_{look}") for look in LOOKS}
            _require_a_figure([values[each] for each in (name, *others)], f"--{name.replace('_', '-')}")
            for each in (name, *others):
                values[each] = figure_file(values[each], **looks)
                looks["title"] = None  # that of the first
            return command(*args, **values)

        return _options({name: what, **others}, default, file)(with_files)

    return decorate


def _options(files: Mapping[str, str], default: str | None, file: OutputFile) -> Decorator:
    *suffixes, last = (suffix for suffix in file.suffixes if suffix != ".jpeg")
    outputs = [
        click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=file,
            default=None if i else default,
            help=f"Plot {what} ({', '.join(suffixes)} or {last}).",
        )
        for i, (name, what) in enumerate(files.items())
    ]
    return grouped(
        "Figure",
        *outputs,
        click.option(
            "--style",
            "figure_style",
            type=click.Choice(STYLE_NAMES),
            default="paper",
            help="Style of the figure: for paper, for slides (1920 x 1080 pixels), or for slides on a dark background.",
        ),
        click.option(
            "--size", "figure_size", type=FigureSize(), help="Width and height of the figure in inches, e.g. 8x5."
        ),
        click.option("--dpi", "figure_dpi", type=click.IntRange(20, 1200), help="Pixels per inch of the figure."),
        click.option("--title", "figure_title", help='Title of the figure; "" for none.'),
    )


def _require_a_figure(paths: Sequence[Path | None], option: str) -> None:
    """Raise click.UsageError for looks that are given on the command line without any figure."""
    ctx = click.get_current_context()
    for look in LOOKS:
        if not any(paths) and ctx.get_parameter_source(f"figure_{look}") is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{look} needs {option}", ctx)


def figure_file(
    path: Path | None,
    *,
    style: str = "paper",
    size: tuple[float, float] | None = None,
    dpi: int | None = None,
    title: str | None = None,
) -> "FigureFile | None":
    """The file with its looks; None without a file."""
    if path is None:
        return None
    from nn_core.plots.figure_files import FigureFile

    return FigureFile(path, style, size, dpi, title)
