"""Callbacks: what they see, how they stop a run, what they keep."""

import math

import numpy as np
import pytest

from nn_core.errors import SettingError
from nn_core.layers import Dense, Tanh
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import GradientDescent
from nn_core.training.callbacks import Callback, EarlyStopping, RestoreBestWeights
from nn_core.training.trainer import Recipe, Trainer

X = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(np.int64)


def trainer_with(
    *callbacks: Callback, epochs: int = 3, figures: list[float] | None = None
) -> Trainer:
    """Three steps an epoch; `figures`, if given, is what validation finds epoch by epoch."""
    network = Network([Dense(4), Tanh(), Dense(1)], input_shape=(3,), rng=np.random.default_rng(1))
    script = iter(figures or ())
    return Trainer(
        network,
        X,
        Y,
        Recipe(binary_cross_entropy, GradientDescent(), batch_size=4),
        epochs=epochs,
        rng=np.random.default_rng(2),
        validation=None if figures is None else (X, Y),
        metrics={"figure": lambda logits, targets: next(script)},
        callbacks=callbacks,
    )


class Diary(Callback):
    """Writes down each call, and checks that the trainer agrees with itself."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.calls: list[str] = []

    def on_step(self, trainer: Trainer) -> None:
        self.calls.append(f"{self.name}step {trainer.step_count} of epoch {trainer.epoch}")
        self.check(trainer)

    def on_epoch(self, trainer: Trainer) -> None:
        self.calls.append(f"{self.name}epoch {trainer.epoch}")
        assert trainer.history.row(-1)["epoch"] == trainer.epoch
        assert trainer.history.row(-1)["step"] == trainer.step_count
        self.check(trainer)

    def check(self, trainer: Trainer) -> None:
        per_epoch = trainer.batches.steps_per_epoch
        assert len(trainer.history.step_loss) == trainer.step_count
        assert len(trainer.history) == trainer.epoch == trainer.step_count // per_epoch
        assert trainer.batches.position == (trainer.step_count - 1) % per_epoch + 1
        assert trainer.seconds > 0


class StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step_count == self.step:
            trainer.stop("enough")


def test_callbacks_are_told_of_each_step_after_the_epoch_that_it_ends() -> None:
    diary = Diary()
    trainer_with(diary, epochs=2).run()
    assert diary.calls == [
        "step 1 of epoch 0",
        "step 2 of epoch 0",
        "epoch 1",
        "step 3 of epoch 1",
        "step 4 of epoch 1",
        "step 5 of epoch 1",
        "epoch 2",
        "step 6 of epoch 2",
    ]


def test_callbacks_are_called_in_the_order_they_were_given() -> None:
    first, second = Diary("first, "), Diary("second, ")
    second.calls = first.calls
    trainer_with(first, second, epochs=1).run()
    assert first.calls[-4:] == [
        "first, epoch 1",
        "second, epoch 1",
        "first, step 3 of epoch 1",
        "second, step 3 of epoch 1",
    ]


def test_a_callback_of_no_interest_changes_nothing() -> None:
    assert trainer_with(Callback()).run().step_loss == trainer_with().run().step_loss


@pytest.mark.parametrize("step", [1, 3, 5])
def test_a_run_stops_after_the_step_in_which_it_is_told_to(step: int) -> None:
    diary = Diary()
    trainer = trainer_with(StopAt(step), diary)
    trainer.run()
    assert trainer.step_count == step
    assert trainer.stopped == "enough"
    assert diary.calls[-1] == f"step {step} of epoch {step // 3}"
    trainer.run()
    assert trainer.step_count == step


def test_what_a_callback_raises_leaves_a_run_that_goes_on() -> None:
    class Interrupt(Callback):
        def on_step(self, trainer: Trainer) -> None:
            if trainer.step_count == 3:
                raise KeyboardInterrupt

    interrupted = trainer_with(Interrupt())
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()
    assert (interrupted.step_count, interrupted.epoch) == (3, 1)
    interrupted.callbacks = ()
    history, expected = interrupted.run(), trainer_with().run()
    assert history.step_loss == expected.step_loss
    assert history.columns["training_loss"] == expected.columns["training_loss"]


@pytest.mark.parametrize(
    ("figures", "patience", "largest", "epochs"),
    [
        ([3, 2, 2.5, 2.5, 1, 0], 2, False, 4),
        ([3, 2, 2, 2, 1, 0], 1, False, 3),
        ([3, 2, 2.5, 1, 1.5, 0], 2, False, 6),
        ([1, 2, 3, 2, 3, 4], 2, True, 5),
        ([3, math.nan, math.nan, 1, 0, 0], 2, False, 3),
        ([5, 4, 3, 2, 1, 0], 1, False, 6),
    ],
)
def test_a_run_stops_once_nothing_got_better_for_as_long_as_patience(
    figures: list[float], patience: int, largest: bool, epochs: int
) -> None:
    stopping = EarlyStopping(patience, "validation_figure", largest=largest)
    trainer = trainer_with(stopping, epochs=6, figures=figures)
    trainer.run()
    assert trainer.epoch == epochs
    assert (trainer.stopped is None) == (epochs == 6)


def test_the_reason_for_stopping_names_figure_and_epoch() -> None:
    trainer = trainer_with(EarlyStopping(2, "validation_figure"), epochs=9, figures=[2, 1, 3, 3])
    trainer.run()
    assert trainer.stopped == "no better validation_figure for 2 epochs; best was epoch 2"


def test_stopping_early_reads_the_validation_loss_unless_told() -> None:
    trainer = trainer_with(EarlyStopping(1), epochs=2, figures=[0, 0])
    trainer.run()
    assert "validation_loss" in trainer.history.columns
    with pytest.raises(SettingError, match="nothing measures validation_loss"):
        trainer_with(EarlyStopping(1)).run()


@pytest.mark.parametrize("patience", [0, -1])
def test_patience_lasts_an_epoch_at_least(patience: int) -> None:
    with pytest.raises(SettingError, match=f"at least one epoch, not {patience}"):
        EarlyStopping(patience)


@pytest.mark.parametrize(
    ("figures", "largest", "best"),
    [
        ([3, 1, 2, 1], False, 2),
        ([3, 1, 2, 3], True, 1),
        ([math.nan, 2, 3, math.nan], True, 3),
        ([4, 3, 2, 1], False, 4),
    ],
)
def test_the_weights_of_the_best_epoch_are_kept(
    figures: list[float], largest: bool, best: int
) -> None:
    class Album(Callback):
        def __init__(self) -> None:
            self.pages: list[list[float]] = []

        def on_epoch(self, trainer: Trainer) -> None:
            self.pages.append(trainer.network.parameters.tolist())

    keeper, album = RestoreBestWeights("validation_figure", largest=largest), Album()
    assert keeper.parameters is None
    trainer_with(keeper, album, epochs=4, figures=figures).run()
    assert keeper.parameters is not None
    assert keeper.parameters.tolist() == album.pages[best - 1]
    assert len(set(map(tuple, album.pages))) == 4


def test_without_a_figure_no_weights_are_best() -> None:
    keeper = RestoreBestWeights()
    trainer_with(keeper).run()
    assert keeper.parameters is None
