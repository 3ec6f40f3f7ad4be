"""What cannot be done is one line on stderr and exit status 1 or 2, and nothing half-written."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
import pytest
from command_line import (
    POINTS,
    SIDES,
    assert_same_run,
    contents,
    invoke,
    refusal,
    strictly,
    trained,
    write_cats,
    write_csv,
    write_h5,
    write_npz,
)

from nn_core import checkpoint
from nn_core.layers import Dense
from nn_core.network import Network
from nn_core.training.trainer import Trainer


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder in which a refused command leaves everything as it was."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    assert [path for path in folder.rglob("*") if path.name.endswith(".part")] == []


def refused_and_nothing_changed(folder: Path, *arguments: object, status: int) -> str:
    before = contents(folder)
    line = refusal(*arguments, status=status)
    assert contents(folder) == before
    return line


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)


def press_ctrl_c_in_step(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    usual = Trainer.step

    def step_or_press(trainer: Trainer) -> float:
        if trainer.step_count + 1 == step:
            signal.raise_signal(signal.SIGINT)
        return usual(trainer)

    monkeypatch.setattr(Trainer, "step", step_or_press)


def text(content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "points.csv"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def h5(**arrays: Any) -> Callable[[Path], Path]:
    return lambda folder: write_h5(folder / "photos.h5", arrays)


def npz(**arrays: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.savez(folder / "points.npz", **arrays)
        return folder / "points.npz"

    return write


def a_folder(folder: Path) -> Path:
    (folder / "points.csv").mkdir()
    return folder / "points.csv"


def a_truncated_h5(folder: Path) -> Path:
    path = write_cats(folder / "photos.h5", "train")
    path.write_bytes(path.read_bytes()[:2000])
    return path


def with_nan(folder: Path) -> Path:
    return npz(x=np.where(POINTS[7, 1] == POINTS, np.nan, POINTS), y=SIDES)(folder)


BAD_DATA = {
    "no such file": (lambda folder: folder / "none.csv", "no such file"),
    "a name almost right": (lambda folder: "mons", "did you mean 'moons'?"),
    "a directory": (a_folder, "points.csv is a directory, not a file"),
    "an empty CSV": (text(""), "points.csv is empty"),
    "a CSV of blank lines": (text("\n\n"), "points.csv is empty"),
    "a CSV with a header only": (text("u,v,side\n"), "has a header, but no rows"),
    "text in a number column": (
        text("1,2,a\n3,four,b\n"),
        "points.csv, line 2, column 2: 'four' is not a number",
    ),
    "NaN in a CSV": (text("1,2,a\n3,nan,b\n"), "line 2, column 2: 'nan' is not finite"),
    "NaN in an .npz": (with_nan, "nan at example 7, column 1"),
    "infinity": (text("1,2,a\n-inf,2,b\n"), "line 2, column 1: '-inf' is not finite"),
    "one class only": (text("1,2,a\n3,4,a\n"), "one class only ('a')"),
    "one class only in an .npz": (npz(x=POINTS, y=SIDES * 0), "one class only ('0')"),
    "labels out of range": (
        h5(train_set_x=POINTS, train_set_y=SIDES + 1, list_classes=[b"a", b"b"]),
        "label 2 is out of range; there are 2 classes",
    ),
    "numbers with a gap": (npz(x=POINTS, y=SIDES * 2), "label 2 is out of range; 2 classes"),
    "negative labels": (npz(x=POINTS, y=SIDES - 1), "label -1 is not a class number"),
    ".h5 without the keys": (h5(images=POINTS), "its keys are images"),
    ".h5 without labels": (h5(train_set_x=POINTS), "train_set_y is missing"),
    ".h5 with a test part only": (
        h5(test_set_x=POINTS, test_set_y=SIDES),
        "there is nothing to train on",
    ),
    "a truncated .h5": (a_truncated_h5, "is not an HDF5 file, or is damaged"),
    "an unknown suffix": (lambda folder: __file__, "unknown suffix (.py)"),
    "settings that a set has not": (lambda folder: "moons:radius=1", "no setting 'radius'"),
    "settings out of range": (lambda folder: "moons:points=1", "points must be 4 to"),
}


class TestData:
    @pytest.mark.parametrize("kind", BAD_DATA)
    def test_that_cannot_be_trained_on(self, here: Path, kind: str) -> None:
        make, words = BAD_DATA[kind]
        data = make(here)
        status = 2 if "settings" in kind else 1
        outputs = ("--save", "m.h5", "--log", "log.jsonl", "--figure", "f.png")
        line = refused_and_nothing_changed(here, "train", "--data", data, *outputs, status=status)
        assert words in line

    @pytest.mark.parametrize("kind", ["no such file", "text in a number column", "a truncated .h5"])
    def test_that_cannot_be_compared_on(self, here: Path, kind: str) -> None:
        make, words = BAD_DATA[kind]
        line = refused_and_nothing_changed(
            here, "compare-optimizers", "--data", make(here), status=1
        )
        assert words in line

    @pytest.mark.parametrize(
        "kind", ["no such file", "a directory", "an empty CSV", "NaN in a CSV", "a truncated .h5"]
    )
    def test_that_cannot_be_evaluated_on(self, here: Path, kind: str) -> None:
        path = trained(here / "m.h5")
        make, words = BAD_DATA[kind]
        line = refused_and_nothing_changed(
            here, "evaluate", path, "--data", make(here), "--json", status=1
        )
        assert words in line

    def test_a_test_file_of_another_shape(self, here: Path) -> None:
        write_csv(here / "points.csv")
        write_cats(here / "photos.h5", "test")
        line = refused_and_nothing_changed(
            here, "train", "--data", "points.csv", "--test", "photos.h5", status=1
        )
        assert "photos.h5" in line

    def test_a_test_file_with_a_class_never_seen(self, here: Path) -> None:
        write_csv(here / "points.csv", SIDES, "ab")
        write_csv(here / "others.csv", SIDES, "ax")
        line = refused_and_nothing_changed(
            here, "train", "--data", "points.csv", "--test", "others.csv", status=1
        )
        assert "class 'x' is unknown to the training data" in line

    def test_too_few_to_hold_any_back(self, here: Path) -> None:
        text("1,2,a\n3,4,b\n")(here)
        line = refused_and_nothing_changed(here, "train", "--data", "points.csv", status=1)
        assert "no example can be held back" in line


USAGE = [
    (("--hidden", "20,,5"), "'--hidden': '20,,5' has an empty place between commas"),
    (("--hidden", "20,x"), "'--hidden'"),
    (("--hidden", "0"), "'--hidden'"),
    (("--hidden", "-3"), "'--hidden'"),
    (("--learning-rate", "-1"), "'--learning-rate': -1 is not above 0"),
    (("--learning-rate", "0"), "is not above 0"),
    (("--learning-rate", "nan"), "'nan' is not a finite number"),
    (("--learning-rate", "fast"), "'fast' is not a number"),
    (("--optimizer", "adma"), "unknown optimizer 'adma'; did you mean 'adam'?"),
    (("--optimizer", "gradient_descent"), "did you mean 'gradient-descent'?"),
    (("--optimizer", "adam:beta=0.5"), "no setting 'beta'; did you mean 'beta"),
    (("--activation", "rellu"), "did you mean 'relu'?"),
    (("--initializer", "orthogonl"), "did you mean 'orthogonal'?"),
    (("--schedule", "cosin"), "did you mean 'cosine'?"),
    (("--schedule", "cosine:warmup=-1"), "warmup cannot be negative"),
    (("--batch-size", "0"), "0 is less than one example"),
    (("--batch-size", "most"), "neither a whole number nor 'full'"),
    (("--epochs", "0"), "'--epochs'"),
    (("--epochs", "1.5"), "'--epochs'"),
    (("--l2", "-0.1"), "-0.1 is not at least 0"),
    (("--clip-norm", "0"), "0 is not above 0"),
    (("--clip-value", "0"), "0 is not above 0"),
    (("--keep-prob", "0"), "0 is not above 0 and at most 1"),
    (("--keep-prob", "0.5,0.5,0.5"), "3 keep probabilities for 2 hidden layers"),
    (("--hidden", "", "--keep-prob", "0.5,0.5"), "2 keep probabilities for 0 hidden layers"),
    (("--validation", "1"), "1 is not above 0 and below 1"),
    (("--early-stopping", "0"), "'--early-stopping'"),
    (("--seed", "-1"), "'--seed'"),
    (("--dtype", "float16"), "'--dtype'"),
    (("--figure", "f.jpeg"), "'f.jpeg' must end in .png or .svg or .pdf"),
    (("--optimiser", "adam"), "--optimizer"),
    (("moons",), "unexpected extra argument"),
    (("--data",), "'--data' requires an argument"),
]


class TestUsage:
    @pytest.mark.parametrize(("options", "words"), USAGE)
    def test_options_that_make_no_sense(
        self, here: Path, options: tuple[str, ...], words: str
    ) -> None:
        line = refused_and_nothing_changed(here, "train", "--save", "m.h5", *options, status=2)
        assert words in line

    def test_an_unknown_command_suggests_the_nearest(self) -> None:
        line = refusal("compare-optimisers", status=2)
        assert "no such command: 'compare-optimisers'; did you mean 'compare-optimizers'?" in line

    @pytest.mark.parametrize(
        ("width", "status"), [("99999999999999999999", (1, 2)), ("9999999999999", (1, 2))]
    )
    def test_a_network_beyond_all_memory(
        self, here: Path, width: str, status: tuple[int, ...]
    ) -> None:
        result = invoke("train", "--hidden", width, "--save", "m.h5")
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code in status
        assert len(result.stderr.splitlines()) == 1
        assert list(here.iterdir()) == []

    @pytest.mark.parametrize("schedule", ["inverse-time", "step"])
    def test_a_schedule_whose_interval_is_next_to_nothing(self, schedule: str) -> None:
        result = invoke("train", "--schedule", f"{schedule}:interval=1e-308", "--epochs", 2)
        assert result.exception is None or isinstance(result.exception, SystemExit)


class TestOutput:
    OPTIONS = (("--save", "m.h5"), ("--log", "log.jsonl"), ("--figure", "f.png"))

    @pytest.mark.parametrize(("option", "name"), OPTIONS)
    def test_a_place_below_a_file(self, here: Path, option: str, name: str) -> None:
        (here / "file").touch()
        line = refused_and_nothing_changed(here, "train", option, f"file/{name}", status=2)
        assert f"'{option}': there is no folder 'file' to write it in" in line

    @pytest.mark.parametrize(("option", "name"), OPTIONS)
    def test_a_folder_that_cannot_be_written_in(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str
    ) -> None:
        monkeypatch.setattr("os.access", lambda path, mode: False)
        line = refused_and_nothing_changed(here, "train", option, name, status=2)
        assert "cannot be written in" in line

    @pytest.mark.parametrize("command", ["compare-l2", "boundary"])
    def test_figures_of_other_commands_too(self, here: Path, command: str) -> None:
        (here / "file").touch()
        model = ["m.h5"] if command == "boundary" else []
        figure = ("--figure", "file/f.png")
        line = refused_and_nothing_changed(here, command, *model, *figure, status=2)
        assert "there is no folder 'file'" in line

    def test_a_folder_in_the_place_of_the_file(self, here: Path) -> None:
        (here / "m.h5").mkdir()
        assert "is a folder" in refusal("train", "--save", "m.h5", status=2)

    def test_a_full_disk_while_saving(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = trained(here / "m.h5")
        fill_the_disk(monkeypatch)
        line = refused_and_nothing_changed(here, "train", "--save", path, "--epochs", 2, status=1)
        assert line == f"cannot write {path}: No space left on device"

    def test_a_full_disk_while_drawing(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = trained(here / "m.h5")
        fill_the_disk(monkeypatch)
        for command in (("boundary", path), ("compare-l2", "--epochs", 1, "--seeds", 1)):
            before = contents(here)
            result = invoke(*command, "--figure", "f.png")
            assert result.exit_code == 1
            assert contents(here) == before
            line = result.stderr.splitlines()[-1]
            assert line.startswith("Error: ")
            assert "No space left on device" in line
            assert "f.png" in line

    def test_a_result_is_told_even_if_its_figure_cannot_be_written(
        self, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill_the_disk(monkeypatch)
        result = invoke("compare-l2", "--epochs", 1, "--seeds", 1)
        assert result.exit_code == 1
        assert "final loss" in result.stdout
        result = invoke("train", "--epochs", 1, "--figure", "f.png")
        assert result.exit_code == 1
        assert "validation" in result.stdout

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_checkpoint_does_not_take_the_place_of_what_is_no_file(self, here: Path) -> None:
        os.mkfifo("pipe")
        reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
        try:
            invoke("train", "--save", "pipe", "--epochs", 1, "--hidden", 2)
        finally:
            os.close(reader)
        assert (here / "pipe").is_fifo()

    def test_a_checkpoint_does_not_take_the_place_of_the_data(self, here: Path) -> None:
        data = write_cats(here / "photos.h5", "train")
        (here / "link.h5").symlink_to(data)
        for save in (data, "photos.h5", "./photos.h5", "link.h5"):
            line = refused_and_nothing_changed(
                here, "train", "--data", data, "--save", save, status=2
            )
            assert "--save would overwrite --data" in line
        test = ("--test", "photos.h5", "--save", "photos.h5")
        assert "overwrite --test" in refused_and_nothing_changed(here, "train", *test, status=2)

    def test_two_outputs_do_not_share_a_file(self, here: Path) -> None:
        line = refused_and_nothing_changed(
            here, "train", "--save", "m.h5", "--log", "m.h5", status=2
        )
        assert "--log would overwrite --save" in line


def another_programs(path: Path) -> Path:
    checkpoint.save(
        path, Network([Dense(1)], input_shape=(2,)), program="cnn-sign", details={"classes": []}
    )
    return path


def cut_off(path: Path) -> Path:
    trained(path)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def edited(edit: Callable[[Any], None]) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        trained(path)
        with h5py.File(path, "r+") as file:
            edit(file)
        return path

    return write


def replaced(name: str, value: Any) -> Callable[[Any], None]:
    def edit(file: Any) -> None:
        del file[name]
        if isinstance(value, dict):
            file.create_group(name)
        elif value is not None:
            file[name] = value

    return edit


def plain_text(path: Path) -> Path:
    path.write_text("weights")
    return path


BAD_MODELS = {
    "no such file": (lambda path: path, "cannot read m.h5: No such file"),
    "a directory": (lambda path: path.mkdir() or path, "cannot read m.h5: Is a directory"),
    "an empty file": (lambda path: path.touch() or path, "m.h5 is not a checkpoint"),
    "text": (plain_text, "m.h5 is not a checkpoint: it is no HDF5 file"),
    "a data file": (
        lambda path: write_cats(path, "train"),
        "m.h5 is not a checkpoint: it is some other HDF5 file",
    ),
    "of another program": (another_programs, "m.h5 was written by cnn-sign, not by deep-nn"),
    "truncated": (cut_off, "m.h5: damaged"),
    "of a later version": (
        edited(lambda file: file.attrs.update(version=99)),
        "m.h5 has format version 99; this program reads 1",
    ),
    "without weights": (edited(replaced("parameters/0/W", None)), "m.h5 is damaged"),
    "with weights of another shape": (
        edited(replaced("parameters/0/W", np.zeros((3, 3)))),
        "m.h5 is damaged: /parameters/0/W has shape (3, 3), expected (2, 16)",
    ),
    "with weights that are no numbers": (
        edited(replaced("parameters/0/W", np.full((2, 16), np.nan))),
        "m.h5 is damaged: /parameters/0/W holds numbers that are not finite",
    ),
    "with a group for weights": (
        edited(replaced("parameters/0/W", {})),
        "m.h5 is damaged",
    ),
    "without details": (edited(replaced("details", None)), "m.h5 is damaged"),
    "with details that are no JSON": (edited(replaced("details", "{")), "m.h5 is damaged"),
    "with other details": (edited(replaced("details", "{}")), "m.h5 is damaged"),
}


class TestModels:
    @pytest.mark.parametrize("kind", BAD_MODELS)
    @pytest.mark.parametrize("command", ["evaluate", "train --resume"])
    def test_that_cannot_be_used(self, here: Path, command: str, kind: str) -> None:
        make, words = BAD_MODELS[kind]
        make(Path("m.h5"))
        line = refused_and_nothing_changed(here, *command.split(), "m.h5", status=1)
        assert words in line

    @pytest.mark.parametrize("command", ["summary", "boundary", "predict"])
    @pytest.mark.parametrize("kind", ["no such file", "of another program", "truncated"])
    def test_that_no_command_can_use(self, here: Path, command: str, kind: str) -> None:
        make, words = BAD_MODELS[kind]
        make(Path("m.h5"))
        files = ["points.csv"] if command == "predict" else []
        line = refused_and_nothing_changed(here, command, "m.h5", *files, status=1)
        assert words in line

    def test_whose_data_is_gone(self, here: Path) -> None:
        data = write_npz(here / "points.npz")
        path = trained(here / "m.h5", "--data", data)
        data.unlink()
        for command in ("evaluate", "boundary"):
            line = refused_and_nothing_changed(here, command, path, status=1)
            assert f"no such file: {data}" in line
            assert "--data" in line

    @pytest.mark.parametrize(
        "name", ["training/state", "training/history/step_loss", "training/slots/m"]
    )
    def test_whose_run_is_damaged(self, here: Path, name: str) -> None:
        edited(replaced(name, None))(here / "m.h5")
        line = refused_and_nothing_changed(
            here, "train", "--resume", "m.h5", "--epochs", 2, status=1
        )
        assert line


class TestDivergence:
    WILD = ("--optimizer", "gradient-descent", "--learning-rate", "1e6", "--hidden", "64,64,64")

    def test_a_learning_rate_of_a_million_is_one_line(self, here: Path) -> None:
        path = trained(here / "m.h5")
        line = refused_and_nothing_changed(
            here, "train", "--save", path, "--figure", "f.png", *self.WILD, status=1
        )
        assert "not finite come from layer " in line
        assert "smaller learning rate" in line

    @pytest.mark.parametrize("rate", ["1e8", "1e15", "1e20", "1e60"])
    @pytest.mark.parametrize("epochs", [1, 3])
    def test_no_loss_that_is_no_number_is_ever_reported_or_saved(
        self, here: Path, rate: str, epochs: int
    ) -> None:
        wild = ("--optimizer", "gradient-descent", "--learning-rate", rate, "--batch-size", "full")
        outputs = ("--save", "m.h5", "--log", "log.jsonl", "--json")
        result = invoke("train", *wild, *outputs, "--epochs", epochs)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        if result.exit_code == 0:
            strictly(result.stdout)
        if (here / "m.h5").exists():
            with h5py.File(here / "m.h5") as file:
                losses = file["training/history/columns/training_loss"][()]
            assert np.isfinite(losses).all()
        if (here / "log.jsonl").exists():
            for line in (here / "log.jsonl").read_text(encoding="utf-8").splitlines():
                strictly(line)


class TestCtrlC:
    def test_while_training_it_says_where_it_saved(
        self, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alone = trained(here / "alone.h5", "--epochs", 4)
        with monkeypatch.context() as pressed:
            press_ctrl_c_in_step(pressed, 17)
            line = refusal("train", "--epochs", 4, "--save", "m.h5", status=1)
        assert line == "interrupted after step 17 (epoch 3); saved, go on with: --resume m.h5"
        invoke("train", "--resume", "m.h5")
        assert_same_run(here / "m.h5", alone)

    def test_while_training_without_save_it_says_that(
        self, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        press_ctrl_c_in_step(monkeypatch, 3)
        line = refused_and_nothing_changed(here, "train", "--figure", "f.png", status=1)
        assert line.endswith("nothing was saved, for there was no --save")

    @pytest.mark.parametrize("command", ["compare-optimizers", "compare-l2"])
    def test_while_comparing(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        press_ctrl_c_in_step(monkeypatch, 3)
        assert refused_and_nothing_changed(here, command, status=1) == "interrupted"

    @pytest.mark.parametrize("command", ["train", "evaluate m.h5", "compare-l2"])
    def test_while_reading(self, here: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
        trained(here / "m.h5")

        def interrupt(*arguments: Any, **options: Any) -> NoReturn:
            raise KeyboardInterrupt

        for module in ("model",):
            monkeypatch.setattr(f"deep_nn.{module}.load", interrupt)
        assert refused_and_nothing_changed(here, *command.split(), status=1) == "interrupted"


def test_memory_that_runs_out_is_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> NoReturn:
        raise MemoryError("Unable to allocate 8 EiB")

    monkeypatch.setattr("deep_nn.model.load", fail)
    line = refused_and_nothing_changed(here, "train", "--save", "m.h5", status=1)
    assert line == "out of memory: Unable to allocate 8 EiB"
