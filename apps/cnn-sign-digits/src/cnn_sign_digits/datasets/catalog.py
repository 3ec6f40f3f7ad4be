"""The data sets of `--data`: generated, downloaded by `fetch`, or read from a path."""

from pathlib import Path
from typing import TypeAlias

import numpy as np

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.datasets.array_files import TABLES, photo_files, read_photo_file, read_photo_files
from cnn_sign_digits.datasets.folder_files import has_photos_below
from cnn_sign_digits.datasets.folders import holds_photo_classes, read_folder
from cnn_sign_digits.datasets.photos import SIZE, Photos
from nn_core.checkpoint import is_checkpoint
from nn_core.cli.catalog import Catalog
from nn_core.cli.dataset import Contents, Dataset, Splits
from nn_core.cli.download import RemoteArchive, RemoteDataset, RemoteFile
from nn_core.cli.param_types import STANDARD
from nn_core.errors import DataError, SettingError, remark
from nn_core.registry import require
from nn_core.storage.files import exists, first_few, printable

DIGITS = RemoteDataset(
    name="digits",
    files=(
        RemoteArchive(
            name="sign-language-digits",
            url="https://github.com/ardamavi/Sign-Language-Digits-Dataset/archive/"
            "4b09433ef9d5c60602e8805bb54b8aa2428527f8.zip",
            inside="Dataset",
            sha256="dfbee581094004f6bb7a246660392f6b3c1db9f49e779e75cde4076e1a17a773",
        ),
    ),
    description="2,062 photos of hand signs of the digits 0 to 9, by about 210 people",
    origin="ardamavi/Sign-Language-Digits-Dataset (arXiv:2011.08927)",
    license="Apache-2.0",
)
SIGNS = RemoteDataset(
    name="signs",
    files=(
        RemoteFile(
            "test_signs.h5",
            "https://raw.githubusercontent.com/nabeelshan78/cnn-from-scratch-sign-digits/"
            "cf44d0e35387b5803aa2781527ecb1669d19b554/datasets/test_signs.h5",
            "539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be",
        ),
    ),
    description="120 photos of hand signs of the digits 0 to 5, 64x64, a test set only",
    origin="nabeelshan78/cnn-from-scratch-sign-digits",
    license="course data, no license stated",
)

PhotoSplits: TypeAlias = Splits[Photos]


def synthetic(count: int = 5000, diversity: float = 0.15, *, rng: np.random.Generator) -> Dataset[Photos]:
    """Synthetic hands signing all ten digits.

    diversity  variation of hands, viewpoints, backgrounds and cameras: 0 none, 1 realistic
    Raises SettingError for values out of range.
    """
    from cnn_sign_digits.synthetic import renderer

    require(count >= 10, f"synthetic: count must be at least 10, one per digit, not {count}")
    require(0 <= diversity <= 1, f"synthetic: diversity must be 0 to 1, not {diversity}")
    x, y = renderer.render_dataset(count, rng=rng, size=SIZE, diversity=diversity)
    return Dataset("synthetic", x, y, tuple(map(str, range(10))))


def read_path(path: Path, group: str | None = None, test_group: str | None = None) -> Contents[Photos]:
    """The photos of a folder (see `folders.read_folder`), a file of arrays or pixels, or a folder of such files.

    group       how to find the subjects in a folder of photos (see `subjects.find_subjects`)
    test_group  how to find those of its test set, if it has one
    Raises DataError or ShapeError, naming the file; SettingError for a group that does not apply.
    """
    if path != STANDARD and not exists(path):
        raise DataError(f"no such file or folder: {printable(path)}")
    if path.is_dir() and _holds_photos(path):
        return read_folder(path, size=SIZE, group=group, test_group=test_group)
    if group is not None:
        raise SettingError(f"--group needs a folder of photos, not {printable(path)}")
    if path.is_dir():
        return read_photo_files(path)
    return read_photo_file(path)


def _holds_photos(folder: Path) -> bool:
    """Whether a folder is read as photos; a DataWarning names the array files that are then ignored.

    Checkpoints are never data. Beside files of arrays, photos win if they are in class folders; beside
    CSV files, wherever they are.
    """
    files = photo_files(folder)
    arrays = [file for file in files if file.suffix.lower() not in TABLES]
    data = [file for file in (arrays if has_photos_below(folder) else files) if not is_checkpoint(file)]
    if data and not holds_photo_classes(folder):
        return False
    if arrays:
        names = first_few([printable(file.name) for file in arrays])
        text = f"{printable(folder)}: reading the photos; ignored: {names}"
        remark(text)
    return True


CATALOG = Catalog(
    PROGRAM,
    generated={"synthetic": synthetic},
    remote={remote.name: remote for remote in (DIGITS, SIGNS)},
    read=read_path,
)


def is_generated(spec: str) -> bool:
    """Whether a text such as "synthetic:count=100" names a generated data set."""
    return spec.partition(":")[0].strip() in CATALOG.generated
