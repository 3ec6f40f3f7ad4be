"""Logs: one record per epoch, written when the epoch ends, in every format."""

import csv
import json
import math
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from toy_runs import STEPS_PER_EPOCH, before_update, build, losses, resumed_from, run_toy, settings_of

from nn_core.errors import SettingError
from nn_core.extras import MissingExtraError
from nn_core.training.history import History
from nn_core.training.log import LOGS, CSVLog, JSONLinesLog, Log, TensorBoardLog, log, log_format, tag
from nn_core.training.trainer import Trainer

COLUMNS = ["epoch", "step", "seconds", "learning_rate", "training_loss"]


def json_rows(path: Path) -> list[dict[str, Any]]:
    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in path.read_text("utf-8").splitlines()]


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def events(folder: Path) -> list[Any]:
    """The events of the only file in a folder that is not empty, read by the format's definition."""
    from tensorboardX.crc32c import crc32c
    from tensorboardX.proto.event_pb2 import Event

    def masked(part: bytes) -> int:
        crc = crc32c(part)
        return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

    (path,) = (path for path in folder.iterdir() if path.stat().st_size)
    assert "tfevents" in path.name
    data, found = path.read_bytes(), []
    while data:
        length, checksum = struct.unpack("<QI", data[:12])
        assert checksum == masked(data[:8])
        event = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length]) == (masked(event),)
        found.append(Event.FromString(event))
        data = data[16 + length :]
    return found


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    """Epoch and value of each point of a chart."""
    return [(event.step, v.simple_value) for event in events(folder) for v in event.summary.value if v.tag == name]


def records(target: Log) -> list[int]:
    """The epochs in a log."""
    if isinstance(target, TensorBoardLog):
        return [event.step for event in events(target.path) if event.summary.value]
    rows = csv_rows(target.path) if isinstance(target, CSVLog) else json_rows(target.path)
    return [int(row["epoch"]) for row in rows]


@pytest.fixture(params=["jsonl", "csv", "tensorboard"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    """A log in each format."""
    return log(tmp_path / "log", request.param)


def recorded(*epochs: dict[str, float]) -> Trainer:
    """A trainer whose history is these epochs."""
    trainer = build(settings_of())
    trainer.state.history = History()
    for row in epochs:
        trainer.state.history.append(row)
    return trainer


class TestEveryFormat:
    def test_each_epoch_is_recorded_as_soon_as_it_ends(self, target: Log) -> None:
        trainer = build(settings_of(epochs=3))
        seen: list[list[int]] = []
        before_update(trainer, 2 * STEPS_PER_EPOCH + 1, lambda g: seen.append(records(target)))
        run_toy(trainer, log=target)
        assert seen == [[1, 2]]
        assert records(target) == [1, 2, 3]

    def test_log_is_a_callback(self, target: Log) -> None:
        trainer = build(settings_of(epochs=2))
        trainer.callbacks = (target,)
        trainer.run()
        assert records(target) == [1, 2]

    def test_an_earlier_log_is_replaced_when_the_run_begins(self, target: Log) -> None:
        run_toy(build(settings_of(epochs=2)), log=target)
        target.begin(build(settings_of()).state)
        assert records(target) == []

    def test_a_resumed_run_has_each_epoch_once(self, target: Log, tmp_path: Path) -> None:
        run_toy(build(settings_of(epochs=2)), save=tmp_path / "toy.h5", log=target)
        target.on_epoch(recorded({"epoch": 3}).state)  # an epoch after the last checkpoint
        resumed_from(tmp_path / "toy.h5", log=type(target)(target.path))
        assert records(target) == [1, 2, 3, 4]

    def test_resumed_finished_run_is_logged_completely(self, target: Log) -> None:
        first, again = build(settings_of(epochs=2)), build(settings_of(epochs=2))
        first.run()
        again.resume(first.state.snapshot())
        again.callbacks = (target,)
        again.run()
        assert records(target) == [1, 2]

    def test_a_second_run_begins_anew(self, target: Log) -> None:
        for epochs in (3, 2):
            trainer = build(settings_of(epochs=epochs))
            trainer.callbacks = (target,)
            trainer.run()
        assert records(target) == [1, 2]


class TestJSONLines:
    def test_each_line_is_the_row_of_an_epoch(self, tmp_path: Path) -> None:
        trainer = build(settings_of(epochs=3))
        run_toy(trainer, log=JSONLinesLog(tmp_path / "log.jsonl"))
        assert json_rows(tmp_path / "log.jsonl") == [trainer.state.history.row(i) for i in range(3)]

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_non_finite_values_are_null(self, tmp_path: Path, value: float) -> None:
        trainer = build(settings_of(epochs=1))
        trainer.metrics = {"accuracy": lambda logits, targets: value}
        run_toy(trainer, log=JSONLinesLog(tmp_path / "log.jsonl"))
        (row,) = json_rows(tmp_path / "log.jsonl")
        assert row["training_accuracy"] is None
        assert row["training_loss"] > 0

    def test_a_full_disk_is_named_with_the_file(self) -> None:
        full = Path("/dev/full")
        if not full.is_char_device():
            pytest.skip("this system has no /dev/full")
        with pytest.raises(OSError, match="No space left") as caught:
            run_toy(build(settings_of()), log=log(full))
        assert caught.value.filename == "/dev/full"


class TestCSV:
    def test_csv_keeps_full_precision(self, tmp_path: Path) -> None:
        state = recorded(dict(zip(COLUMNS, (1, 5, 0.1, 0.5, 2 / 3), strict=True))).state
        CSVLog(tmp_path / "log.csv").begin(state)
        expected = "epoch,step,seconds,learning_rate,training_loss\n1,5,0.1,0.5,0.6666666666666666\n"
        assert (tmp_path / "log.csv").read_bytes() == expected.encode()

    def test_missing_values_are_empty_and_names_may_contain_commas(self, tmp_path: Path) -> None:
        table = CSVLog(tmp_path / "log.csv")
        state = recorded({"epoch": 1, "f1, macro": math.nan, "training_loss": math.inf}).state
        table.begin(state)
        state.history.append({"epoch": 2})
        table.on_epoch(state)
        assert csv_rows(table.path) == [
            {"epoch": "1", "f1, macro": "", "training_loss": "inf"},
            {"epoch": "2", "f1, macro": "", "training_loss": ""},
        ]

    def test_new_column_rewrites_the_table(self, tmp_path: Path) -> None:
        table = CSVLog(tmp_path / "log.csv")
        state = recorded({"epoch": 1}).state
        table.begin(state)
        state.history.append({"epoch": 2, "training_loss": 0.5})
        table.on_epoch(state)
        assert table.path.read_text() == "epoch,training_loss\n1,\n2,0.5\n"


class TestTensorBoard:
    def test_scalars_by_epoch(self, tmp_path: Path) -> None:
        trainer = build(settings_of(epochs=3))
        run_toy(trainer, log=TensorBoardLog(tmp_path / "runs" / "first"))
        folder, columns = tmp_path / "runs" / "first", trainer.state.history.columns
        assert scalars(folder, "loss/training") == [(i + 1, np.float32(losses(trainer)[i])) for i in range(3)]
        assert scalars(folder, "learning_rate") == [(1, 0.5), (2, 0.5), (3, 0.5)]
        accuracies = np.float32(columns["validation_accuracy"]).tolist()
        assert scalars(folder, "accuracy/validation") == list(zip((1, 2, 3), accuracies, strict=True))
        tags = {value.tag for event in events(folder) for value in event.summary.value}
        parts = {f"{metric}/{part}" for metric in ("loss", "accuracy") for part in ("training", "validation")}
        assert tags == parts | {"learning_rate"}

    def test_the_file_begins_with_its_version_and_discards_the_points_of_earlier_files(self, tmp_path: Path) -> None:
        TensorBoardLog(tmp_path).begin(build(settings_of()).state)
        version, start = events(tmp_path)
        assert version.file_version == "brain.Event:2"
        assert (start.session_log.status, start.step) == (start.session_log.START, 0)

    def test_only_its_own_files_are_replaced(self, tmp_path: Path) -> None:
        others = [tmp_path / "events.out.tfevents.1700000000.host", tmp_path / "notes.nn-core"]
        for path in others:
            path.write_text("of another program")
        for _ in range(4):
            TensorBoardLog(tmp_path).begin(build(settings_of()).state)
        assert all(path.read_text() == "of another program" for path in others)
        sizes = [path.stat().st_size for path in tmp_path.iterdir() if path not in others]
        assert len(sizes) == 2
        assert min(sizes) == 0  # the last one, which TensorBoard may have open

    def test_missing_values_are_skipped(self, tmp_path: Path) -> None:
        TensorBoardLog(tmp_path).begin(recorded({"epoch": 1, "training_loss": math.nan, "f1": 0.5}).state)
        assert scalars(tmp_path, "f1") == [(1, 0.5)]
        assert scalars(tmp_path, "loss/training") == []

    def test_missing_extra_shows_the_install_command(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "tensorboardX.proto.event_pb2", None)
        with pytest.raises(MissingExtraError, match=r'pip install "\./packages/nn-core\[tensorboard\]"'):
            TensorBoardLog(tmp_path / "runs")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log.jsonl", "jsonl"),
        ("log.JSON", "jsonl"),
        ("log.txt", "jsonl"),
        ("log.csv", "csv"),
        ("log.CSV", "csv"),
        ("runs", "tensorboard"),
        ("folder.csv", "tensorboard"),
        ("file", "jsonl"),
    ],
)
def test_format_by_path(name: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    assert log_format(tmp_path / name) == expected
    assert type(log(tmp_path / name)) is LOGS[expected]


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="unknown log format 'cvs'; did you mean 'csv'"):
        log(tmp_path / "log", "cvs")


def test_training_and_validation_share_a_chart() -> None:
    names = ["training_loss", "validation_root-mean-squared-error", "learning_rate", "f1"]
    assert [tag(name) for name in names] == [
        "loss/training",
        "root-mean-squared-error/validation",
        "learning_rate",
        "f1",
    ]
