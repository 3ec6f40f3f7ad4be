"""The command `predict`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from cnn_sign_digits.datasets.folder_files import note_skipped, others_below, photos_below
from cnn_sign_digits.datasets.outputs import require_no_photo_in
from cnn_sign_digits.model import Model, load_model, read_photo
from nn_core.cli.options import model_option
from nn_core.cli.param_types import FIGURE, MODEL, require_distinct
from nn_core.cli.terminal import echo_json, info, json_option
from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.summary import table

TOP = 3
"""Number of top classes shown."""
UNLIKE = "unlike anything trained on"


@click.command()
@click.argument("files", metavar="IMAGE|FOLDER...", nargs=-1, required=True, type=MODEL)
@model_option(required=False)
@click.option("--show-input", type=FIGURE, help="Plot the photos as the network sees them, with its answers.")
@json_option
@click.pass_context
def predict(
    ctx: click.Context, /, files: tuple[Path, ...], model_path: Path | None, show_input: Path | None, as_json: bool
) -> None:
    """Predict the signs in photos.

    Prints the top three classes of each photo. Photos of any size are center-cropped to a square
    and resized. Of a folder, all photos are predicted. A broken photo is named on stderr; the exit
    status is then 1.

    Probabilities are calibrated, and a photo that is far from all training photos is said to be
    unlike anything trained on; the network still names a class.

    \b
    Example: cnn-sign predict photo.jpg
    """
    outputs = {"--show-input": show_input}
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
    elif answers:
        click.echo(_report(answers))
    if show_input is not None and answers:
        from cnn_sign_digits.plots import plot_inputs

        plot_inputs(np.concatenate(photos), answers, show_input)
        info(f"wrote {show_input}")
    for message in errors.values():
        info(f"Error: {message}")
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


def answers_of(model: Model, paths: Sequence[Path], photos: Any) -> list[dict[str, Any]]:
    """What the model predicts for each photo, most likely classes first."""
    assessment = model.assess(photos)
    order = np.argsort(-assessment.probabilities, axis=1, kind="stable")[:, :TOP]
    return [
        {
            "file": str(path),
            "class": model.classes[top[0]],
            "probability": float(p[top[0]]),
            "rejected": bool(rejected),
            "top": [{"class": model.classes[i], "probability": float(p[i])} for i in top],
            "probabilities": dict(zip(model.classes, p.tolist(), strict=True)),
        }
        for path, p, rejected, top in zip(paths, assessment.probabilities, assessment.rejected, order, strict=True)
    ]


def _report(answers: Sequence[dict[str, Any]]) -> str:
    rows = [
        (printable(answer["file"]), *(f"{top['class']} {top['probability']:6.1%}" for top in answer["top"]))
        for answer in answers
    ]
    lines = table(rows).splitlines()
    return "\n".join(
        f"{line}  {UNLIKE}" if answer["rejected"] else line for line, answer in zip(lines, answers, strict=True)
    )
