"""Training logs, written after each epoch: JSON lines, CSV, or TensorBoard event files."""

import contextlib
import csv
import io
import json
import math
import struct
import time
from abc import abstractmethod
from os import PathLike
from pathlib import Path

from nn_core.extras import import_extra
from nn_core.registry import Registry
from nn_core.storage.atomic import atomic_append, atomic_write
from nn_core.training.callbacks import Callback
from nn_core.training.history import History
from nn_core.training.state import TrainingState

COUNTS = frozenset({"epoch", "step"})
"""History columns that are integers."""


class Log(Callback):
    """One record per epoch, including the epochs before a resume; replaces an earlier log.

    path  the file
    Raises OSError, naming the file, if it cannot be written.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = self.file = Path(path)
        self.columns: list[str] = []
        self._history: History | None = None

    def begin(self, state: TrainingState) -> None:
        """Write the records so far. Without this call, the first epoch does it."""
        history = self._history = state.history
        self.columns = list(history.columns)
        records = [self.record(history.row(i)) for i in range(len(history))]
        atomic_write(self.file, self.header() + b"".join(records))

    def on_epoch(self, state: TrainingState) -> None:
        if self._history is state.history and self.columns == list(state.history.columns):
            atomic_append(self.file, self.record(state.history.row(-1)))
        else:  # a new or resumed run, or a new column
            self.begin(state)

    def on_end(self, state: TrainingState) -> None:
        if self._history is not state.history:  # a run that was finished when it was resumed
            self.begin(state)

    def header(self) -> bytes:
        """The bytes before the first record."""
        return b""

    @abstractmethod
    def record(self, row: dict[str, float]) -> bytes:
        """The record of an epoch."""


class JSONLinesLog(Log):
    """One JSON object per line; null for missing or non-finite values."""

    def record(self, row: dict[str, float]) -> bytes:
        figures = {name: value if math.isfinite(value) else None for name, value in row.items()}
        return (json.dumps(figures | {name: int(row[name]) for name in COUNTS & set(row)}) + "\n").encode()


class CSVLog(Log):
    """A CSV table with a header; missing values are empty."""

    def header(self) -> bytes:
        return _csv_line(self.columns) if self.columns else b""

    def record(self, row: dict[str, float]) -> bytes:
        return _csv_line([_csv_cell(name, row[name]) for name in self.columns])


class TensorBoardLog(Log):
    """Scalars by epoch for TensorBoard: loss/training, loss/validation, accuracy/validation, learning_rate, ...

    path  a folder, created if missing; only event files written by nn-core are replaced

    Needs the extra `tensorboard`. A record is the length, its checksum, a serialized Event, its checksum.
    Source: tensorflow/core/lib/io/record_writer.h and tensorflow/core/util/event.proto.
    """

    SUFFIX = ".nn-core"

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__(path)
        self._event = import_extra("tensorboardX.proto.event_pb2", "tensorboard")
        self._summary = import_extra("tensorboardX.proto.summary_pb2", "tensorboard").Summary
        self._checksum = import_extra("tensorboardX.record_writer", "tensorboard").masked_crc32c

    def begin(self, state: TrainingState) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if self._history is not state.history:
            # TensorBoard reads the files in the order of their names.
            self.file = self.path / f"events.out.tfevents.{time.time_ns()}{self.SUFFIX}"
        super().begin(state)
        for path in self.path.glob(f"events.out.tfevents.*{self.SUFFIX}"):
            if path != self.file:
                with contextlib.suppress(OSError):
                    _discard(path)

    def header(self) -> bytes:
        """The version of the format, and an event that discards the data of earlier files."""
        start = self._event.SessionLog(status=self._event.SessionLog.START)
        return self._framed(file_version="brain.Event:2") + self._framed(step=0, session_log=start)

    def record(self, row: dict[str, float]) -> bytes:
        values = [
            self._summary.Value(tag=tag(name), simple_value=value)
            for name, value in row.items()
            if name not in {*COUNTS, "seconds"} and not math.isnan(value)
        ]
        return self._framed(step=int(row["epoch"]), summary=self._summary(value=values))

    def _framed(self, **fields: object) -> bytes:
        event: bytes = self._event.Event(wall_time=time.time(), **fields).SerializeToString()
        length = struct.pack("<Q", len(event))
        checksums = (struct.pack("<I", self._checksum(part)) for part in (length, event))
        return length + next(checksums) + event + next(checksums)


LOGS: Registry[type[Log]] = Registry(
    "log format", {"jsonl": JSONLinesLog, "csv": CSVLog, "tensorboard": TensorBoardLog}
)


def log_format(path: Path) -> str:
    """The format by the suffix of a path: TensorBoard for a folder, or a new path without a suffix."""
    if path.is_dir() or not (path.suffix or path.exists()):
        return "tensorboard"
    return "csv" if path.suffix.lower() == ".csv" else "jsonl"


def log(path: str | PathLike[str], format: str | None = None) -> Log:
    """A log in a format of LOGS; None for the format by suffix."""
    return LOGS[format or log_format(Path(path))](path)


def tag(column: str) -> str:
    """The TensorBoard tag of a column, such as loss/validation, which groups training and validation."""
    part, _, metric = column.partition("_")
    return f"{metric}/{part}" if part in {"training", "validation"} else column


def _discard(path: Path) -> None:
    """Truncate a file, and remove it the next time: TensorBoard leaves an open file only when it ends."""
    if path.stat().st_size > 0:
        path.write_bytes(b"")
    else:
        path.unlink()


def _csv_line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _csv_cell(name: str, value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if name in COUNTS else repr(value)
