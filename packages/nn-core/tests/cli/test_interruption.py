"""Ctrl-C and divergence: a run ends between two steps, and what was saved can be resumed."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    send,
    settings_of,
    stop_the_clock,
    uninterrupted,
)

from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.cli.app import App
from nn_core.cli.terminal import Interrupted
from nn_core.errors import DivergenceError
from nn_core.signals import Terminated, handle_signals, release_signals, signal_of
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


@pytest.fixture
def handled() -> Iterator[None]:
    """Signals as programs handle them."""
    handle_signals()
    yield
    release_signals()


with_sighup = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="SIGHUP is POSIX")


@with_sighup
@pytest.mark.usefixtures("handled")
class TestOtherSignals:
    @pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
    def test_they_save_and_say_so(self, tmp_path: Path, name: str, status: int) -> None:
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())
        before_update(trainer, 7, send(getattr(signal, name)))
        with pytest.raises(Interrupted) as caught:
            run_toy(trainer, save=path)
        assert str(caught.value) == (
            f"interrupted by {name} after step 7 (epoch 2); saved; continue with --resume {path}"
        )
        assert caught.value.exit_code == status
        np.testing.assert_array_equal(resumed_from(path).network.vector, uninterrupted().network.vector)

    def test_a_second_one_ends_it_at_once(self, tmp_path: Path) -> None:
        trainer = build(settings_of())
        before_update(trainer, 3, lambda g: (send(signal.SIGTERM)(), send(signal.SIGHUP)()))
        with pytest.raises(Terminated) as caught:
            run_toy(trainer, save=tmp_path / "toy.h5")
        assert signal_of(caught.value) == signal.SIGHUP
        assert trainer.state.step == 2

    def test_one_that_is_ignored_stays_ignored(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as by nohup
        try:
            handle_signals()
            trainer = build(settings_of())
            before_update(trainer, 3, send(signal.SIGHUP))
            run_toy(trainer)
        finally:
            signal.signal(signal.SIGHUP, before)
        assert trainer.state.epoch == 4

    def test_one_that_comes_while_a_checkpoint_is_written_waits_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, fsync, sent = tmp_path / "toy.h5", os.fsync, []

        def interrupt(descriptor: int) -> None:
            if not sent:
                sent.append(1)
                signal.raise_signal(signal.SIGTERM)
            fsync(descriptor)

        monkeypatch.setattr("os.fsync", interrupt)
        with pytest.raises(Interrupted, match=r"SIGTERM after step 5 \(epoch 2\); saved"):
            run_toy(build(settings_of()), save=path)
        assert load(path).require_snapshot().step == STEPS_PER_EPOCH
        assert leftovers(tmp_path) == []

    def test_one_that_comes_with_the_last_save_leaves_a_finished_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, save = tmp_path / "toy.h5", checkpoint.save

        def interrupt(*arguments: Any, **options: Any) -> None:
            if options["snapshot"].step == 4 * STEPS_PER_EPOCH:
                signal.raise_signal(signal.SIGTERM)
            save(*arguments, **options)

        monkeypatch.setattr("nn_core.cli.train_run.checkpoint.save", interrupt)
        with pytest.raises(Interrupted) as caught:
            run_toy(build(settings_of()), save=path)
        assert str(caught.value) == f"interrupted by SIGTERM after training; saved as {path}"
        np.testing.assert_array_equal(load(path).network.vector, uninterrupted().network.vector)

    def test_they_end_a_fold(self) -> None:
        trainer = build(settings_of())
        before_update(trainer, 3, send(signal.SIGTERM))
        with pytest.raises(Interrupted, match=r"by SIGTERM after step 3 \(epoch 1\) of fold 2/5"):
            run_toy(trainer, fold="2/5")

    def test_a_command_without_anything_to_save_ends_with_their_status(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        app = App("toy", no_args_is_help=False)
        for name, status in (("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)):
            app.add_command(click.Command(name, callback=send(getattr(signal, name))))
            with pytest.raises(SystemExit) as caught:
                app.main([name])
            assert caught.value.code == status
        assert capsys.readouterr().err.splitlines() == [
            "Error: interrupted by SIGTERM",
            "Error: interrupted by SIGHUP",
            "Error: interrupted",
        ]


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

    def test_weights_that_are_no_longer_finite_are_divergence_and_not_saved_within_an_epoch(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nn_core.cli.train_run.Saver.FIRST", 0.0)
        monkeypatch.setattr("nn_core.cli.train_run.Saver.SHARE", np.inf)
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())

        def spoil(gradients: Array) -> None:
            gradients[0] = np.inf

        before_update(trainer, 3, spoil)
        with pytest.raises(DivergenceError):
            run_toy(trainer, save=path)
        assert load(path).require_snapshot().step == 2

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
