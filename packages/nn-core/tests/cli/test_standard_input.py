"""Standard input in place of a file."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from nn_core.cli.images import read_image
from nn_core.cli.standard_input import name_of, require_stored, source_of, standard_input
from nn_core.errors import DataError


class Input(io.TextIOWrapper):
    """Standard input with these bytes, perhaps a terminal."""

    def __init__(self, data: bytes, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(data))
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda data, **settings: monkeypatch.setattr(sys, "stdin", Input(data, **settings))


def test_it_is_read_once_and_known_from_then_on(given: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for data in (b"first", b"second"):
        given(data)
        assert [standard_input(), standard_input()] == [data, data]
    source, name = source_of(Path("-"))
    assert isinstance(source, io.BytesIO)
    assert (source.read(), name) == (b"second", "standard input")
    assert source_of(Path("a.csv")) == (Path("a.csv"), "a.csv")
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_line_and_no_input_is_an_error(given: Any, capsys: pytest.CaptureFixture[str]) -> None:
    given(b"x", terminal=True)
    assert standard_input() == b"x"
    assert capsys.readouterr().err == "Reading standard input; Ctrl-D ends it.\n"
    given(b"")
    with pytest.raises(DataError, match="standard input is empty"):
        standard_input()


def test_an_image(given: Any, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (6, 4), "red").save(tmp_path / "red.png")
    given((tmp_path / "red.png").read_bytes())
    assert (read_image(Path("-"), (2, 2, 3)) == read_image(tmp_path / "red.png", (2, 2, 3))).all()
    given(b"no image")
    with pytest.raises(DataError, match=r"^standard input is not an image"):
        read_image(Path("-"), (2, 2, 3))


def test_data_from_it_is_in_no_file() -> None:
    require_stored("moons", None)
    with pytest.raises(DataError, match="give it with --data"):
        require_stored("moons", "-")
    assert [name_of(Path(name)) for name in ("-", "a/b.csv")] == ["standard input", "a/b.csv"]


def test_a_closed_one_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DataError, match="standard input is closed"):
        standard_input()
