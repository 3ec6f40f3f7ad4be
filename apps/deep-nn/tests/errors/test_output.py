"""Output files that cannot be written."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest
from command_line import invoke, refusal, refused_and_nothing_changed, trained, write_cats

from nn_core.testing import contents


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)


class TestOutput:
    OPTIONS = (("--save", "m.h5"), ("--log", "log.jsonl"), ("--figure", "f.png"))

    @pytest.mark.parametrize(("option", "name"), OPTIONS)
    def test_a_folder_that_is_a_file(self, here: Path, option: str, name: str) -> None:
        (here / "file").touch()
        line = refused_and_nothing_changed(here, "train", option, f"file/{name}", status=2)
        assert f"'{option}': no such folder: 'file'" in line

    @pytest.mark.parametrize(("option", "name"), OPTIONS)
    def test_a_read_only_folder(self, here: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str) -> None:
        monkeypatch.setattr("os.access", lambda path, mode: False)
        line = refused_and_nothing_changed(here, "train", option, name, status=2)
        assert "no permission to write to the folder" in line

    @pytest.mark.parametrize("command", ["compare-l2", "boundary"])
    def test_figures_of_other_commands(self, here: Path, command: str) -> None:
        (here / "file").touch()
        model = ["--model", "m.h5"] if command == "boundary" else []
        figure = ("--figure", "file/f.png")
        line = refused_and_nothing_changed(here, command, *model, *figure, status=2)
        assert "no such folder: 'file'" in line

    def test_an_output_that_is_a_folder(self, here: Path) -> None:
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
        for command in (("boundary", "--model", path), ("compare-l2", "--epochs", 1, "--seeds", 1)):
            before = contents(here)
            result = invoke(*command, "--figure", "f.png")
            assert result.exit_code == 1
            assert contents(here) == before
            line = result.stderr.splitlines()[-1]
            assert line.startswith("Error: ")
            assert "No space left on device" in line
            assert "f.png" in line

    def test_the_result_is_printed_even_if_its_figure_cannot_be_written(
        self, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill_the_disk(monkeypatch)
        result = invoke("compare-l2", "--epochs", 1, "--seeds", 1)
        assert result.exit_code == 1
        assert "training loss" in result.stdout
        result = invoke("train", "--epochs", 1, "--figure", "f.png")
        assert result.exit_code == 1
        assert "validation" in result.stdout

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_checkpoint_never_replaces_a_pipe(self, here: Path) -> None:
        os.mkfifo("pipe")
        reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
        try:
            invoke("train", "--save", "pipe", "--epochs", 1, "--hidden", 2)
        finally:
            os.close(reader)
        assert (here / "pipe").is_fifo()

    def test_a_checkpoint_never_overwrites_the_data(self, here: Path) -> None:
        data = write_cats(here / "photos.h5", "train")
        (here / "link.h5").symlink_to(data)
        for save in (data, "photos.h5", "./photos.h5", "link.h5"):
            line = refused_and_nothing_changed(here, "train", "--data", data, "--save", save, "--force", status=2)
            assert "--save would overwrite --data" in line
        test = ("--test", "photos.h5", "--save", "photos.h5", "--force")
        assert "overwrite --test" in refused_and_nothing_changed(here, "train", *test, status=2)

    def test_two_outputs_in_one_file(self, here: Path) -> None:
        line = refused_and_nothing_changed(here, "train", "--save", "m.h5", "--log", "m.h5", status=2)
        assert "--log would overwrite --save" in line
