"""Names longer than 40 letters, which are cut nowhere unless --max-length says so."""

from pathlib import Path

import pytest
from commands import DINO, names_file

from char_rnn_dino.model import load_model

LONG = tuple(letter * 3 + "lopadotemachoselachogaleokranioleipsanodrim" for letter in "abcdef")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that knows six names of 46 letters by heart."""
    folder = tmp_path_factory.mktemp("long")
    data = names_file(folder / "names.txt", LONG)
    settings = ("--validation", 0, "--epochs", 120, "--hidden", 32, "--dropout", 0, "--embedding-dropout", 0)
    DINO.succeed("train", "--data", data, *settings, "--learning-rate", 0.02, "--save", folder / "m.h5")
    return folder / "m.h5"


def test_copies_are_counted_rightly(model: Path, tmp_path: Path) -> None:
    assert load_model(model, DINO.name).max_length == 46
    asked = ("novelty", "--model", model, "--temperatures", 0.3, "--count", 50, "--figure", tmp_path / "n.png")
    (row,) = DINO.json(*asked)["rows"]
    assert (row["copies"], row["cut"], row["length"]) == (1.0, 0.0, 46.0)


def test_a_cut_name_is_not_new(model: Path) -> None:
    asked = ("--model", model, "--temperature", 0.1, "--seed", 0, "--max-length", 20, "--count", 20)
    cut = DINO.succeed(*asked).stdout.splitlines()
    assert {len(name) for name in cut} == {20}
    assert "found only 0 of 20 new names" in DINO.refusal(*asked, "--novel", status=1)


def test_none_is_new(model: Path) -> None:
    line = DINO.refusal("--model", model, "--temperature", 0.1, "--seed", 0, "--novel", status=1)
    assert line == "found only 0 of 10 new names; try a higher temperature"
