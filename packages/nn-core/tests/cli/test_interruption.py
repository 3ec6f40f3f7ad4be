"""Ctrl-C and divergence: a run ends between two steps, and what was saved can be resumed."""

import signal
import threading
from pathlib import Path

import click
import numpy as np
import pytest
from toy_runs import (
    STEPS_PER_EPOCH,
    before_update,
    build,
    fill_the_disk,
    leftovers,
    load,
    losses,
    press_ctrl_c,
    resumed_from,
    run_toy,
    settings_of,
    stop_the_clock,
    uninterrupted,
)

from nn_core.arrays import Array
from nn_core.errors import DivergenceError
from nn_core.training.interruption import interruption


class TestInterruption:
    @pytest.mark.parametrize("step", [1, 7, 10, 20])
    def test_it_ends_between_two_steps_and_is_resumed_to_the_same_bits(self, tmp_path: Path, step: int) -> None:
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())
        before_update(trainer, step, press_ctrl_c)
        with pytest.raises(click.ClickException) as caught:
            run_toy(trainer, save=path)
        epoch = step // STEPS_PER_EPOCH + 1
        assert str(caught.value) == (
            f"interrupted after step {step} (epoch {epoch}); saved; continue with --resume {path}"
        )
        assert trainer.state.step == step
        resumed, alone = resumed_from(path), uninterrupted()
        np.testing.assert_array_equal(resumed.network.vector, alone.network.vector)
        assert losses(resumed) == losses(alone)
        assert resumed.state.history.step_loss == alone.state.history.step_loss

    def test_without_save_it_says_that_nothing_is_kept(self) -> None:
        trainer = build(settings_of())
        before_update(trainer, 3, press_ctrl_c)
        with pytest.raises(click.ClickException, match=r"after step 3 .*; not saved"):
            run_toy(trainer)

    def test_on_a_full_disk_it_says_that_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fill_the_disk(monkeypatch)
        trainer = build(settings_of())
        before_update(trainer, 3, press_ctrl_c)
        with pytest.raises(click.ClickException, match=r"after step 3 .*cannot write .*No space"):
            run_toy(trainer, save=tmp_path / "toy.h5")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("step", [12, 15])
    def test_twice_stops_at_once_and_what_is_saved_can_be_resumed_exactly(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
    ) -> None:
        stop_the_clock(monkeypatch)
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())
        before_update(trainer, step, lambda g: (press_ctrl_c(), press_ctrl_c()))
        with pytest.raises((click.ClickException, KeyboardInterrupt)):
            run_toy(trainer, save=path)
        assert trainer.state.step == step - 1
        resumed, alone = resumed_from(path), uninterrupted()
        np.testing.assert_array_equal(resumed.network.vector, alone.network.vector)
        assert losses(resumed) == losses(alone)

    def test_afterwards_ctrl_c_means_what_it_meant_before(self, tmp_path: Path) -> None:
        before = signal.getsignal(signal.SIGINT)
        run_toy(build(settings_of(epochs=1)))
        assert signal.getsignal(signal.SIGINT) is before
        trainer = build(settings_of())
        before_update(trainer, 3, press_ctrl_c)
        with pytest.raises(click.ClickException):
            run_toy(trainer)
        assert signal.getsignal(signal.SIGINT) is before

    def test_once_is_remembered_and_twice_interrupts(self) -> None:
        with interruption() as asked:
            assert not asked()
            press_ctrl_c()
            assert asked()
            with pytest.raises(KeyboardInterrupt):
                press_ctrl_c()

    def test_a_run_in_another_thread_leaves_signals_alone(self) -> None:
        failures: list[BaseException] = []

        def train() -> None:
            try:
                run_toy(build(settings_of(epochs=1)))
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
        assert failures == []


class TestDivergence:
    def test_the_last_good_checkpoint_is_uninterrupted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stop_the_clock(monkeypatch)
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())

        def spoil(gradients: Array) -> None:
            gradients[0] = np.nan

        before_update(trainer, 2 * STEPS_PER_EPOCH, spoil)
        with pytest.raises(DivergenceError, match=r"epoch 2.*layer 0, Dense"):
            run_toy(trainer, save=path)
        assert leftovers(tmp_path) == []
        saved = load(path).snapshot
        assert saved is not None
        assert saved.step == STEPS_PER_EPOCH
        np.testing.assert_array_equal(saved.parameters, uninterrupted(1).network.vector)

    def test_a_last_step_that_ruins_the_loss_is_divergence_too(self) -> None:
        trainer = build(settings_of(epochs=1, batch_size=None, dtype="float32"))

        def explode(gradients: Array) -> None:
            gradients[...] = 3e38

        before_update(trainer, 1, explode)
        with pytest.raises(DivergenceError, match=r"loss is (nan|inf)"):
            run_toy(trainer)


def test_a_bar_is_removed_even_if_the_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr("nn_core.progress_bar.Progress.close", lambda self: closed.append(True))
    trainer = build(settings_of())
    before_update(trainer, 3, press_ctrl_c)
    with pytest.raises(click.ClickException):
        run_toy(trainer)
    assert closed == [True]
