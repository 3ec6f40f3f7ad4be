"""`dino-gen vanishing-gradients`."""

from pathlib import Path

import pytest
from commands import DINO
from matplotlib.figure import Figure

from nn_core.layers import CELLS

COMMAND = "vanishing-gradients"


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_text_and_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: figures.append(figure))
    said = DINO.succeed(COMMAND, "--steps", 30, "--scales", "0.5,3").stdout.splitlines()
    assert [line.split(":")[0] for line in said] == [
        f"{cell}, recurrent weights x {scale}" for cell in CELLS for scale in ("0.5", "3")
    ]
    assert "the state gradient vanishes" in said[0]
    assert said[0].endswith(", unclipped")
    assert "the state gradient explodes" in said[1]
    assert said[1].endswith(" to 5")
    (figure,) = figures
    assert len(figure.axes) == 6
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    assert figure.axes[3].get_xlabel() == "steps back"
    assert [figure.axes[i].get_ylabel() for i in (0, 3)] == [
        "state gradient norm (last step = 1)",
        "weight gradient norm (cumulative)",
    ]


def test_json(tmp_path: Path) -> None:
    found = DINO.json(COMMAND, "--cell", "gru", "--steps", 5, "--scales", 1, "--seed", 2)
    (row,) = found["rows"]
    assert (row["cell"], row["scale"]) == ("gru", 1)
    assert (len(row["state"]), len(row["weights"]), len(row["clipped"])) == (6, 5, 5)
    assert (tmp_path / "vanishing-gradients.png").exists()


def test_a_seed_reproduces_the_result() -> None:
    asked = (COMMAND, "--cell", "rnn", "--steps", 3, "--scales", 1, "--seed")
    one, again, other = (DINO.json(*asked, seed) for seed in (1, 1, 2))
    assert one == again != other


def test_a_gradient_that_underflows() -> None:
    asked = ("--cell", "rnn", "--steps", 400, "--scales", "0.001", "--hidden", 4)
    said = DINO.succeed(COMMAND, *asked).stdout
    assert "vanishes (x 0.00 per step, x 0 over 400 steps)" in said


def test_a_gradient_that_overflows(tmp_path: Path) -> None:
    asked = ("--cell", "rnn", "--steps", 1000, "--scales", 30)
    line = DINO.refusal(COMMAND, *asked, status=1)
    assert line.startswith("the gradient of rnn overflows with recurrent weights x 30 within 1000")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("--scales", "0"), ("--scales", "1,-1"), ("--cell", "vanilla"), ("--steps", "0"),
     ("--hidden", "0"), ("--clip-norm", "0"), ("--figure", "v.gif")],
)  # fmt: skip
def test_invalid_values(option: str, value: str) -> None:
    assert f"'{option}'" in DINO.refusal(COMMAND, option, value, status=2)
