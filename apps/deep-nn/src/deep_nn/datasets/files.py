"""Readers of data files: tables, and files and folders of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deep_nn.datasets import ExampleShape, RawExamples
from deep_nn.datasets.columns import Columns
from deep_nn.datasets.table_options import DEFAULTS, TableOptions
from nn_core.checkpoint import is_checkpoint
from nn_core.cli.dataset import Contents, describe_shape
from nn_core.cli.images import read_image
from nn_core.cli.param_types import STANDARD
from nn_core.cli.standard_input import source_of
from nn_core.errors import DataError
from nn_core.storage.file_kinds import ARRAY_SUFFIXES, file_kind, is_array_file, refuse_kind
from nn_core.storage.files import check_file, is_folder, printable

if TYPE_CHECKING:
    from deep_nn.datasets.trained_table import Rows, TrainedTable

TABLES = (".csv", ".tsv", ".tab", ".txt", ".data")
"""Suffixes of tables in text."""

KNOWN = (TABLES[0], *ARRAY_SUFFIXES)
"""Suffixes of data files, one for all tables."""


@dataclass
class DataReader:
    """Reads the training data, and every file after it by the same columns.

    options  how to read tables
    trained  the columns of the training table, once it is read
    """

    options: TableOptions = DEFAULTS
    trained: TrainedTable | None = None

    def __call__(self, path: Path) -> Contents[RawExamples]:
        if is_folder(path):
            return self._folder(path)
        contents = read(path, self.options, self.trained)
        part = contents.train
        if self.trained is None and part is not None and isinstance(part.schema, Columns):
            from deep_nn.datasets.trained_table import TrainedTable

            self.trained = TrainedTable(part.schema, self.options, part.names or ())
        return contents

    def _folder(self, folder: Path) -> Contents[RawExamples]:
        from deep_nn.datasets.arrays import read_examples
        from nn_core.cli.arrays.files import array_files, merge, read_array_folder

        if array_files(folder):
            return read_array_folder(folder, read_examples, _task(self.options, self.trained))
        known = {*TABLES[:3], *ARRAY_SUFFIXES}  # a .txt beside data is a description
        files = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in known and not path.name.startswith(".")
        )
        files = [path for path in files if path.is_file() and not is_checkpoint(path)]
        if not files:
            expected = ", ".join(sorted(known))
            raise DataError(f"{printable(folder)} is a directory without data files; expected {expected}")
        files.sort(key=lambda path: any(word in path.stem.lower() for word in ("test", "val")))  # train.csv first
        return merge(folder, [(path, self(path)) for path in files])


def read(path: Path, options: TableOptions = DEFAULTS, trained: TrainedTable | None = None) -> Contents[RawExamples]:
    """Read a data file or a folder of data files.

    .csv             a table in text, as .tsv, .tab, .txt and .data; no test set (see `tables.read_labeled`)
    .npz, .h5, .mat  examples and labels by the names of the arrays (see `arrays.sets.read_sets`)
    idx              images or labels of MNIST, plain or .gz, with the other file beside it
    -                a table on standard input
    a folder         one array a file (.npy or idx), or a training and a test file

    options  how to read a table
    trained  the columns of a model, which a table must have; None for a training table

    Images are (N, H, W, C) or (N, H, W), from 0 to 255; tables are (N, D).
    Raises DataError or ShapeError, naming the file.
    """
    if is_folder(path):
        return DataReader(options, trained)(path)
    if path != STANDARD:
        check_file(path)
    if path != STANDARD and is_array_file(path):
        from deep_nn.datasets.arrays import read_examples
        from nn_core.cli.arrays.files import read_array_file

        return read_array_file(path, read_examples, _task(options, trained))
    if path == STANDARD or path.suffix.lower() in TABLES:
        from deep_nn.datasets.tables import read_labeled

        return Contents(read_labeled(path, options) if trained is None else trained.part(path), None)
    refuse_kind(path, file_kind(path))
    suffix = printable(path.suffix) or "none"
    raise DataError(f"{printable(path)}: unsupported suffix ({suffix}); expected one of {', '.join(KNOWN)}")


def _task(options: TableOptions, trained: TrainedTable | None) -> str:
    """Whether labels are numbers to predict: that of the model, or else as the options say."""
    if trained is None:
        return options.task
    return "regress" if trained.columns.regress else "classify"


def read_for_prediction(path: Path, shape: ExampleShape, table: TrainedTable | None = None) -> Rows:
    """Examples (N, ...) without labels: one image, or the rows of a table.

    path   of a file, or "-" for standard input
    shape  of one training example: (H, W, C) or (D,)
    table  what the model knows of its training table (`Model.table`)
    Raises DataError for a file that is unreadable or does not fit the shape.
    """
    from deep_nn.datasets.trained_table import Rows, TrainedTable

    if len(shape) == 3:
        return Rows(printable(path), read_image(path, shape))
    source, name = source_of(path)
    if isinstance(source, Path) and source.is_file() and source.suffix.lower() not in TABLES:
        raise DataError(f"the model was trained on {describe_shape(shape)}; {name} is not a .csv file")
    return (table or TrainedTable(Columns.unnamed(shape[0]))).rows(source, name=name)
