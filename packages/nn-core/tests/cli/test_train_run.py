"""One run of `train`: what it computes with, what it saves and when, how it resumes."""

import contextlib
import json
from pathlib import Path
from types import SimpleNamespace
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
    settings_of,
    uninterrupted,
)

from nn_core.arrays import Array
from nn_core.cli.train_run import backend_for
from nn_core.engine.engine import Engine
from nn_core.errors import CheckpointError, SettingError
from nn_core.layers import Dense, SimpleRNN
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.reference import Reference
from nn_core.testing import modules_loaded
from nn_core.training.log import JSONLinesLog
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer


class TestBackend:
    def network(self) -> Network:
        return Network([Dense(1)], input_shape=(3,))

    def test_by_default_it_is_the_engine(self) -> None:
        backend = backend_for(self.network(), settings_of(shards=3), 2)
        assert isinstance(backend, Engine)
        assert (backend.shards, backend.pool.count) == (3, 2)
        assert backend_for(self.network(), settings_of()).pool.count >= 1  # type: ignore[attr-defined]

    def test_the_reference_has_no_shards(self) -> None:
        assert isinstance(backend_for(self.network(), settings_of(engine="reference")), Reference)
        with pytest.raises(SettingError, match="--shards requires --engine fast"):
            backend_for(self.network(), settings_of(engine="reference", shards=2))

    def test_both_give_the_same_numbers(self) -> None:
        trainers = [build(settings_of(engine=name)) for name in ("fast", "reference")]
        for trainer in trainers:
            run_toy(trainer)
        fast, reference = trainers
        np.testing.assert_allclose(losses(fast), losses(reference), rtol=1e-12)

    def test_threads_change_no_bit_and_shards_are_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "toy.h5"
        trainers = [build(settings_of(shards=3, epochs=2), threads) for threads in (1, 2)]
        for trainer in trainers:
            run_toy(trainer, save=path)
        np.testing.assert_array_equal(trainers[0].network.vector, trainers[1].network.vector)
        snapshot = load(path).require_snapshot()
        assert (snapshot.shards, snapshot.seed, snapshot.step) == (3, 3, 2 * STEPS_PER_EPOCH)

    def test_a_run_on_the_reference_never_imports_the_engine(self, tmp_path: Path) -> None:
        program = f"""
            sys.path.insert(0, {str(Path(__file__).parents[1])!r})
            from pathlib import Path
            from toy_runs import build, run_toy, settings_of
            run_toy(build(settings_of(engine="reference")), save=Path({str(tmp_path / "a.h5")!r}))
        """
        assert not [name for name in modules_loaded(program) if name.startswith("nn_core.engine")]


class TestSaving:
    def test_after_the_first_epoch_then_at_most_once_a_second_and_at_the_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trainer = build(settings_of(epochs=11))
        clock = SimpleNamespace(monotonic=lambda: -100.0 + 0.25 * trainer.state.epoch)
        monkeypatch.setattr("nn_core.cli.train_run.time", clock)
        saved: list[tuple[int, int]] = []

        def record(path: Path, *arguments: Any, **options: Any) -> None:
            saved.append((trainer.state.epoch, trainer.state.step))

        monkeypatch.setattr("nn_core.cli.train_run.checkpoint.save", record)
        run_toy(trainer, save=tmp_path / "toy.h5")
        assert [epoch for epoch, _ in saved] == [1, 5, 9, 11]
        assert all(step == epoch * STEPS_PER_EPOCH for epoch, step in saved)

    def test_a_long_epoch_is_saved_within_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        trainer = build(settings_of(epochs=2))
        clock = SimpleNamespace(monotonic=lambda: 10.0 + 0.4 * trainer.state.step)
        monkeypatch.setattr("nn_core.cli.train_run.time", clock)
        steps: list[int] = []
        monkeypatch.setattr(
            "nn_core.cli.train_run.checkpoint.save", lambda *arguments, snapshot, **_: steps.append(snapshot.step)
        )
        run_toy(trainer, save=tmp_path / "toy.h5")
        assert steps == [3, 6, 9, 10]

    def test_saving_takes_a_hundredth_of_the_time(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        trainer, spent = build(settings_of(epochs=200)), [0.0]
        clock = SimpleNamespace(monotonic=lambda: trainer.state.step + spent[0])
        monkeypatch.setattr("nn_core.cli.train_run.time", clock)

        def save(*arguments: Any, **options: Any) -> None:
            spent[0] += 0.5

        monkeypatch.setattr("nn_core.cli.train_run.checkpoint.save", save)
        run_toy(trainer, save=tmp_path / "toy.h5")
        assert 0.5 * 1000 / 60 < spent[0] < 0.5 * 1000 / 40

    def test_a_save_that_takes_long_is_not_at_once_followed_by_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seconds = [0.0]
        monkeypatch.setattr("nn_core.cli.train_run.time", SimpleNamespace(monotonic=lambda: seconds[0]))
        saves = []

        def save(*arguments: Any, **options: Any) -> None:
            saves.append(1)
            seconds[0] += 5.0

        monkeypatch.setattr("nn_core.cli.train_run.checkpoint.save", save)
        run_toy(build(settings_of(epochs=6)), save=tmp_path / "toy.h5")
        assert len(saves) == 2

    def test_without_a_path_nothing_is_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        run_toy(build(settings_of(epochs=2)))
        assert list(tmp_path.iterdir()) == []

    def test_the_file_holds_the_network_the_details_and_the_finished_run(self, tmp_path: Path) -> None:
        trainer = build(settings_of(epochs=2))
        run_toy(trainer, save=tmp_path / "toy.h5", details={"classes": ["a", "b"]})
        loaded = load(tmp_path / "toy.h5")
        np.testing.assert_array_equal(loaded.network.vector, trainer.network.vector)
        assert loaded.details == {"classes": ["a", "b"]}
        assert loaded.snapshot is not None
        assert loaded.snapshot.step == 2 * STEPS_PER_EPOCH
        assert loaded.snapshot.history.columns["training_loss"] == losses(trainer)

    def test_it_trains_as_without_saving(self, tmp_path: Path) -> None:
        trainer = build(settings_of())
        run_toy(trainer, save=tmp_path / "toy.h5", log=JSONLinesLog(tmp_path / "log.jsonl"))
        alone = uninterrupted()
        np.testing.assert_array_equal(trainer.network.vector, alone.network.vector)
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


def history_of(trainer: Trainer) -> dict[str, list[float]]:
    """All columns but the time."""
    return {name: column for name, column in trainer.state.history.columns.items() if name != "seconds"}


class TestResuming:
    @pytest.mark.parametrize("step", [1, 4, 5, 8, 14, 19])
    def test_killed_after_any_step_it_ends_with_the_same_bits_and_log(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
    ) -> None:
        class Killed(BaseException):
            pass

        def die(_: Array) -> None:
            raise Killed

        monkeypatch.setattr("nn_core.cli.train_run.Saver.FIRST", 0.0)  # save after every step
        monkeypatch.setattr("nn_core.cli.train_run.Saver.SHARE", np.inf)
        path, log = tmp_path / "toy.h5", tmp_path / "log.jsonl"
        trainer = build(settings_of())
        before_update(trainer, step + 1, die)
        with pytest.raises(Killed):
            run_toy(trainer, save=path, log=JSONLinesLog(log), early_stopping=3)
        assert load(path).require_snapshot().step == step
        resumed = resumed_from(path, log=JSONLinesLog(log), early_stopping=3)
        alone = build(settings_of())
        run_toy(alone, early_stopping=3)
        np.testing.assert_array_equal(resumed.network.vector, alone.network.vector)
        for name, values in alone.state.optimizer_state.items():
            np.testing.assert_array_equal(resumed.state.optimizer_state[name], values)
        assert history_of(resumed) == history_of(alone)
        assert resumed.state.history.step_loss == alone.state.history.step_loss
        assert [json.loads(line)["epoch"] for line in log.read_text().splitlines()] == [1, 2, 3, 4]

    def test_a_longer_run_ends_with_the_bits_of_one_that_was_not_resumed(self, tmp_path: Path) -> None:
        run_toy(build(settings_of(epochs=2)), save=tmp_path / "toy.h5")
        resumed, alone = resumed_from(tmp_path / "toy.h5"), uninterrupted()
        np.testing.assert_array_equal(resumed.network.vector, alone.network.vector)
        assert losses(resumed) == losses(alone)
        assert resumed.state.history.step_loss == alone.state.history.step_loss

    def test_a_finished_run_has_nothing_left_to_do(self, tmp_path: Path) -> None:
        run_toy(build(settings_of(epochs=4)), save=tmp_path / "toy.h5")
        resumed = resumed_from(tmp_path / "toy.h5")
        assert resumed.state.step == 4 * STEPS_PER_EPOCH
        np.testing.assert_array_equal(resumed.network.vector, load(tmp_path / "toy.h5").network.vector)

    def test_progress_continues_from_the_epochs_done(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        run_toy(build(settings_of(epochs=2)), save=tmp_path / "toy.h5")
        capsys.readouterr()
        resumed_from(tmp_path / "toy.h5")
        lines = capsys.readouterr().err.splitlines()
        assert [line.split("  ")[0] for line in lines] == ["epoch 3/4", "epoch 4/4"]

    def test_the_same_path_can_be_saved_to(self, tmp_path: Path) -> None:
        path = tmp_path / "toy.h5"
        run_toy(build(settings_of(epochs=2)), save=path)
        resumed = resumed_from(path, save=path)
        np.testing.assert_array_equal(load(path).network.vector, resumed.network.vector)

    def test_a_network_of_another_size_is_refused(self, tmp_path: Path) -> None:
        run_toy(build(settings_of(epochs=1)), save=tmp_path / "toy.h5")
        other, smaller = build(settings_of()), Network([Dense(1)], input_shape=1)
        other.network.__dict__["vector"] = smaller.vector
        with pytest.raises(CheckpointError, match="another size"):
            run_toy(other, resume=load(tmp_path / "toy.h5").snapshot)


class TestEarlyStopping:
    EPOCHS = 60

    def settings(self, **changes: Any) -> Any:
        return settings_of(epochs=self.EPOCHS, learning_rate=2.0, early_stopping=3, **changes)

    def stopped(self, **options: Any) -> Trainer:
        trainer = build(self.settings())
        run_toy(trainer, early_stopping=3, **options)
        return trainer

    def parameters_after(self, epoch: int) -> np.ndarray:
        trainer = build(self.settings())
        trainer.state.epochs = epoch
        trainer.run()
        return trainer.network.vector

    def test_it_ends_with_the_best_weights_in_the_network_and_in_the_file(self, tmp_path: Path) -> None:
        trainer = self.stopped(save=tmp_path / "toy.h5")
        best = trainer.state.history.best("validation_loss") + 1
        assert best == trainer.state.epoch - 3 < self.EPOCHS - 3
        assert trainer.state.stopped is not None
        assert f"best was epoch {best}" in trainer.state.stopped
        expected = self.parameters_after(best)
        np.testing.assert_array_equal(trainer.network.vector, expected)
        loaded = load(tmp_path / "toy.h5")
        np.testing.assert_array_equal(loaded.network.vector, expected)
        assert loaded.snapshot is not None
        np.testing.assert_array_equal(loaded.snapshot.parameters, self.parameters_after(trainer.state.epoch))

    def test_it_stays_ended_when_it_is_resumed_and_says_so(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = self.stopped(save=tmp_path / "toy.h5")
        capsys.readouterr()
        again = self.stopped(resume=load(tmp_path / "toy.h5").snapshot)
        assert capsys.readouterr().err == f"this run is finished: {first.state.stopped}\n"
        assert again.state.epoch == first.state.epoch
        assert again.state.stopped == first.state.stopped
        np.testing.assert_array_equal(again.network.vector, first.network.vector)

    def test_interrupted_after_its_best_epoch_it_remembers_it(self, tmp_path: Path) -> None:
        whole = self.stopped()
        trainer = build(self.settings())
        before_update(trainer, (whole.state.epoch - 1) * STEPS_PER_EPOCH + 2, press_ctrl_c)
        with pytest.raises(click.ClickException, match="interrupted"):
            run_toy(trainer, early_stopping=3, save=tmp_path / "toy.h5")
        resumed = self.stopped(resume=load(tmp_path / "toy.h5").snapshot)
        assert resumed.state.epoch == whole.state.epoch
        np.testing.assert_array_equal(resumed.network.vector, whole.network.vector)

    def test_without_it_the_run_ends_with_its_last_weights(self) -> None:
        trainer = build(self.settings())
        run_toy(trainer)
        assert trainer.state.epoch == self.EPOCHS
        np.testing.assert_array_equal(trainer.network.vector, self.parameters_after(self.EPOCHS))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_blas_has_one_thread_in_recurrent_networks_too(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def holding(limit: int) -> contextlib.AbstractContextManager[None]:
        held.append(limit)
        return contextlib.nullcontext()

    monkeypatch.setattr("threadpoolctl.threadpool_limits", holding)
    rng = np.random.default_rng(0)
    network = Network([SimpleRNN(2), Dense(3)], input_shape=(None, 4), rng=rng)
    backend = backend_for(network, settings_of(), threads)
    x, y = np.ones((5, 6, 4), np.float32), np.zeros((5, 6), int)
    recipe = Recipe(softmax_cross_entropy, Adam())
    run_toy(Trainer(backend, x, y, recipe, epochs=1, seed=0))
    assert held == [1]
