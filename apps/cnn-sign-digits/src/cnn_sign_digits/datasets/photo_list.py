"""A CSV file with the file name and the class of each photo, beside the photos."""

from pathlib import Path

from cnn_sign_digits.datasets.folder_files import direct_photos, has_photos_below, photos_below, subfolders
from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.storage.text import read_csv

FILE_COLUMNS = ("filename", "file_name", "file", "image", "image_path", "path", "photo", "id")
LABEL_COLUMNS = ("label", "class", "target", "category")


def find_photo_list(folder: Path) -> Path | None:
    """The only CSV file of a folder whose photos are in no class folders, or None."""
    tables = [path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".csv" and path.is_file()]
    if len(tables) != 1:
        return None
    classes = [entry for entry in subfolders(folder) if has_photos_below(entry)]
    if direct_photos(folder):
        return None if classes else tables[0]
    return tables[0] if len(classes) == 1 and direct_photos(classes[0]) else None


def read_photo_list(table: Path) -> tuple[list[Path], list[str]]:
    """The photos that a table lists, and the class name of each.

    The table has a header with a column of FILE_COLUMNS, with or without the suffixes of the files,
    and one of LABEL_COLUMNS. Files are relative to the table, or to the only folder beside it.
    Raises DataError, naming the line, for a row without class or photo, or a file listed twice.
    """
    (_, header), *rows = read_csv(table)
    file, label = _column(header, FILE_COLUMNS, table), _column(header, LABEL_COLUMNS, table)
    folder = table.parent
    known: dict[str, Path] = {}
    for base in (folder, *subfolders(folder)):
        for path in photos_below(base):
            name = path.relative_to(base).as_posix()
            known.setdefault(name, path)
            known.setdefault(name.removesuffix(path.suffix), path)
    photos: dict[Path, str] = {}
    for line, cells in rows:
        where = f"{printable(table)}, line {line}"
        if len(cells) != len(header) or not cells[label]:
            raise DataError(f"{where}: expected {', '.join(header)}; found {printable(cells)}")
        name = Path(cells[file]).as_posix()
        if name not in known:
            raise DataError(f"{where}: no photo {printable(name)!r} in {printable(folder)}")
        if known[name] in photos:
            raise DataError(f"{where}: {printable(name)!r} is listed twice")
        photos[known[name]] = cells[label]
    if not photos:
        raise DataError(f"{printable(table)} lists no photos")
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
