"""Callbacks: what they see, how they stop a run, what they keep."""

import math
import re
from functools import partial
from typing import Any

import numpy as np
import pytest

from nn_core.errors import SettingError
from nn_core.layers import Dense, Tanh
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import GradientDescent
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback, EarlyStopping, RestoreBestWeights, as_callbacks
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
    with pytest.raises(SettingError, match=r"this run has finished \(enough\); to continue training, create"):
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
    stopping = EarlyStopping(patience, monitor="validation_metric", mode=mode)
    trainer = trainer_with(stopping, epochs=6, metrics=metrics)
    trainer.run()
    assert trainer.state.epoch == epochs
    assert (trainer.state.stopped is None) == (epochs == 6)


def test_the_reason_for_stopping_names_metric_and_epoch() -> None:
    trainer = trainer_with(EarlyStopping(2, monitor="validation_metric", mode="min"), epochs=9, metrics=[2, 1, 3, 3])
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

    keeper, album = RestoreBestWeights(monitor="validation_metric", mode=mode), Album()
    trainer = trainer_with(keeper, album, epochs=4, metrics=metrics)
    trainer.run()
    assert len(set(map(tuple, album.pages))) == 4
    assert trainer.network.vector.tolist() == album.pages[best - 1]
    snapshot = trainer.state.snapshot()  # resumes from the latest ones
    assert snapshot.parameters.tolist() == album.pages[3]
    assert snapshot.best is not None
    assert snapshot.best.tolist() == album.pages[best - 1]


@pytest.mark.parametrize("restore_best", [True, False])
def test_early_stopping_restores_the_best_weights_by_default(restore_best: bool) -> None:
    weights: list[list[float]] = []

    class Album(Callback):
        def on_epoch(self, state: TrainingState) -> None:
            weights.append(state.network.vector.tolist())

    stopping = EarlyStopping(2, monitor="validation_metric", mode="min", restore_best=restore_best)
    trainer = trainer_with(stopping, Album(), epochs=9, metrics=[2, 1, 3, 3])
    trainer.run()
    assert len(weights) == 4
    assert trainer.network.vector.tolist() == weights[1 if restore_best else 3]
    assert (trainer.state.best is None) == (not restore_best)
    assert trainer.state.snapshot().parameters.tolist() == weights[3]


def test_resuming_after_restoring_best_weights_continues_from_the_latest() -> None:
    def validated(epochs: int) -> Trainer:
        stopping = EarlyStopping(99, monitor="validation_metric", mode="min")
        return trainer_with(stopping, epochs=epochs, metrics=[2, 1, 3, 4, 0.5, 6])

    short, whole = validated(4), validated(6)
    short.run()
    whole.run()
    longer = trainer_with(EarlyStopping(99, monitor="validation_metric", mode="min"), epochs=6, metrics=[0.5, 6])
    longer.resume(short.state.snapshot())
    longer.run()
    assert longer.state.history.step_loss == whole.state.history.step_loss
    assert longer.network.vector.tolist() == whole.network.vector.tolist()
    short.state.epochs, short.metrics = 6, longer.metrics | {"metric": lambda output, targets: 9.0}
    short.run()  # the same trainer, made longer
    assert short.state.history.step_loss == whole.state.history.step_loss


def test_an_interrupted_run_keeps_its_latest_weights_in_the_network() -> None:
    class Interrupt(Callback):
        def on_step(self, state: TrainingState) -> None:
            if state.step == 8:
                raise KeyboardInterrupt

    stopping = EarlyStopping(5, monitor="validation_metric", mode="min")
    trainer = trainer_with(stopping, Interrupt(), metrics=[1, 2, 3])
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    snapshot = trainer.state.snapshot()
    np.testing.assert_array_equal(snapshot.parameters, trainer.network.vector)
    assert snapshot.best is not None
    assert not np.array_equal(snapshot.best, snapshot.parameters)


def test_no_best_weights_without_a_callback() -> None:
    first = trainer_with(RestoreBestWeights(monitor="loss"), epochs=2)
    first.run()
    assert first.state.best is not None
    second = trainer_with()
    second.resume(first.state.snapshot())
    second.run()
    assert second.state.best is None


def test_on_end_is_called_once_and_not_after_an_exception() -> None:
    class End(Callback):
        ends = 0

        def on_end(self, state: TrainingState) -> None:
            self.ends += 1

    end = End()
    trainer_with(end, epochs=2).run()
    assert end.ends == 1
    trainer_with(StopAt(1), end).run()
    assert end.ends == 2
    with pytest.raises(SettingError):
        trainer_with(end, EarlyStopping(1)).run()
    assert end.ends == 2


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([EarlyStopping], r"EarlyStopping is a class; use EarlyStopping\(5\)"),
        ([len], r"a callback is a Callback, such as EarlyStopping\(5\), not builtin_function_or_method"),
        ([EarlyStopping(1), RestoreBestWeights()], "EarlyStopping and RestoreBestWeights both restore"),
    ],
)
def test_what_is_no_list_of_callbacks_is_refused(callbacks: list[Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        trainer_with(*callbacks)
    trainer = trainer_with()
    trainer.callbacks = tuple(callbacks)
    with pytest.raises(SettingError, match=message):
        trainer.run()


def test_single_callback_without_a_list() -> None:
    assert as_callbacks(Callback())[0].restores_best is False
    assert len(as_callbacks(Callback())) == 1


@pytest.mark.parametrize("make", [partial(EarlyStopping, 1), RestoreBestWeights])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"monitor": "val_loss"}, "the history has no 'val_loss'; use monitor='validation_loss'"),
        ({"monitor": "validation_kappa"}, "is a higher validation_kappa better? pass mode='max' or mode='min'"),
        ({"monitor": "val_acc"}, "the history has no 'val_acc'; use monitor='validation_accuracy'"),
        ({"monitor": "validation_acuracy"}, "use monitor='validation_accuracy', or pass mode='max' or mode='min'"),
        ({"monitor": 3}, "monitor must be the name of a history column, not 3"),
        ({"mode": "largest"}, "mode must be 'min' or 'max', not 'largest'"),
    ],
)
def test_invalid_monitor(make: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=re.escape(message)):
        make(**settings)


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [
        ("validation_accuracy", "max"),
        ("validation_r2", "max"),
        ("loss", "min"),
        ("validation_mean_absolute_error", "min"),
    ],
)
def test_the_mode_follows_the_name_of_the_metric(monitor: str, mode: str) -> None:
    assert RestoreBestWeights(monitor=monitor).mode == mode
    assert RestoreBestWeights(monitor=monitor, mode="min").mode == "min"


def test_a_snapshot_does_not_change_with_the_run() -> None:
    trainer = trainer_with()
    trainer.step()
    snapshot = trainer.state.snapshot()
    before = snapshot.parameters.copy(), snapshot.history.copy()
    trainer.run()
    np.testing.assert_array_equal(snapshot.parameters, before[0])
    assert snapshot.history == before[1]
    assert (snapshot.step, snapshot.seed, snapshot.stopped, snapshot.best) == (1, 2, None, None)
