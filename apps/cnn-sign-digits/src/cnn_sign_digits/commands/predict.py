"""The command `predict`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from cnn_sign_digits.datasets.folder_files import note_skipped, others_below, photos_below
from cnn_sign_digits.datasets.outputs import require_no_photo_in
from cnn_sign_digits.model import load_model, read_photo
from cnn_sign_digits.predictions import answers_of, csv_text, report
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import MODEL, STANDARD, CsvOutput, require_distinct
from nn_core.cli.terminal import counted, echo, echo_json, info, json_option, print_error
from nn_core.errors import DataError
from nn_core.storage.atomic import atomic_write
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command()
@click.argument("files", metavar="IMAGE|FOLDER...", nargs=-1, required=True, type=MODEL)
@model_option(required=False)
@click.option("--output", type=CsvOutput(), help="Write the predictions to a CSV file; - for standard output.")
@click.option("--proba", is_flag=True, help="Include the probability of each class.")
@figure_options("the photos as the network sees them, with its predictions", name="show_input")
@json_option
@click.pass_context
def predict(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    model_path: Path | None,
    output: Path | None,
    proba: bool,
    show_input: "FigureFile | None",
    as_json: bool,
) -> None:
    """Predict the signs in photos.

    Prints the top three classes of each photo. Photos of any size are center-cropped to a square
    and resized. A folder stands for all photos in it. Broken photos are skipped and named on stderr,
    with exit status 1.

    Probabilities are calibrated. A photo that is far from all training photos is marked as unlike
    anything trained on, but still gets a class.

    \b
    Example: cnn-sign predict photo.jpg
    """
    if as_json and output is not None:
        raise click.UsageError("--json prints the predictions, and --output writes a CSV file; omit one of them")
    outputs = {"--output": None if output == STANDARD else output, "--show-input": show_input}
    for file in files:
        require_distinct(outputs, **{"an input": file, "--model": model_path})
        require_no_photo_in(file, "--show-input", show_input)
    model = load_model(model_path)
    paths = find_photos(files)
    photos, errors = [], {}
    for path in paths:
        try:
            photos.append(read_photo(path))
        except DataError as error:
            errors[path] = str(error)
    read = [path for path in paths if path not in errors]
    answers = answers_of(model, read, np.concatenate(photos)) if photos else []
    if as_json:
        by_file = {answer["file"]: answer for answer in answers}
        broken = {str(path): {"file": str(path), "error": message} for path, message in errors.items()}
        echo_json([(by_file | broken)[str(path)] for path in paths])
    elif answers and output == STANDARD:
        echo(csv_text(answers, model.classes, proba=proba), end="")
    elif answers and output is not None:
        atomic_write(output, csv_text(answers, model.classes, proba=proba).encode(errors="backslashreplace"))
        info(f"wrote {output}: {counted(len(answers), 'prediction')}")
    elif answers:
        echo(report(answers, proba=proba))
    if show_input is not None and answers:
        from cnn_sign_digits.plots import plot_inputs

        plot_inputs(np.concatenate(photos), answers, show_input)
        info(f"wrote {show_input}")
    for message in errors.values():
        print_error(message)
    if errors:
        ctx.exit(1)


def find_photos(files: Sequence[Path]) -> list[Path]:
    """The files, and the photos at any depth of the folders among them, each once.

    Raises DataError for a folder without photos.
    """
    found: dict[Path, None] = {}
    for file in files:
        inside = photos_below(file) if file.is_dir() else [file]
        if file.is_dir():
            note_skipped(printable(file), others_below(file))
        if not inside:
            raise DataError(f"{printable(file)} has no photos")
        found |= dict.fromkeys(inside)
    return list(found)
