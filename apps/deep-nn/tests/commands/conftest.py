"""Trained models, for the commands that use one."""

from pathlib import Path

import pytest
from command_line import SIDES, THIRDS, trained, write_cats, write_csv


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of two and three classes, of columns and photos, and their training data."""
    folder = tmp_path_factory.mktemp("models")
    write_cats(folder / "photos.h5", "train")
    write_cats(folder / "test.h5", "test")
    write_csv(folder / "sides.csv", SIDES, "lr")
    write_csv(folder / "thirds.csv", THIRDS, "abc")
    trained(folder / "moons.h5", "--epochs", 20)
    trained(folder / "blobs.h5", "--data", "blobs", "--epochs", 3)
    trained(folder / "sides-model.h5", "--data", folder / "sides.csv", "--epochs", 40)
    trained(folder / "thirds-model.h5", "--data", folder / "thirds.csv", "--epochs", 60)
    trained(folder / "cats.h5", "--data", folder / "photos.h5", "--epochs", 30)
    return folder
