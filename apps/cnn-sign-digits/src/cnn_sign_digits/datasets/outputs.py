"""Validation that outputs are not written among the photos."""

import os
from collections.abc import Mapping
from pathlib import Path

from cnn_sign_digits.datasets.array_files import TABLES
from nn_core.errors import SettingError
from nn_core.storage.files import printable
from nn_core.storage.hdf5 import SUFFIXES
from nn_core.storage.images import PHOTO_SUFFIXES


def require_outside(outputs: Mapping[str, os.PathLike[str] | None], **inputs: str | None) -> None:
    """Raise SettingError for an output that would be read as a photo of an input folder.

    outputs, inputs  by the name of their options
    """
    for source, spec in inputs.items():
        if spec is None or not Path(spec).is_dir():
            continue
        folder = Path(spec).resolve()
        for name, given in outputs.items():
            path = folder if given is None else Path(given).resolve()
            if path != folder and path.is_relative_to(folder) and _is_data(path.relative_to(folder), folder):
                raise SettingError(f"{name} would become part of the data: {printable(path)} is in {source}")


def require_no_photo_in(folder: Path, name: str, output: os.PathLike[str] | None) -> None:
    """Raise SettingError if the output `name` would be a photo at any depth of a folder to predict."""
    path = None if output is None else Path(output)
    if path is None or not folder.is_dir() or path.suffix.lower() not in PHOTO_SUFFIXES:
        return
    if path.resolve().is_relative_to(folder.resolve()):
        raise SettingError(f"{name} would become one of the photos: {printable(path)} is in {printable(folder)}")


def _is_data(inside: Path, folder: Path) -> bool:
    """Whether a file at this path inside a folder of data would be read with it."""
    suffix = inside.suffix.lower()
    if len(inside.parts) > 1:
        return suffix in PHOTO_SUFFIXES
    return suffix in SUFFIXES or (suffix in TABLES and any(file.suffix.lower() in TABLES for file in folder.iterdir()))
