"""The data sets that `--data` and `--test` accept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deep_nn.datasets import RawExamples
from deep_nn.datasets.files import DataReader, read
from deep_nn.datasets.generated import GENERATED
from deep_nn.datasets.table_options import TableOptions
from nn_core.cli.catalog import Catalog
from nn_core.cli.download import RemoteDataset, RemoteFile

if TYPE_CHECKING:
    from deep_nn.datasets.trained_table import TrainedTable

_CATS = (
    "https://raw.githubusercontent.com/nabeelshan78/deep-nn-from-scratch/"
    "80b8a1d04e7f390765f5fbe792381c52deffe457/datasets"
)
CATS = RemoteDataset(
    name="cats",
    files=(
        RemoteFile(
            "train_catvnoncat.h5",
            f"{_CATS}/train_catvnoncat.h5",
            "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
        ),
        RemoteFile(
            "test_catvnoncat.h5",
            f"{_CATS}/test_catvnoncat.h5",
            "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951",
        ),
    ),
    description="64x64 RGB photos, cat or non-cat: 209 for training, 50 for testing",
    origin="nabeelshan78/deep-nn-from-scratch",
    license="course data; no license stated",
)

CATALOG: Catalog[RawExamples] = Catalog("deep-nn", GENERATED, {CATS.name: CATS}, read)


def catalog_for(options: TableOptions, trained: TrainedTable | None = None) -> Catalog[RawExamples]:
    """The catalog of one run, which reads tables as the options say.

    trained  what a model knows of its training table; None for the table that is read first
    """
    return replace(CATALOG, read=DataReader(options, trained))
