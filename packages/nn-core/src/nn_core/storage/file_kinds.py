"""What a file is by its first bytes, regardless of its name."""

import re
from pathlib import Path

from nn_core.errors import DataError
from nn_core.storage.files import decoding_errors, open_file, printable

HDF5, NPZ, NPY, GZIP, MATLAB5, PICKLE, TORCH = "hdf5", "npz", "npy", "gzip", "matlab", "pickle", "torch"
HTML, LFS = "html", "lfs"

DESCRIPTIONS = {
    HDF5: "an HDF5 file",
    NPZ: "a ZIP archive, such as .npz",
    NPY: "a .npy file",
    GZIP: "a file compressed with gzip",
    MATLAB5: "a MATLAB file before version 7.3",
    PICKLE: "a pickle",
    TORCH: "a pickle of PyTorch",
    HTML: "a web page; download the file itself",
    LFS: "a pointer of Git LFS; get the file by: git lfs pull",
}
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
ARRAY_SUFFIXES = (".npz", ".h5", ".hdf5", ".mat")
"""Suffixes of files with several arrays."""
IDX_NAME = re.compile(r"^(?P<stem>.*?)[-._]?idx\d?[-._]?(ubyte)?(\.gz)?$", re.IGNORECASE)
"""Names of idx files: train-images-idx3-ubyte, train-images.idx3-ubyte.gz, t10k-labels.idx."""
PICKLES = frozenset({".pkl", ".pickle", ".p", ".joblib"})
TORCH_SUFFIXES = frozenset({".pt", ".pth"})

SPREADSHEETS = {
    ".xlsx": "read_excel",
    ".xls": "read_excel",
    ".ods": "read_excel",
    ".parquet": "read_parquet",
    ".feather": "read_feather",
    ".json": "read_json",
    ".dta": "read_stata",
}
"""Tables that pandas reads, by suffix."""


def is_idx(path: Path) -> bool:
    """Whether a name is that of an idx file."""
    return IDX_NAME.match(path.name) is not None


def is_array_file(path: Path) -> bool:
    """Whether a file holds arrays, by its name; including kinds that are refused with a reason."""
    return path.suffix.lower() in {*ARRAY_SUFFIXES, ".npy", *PICKLES, *TORCH_SUFFIXES} or is_idx(path)


def file_kind(path: Path) -> str | None:
    """The kind of a file, one of the constants of this module; None if it is another.

    Raises DataError if the file cannot be read.
    """
    with decoding_errors(path, None), open_file(path) as file:
        head = file.read(128)
        file.seek(512)
        block = file.read(8)
    suffix = path.suffix.lower()
    if HDF5_SIGNATURE in (head[:8], block):
        return HDF5
    if suffix in TORCH_SUFFIXES:
        return TORCH
    if head.startswith(b"PK"):
        return NPZ
    if head.startswith(b"\x93NUMPY"):
        return NPY
    if head.startswith(b"\x1f\x8b"):
        return GZIP
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return HTML
    if head.startswith(b"version https://git-lfs"):
        return LFS
    if head.startswith(b"MATLAB 5.0") or (suffix == ".mat" and head):
        return MATLAB5
    # Protocols 2 to 5 of pickle begin with the opcode PROTO and the protocol.
    if suffix in PICKLES or (len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5):
        return PICKLE
    return None


def describe_kind(path: Path) -> str:
    """The kind of a file in words, with an article; empty if it is not known."""
    return DESCRIPTIONS.get(file_kind(path) or "", "")


def refuse_kind(path: Path, kind: str | None) -> None:
    """Raise DataError for a kind that is not read, with the line of Python that converts it."""
    name = printable(path)
    if kind in {HTML, LFS}:
        raise DataError(f"{name} is {DESCRIPTIONS[kind]}")
    if (reader := SPREADSHEETS.get(path.suffix.lower())) is not None:
        raise DataError(f"{name}: convert it to CSV: pandas.{reader}({name!r}).to_csv('table.csv', index=False)")
    target = repr(f"{printable(path.stem)}.npz")
    if kind == PICKLE:
        raise DataError(
            f"{name} is a pickle, which can run code and is never opened; if you trust it, convert it:"
            f" d = pickle.load(open({name!r}, 'rb'), encoding='latin1');"
            f" np.savez({target}, x=d['data'], y=d['labels'])"
        )
    if kind == TORCH:
        raise DataError(
            f"{name} is a pickle of PyTorch, which can run code and is never opened; if you trust it, convert it:"
            f" x, y = torch.load({name!r}); np.savez({target}, x=x.numpy(), y=y.numpy())"
        )
    if kind == MATLAB5:
        raise DataError(
            f"{name} is a MATLAB file before version 7.3; convert it: m = scipy.io.loadmat({name!r});"
            f" np.savez({target}, **{{k: v for k, v in m.items() if k[0] != '_'}})"
        )
