"""A CSV file with the file name and the class of each photo, beside the photos."""

from dataclasses import dataclass
from pathlib import Path

from cnn_sign_digits.datasets.folder_files import direct_photos, has_photos_below, photos_below, subfolders
from cnn_sign_digits.datasets.layouts import parts_of
from nn_core.cli.terminal import counted
from nn_core.errors import DataError, remark
from nn_core.storage.files import printable
from nn_core.storage.text import read_csv

FILE_COLUMNS = ("filename", "file_name", "file", "image", "image_path", "path", "photo", "image_id", "image_name", "id")
LABEL_COLUMNS = ("label", "class", "target", "category")


@dataclass(frozen=True)
class PhotoList:
    """A table, and the folder of the photos that it lists."""

    table: Path
    folder: Path


def find_photo_list(folder: Path) -> PhotoList | None:
    """The list of the photos of a folder that has no class folders, or None.

    The photos lie in the folder itself, in its only subfolder, or in one called train beside test.
    Of several CSV files, the list is the one called labels, train, train_labels or like the folder of
    the photos.
    """
    photos = _folder_of_photos(folder)
    tables = [path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".csv" and path.is_file()]
    if photos is None or not tables:
        return None
    if len(tables) > 1:
        names = {"labels", "train", "train_labels", photos.name.lower()}
        tables = [path for path in tables if path.stem.lower() in names]
    return PhotoList(tables[0], photos) if len(tables) == 1 else None


def _folder_of_photos(folder: Path) -> Path | None:
    """The folder whose photos a list may be of: the given one or one in it."""
    inside = [entry for entry in subfolders(folder) if has_photos_below(entry)]
    if not inside:
        return folder if direct_photos(folder) else None
    if direct_photos(folder) or any(has_photos_below(each) for entry in inside for each in subfolders(entry)):
        return None
    if len(inside) == 1:
        return inside[0]
    parts = parts_of(inside)
    return next((part for part, role in parts.items() if role == "train"), None) if len(parts) == len(inside) else None


def read_photo_list(listed: PhotoList) -> tuple[list[Path], list[str]]:
    """The photos that a table lists, and the class name of each.

    The table has a header with a column of FILE_COLUMNS, with or without the suffixes of the files,
    and one of LABEL_COLUMNS. Files are relative to the folder of the photos, or to the table.
    Raises DataError, naming the line, for a row without class or photo, a name without suffix that two
    photos have, or a file listed twice. A DataWarning counts photos that are not listed.
    """
    table, folder = listed.table, listed.folder
    (_, header), *rows = read_csv(table)
    file, label = _column(header, FILE_COLUMNS, table), _column(header, LABEL_COLUMNS, table)
    known: dict[str, Path] = {}
    stems: dict[str, set[Path]] = {}
    for path in photos_below(folder):
        for base in (folder, table.parent):
            name = path.relative_to(base).as_posix()
            known[name] = path
            stems.setdefault(name.removesuffix(path.suffix), set()).add(path)
    photos: dict[Path, str] = {}
    for line, cells in rows:
        where = f"{printable(table)}, line {line}"
        if len(cells) != len(header) or not cells[label]:
            raise DataError(f"{where}: expected {', '.join(header)}; found {printable(cells)}")
        name = Path(cells[file]).as_posix()
        found = {known[name]} if name in known else stems.get(name, set())
        if not found:
            raise DataError(f"{where}: no photo {printable(name)!r} in {printable(folder)}")
        if len(found) > 1:
            names = " or ".join(printable(path.name) for path in sorted(found))
            raise DataError(f"{where}: which photo is {printable(name)!r}, {names}? Give its suffix")
        (photo,) = found
        if photo in photos:
            raise DataError(f"{where}: {printable(name)!r} is listed twice")
        photos[photo] = cells[label]
    if not photos:
        raise DataError(f"{printable(table)} lists no photos")
    left = len(set(known.values())) - len(photos)
    if left:
        text = f"{printable(table)}: skipped {counted(left, 'photo')} in {printable(folder)} that it does not list"
        remark(text)
    return list(photos), list(photos.values())


def _column(header: list[str], names: tuple[str, ...], table: Path) -> int:
    """The position of the first column that has one of these names, in any case."""
    lower = [name.lower() for name in header]
    for name in names:
        if name in lower:
            return lower.index(name)
    raise DataError(
        f"{printable(table)} lists no photos: none of its columns ({printable(', '.join(header))}) is named"
        f" {', '.join(names)}"
    )
