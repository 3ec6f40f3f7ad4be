"""Progress: a bar on a terminal, a line now and then elsewhere."""

import io
import itertools
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest
import toy_runs
from toy_runs import settings_of

from nn_core.progress import NORMAL, QUIET, VERBOSE, Reporter, counting, job, track
from nn_core.progress_bar import PATIENCE, Progress
from nn_core.training.progress import describe, epoch_progress


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
    progress = Progress(total, "run", done=done)
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
        (20, 15, [f"run {count}/20" for count in range(16, 21)]),
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
    progress = Progress(100, "epoch")
    for _ in range(100):
        progress.advance(describe=asked(times))
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(times) == len(lines) == 10
    assert lines[0] == "epoch 10/100  loss 0.5"


def test_on_a_terminal_there_is_a_bar_with_a_lasting_line_for_each_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch, 1.0)
    progress = Progress(4, "run", done=1)
    for _ in range(3):
        progress.advance(describe=lambda: "loss 0.5")
    drawn = terminal.getvalue()
    lines = [line.rpartition("\r")[2] for line in drawn.split("\n")[:-1]]
    assert lines == [f"run {count}/4  loss 0.5" for count in (2, 3, 4)]
    assert "run 1/4:  25%|" in drawn
    assert "0/4" not in drawn
    progress.close()
    assert terminal.getvalue().split("\r")[-2:] == [" " * len(drawn.split("\r")[-1]), ""]


def test_a_bar_that_is_not_redrawn_asks_for_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    use_terminal(monkeypatch, 0.0)
    times: list[int] = []
    progress = Progress(1000, "run")
    for _ in range(1000):
        progress.advance(describe=asked(times))
    progress.close()
    assert len(times) < 20, "10 lasting lines, and few bars"


def test_the_epochs_of_a_run_with_their_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    trainer = toy_runs.build(settings_of(epochs=2))
    with epoch_progress(trainer.state) as progress:
        trainer.callbacks = (progress,)
        trainer.run()
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
    progress = Progress(3, "epoch", leave=True)
    for loss in (3, 2, 1):
        progress.advance(describe=lambda loss=loss: f"loss {loss}")  # type: ignore[misc]
    progress.close()
    last = terminal.getvalue().split("\r")[-1]
    assert "3/3" in last
    assert last.endswith("loss 1]\n")


def test_notebook_uses_tqdm_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, object]] = []
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    auto = ModuleType("tqdm.auto")
    auto.tqdm = lambda **settings: made.append(settings) or SimpleNamespace(start_t=0.0)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    Progress(5, "epoch")
    assert [(each["total"], each["desc"]) for each in made] == [(5, "epoch 0/5")]


@pytest.mark.parametrize("module", [None, "ipykernel"])
def test_lines_without_tqdm(monkeypatch: pytest.MonkeyPatch, module: str | None) -> None:
    if module is not None:
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    terminal = use_terminal(monkeypatch, 0.0, tqdm=False)
    progress = Progress(2, "epoch")
    progress.advance(describe=lambda: "loss 0.5")
    progress.close()
    assert terminal.getvalue() == "epoch 1/2  loss 0.5\n"


def beats(progress: Progress, *seconds: float) -> None:
    """Let the clock stand at so many seconds after the start."""
    for each in seconds:
        progress.beat(progress.started + each)


def test_a_short_job_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(), job("drawing", 100) as advance:
        advance(100)
    assert capsys.readouterr() == ("", "")


def test_a_job_that_takes_long_is_shown_and_then_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(4000, "drawing synthetic hands", steady=False)
    progress.advance(1200)
    beats(progress, 0.1, 1.1 * PATIENCE)
    progress.advance(2800)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["drawing synthetic hands 1200/4000", "drawing synthetic hands 4000/4000"]


def test_a_job_of_unknown_length_says_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(None, "evaluating", steady=False)
    beats(progress, 3)
    progress.close()
    assert capsys.readouterr().err == "evaluating  3 s\n"


def test_a_unit_that_takes_long_is_counted_in_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(3, "epoch")
    progress.move(0.6)
    beats(progress, 2)
    progress.advance(describe=lambda: "loss 0.5")
    progress.close()
    assert capsys.readouterr().err.splitlines() == ["epoch 0.6/3", "epoch 1/3  loss 0.5"]


def test_a_long_job_has_a_bar_on_a_terminal_which_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch, 1.0)
    progress = Progress(64, "reading the table", unit="MB", steady=False)
    progress.advance(16)
    assert terminal.getvalue() == ""
    beats(progress, 1.1 * PATIENCE)
    assert "reading the table 16/64 MB:  25%|" in terminal.getvalue()
    progress.close()
    assert terminal.getvalue().endswith("\r")


def test_a_job_within_another_one_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter() as shown, counting(2, "run") as outer:
        with job("drawing", 100) as advance:
            assert shown.active is outer
            advance(50)
        outer.advance()
    assert capsys.readouterr().err == "run 1/2\n"
    assert shown.seconds.keys() == {"run"}


def test_without_a_reporter_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(3), "reading")) == [0, 1, 2]
    with job("drawing") as advance:
        advance(1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("verbosity", "lines"), [(QUIET, 0), (NORMAL, 10), (VERBOSE, 100)])
def test_how_many_lines(capsys: pytest.CaptureFixture[str], verbosity: int, lines: int) -> None:
    with Reporter(verbosity), counting(100, "epoch") as progress:
        for _ in range(100):
            progress.advance()
    assert len(capsys.readouterr().err.splitlines()) == lines


@pytest.mark.parametrize(("columns", "shown"), [(60, False), (120, True)])
def test_the_bar_has_words_only_where_there_is_room(monkeypatch: pytest.MonkeyPatch, columns: int, shown: bool) -> None:
    terminal = use_terminal(monkeypatch, 1.0)
    progress = Progress(1000, "epoch")
    progress.bar.dynamic_ncols = lambda file: (columns, 24)
    words = "training loss 0.2134  validation accuracy 0.9633"
    for _ in range(3):
        progress.advance(describe=lambda: words)
    drawn = terminal.getvalue().split("\r")
    assert max(map(len, drawn)) <= columns
    assert (words in drawn[-1]) == shown
    progress.close()
