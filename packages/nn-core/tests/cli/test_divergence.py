"""Losses that stay finite and end far above those of a network that has learned nothing."""

import math
from pathlib import Path

import pytest
from toy_runs import build, load, run_toy, settings_of

from nn_core.cli.divergence import check_final_loss, final_training_loss, loss_without_learning
from nn_core.errors import DivergenceError
from nn_core.training.trainer import Trainer

WILD = {"optimizer": "adam", "learning_rate": 1e6}


def run_with_losses(*losses: float, best: int | None = None) -> Trainer:
    """A finished run with these training losses; if an epoch is the best one, its weights are restored."""
    trainer = build(settings_of(epochs=len(losses)))
    trainer.run()
    trainer.state.history.columns["training_loss"] = list(losses)
    trainer.state.history.step_loss = [0.5, *[math.inf] * (len(trainer.state.history.step_loss) - 1)]
    validation = [float(epoch != best) for epoch in range(1, len(losses) + 1)]
    trainer.state.history.columns["validation_loss"] = validation
    if best is not None:
        trainer.state.keep_best()
    return trainer


def test_an_untrained_network_has_loss_log_2_or_that_of_the_first_batch() -> None:
    trainer = build(settings_of())
    assert loss_without_learning(trainer) == pytest.approx(math.log(2))
    trainer.state.history.step_loss = [0.5, 9.0]
    assert loss_without_learning(trainer) == pytest.approx(math.log(2))
    trainer.state.history.step_loss = [3.0, 9.0]
    assert loss_without_learning(trainer) == 3.0


@pytest.mark.parametrize("early_stopping", [None, 3])
def test_the_learning_rate_is_named_and_the_checkpoint_kept(tmp_path: Path, early_stopping: int | None) -> None:
    path = tmp_path / "m.h5"
    with pytest.raises(DivergenceError) as caught:
        run_toy(build(settings_of(**WILD, epochs=8)), save=path, early_stopping=early_stopping)
    message = str(caught.value)
    assert message.startswith("training diverged: the training loss is ")
    assert "for an untrained network; lower --learning-rate (now 1e+06); " in message
    snapshot = load(path).snapshot
    assert snapshot is not None
    best = snapshot.history.best("validation_loss") + 1 if early_stopping else 8
    assert message.endswith(f"{path} has the weights of epoch {best}")


@pytest.mark.parametrize(
    ("losses", "best", "outcome"),
    [
        ((50.0, 6.9), None, ""),
        ((0.2, 7.0), None, "note"),
        ((0.2, 7.0), 1, ""),
        ((7.0, 0.2), 1, "note"),
        ((0.2, 700.0), None, "error"),
        ((700.0, 0.2), 1, "error"),
        ((0.2, 700.0), 1, ""),
    ],
)
def test_the_weights_that_are_kept_count(
    losses: tuple[float, ...], best: int | None, outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """log 2 = 0.693: of ten steps, a note above 6.93, an error above 693."""
    trainer = run_with_losses(*losses, best=best)
    if outcome == "error":
        with pytest.raises(DivergenceError, match=r"the training loss is 700, but 0\.6931 for an untrained network"):
            check_final_loss(trainer)
    else:
        check_final_loss(trainer)
    note = "Note: the training loss is 7, but 0.6931 for an untrained network; try a lower --learning-rate (now 0.5)\n"
    assert capsys.readouterr().err == (note if outcome == "note" else "")


def test_running_statistics_that_have_not_settled_are_not_divergence() -> None:
    trainer = run_with_losses(1e6, 1e6)
    assert final_training_loss(trainer) == 1e6
    trainer.state.history.step_loss = [0.5] * len(trainer.state.history.step_loss)
    assert final_training_loss(trainer) == 0.5


def test_after_a_hundred_steps_it_is_not_too_early_to_tell() -> None:
    trainer = run_with_losses(0.2, 7.0)
    trainer.state.step = 99
    check_final_loss(trainer)
    trainer.state.step = 100
    with pytest.raises(DivergenceError, match="the training loss is 7, but"):
        check_final_loss(trainer)
