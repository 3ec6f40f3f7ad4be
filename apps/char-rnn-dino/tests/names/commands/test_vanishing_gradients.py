"""`dino-gen vanishing-gradients`."""

from pathlib import Path

import numpy as np
import pytest
from commands import DINO, train
from matplotlib.figure import Figure

COMMAND = "vanishing-gradients"
LEFT = "How much of the gradient is left, back in time: untrained networks"


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def title_of(figure: Figure) -> str:
    assert figure._suptitle is not None  # type: ignore[attr-defined]
    return str(figure._suptitle.get_text()).replace("\n", " ")  # type: ignore[attr-defined]


def test_text_and_figure(figures: list[Figure]) -> None:
    asked = ("--steps", 30, "--hidden", 32, "--scales", "0.5,3", "--gate-biases", "0,5")
    said = DINO.succeed(COMMAND, *asked).stdout.splitlines()
    assert [line.split(":")[0] for line in said] == [
        "rnn, recurrent weights x 0.5",
        "rnn, recurrent weights x 3",
        "gru, update gate bias 0 (50% open)",
        "gru, update gate bias 5 (99.3% open)",
        "lstm, forget gate bias 0 (50% open)",
        "lstm, forget gate bias 5 (99.3% open)",
    ]
    verbs = ["vanishes", "explodes", "vanishes", "persists", "vanishes", "persists"]
    assert [line.split("gradient ")[1].split()[0] for line in said] == verbs
    assert said[0].endswith(", unclipped")
    assert said[1].endswith(" to 5")
    (figure,) = figures
    rnn, gru, lstm = figure.axes
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    assert rnn.get_ylabel() == "gradient norm (last step = 1)"
    assert rnn.get_title(loc="left").startswith("RNN: × 0.3")
    legends = [axes.get_legend() for axes in (rnn, gru, lstm)]
    assert [legend and legend.get_title().get_text() for legend in legends] == [
        "recurrent weights", "update gate", "forget gate"
    ]  # fmt: skip
    assert title_of(figure) == "Back in time, the gradient vanishes or explodes in a plain RNN; open gates keep it"


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        (("--cell", "rnn", "--scales", "1"), "Back in time, the gradient vanishes in a plain RNN"),
        (("--cell", "rnn", "--scales", "3"), "Back in time, the gradient explodes in a plain RNN"),
        (("--cell", "gru", "--gate-biases", "0,5"), "Back in time, open gates keep the gradient"),
        (("--cell", "gru", "--gate-biases", "0,1"), LEFT),
        (("--cell", "lstm", "--steps", "1"), LEFT),
    ],
)
def test_the_title_says_what_is_seen(figures: list[Figure], asked: tuple[str, ...], title: str) -> None:
    DINO.succeed(COMMAND, "--hidden", 16, *asked)
    assert title_of(figures[0]) == title


def test_clipping(figures: list[Figure]) -> None:
    DINO.succeed(COMMAND, "--cell", "rnn", "--scales", "1,3", "--steps", 20, "--clipping", "c.png", "--style", "slide")
    assert title_of(figures[1]).startswith("Weight gradients: up to 2")
    assert title_of(figures[1]).endswith(", clipped to at most 5")
    (axes,) = figures[1].axes
    clipped = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [max(np.asarray(line.get_ydata())) <= 5.0001 for line in clipped] == [True, True]


def test_trained_networks_read_their_longest_names(tmp_path: Path, figures: list[Figure]) -> None:
    model = train(DINO, tmp_path)
    found = DINO.json(COMMAND, "--model", model, "--model", "shipped", "--model", model, "--steps", 6)
    mine, shipped = found["rows"]
    assert (mine["model"], mine["cell"], mine["hidden"]) == ("model.h5", "gru", 8)
    assert len(mine["state"]) - 1 == 5  # of NAMES, 5 have 7 letters and 15 have 5
    assert (shipped["model"], shipped["data"]) == ("dinosaurs.h5", "dinosaurs.txt")
    assert [text.get_text() for text in figures[0].axes[0].get_legend().get_texts()] == [  # type: ignore[union-attr]
        "GRU, 8 units (model.h5)", "GRU, 384 units (dinosaurs.h5)"
    ]  # fmt: skip
    said = DINO.succeed(COMMAND, "--model", model, "--steps", 4).stdout
    assert said.startswith("model.h5 (GRU, 8 units): the state gradient ")
    assert "over 4 steps" in said


def test_json(tmp_path: Path) -> None:
    found = DINO.json(COMMAND, "--cell", "gru", "--steps", 5, "--gate-biases", 1, "--seed", 2)
    (row,) = found["rows"]
    assert (row["cell"], row["gate_bias"], row["hidden"]) == ("gru", 1, 64)
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
    assert line.startswith("rnn, recurrent weights x 30: the gradient overflows within 1000 steps")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("--gate-biases", "x"), ("--scales", "0"), ("--scales", "1,-1"), ("--cell", "vanilla"), ("--steps", "0"),
     ("--hidden", "0"), ("--clip-norm", "0"), ("--figure", "v.gif")],
)  # fmt: skip
def test_invalid_values(option: str, value: str) -> None:
    assert f"'{option}'" in DINO.refusal(COMMAND, option, value, status=2)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--model", "shipped", "--hidden", "3"), "--hidden has no effect with --model"),
        (("--data", "names.txt"), "--data has no effect without --model"),
        (("--cell", "gru", "--scales", "2"), "--scales has no effect without --cell rnn"),
        (("--cell", "rnn", "--gate-biases", "2"), "--gate-biases has no effect without --cell gru or --cell lstm"),
        (("--model", "m.png", "--figure", "m.png"), "--figure would overwrite --model m.png"),
    ],
)
def test_options_without_effect(asked: tuple[str, ...], said: str) -> None:
    assert said in DINO.refusal(COMMAND, *asked, status=2)
