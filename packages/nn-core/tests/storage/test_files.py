"""Names of files in messages and titles."""

import pytest

from nn_core.storage.files import without_folders


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("moons:noise=0.3", "moons:noise=0.3"),
        ("/data/rows.csv, held out", "rows.csv, held out"),
        ("../a/set.h5 (train/images, train/labels)", "set.h5 (images, labels)"),
        (r"C:\data\rows.csv and photos/hands", "rows.csv and hands"),
    ],
)
def test_titles_name_files_without_folders(source: str, title: str) -> None:
    assert without_folders(source) == title
