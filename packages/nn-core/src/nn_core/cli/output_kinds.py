"""Kinds of files that the programs write, recognized by content: only these are replaced without `--force`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nn_core.errors import DataError
from nn_core.printable import printable
from nn_core.storage.file_kinds import HDF5_SIGNATURE
from nn_core.storage.json_file import parse_json

HEAD = 65_536
"""Bytes that are read of a file."""

MARKS = (b"nn-core", b"Matplotlib", b'[{"labels":')
"""One of them is at the beginning or the end of each figure and animation that the programs write, and in no photo."""


_PROLOG = re.compile(rb"\s*(<\?xml[^>]*>|<!DOCTYPE[^>]*>|<!--.*?-->)", re.DOTALL)
"""What may come before the first element of SVG, one at a time: the pattern of all would backtrack without end."""


@dataclass(frozen=True)
class OutputKind:
    """A kind of file.

    name   with an article: "a checkpoint"
    holds  whether a file is one, by its path and its first HEAD bytes
    """

    name: str
    holds: Callable[[Path, bytes], bool]

    def may_replace(self, path: Path) -> bool:
        """Whether a file is of this kind, or empty. Raises OSError if it cannot be read."""
        with path.open("rb") as file:
            head = file.read(HEAD)
        return not head or self.holds(path, head)


def _is_checkpoint(path: Path, head: bytes) -> bool:
    from nn_core.checkpoint import is_checkpoint

    return head.startswith(HDF5_SIGNATURE) and is_checkpoint(path)


def _is_data_set(path: Path, head: bytes) -> bool:
    if not head.startswith(HDF5_SIGNATURE):
        return False
    from nn_core.storage.hdf5_file import open_hdf5

    try:
        with open_hdf5(path) as root:
            return "train_set_x" in root and "list_classes" in root
    except DataError:
        return False


def _is_onnx(path: Path, head: bytes) -> bool:
    return head.startswith(b"\x08") and b"nn-core" in head[:256]


def _is_safetensors(path: Path, head: bytes) -> bool:
    return head[8:9] == b"{" and b'"producer":"nn-core"' in head


def _is_figure(path: Path, head: bytes) -> bool:
    is_image = head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-")) or _is_svg(head)
    return is_image and _is_marked(path, head)


def _is_svg(head: bytes) -> bool:
    """Whether the first element is <svg>, after declarations and comments."""
    at = 0
    while (found := _PROLOG.match(head, at)) is not None:
        at = found.end()
    return re.compile(rb"\s*<svg\b").match(head, at) is not None


def _is_animation(path: Path, head: bytes) -> bool:
    return (head.startswith((b"GIF87a", b"GIF89a")) or head[4:8] == b"ftyp") and _is_marked(path, head)


def _is_marked(path: Path, head: bytes) -> bool:
    """Whether a file has one of MARKS: a photo, a drawing or a video of the user's has none."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - HEAD))
        both = head + file.read(HEAD)
    return any(mark in both for mark in MARKS)


def _is_log(path: Path, head: bytes) -> bool:
    line = head.split(b"\n", 1)[0].strip()
    if line.startswith(b"epoch,step,"):
        return True
    try:
        record = parse_json(line, Any, source=printable(path))
    except DataError:
        return False
    return isinstance(record, dict) and {"epoch", "step"} <= record.keys()


def _is_predictions(path: Path, head: bytes) -> bool:
    names = head.split(b"\n", 1)[0].strip().decode(errors="replace").split(",")
    return "prediction" in names[:3] and names[0] in {"file", "row", "prediction"}


CHECKPOINT = OutputKind("a checkpoint", _is_checkpoint)
DATA_SET = OutputKind("a data set of photos", _is_data_set)
ONNX = OutputKind("an ONNX model written by nn-core", _is_onnx)
SAFETENSORS = OutputKind("a safetensors file written by nn-core", _is_safetensors)
FIGURE = OutputKind("a figure of these programs", _is_figure)
ANIMATION = OutputKind("an animation of these programs", _is_animation)
LOG = OutputKind("a training log", _is_log)
PREDICTIONS = OutputKind("a file of predictions", _is_predictions)
