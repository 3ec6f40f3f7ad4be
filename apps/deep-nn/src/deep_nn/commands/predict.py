"""The command `predict`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.datasets.files import read_for_prediction
from deep_nn.model import Model, load_model
from deep_nn.predictions import Block, CsvLines, TextLines, json_objects, predict_blocks
from nn_core.cli.options import model_option
from nn_core.cli.param_types import STANDARD, CsvOutput, require_distinct
from nn_core.cli.terminal import counted, echo, info, json_option, print_error
from nn_core.errors import NNError
from nn_core.storage.atomic import atomic_writer
from nn_core.storage.files import printable


@click.command()
@model_option()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=CsvOutput(), help="Write the predictions to a CSV file; - for standard output.")
@click.option("--proba", is_flag=True, help="Include the probability of each class.")
@json_option
def predict(model_path: Path, files: tuple[Path, ...], output: Path | None, proba: bool, as_json: bool) -> None:
    """Predict classes or numbers for images or table rows.

    Images are resized to the size of the training images. A table needs the columns of the training
    data; its label, if any, is ignored. FILE - is a table, or an image, on standard input.

    Files that cannot be read are skipped and named at the end, with exit status 1.

    \b
    Example: deep-nn predict --model cats.h5 photo.jpg
    """
    if files.count(STANDARD) > 1:
        raise click.UsageError("standard input (-) can be read only once")
    if as_json and output is not None:
        raise click.UsageError("--json prints the predictions, and --output writes a CSV file; omit one of them")
    written = None if output == STANDARD else output
    require_distinct({"--output": written}, **{"--model": model_path}, **{f"the input {f}": f for f in files})
    model = load_model(model_path)
    if proba and model.target is not None:
        raise click.UsageError("--proba is for classes; the model predicts a number")
    tables = len(model.preprocessing.shape) == 1
    if as_json:
        errors = _print_json(model, files)
    elif output is None:
        width = 0 if tables else max(len(printable(file)) for file in files)
        text = TextLines(model.classes, width, proba)
        errors = _predict(model, files, lambda block, last: _echo(text.lines(block, last)))
    else:
        form = CsvLines(model.classes, not tables or len(files) > 1, tables, proba)
        errors = _print_csv(model, files, form) if written is None else _write_csv(model, files, form, written)
    _raise(errors)


def _raise(errors: Sequence[NNError]) -> None:
    """Print all errors but the last, and raise that one."""
    for error in errors[:-1]:
        print_error(str(error))
    if errors:
        raise errors[-1]


def _predict(
    model: Model,
    files: Sequence[Path],
    write: Callable[[Block, int | None], None],
    undo: Callable[[], None] | None = None,
) -> list[NNError]:
    """Write the predictions of each file; the errors of those that could not be read.

    write  takes a block, and the number of the last row of its file
    undo   takes back what was written of this file
    """
    errors: list[NNError] = []
    for file in files:
        try:
            x, rows = _examples(model, file)
            last = None if rows is None else int(rows[-1])
            for block in predict_blocks(model, x, str(file), rows):
                write(block, last)
        except NNError as error:
            errors.append(error)
            if undo is not None:
                undo()
    return errors


def _examples(model: Model, file: Path) -> tuple[RawExamples, npt.NDArray[np.int64] | None]:
    """The examples in a file, and the numbers of its rows; None for an image."""
    found = read_for_prediction(file, model.preprocessing.shape, model.table)
    return found.x, found.numbers


def _echo(lines: Sequence[str]) -> None:
    echo("\n".join(lines))


def _print_json(model: Model, files: Sequence[Path]) -> list[NNError]:
    """Print a list with an object per example, on one line."""
    begun = False

    def write(block: Block, last: int | None) -> None:
        nonlocal begun
        echo(f"{', ' if begun else '['}{', '.join(json_objects(block, model.classes))}", end="")
        begun = True

    errors = _predict(model, files, write)
    if begun:
        echo("]")
    return errors


def _print_csv(model: Model, files: Sequence[Path], form: CsvLines) -> list[NNError]:
    begun = False

    def write(block: Block, last: int | None) -> None:
        nonlocal begun
        if not begun:
            echo(form.header(), end="")
        begun = True
        _echo(form.lines(block))

    return _predict(model, files, write)


def _write_csv(model: Model, files: Sequence[Path], form: CsvLines, path: Path) -> list[NNError]:
    """Write a CSV file with the predictions of every file that can be read; none if there is no such file."""
    count = 0
    with atomic_writer(path) as out:
        out.write(form.header().encode(errors="backslashreplace"))
        saved = out.tell(), count

        def write(block: Block, last: int | None) -> None:
            nonlocal count, saved
            lines = form.lines(block)
            out.write("".join(f"{line}\n" for line in lines).encode(errors="backslashreplace"))
            count += len(lines)
            if block.rows is None or block.rows[-1] == last:
                saved = out.tell(), count

        def undo() -> None:
            nonlocal count
            position, count = saved
            out.seek(position)
            out.truncate()

        errors = _predict(model, files, write, undo)
        if not count:
            _raise(errors)
    info(f"wrote {path}: {counted(count, 'prediction')}")
    return errors
