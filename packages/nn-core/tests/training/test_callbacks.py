"""Callbacks: what they see, how they stop a run, what they keep."""

import math

import numpy as np
import pytest

from nn_core.errors import SettingError
from nn_core.layers import Dense, Tanh
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import GradientDescent
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback, EarlyStopping, RestoreBestWeights
from nn_core.training.history import Mode
from nn_core.training.recipe import Recipe
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer

X = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(np.int64)


def trainer_with(*callbacks: Callback, epochs: int = 3, metrics: list[float] | None = None) -> Trainer:
    """Three steps an epoch; `metrics`, if given, is what validation finds epoch by epoch."""
    network = Network([Dense(4), Tanh(), Dense(1)], input_shape=(3,), rng=np.random.default_rng(1))
    script = iter(metrics or ())
    return Trainer(
        Reference(network),
        X,
        Y,
        Recipe(binary_cross_entropy, GradientDescent(), batch_size=4),
        epochs=epochs,
        seed=2,
        validation=None if metrics is None else (X, Y),
        metrics={"metric": lambda logits, targets: next(script)},
        callbacks=callbacks,
    )


class Diary(Callback):
    """Writes down each call, and checks that the state agrees with itself."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.calls: list[str] = []

    def on_step(self, state: TrainingState) -> None:
        self.calls.append(f"{self.name}step {state.step} of epoch {state.epoch}")
        self.check(state)

    def on_epoch(self, state: TrainingState) -> None:
        self.calls.append(f"{self.name}epoch {state.epoch}")
        assert state.history.row(-1)["epoch"] == state.epoch
        assert state.history.row(-1)["step"] == state.step
        self.check(state)

    def check(self, state: TrainingState) -> None:
        per_epoch = state.steps_per_epoch
        assert len(state.history.step_loss) == state.step
        assert len(state.history) == state.epoch == state.step // per_epoch
        assert state.seconds > 0


class StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, state: TrainingState) -> None:
        if state.step == self.step:
            state.stop("enough")


def test_on_step_is_called_after_on_epoch() -> None:
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
def test_stop_ends_the_run_after_the_current_step(step: int) -> None:
    diary = Diary()
    trainer = trainer_with(StopAt(step), diary)
    trainer.run()
    assert trainer.state.step == step
    assert trainer.state.stopped == "enough"
    assert diary.calls[-1] == f"step {step} of epoch {step // 3}"
    with pytest.raises(SettingError, match=r"this run is over \(enough\); make a new Trainer"):
        trainer.run()
    assert trainer.state.step == step


def test_a_run_can_continue_after_a_callback_raises() -> None:
    class Interrupt(Callback):
        def on_step(self, state: TrainingState) -> None:
            if state.step == 3:
                raise KeyboardInterrupt

    interrupted = trainer_with(Interrupt())
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()
    assert (interrupted.state.step, interrupted.state.epoch) == (3, 1)
    interrupted.callbacks = ()
    history, expected = interrupted.run(), trainer_with().run()
    assert history.step_loss == expected.step_loss
    assert history.columns["training_loss"] == expected.columns["training_loss"]


@pytest.mark.parametrize(
    ("metrics", "patience", "mode", "epochs"),
    [
        ([3, 2, 2.5, 2.5, 1, 0], 2, "min", 4),
        ([3, 2, 2, 2, 1, 0], 1, "min", 3),
        ([3, 2, 2.5, 1, 1.5, 0], 2, "min", 6),
        ([1, 2, 3, 2, 3, 4], 2, "max", 5),
        ([3, math.nan, math.nan, 1, 0, 0], 2, "min", 3),
        ([5, 4, 3, 2, 1, 0], 1, "min", 6),
    ],
)
def test_a_run_stops_once_nothing_got_better_for_as_long_as_patience(
    metrics: list[float], patience: int, mode: Mode, epochs: int
) -> None:
    stopping = EarlyStopping(patience, "validation_metric", mode=mode)
    trainer = trainer_with(stopping, epochs=6, metrics=metrics)
    trainer.run()
    assert trainer.state.epoch == epochs
    assert (trainer.state.stopped is None) == (epochs == 6)


def test_the_reason_for_stopping_names_metric_and_epoch() -> None:
    trainer = trainer_with(EarlyStopping(2, "validation_metric"), epochs=9, metrics=[2, 1, 3, 3])
    trainer.run()
    assert trainer.state.stopped == ("validation_metric has not improved for 2 epochs; best was epoch 2")


def test_early_stopping_monitors_the_validation_loss_by_default() -> None:
    trainer = trainer_with(EarlyStopping(1), epochs=2, metrics=[0, 0])
    trainer.run()
    assert "validation_loss" in trainer.state.history.columns
    with pytest.raises(SettingError, match="cannot monitor validation_loss; the history"):
        trainer_with(EarlyStopping(1)).run()


@pytest.mark.parametrize("patience", [0, -1])
def test_patience_lasts_an_epoch_at_least(patience: int) -> None:
    with pytest.raises(SettingError, match=f"patience must be at least 1 epoch, not {patience}"):
        EarlyStopping(patience)


@pytest.mark.parametrize(
    ("metrics", "mode", "best"),
    [
        ([3, 1, 2, 1], "min", 2),
        ([3, 1, 2, 3], "max", 1),
        ([math.nan, 2, 3, math.nan], "max", 3),
        ([4, 3, 2, 1], "min", 4),
    ],
)
def test_the_weights_of_the_best_epoch_are_kept(metrics: list[float], mode: Mode, best: int) -> None:
    class Album(Callback):
        def __init__(self) -> None:
            self.pages: list[list[float]] = []

        def on_epoch(self, state: TrainingState) -> None:
            self.pages.append(state.network.vector.tolist())

    keeper, album = RestoreBestWeights("validation_metric", mode=mode), Album()
    trainer = trainer_with(keeper, album, epochs=4, metrics=metrics)
    trainer.run()
    assert keeper.parameters is not None
    assert keeper.parameters.tolist() == album.pages[best - 1]
    assert len(set(map(tuple, album.pages))) == 4
    assert trainer.network.vector.tolist() == album.pages[3]
    keeper.restore(trainer.state)
    assert trainer.network.vector.tolist() == album.pages[best - 1]


def test_without_the_metric_no_weights_are_best() -> None:
    keeper = RestoreBestWeights()
    trainer_with(keeper).run()
    assert keeper.parameters is None


@pytest.mark.parametrize("make", [EarlyStopping, RestoreBestWeights])
def test_there_are_two_modes(make: type[EarlyStopping] | type[RestoreBestWeights]) -> None:
    settings = {"patience": 1} if make is EarlyStopping else {}
    with pytest.raises(SettingError, match="mode must be 'min' or 'max', not 'largest'"):
        make(mode="largest", **settings)  # type: ignore[arg-type]


def test_a_snapshot_does_not_change_with_the_run() -> None:
    trainer = trainer_with()
    trainer.step()
    snapshot = trainer.state.snapshot()
    before = snapshot.parameters.copy(), snapshot.history.copy()
    trainer.run()
    np.testing.assert_array_equal(snapshot.parameters, before[0])
    assert snapshot.history == before[1]
    assert (snapshot.step, snapshot.seed, snapshot.stopped, snapshot.best) == (1, 2, None, None)
