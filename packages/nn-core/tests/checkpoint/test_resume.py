"""Runs that are saved, interrupted or killed, and resumed: the same bits as if left alone."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from checkpoint_files import load, resumed, saved
from small_runs import InterruptAt, Interruption, MakeBackend, bits, full_trainer, on_both_backends

from nn_core import checkpoint
from nn_core.errors import CheckpointError
from nn_core.layers import GRU, LSTM, BatchNorm, Chain, Dense, Dropout, Embedding, Residual, Tanh
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, Adam
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback, EarlyStopping
from nn_core.training.recipe import Recipe
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer


@on_both_backends
@pytest.mark.parametrize("step", [0, 1, 4, 5, 6, 11, 15])
def test_a_run_stopped_after_any_step_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, step: int, make: MakeBackend
) -> None:
    path = tmp_path / "run.h5"
    whole = full_trainer(make=make)
    whole.run()
    first = full_trainer(None, InterruptAt(step), make=make)
    if step > 0:
        with pytest.raises(Interruption):
            first.run()
    saved(path, first)
    second = resumed(path, make=make)
    assert second.state.step == step
    assert second.state.seconds == first.state.seconds
    second.run()
    assert bits(second) == bits(whole)


def test_a_resumed_history_reads_as_that_of_the_run_left_alone(tmp_path: Path) -> None:
    def lines(trainer: Trainer) -> list[str]:
        rows = [trainer.state.history.row(i) for i in range(trainer.state.epoch)]
        return [json.dumps(row | {"seconds": 0.0}) for row in rows]

    whole, first = full_trainer(), full_trainer(None, InterruptAt(7))
    whole.run()
    with pytest.raises(Interruption):
        first.run()
    second = resumed(saved(tmp_path / "run.h5", first))
    second.run()
    assert lines(second) == lines(whole)


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_every_optimizer_resumes_where_it_stopped(tmp_path: Path, rule: str) -> None:
    whole = full_trainer(rule=rule)
    whole.run()
    first = full_trainer(None, InterruptAt(7), rule=rule)
    with pytest.raises(Interruption):
        first.run()
    second = resumed(saved(tmp_path / "run.h5", first), rule=rule)
    second.run()
    assert bits(second) == bits(whole)


def deep_network() -> Network:
    """Batch norm, dropout, nested chains, a frozen layer, and a tie."""
    inner = Chain((Dense(6), BatchNorm(), Residual((Dropout(0.3), Dense(6), BatchNorm()))))
    layers = [Dense(6), inner, Tanh(), Dense(6, trainable=False), Dropout(0.2), Dense(6), Dense(3)]
    rng = np.random.default_rng(1)
    return Network(layers, input_shape=(4,), rng=rng, tied={"5/W": "1/0/W"})


def text_network() -> Network:
    layers = [Embedding(5, 3), LSTM(4), Dropout(0.3), Chain((GRU(3), Dense(5)))]
    return Network(layers, input_shape=(None,), rng=np.random.default_rng(1))


def trainer_of(text: bool, make: MakeBackend, *callbacks: Callback, network: Network | None = None) -> Trainer:
    rng = np.random.default_rng(0)
    if text:
        network = text_network() if network is None else network
        x, y = rng.integers(5, size=(2, 103))
        recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=4, bptt_length=7)
    else:
        network = deep_network() if network is None else network
        x, y = rng.normal(size=(27, 4)), rng.integers(3, size=27)
        recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=7, l2=0.1)
    return Trainer(make(network), x, y, recipe, epochs=4, seed=5, validation=(x, y), callbacks=callbacks)


@on_both_backends
@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("step", [3, 4, 6])
def test_everything_that_has_a_state_resumes_through_a_file(
    tmp_path: Path, text: bool, step: int, make: MakeBackend
) -> None:
    whole = trainer_of(text, make)
    whole.run()
    first = trainer_of(text, make, InterruptAt(step))
    with pytest.raises(Interruption):
        first.run()
    stored = load(saved(tmp_path / "run.h5", first))
    snapshot = stored.require_snapshot()
    assert (snapshot.recurrent_state is not None) == (text and step % 4 > 0)
    second = trainer_of(text, make, network=stored.network)
    second.resume(snapshot)
    second.run()
    assert bits(second) == bits(whole)


def test_a_run_saved_at_every_step_is_the_run_left_alone(tmp_path: Path) -> None:
    class SaveAlways(Callback):
        def on_step(self, state: TrainingState) -> None:
            checkpoint.save(tmp_path / "run.h5", state.network, program="test", details={}, snapshot=state.snapshot())

        on_epoch = on_step

    whole, watched = full_trainer(), full_trainer(None, SaveAlways())
    whole.run()
    watched.run()
    assert bits(watched) == bits(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_run_that_was_stopped_stays_stopped(tmp_path: Path) -> None:
    class Stop(Callback):
        def on_step(self, state: TrainingState) -> None:
            state.stop("enough")

    first = full_trainer(None, Stop())
    first.run()
    second = resumed(saved(tmp_path / "run.h5", first))
    with pytest.warns(UserWarning, match=r"this run has finished \(enough\); to continue training"):
        second.run()
    assert (second.state.step, second.state.stopped) == (1, "enough")


@pytest.mark.parametrize("step", [3, 10, 12])
def test_a_resumed_run_stops_early_where_the_other_would_have(tmp_path: Path, step: int) -> None:
    def patient() -> EarlyStopping:
        return EarlyStopping(2, monitor="learning_rate", mode="max")

    whole = full_trainer(None, patient(), epochs=9)
    whole.run()
    assert whole.state.stopped is not None
    assert step < whole.state.step
    first = full_trainer(None, patient(), InterruptAt(step), epochs=9)
    with pytest.raises(Interruption):
        first.run()
    second = resumed(saved(tmp_path / "run.h5", first), patient(), epochs=9)
    second.run()
    assert (second.state.stopped, second.state.step) == (whole.state.stopped, whole.state.step)


@pytest.mark.parametrize("rule", ["gradient-descent", "rmsprop"])
def test_a_run_of_another_optimizer_is_refused(tmp_path: Path, rule: str) -> None:
    path = saved(tmp_path / "run.h5", full_trainer(rule="adam"))
    with pytest.raises(CheckpointError, match="the checkpoint has no state of "):
        resumed(path, rule=rule)


def test_a_run_of_another_network_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    snapshot = load(saved(tmp_path / "run.h5")).require_snapshot()
    network = Network([Dense(1)], input_shape=(3,), rng=np.random.default_rng(0))
    trainer = full_trainer(network)
    before = bits(trainer)
    with pytest.raises(CheckpointError, match="a network of another size"):
        trainer.resume(snapshot)
    assert bits(trainer) == before


def test_a_run_over_other_data_is_refused(tmp_path: Path) -> None:
    first = trainer_of(False, Reference)
    first.run()
    stored = load(saved(tmp_path / "run.h5", first))
    x, y = np.zeros((40, 4)), np.zeros(40, int)
    recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=7)
    trainer = Trainer(Reference(stored.network), x, y, recipe, epochs=4, seed=5)
    with pytest.raises(CheckpointError, match="another number of steps per epoch"):
        trainer.resume(stored.require_snapshot())


TRAIN = """
import sys
from pathlib import Path

import numpy as np

from nn_core import Callback, Dense, Dropout, Network, Recipe, Tanh, Trainer
from nn_core import checkpoint
from nn_core.losses import binary_cross_entropy
from nn_core.optim.optimizers import Adam
from nn_core.optim.schedules import Cosine
from nn_core.reference import Reference

EPOCHS = 30
path = Path(sys.argv[1])
rng = np.random.default_rng(0)
x = rng.normal(size=(300, 20)).astype(np.float32)
y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)


class SaveEachEpoch(Callback):
    def on_epoch(self, state):
        checkpoint.save(
            path, state.network, program="test", details={}, snapshot=state.snapshot()
        )
        print("saved", state.epoch, flush=True)
        if state.epoch == EPOCHS - 1:
            sys.stdin.readline()


stored = checkpoint.load(path, program="test") if path.exists() else None
layers = [Dense(16), Tanh(), Dropout(0.2), Dense(1)]
network = stored.network if stored else Network(layers, input_shape=(20,), rng=rng)
recipe = Recipe(
    binary_cross_entropy, Adam(), schedule=Cosine(warmup=1), batch_size=32, clip_norm=1.0
)
trainer = Trainer(
    Reference(network), x, y, recipe, epochs=EPOCHS, seed=0, callbacks=[SaveEachEpoch()]
)
if stored:
    trainer.resume(stored.require_snapshot())
trainer.run()
"""


def test_a_process_killed_again_and_again_ends_with_the_same_bits(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed.h5", tmp_path / "whole.h5"
    for epochs_more in np.random.default_rng().integers(1, 9, size=3):
        with subprocess.Popen(
            [sys.executable, "-c", TRAIN, str(killed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            for _ in range(epochs_more):
                assert process.stdout.readline().startswith(b"saved")
            process.kill()
    assert 3 <= len(load(killed).require_snapshot().history) < 30
    for path in (killed, whole):
        subprocess.run(
            [sys.executable, "-c", TRAIN, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
    first, second = (load(path).require_snapshot() for path in (killed, whole))
    assert first.parameters.tobytes() == second.parameters.tobytes()
    for name, vector in second.optimizer_state.items():
        assert first.optimizer_state[name].tobytes() == vector.tobytes()
    assert first.history.step_loss == second.history.step_loss
    assert len(first.history) == 30


SAVE_AND_BE_KILLED = """
import os, signal, sys
from pathlib import Path

from nn_core import checkpoint
from nn_core.storage import atomic

stored = checkpoint.load(Path(sys.argv[1]), program="test")
stored.network.vector[...] = 7.0
atomic.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
checkpoint.save(Path(sys.argv[1]), stored.network, program="test", details={})
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_a_process_killed_while_it_saves_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    process = subprocess.run([sys.executable, "-c", SAVE_AND_BE_KILLED, str(path)], check=False, timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert path.read_bytes() == content
