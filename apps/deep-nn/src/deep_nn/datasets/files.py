"""Readers of data files: tables, and files and folders of arrays."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from deep_nn.datasets import ExampleShape, RawExamples
from deep_nn.datasets.arrays import read_examples
from deep_nn.datasets.tables import read_rows, read_table
from nn_core.checkpoint import is_checkpoint
from nn_core.cli.array_files import SUFFIXES, array_files, is_array_file, merge, read_array_file, read_array_folder
from nn_core.cli.dataset import Contents, Part, describe_shape
from nn_core.cli.images import read_image
from nn_core.cli.labels import read_labels
from nn_core.cli.real_targets import Task
from nn_core.errors import DataError
from nn_core.storage.file_kinds import file_kind, refuse_unsafe
from nn_core.storage.files import check_file, is_folder, printable


def read(path: Path, task: Task = "auto") -> Contents[RawExamples]:
    """Read a data file or a folder of data files.

    .csv             the label in the last column; optionally a header; no test set
    .npz, .h5, .mat  examples and labels by the names of the arrays (see `array_sets.read_sets`)
    idx              images or labels of MNIST, plain or .gz, with the other file beside it
    a folder         one array a file (.npy or idx), or a training and a test file

    task  what y of arrays holds: "classify", "regress" or "auto" (see `real_targets.are_real`)

    Images are (N, H, W, C) or (N, H, W), from 0 to 255; tables are (N, D).
    Raises DataError or ShapeError, naming the file.
    """
    if is_folder(path):
        return _read_folder(path, task)
    check_file(path)
    if is_array_file(path):
        return read_array_file(path, read_examples, task)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        refuse_unsafe(path, file_kind(path))
        suffix = printable(path.suffix) or "none"
        known = ", ".join((*READERS, *SUFFIXES))
        raise DataError(f"{printable(path)}: unsupported suffix ({suffix}); expected one of {known}")
    return reader(path)


def read_for_prediction(path: Path, shape: ExampleShape) -> RawExamples:
    """Examples (N, ...) without labels: one image, or the rows of a CSV file.

    shape  of one training example: (H, W, C) or (D,)
    Raises DataError for a file that is unreadable or does not fit the shape.
    """
    if len(shape) == 3:
        return read_image(path, shape)
    if path.is_file() and path.suffix.lower() != ".csv":
        raise DataError(f"the model was trained on {describe_shape(shape)}; {printable(path)} is not a .csv file")
    return read_rows(path, shape[0])


def _read_csv(path: Path) -> Contents[RawExamples]:
    x, labels = read_table(path)
    y, names = read_labels(np.array(labels), None, x.shape, printable(path))
    return Contents(Part(printable(path), x, y, names), None)


READERS: Mapping[str, Callable[[Path], Contents[RawExamples]]] = {".csv": _read_csv}


def _read_folder(folder: Path, task: Task) -> Contents[RawExamples]:
    if array_files(folder):
        return read_array_folder(folder, read_examples, task)
    known = {*READERS, *SUFFIXES}
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in known and not path.name.startswith("."))
    files = [path for path in files if path.is_file() and not is_checkpoint(path)]
    if not files:
        raise DataError(f"{printable(folder)} is a directory without data files; expected {', '.join(sorted(known))}")
    return merge(folder, [(path, read(path, task)) for path in files])
