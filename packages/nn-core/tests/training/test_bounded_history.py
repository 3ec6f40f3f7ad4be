"""Histories of long runs: what is kept is bounded, and the same after a resume."""

from dataclasses import replace

import pytest
from small_runs import full_trainer

from nn_core.training import history as module
from nn_core.training.callbacks import EarlyStopping
from nn_core.training.history import History
from nn_core.training.trainer import Trainer


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EPOCHS", 8)
    monkeypatch.setattr(module, "MAX_STEPS", 6)


def recorded(epochs: int, start: History | None = None) -> History:
    history = History() if start is None else start
    for epoch in range(history.epochs + 1, epochs + 1):
        history.append({"epoch": epoch, "training_loss": abs(epoch - 21.5)})
    return history


@pytest.mark.usefixtures("short")
def test_every_second_epoch_is_dropped_beyond_the_limit() -> None:
    assert recorded(8)["epoch"] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert recorded(9)["epoch"] == [2, 4, 6, 8, 9]
    assert recorded(10)["epoch"] == [2, 4, 6, 8, 10]
    assert recorded(100)["epoch"] == [16, 32, 48, 64, 80, 96, 100]
    history = recorded(101)
    assert (history.epochs, len(history)) == (101, 7)
    assert [history.epoch_of(row) for row in (-1, 0, 6)] == [0, 16, 101]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("cut", [1, 7, 8, 9, 10, 33, 64, 65])
def test_a_history_continued_from_a_copy_is_the_same(cut: int) -> None:
    whole, continued = recorded(70), recorded(70, recorded(cut).copy())
    assert continued == whole
    assert continued.best("training_loss") == whole.best("training_loss")


@pytest.mark.usefixtures("short")
def test_the_best_row_is_that_of_the_rows_that_are_left() -> None:
    history = History()
    for epoch in range(1, 60):
        history.append({"epoch": epoch, "training_loss": abs(epoch - 21.5)})
        assert history.best("training_loss") == history.copy().best("training_loss")


def test_histories_without_numbers_of_epochs_keep_all_rows(short: None) -> None:
    history = History()
    for value in range(20):
        history.append({"training_loss": value})
    assert (len(history), history.epochs) == (20, 20)


def stopping_trainer() -> Trainer:
    return full_trainer(None, EarlyStopping(9, monitor="training_loss"), epochs=20)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("cut", [0, 3, 10, 17, 40])
def test_a_long_run_resumes_to_the_same_bits(cut: int) -> None:
    whole = stopping_trainer()
    whole.run()
    part = stopping_trainer()
    for _ in range(cut):
        part.step()
        if part.state.step % part.state.steps_per_epoch == 0:
            part._end_epoch()
    rest = stopping_trainer()
    rest.resume(replace(part.state.snapshot(), seconds=0.0))
    rest.run()
    assert rest.network.vector.tobytes() == whole.network.vector.tobytes()
    assert rest.state.history.step_loss == whole.state.history.step_loss
    assert rest.state.history["training_loss"] == whole.state.history["training_loss"]
    assert len(rest.state.history.step_loss) <= 6 + whole.state.steps_per_epoch
