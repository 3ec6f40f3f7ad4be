"""Progress: a bar on a terminal, a line now and then elsewhere."""

import io
import itertools
import sys
from collections.abc import Callable
from types import ModuleType

import pytest
import toy_runs
from toy_runs import settings_of

from nn_core.training.progress import EpochProgress, Progress, describe


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def use_terminal(monkeypatch: pytest.MonkeyPatch, seconds_per_look: float, *, tqdm: bool = True) -> Terminal:
    """A terminal to draw on, where time passes with every look at the clock."""
    looks = itertools.count()
    if tqdm:
        monkeypatch.setattr("tqdm.std.time", lambda: seconds_per_look * next(looks))
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    return screen


def lines_of(capsys: pytest.CaptureFixture[str], total: int, done: int = 0) -> list[str]:
    progress = Progress(total, unit="run", done=done)
    for _ in range(total - done):
        progress.advance()
    progress.close()
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


@pytest.mark.parametrize(
    ("total", "done", "lines"),
    [
        (4, 0, ["run 1/4", "run 2/4", "run 3/4", "run 4/4"]),
        (1, 0, ["run 1/1"]),
        (1000, 0, [f"run {count}00/1000" for count in range(1, 11)]),
        (20, 15, ["run 16/20", "run 18/20", "run 20/20"]),
        (7, 7, []),
    ],
)
def test_elsewhere_a_line_at_each_tenth(
    capsys: pytest.CaptureFixture[str], total: int, done: int, lines: list[str]
) -> None:
    assert lines_of(capsys, total, done) == lines


def asked(times: list[int]) -> Callable[[], str]:
    def said() -> str:
        times.append(1)
        return "loss 0.5"

    return said


def test_text_is_made_only_where_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    times: list[int] = []
    progress = Progress(100, unit="epoch")
    for _ in range(100):
        progress.advance(asked(times))
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(times) == len(lines) == 10
    assert lines[0] == "epoch 10/100  loss 0.5"


def test_on_a_terminal_there_is_a_bar_and_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch, 1.0)
    progress = Progress(4, unit="run", done=1)
    for _ in range(3):
        progress.advance(lambda: "loss 0.5")
    drawn = terminal.getvalue()
    assert "\n" not in drawn
    assert "0/4" not in drawn
    assert all(f"{count}/4" in drawn for count in (1, 2, 3, 4))
    assert "loss 0.5" in drawn
    progress.close()
    assert terminal.getvalue().split("\r")[-2:] == [" " * len(drawn.split("\r")[-1]), ""]


def test_a_bar_that_is_not_redrawn_asks_for_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    use_terminal(monkeypatch, 0.0)
    times: list[int] = []
    progress = Progress(1000, unit="run")
    for _ in range(1000):
        progress.advance(asked(times))
    progress.close()
    assert len(times) < 10


def test_the_epochs_of_a_run_with_their_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    trainer = toy_runs.build(settings_of(epochs=2))
    progress = EpochProgress(trainer.state)
    trainer.callbacks = (progress,)
    trainer.run()
    progress.close()
    err = capsys.readouterr().err.splitlines()
    assert err == [f"epoch {i + 1}/2  {describe(trainer.state.history.row(i))}" for i in range(2)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"training_loss": 0.25, "validation_accuracy": 1.0}, "training loss 0.25  validation accuracy 1"),
        ({"training_loss": 0.25, "training_r2": 0.5, "validation_loss": 1.0}, "training loss 0.25  validation loss 1"),
        ({"training_loss": 0.25, "training_accuracy": 0.5}, "training loss 0.25  training accuracy 0.5"),
    ],
)
def test_only_what_a_person_follows_is_described(row: dict[str, float], words: str) -> None:
    assert describe({"epoch": 3, "seconds": 1.0} | row) == words


def test_a_bar_that_stays_shows_the_last_values(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch, 0.0)
    progress = Progress(3, unit="epoch", leave=True)
    for loss in (3, 2, 1):
        progress.advance(lambda loss=loss: f"loss {loss}")  # type: ignore[misc]
    progress.close()
    last = terminal.getvalue().split("\r")[-1]
    assert "3/3" in last
    assert last.endswith("loss 1]\n")


def test_notebook_uses_tqdm_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, object]] = []
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    auto = ModuleType("tqdm.auto")
    auto.tqdm = lambda **settings: made.append(settings)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    Progress(5, unit="epoch")
    assert [(each["total"], each["unit"]) for each in made] == [(5, "epoch")]


@pytest.mark.parametrize("module", [None, "ipykernel"])
def test_lines_without_tqdm(monkeypatch: pytest.MonkeyPatch, module: str | None) -> None:
    if module is not None:
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    terminal = use_terminal(monkeypatch, 0.0, tqdm=False)
    progress = Progress(2, unit="epoch")
    progress.advance(lambda: "loss 0.5")
    progress.close()
    assert terminal.getvalue() == "epoch 1/2  loss 0.5\n"
