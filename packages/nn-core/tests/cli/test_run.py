"""The start of every program."""

import sys
from pathlib import Path

import pytest

from nn_core.cli import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_main_is_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "toy_program.py").write_text("def main(): print('done')\n", "utf-8")
    run("toy_program")
    assert capsys.readouterr().out == "done\n"
    del sys.modules["toy_program"]


def test_ctrl_c_during_the_import_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "interrupted_program.py").write_text("raise KeyboardInterrupt\n", "utf-8")
    with pytest.raises(SystemExit) as caught:
        run("interrupted_program")
    assert caught.value.code == 130
    assert capsys.readouterr().err == "Error: interrupted\n"
