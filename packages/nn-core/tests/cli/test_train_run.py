"""One run of `train`: what it saves and when, what it logs, and how it stops and goes on."""

import contextlib
import errno
import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import click
import numpy as np
import pytest
from toy_runs import STEPS_PER_EPOCH, build, leftovers, run_toy, settings_of

from nn_core import checkpoint
from nn_core.cli.train_run import interruption
from nn_core.errors import CheckpointError, DivergenceError
from nn_core.layers import Dense, SimpleRNN
from nn_core.losses import sequence_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.training.trainer import Recipe, Trainer


def before_step(trainer: Trainer, step: int, act: Callable[[], Any]) -> None:
    """Do something in the midst of a step: after its gradient and before its update."""
    optimizer = trainer.recipe.optimizer
    move = optimizer.step

    def step_and_act(*arguments: Any) -> None:
        if trainer.step_count + 1 == step:
            act()
        move(*arguments)

    optimizer.step = step_and_act  # type: ignore[method-assign]


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass, so that only the first epoch is saved and the end."""
    monkeypatch.setattr("nn_core.cli.train_run.time", SimpleNamespace(monotonic=lambda: 0.0))


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)


def load(path: Path) -> checkpoint.Checkpoint:
    return checkpoint.load(path, program="toy")


def go_on(path: Path, **options: Any) -> Trainer:
    """A new trainer of the same settings, resumed from a file and run to its end."""
    trainer = build(settings_of(epochs=4))
    run_toy(trainer, resume=load(path).run, **options)
    return trainer


def left_alone(epochs: int = 4) -> Trainer:
    trainer = build(settings_of(epochs=epochs))
    trainer.run()
    return trainer


def losses(trainer: Trainer) -> list[float]:
    return trainer.history.columns["training_loss"]


class TestSaving:
    def test_after_the_first_epoch_then_at_most_once_a_second_and_at_the_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trainer = build(settings_of(epochs=11))
        clock = SimpleNamespace(monotonic=lambda: -100.0 + 0.25 * trainer.epoch)
        monkeypatch.setattr("nn_core.cli.train_run.time", clock)
        saved: list[tuple[int, int]] = []

        def record(path: Path, *arguments: Any, **options: Any) -> None:
            saved.append((trainer.epoch, trainer.step_count))

        monkeypatch.setattr("nn_core.cli.train_run.checkpoint.save", record)
        run_toy(trainer, save=tmp_path / "toy.h5")
        assert [epoch for epoch, _ in saved] == [1, 5, 9, 11]
        assert all(step == epoch * STEPS_PER_EPOCH for epoch, step in saved)

    def test_a_save_that_takes_long_is_not_at_once_followed_by_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seconds = [0.0]
        monkeypatch.setattr(
            "nn_core.cli.train_run.time", SimpleNamespace(monotonic=lambda: seconds[0])
        )
        saves = []

        def save(*arguments: Any, **options: Any) -> None:
            saves.append(1)
            seconds[0] += 5.0

        monkeypatch.setattr("nn_core.cli.train_run.checkpoint.save", save)
        run_toy(build(settings_of(epochs=6)), save=tmp_path / "toy.h5")
        assert len(saves) == 2

    def test_without_a_path_nothing_is_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        run_toy(build(settings_of(epochs=2)))
        assert list(tmp_path.iterdir()) == []

    def test_the_file_holds_the_network_the_details_and_the_finished_run(
        self, tmp_path: Path
    ) -> None:
        trainer = build(settings_of(epochs=2))
        run_toy(trainer, save=tmp_path / "toy.h5", details={"classes": ["a", "b"]})
        loaded = load(tmp_path / "toy.h5")
        np.testing.assert_array_equal(loaded.network.parameters, trainer.network.parameters)
        assert loaded.details == {"classes": ["a", "b"]}
        assert loaded.run is not None
        assert loaded.run.state["step_count"] == 2 * STEPS_PER_EPOCH
        assert loaded.run.history.columns["training_loss"] == losses(trainer)

    def test_it_trains_as_without_saving(self, tmp_path: Path) -> None:
        trainer = build(settings_of())
        run_toy(trainer, save=tmp_path / "toy.h5", log=tmp_path / "log.jsonl")
        alone = left_alone()
        np.testing.assert_array_equal(trainer.network.parameters, alone.network.parameters)
        assert losses(trainer) == losses(alone)

    def test_a_full_disk_is_one_error_that_names_the_file_and_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill_the_disk(monkeypatch)
        with pytest.raises(CheckpointError, match=r"cannot write .*toy\.h5: No space left"):
            run_toy(build(settings_of()), save=tmp_path / "toy.h5")
        assert list(tmp_path.iterdir()) == []

    def test_a_disk_that_fills_up_keeps_the_earlier_checkpoint(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "toy.h5"
        run_toy(build(settings_of(epochs=1)), save=path)
        earlier = path.read_bytes()
        fill_the_disk(monkeypatch)
        with pytest.raises(CheckpointError):
            run_toy(build(settings_of()), save=path)
        assert path.read_bytes() == earlier
        assert leftovers(tmp_path) == []


class TestResuming:
    def test_a_run_made_longer_ends_with_the_bits_of_one_that_was_long_at_once(
        self, tmp_path: Path
    ) -> None:
        run_toy(build(settings_of(epochs=2)), save=tmp_path / "toy.h5")
        resumed, alone = go_on(tmp_path / "toy.h5"), left_alone()
        np.testing.assert_array_equal(resumed.network.parameters, alone.network.parameters)
        assert losses(resumed) == losses(alone)
        assert resumed.history.step_loss == alone.history.step_loss

    def test_a_finished_run_has_nothing_left_to_do(self, tmp_path: Path) -> None:
        run_toy(build(settings_of(epochs=4)), save=tmp_path / "toy.h5")
        resumed = go_on(tmp_path / "toy.h5")
        assert resumed.step_count == 4 * STEPS_PER_EPOCH
        np.testing.assert_array_equal(
            resumed.network.parameters, load(tmp_path / "toy.h5").network.parameters
        )

    def test_progress_goes_on_where_it_stood(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run_toy(build(settings_of(epochs=2)), save=tmp_path / "toy.h5")
        capsys.readouterr()
        go_on(tmp_path / "toy.h5")
        lines = capsys.readouterr().err.splitlines()
        assert [line.split("  ")[0] for line in lines] == ["epoch 3/4", "epoch 4/4"]

    def test_the_same_path_can_be_saved_to(self, tmp_path: Path) -> None:
        path = tmp_path / "toy.h5"
        run_toy(build(settings_of(epochs=2)), save=path)
        resumed = go_on(path, save=path)
        np.testing.assert_array_equal(load(path).network.parameters, resumed.network.parameters)

    def test_a_network_of_another_size_is_refused(self, tmp_path: Path) -> None:
        run_toy(build(settings_of(epochs=1)), save=tmp_path / "toy.h5")
        saved = load(tmp_path / "toy.h5").run
        assert saved is not None
        other = build(settings_of())
        other.network.parameters = other.network.parameters[:-1]
        with pytest.raises(CheckpointError, match="another size"):
            saved.resume(other)


class TestLog:
    def rows(self, path: Path) -> list[dict[str, Any]]:
        def refuse(constant: str) -> NoReturn:
            raise AssertionError(f"{constant} is not JSON")

        lines = path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line, parse_constant=refuse) for line in lines]

    def test_each_epoch_is_a_line_of_its_figures(self, tmp_path: Path) -> None:
        trainer = build(settings_of(epochs=3))
        run_toy(trainer, log=tmp_path / "log.jsonl")
        assert self.rows(tmp_path / "log.jsonl") == [trainer.history.row(i) for i in range(3)]

    def test_an_earlier_log_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "log.jsonl").write_text("of another run\n")
        run_toy(build(settings_of(epochs=1)), log=tmp_path / "log.jsonl")
        assert len(self.rows(tmp_path / "log.jsonl")) == 1

    def test_a_resumed_run_has_each_epoch_once(self, tmp_path: Path) -> None:
        log = tmp_path / "log.jsonl"
        run_toy(build(settings_of(epochs=2)), save=tmp_path / "toy.h5", log=log)
        with log.open("a") as file:
            file.write('{"epoch": 3}\n')
        trainer = go_on(tmp_path / "toy.h5", log=log)
        rows = self.rows(log)
        assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
        assert [row["training_loss"] for row in rows] == losses(trainer)

    def test_lines_are_there_as_soon_as_the_epoch_is(self, tmp_path: Path) -> None:
        trainer = build(settings_of(epochs=3))
        log = tmp_path / "log.jsonl"
        seen: list[int] = []
        before_step(trainer, 2 * STEPS_PER_EPOCH + 1, lambda: seen.append(len(self.rows(log))))
        run_toy(trainer, log=log)
        assert seen == [2]

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_null(self, tmp_path: Path, value: float) -> None:
        trainer = build(settings_of(epochs=1))
        trainer.metrics = {"accuracy": lambda logits, targets: value}
        run_toy(trainer, log=tmp_path / "log.jsonl")
        (row,) = self.rows(tmp_path / "log.jsonl")
        assert row["training_accuracy"] is None
        assert row["training_loss"] > 0

    def test_a_full_disk_is_named_with_the_file(self) -> None:
        full = Path("/dev/full")
        if not full.is_char_device():
            pytest.skip("this system has no /dev/full")
        with pytest.raises(Exception, match="No space left") as caught:
            run_toy(build(settings_of()), log=full)
        assert "/dev/full" in f"{caught.value} {getattr(caught.value, 'filename', '')}"


class TestInterruption:
    @pytest.mark.parametrize("step", [1, 7, 10, 20])
    def test_it_ends_between_two_steps_saved_and_goes_on_to_the_same_bits(
        self, tmp_path: Path, step: int
    ) -> None:
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())
        before_step(trainer, step, press_ctrl_c)
        with pytest.raises(click.ClickException) as caught:
            run_toy(trainer, save=path)
        epoch = step // STEPS_PER_EPOCH + 1
        assert str(caught.value) == (
            f"interrupted after step {step} (epoch {epoch}); saved; continue with --resume {path}"
        )
        assert trainer.step_count == step
        resumed, alone = go_on(path), left_alone()
        np.testing.assert_array_equal(resumed.network.parameters, alone.network.parameters)
        assert losses(resumed) == losses(alone)
        assert resumed.history.step_loss == alone.history.step_loss

    def test_without_save_it_says_that_nothing_is_kept(self) -> None:
        trainer = build(settings_of())
        before_step(trainer, 3, press_ctrl_c)
        with pytest.raises(click.ClickException, match=r"after step 3 .*; not saved"):
            run_toy(trainer)

    def test_on_a_full_disk_it_says_that_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill_the_disk(monkeypatch)
        trainer = build(settings_of())
        before_step(trainer, 3, press_ctrl_c)
        with pytest.raises(click.ClickException, match=r"after step 3 .*cannot write .*No space"):
            run_toy(trainer, save=tmp_path / "toy.h5")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("step", [12, 15])
    def test_twice_stops_at_once_and_what_is_saved_can_still_go_on_exactly(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
    ) -> None:
        stop_the_clock(monkeypatch)
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())
        before_step(trainer, step, lambda: (press_ctrl_c(), press_ctrl_c()))
        with pytest.raises((click.ClickException, KeyboardInterrupt)):
            run_toy(trainer, save=path)
        assert trainer.step_count == step - 1
        resumed, alone = go_on(path), left_alone()
        np.testing.assert_array_equal(resumed.network.parameters, alone.network.parameters)
        assert losses(resumed) == losses(alone)

    def test_afterwards_ctrl_c_means_what_it_meant_before(self, tmp_path: Path) -> None:
        before = signal.getsignal(signal.SIGINT)
        run_toy(build(settings_of(epochs=1)))
        assert signal.getsignal(signal.SIGINT) is before
        trainer = build(settings_of())
        before_step(trainer, 3, press_ctrl_c)
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
    def test_the_last_good_checkpoint_is_left_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stop_the_clock(monkeypatch)
        path = tmp_path / "toy.h5"
        trainer = build(settings_of())

        def spoil() -> None:
            trainer.network.gradients[0] = np.nan

        before_step(trainer, 2 * STEPS_PER_EPOCH, spoil)
        with pytest.raises(DivergenceError, match=r"epoch 2.*layer 0, Dense"):
            run_toy(trainer, save=path)
        assert leftovers(tmp_path) == []
        saved = load(path).run
        assert saved is not None
        assert saved.state["step_count"] == STEPS_PER_EPOCH
        np.testing.assert_array_equal(saved.parameters, left_alone(1).network.parameters)

    def test_a_last_step_that_ruins_the_loss_is_divergence_too(self) -> None:
        trainer = build(settings_of(epochs=1, batch_size=None, dtype="float32"))

        def explode() -> None:
            trainer.network.gradients[...] = 3e38

        before_step(trainer, 1, explode)
        with pytest.raises(DivergenceError, match=r"loss is (nan|inf)"):
            run_toy(trainer)


class TestEarlyStopping:
    EPOCHS = 60

    def settings(self, **changes: Any) -> Any:
        return settings_of(epochs=self.EPOCHS, learning_rate=2.0, early_stopping=3, **changes)

    def stopped(self, **options: Any) -> Trainer:
        trainer = build(self.settings())
        run_toy(trainer, early_stopping=3, **options)
        return trainer

    def best_parameters(self, epoch: int) -> np.ndarray:
        trainer = build(self.settings())
        trainer.epochs = epoch
        trainer.run()
        return trainer.network.parameters

    def test_it_ends_with_the_best_weights_in_the_network_and_in_the_file(
        self, tmp_path: Path
    ) -> None:
        trainer = self.stopped(save=tmp_path / "toy.h5")
        best = trainer.history.best("validation_loss") + 1
        assert best == trainer.epoch - 3 < self.EPOCHS - 3
        assert trainer.stopped is not None
        assert f"best was epoch {best}" in trainer.stopped
        expected = self.best_parameters(best)
        np.testing.assert_array_equal(trainer.network.parameters, expected)
        loaded = load(tmp_path / "toy.h5")
        np.testing.assert_array_equal(loaded.network.parameters, expected)
        assert loaded.run is not None
        np.testing.assert_array_equal(loaded.run.parameters, self.best_parameters(trainer.epoch))

    def test_it_stays_ended_when_it_is_resumed_and_says_so(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = self.stopped(save=tmp_path / "toy.h5")
        capsys.readouterr()
        again = self.stopped(resume=load(tmp_path / "toy.h5").run)
        assert capsys.readouterr().err == f"this run is finished: {first.stopped}\n"
        assert again.epoch == first.epoch
        assert again.stopped == first.stopped
        np.testing.assert_array_equal(again.network.parameters, first.network.parameters)

    def test_interrupted_after_its_best_epoch_it_remembers_it(self, tmp_path: Path) -> None:
        whole = self.stopped()
        trainer = build(self.settings())
        before_step(trainer, (whole.epoch - 1) * STEPS_PER_EPOCH + 2, press_ctrl_c)
        with pytest.raises(click.ClickException, match="interrupted"):
            run_toy(trainer, early_stopping=3, save=tmp_path / "toy.h5")
        resumed = self.stopped(resume=load(tmp_path / "toy.h5").run)
        assert resumed.epoch == whole.epoch
        np.testing.assert_array_equal(resumed.network.parameters, whole.network.parameters)

    def test_without_it_the_run_is_not_stopped_and_its_last_weights_stand(self) -> None:
        trainer = build(self.settings())
        run_toy(trainer)
        assert trainer.epoch == self.EPOCHS
        np.testing.assert_array_equal(trainer.network.parameters, self.best_parameters(self.EPOCHS))


def test_a_bar_is_taken_away_even_if_the_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(
        "nn_core.cli.train_run.EpochProgress.close", lambda self: closed.append(True)
    )
    trainer = build(settings_of())
    before_step(trainer, 3, press_ctrl_c)
    with pytest.raises(click.ClickException):
        run_toy(trainer)
    assert closed == [True]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_blas_has_one_thread_over_time_too(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def holding(limit: int) -> contextlib.AbstractContextManager[None]:
        held.append(limit)
        return contextlib.nullcontext()

    monkeypatch.setattr("nn_core.cli.train_run.threadpool_limits", holding)
    rng = np.random.default_rng(0)
    network = Network([SimpleRNN(2), Dense(3)], input_shape=(4,), rng=rng, over_time=True)
    x, y = np.ones((5, 6, 4), np.float32), np.zeros((5, 6), int)
    recipe = Recipe(sequence_cross_entropy, Adam())
    run_toy(Trainer(network, x, y, recipe, epochs=1, rng=rng), threads=threads)
    assert held == [1]
