"""Checkpoints: what comes back, to the bit, and what is refused, in one line."""

import errno
import json
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.errors import CheckpointError
from nn_core.layers import (
    GRU,
    LAYERS,
    LSTM,
    AveragePool2D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    SimpleRNN,
    Tanh,
)
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.optim.schedules import Cosine
from nn_core.training.callbacks import Callback, EarlyStopping
from nn_core.training.trainer import Recipe, Trainer

PROGRAM = "test"
X = np.random.default_rng(0).normal(size=(22, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5] > 0).astype(np.int64)


class Interruption(Exception):
    """What a run of these tests is interrupted by."""


class InterruptAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step_count == self.step:
            raise Interruption


def small_network(seed: int = 1) -> Network:
    layers = Dense(4), Tanh(), Dropout(0.7), Dense(1)
    return Network(layers, input_shape=(3,), rng=np.random.default_rng(seed))


def small_trainer(
    network: Network | None = None,
    *callbacks: Callback,
    rule: str = "adam",
    epochs: int = 3,
    seed: int = 2,
) -> Trainer:
    """A run with everything that has a memory: five steps an epoch, the last one smaller."""
    return Trainer(
        small_network() if network is None else network,
        X,
        Y,
        Recipe(
            binary_cross_entropy,
            optimizer(rule),
            schedule=Cosine(warmup=0.7),
            batch_size=5,
            l2=0.01,
            clip_norm=0.1,
        ),
        epochs=epochs,
        rng=np.random.default_rng(seed),
        validation=(X[:7], Y[:7]),
        callbacks=callbacks,
    )


def bits(trainer: Trainer) -> dict[str, bytes]:
    """All that a run is, save the time that it took."""
    columns = {f"column {name}": c for name, c in trainer.history.columns.items()}
    columns.pop("column seconds", None)
    arrays = {
        "parameters": trainer.network.parameters,
        "step loss": trainer.history.step_loss,
        "steps": [trainer.step_count, trainer.recipe.optimizer.steps],
        **trainer.recipe.optimizer.state(),
        **columns,
    }
    return {name: np.array(values, np.float64).tobytes() for name, values in arrays.items()}


def saved(path: Path, trainer: Trainer | None = None, **settings: Any) -> Path:
    trainer = small_trainer(epochs=1) if trainer is None else trainer
    settings = {"program": PROGRAM, "details": {}, "trainer": trainer} | settings
    checkpoint.save(path, trainer.network, **settings)
    return path


def load(path: Path) -> Checkpoint:
    return checkpoint.load(path, program=PROGRAM)


def resumed(path: Path, *callbacks: Callback, **settings: Any) -> Trainer:
    """The run in the file, in a trainer that knows nothing else of it."""
    stored = load(path)
    assert stored.run is not None
    trainer = small_trainer(stored.network, *callbacks, seed=999, **settings)
    stored.run.resume(trainer)
    return trainer


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loaded_network_answers_the_same_to_the_bit(tmp_path: Path, dtype: Any) -> None:
    layers: list[Layer] = [Flatten(), Dense(5, "orthogonal"), LeakyReLU(0.2), Dropout(0.5)]
    layers += [Dense(4, "normal:scale=0.5"), ReLU(), Dense(3)]
    network = Network(layers, input_shape=(2, 3), rng=np.random.default_rng(4), dtype=dtype)
    network.parameters += 0.1
    x = np.random.default_rng(5).normal(size=(9, 2, 3)).astype(dtype)
    checkpoint.save(tmp_path / "model.h5", network, program=PROGRAM, details={})
    stored = load(tmp_path / "model.h5")
    assert stored.run is None
    assert stored.network.layers == network.layers
    assert (stored.network.input_shape, stored.network.dtype) == ((2, 3), dtype)
    assert stored.network.predict(x).tobytes() == network.predict(x).tobytes()


@pytest.mark.parametrize("layer", LAYERS.values())
def test_every_layer_comes_back_as_it_was(tmp_path: Path, layer: Any) -> None:
    settings = {
        AveragePool2D: {"window": (2, 1)},
        Conv2D: {"filters": 2, "kernel": (3, 2), "stride": 2, "padding": (1, 0)},
        Dense: {"units": 2},
        Dropout: {"keep_probability": 0.9, "whole_maps": True},
        Embedding: {"dimensions": 2, "vocabulary": 3},
        GRU: {"units": 2, "initializer": "lecun"},
        LSTM: {"units": 2, "recurrent_initializer": "xavier"},
        SimpleRNN: {"units": 2},
        MaxPool2D: {"window": 2, "stride": 1},
    }
    input_shape = {Embedding: ()}.get(layer, (4, 5, 3))
    if layer is Dense or layer.over_time:
        input_shape = (3,)
    chain = [layer(**settings.get(layer, {}))]
    network = Network(chain, input_shape=input_shape, over_time=layer.over_time)
    checkpoint.save(tmp_path / "model.h5", network, program=PROGRAM, details={})
    assert load(tmp_path / "model.h5").network.layers == network.layers


def test_details_come_back(tmp_path: Path) -> None:
    details = {"classes": ["cat", "no cat", "čau"], "scale": 1 / 3, "mean": [0.1, -2.5], "n": None}
    assert load(saved(tmp_path / "model.h5", details=details)).details == details


def test_the_file_is_laid_out_as_its_page_says(tmp_path: Path) -> None:
    trainer = small_trainer()
    trainer.run()
    names: list[str] = []
    with h5py.File(saved(tmp_path / "model.h5", trainer, best=trainer.network.parameters * 2)) as f:
        f.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        assert dict(f.attrs) == {"format": checkpoint.FORMAT, "version": 1, "program": PROGRAM}
        weights = trainer.network.parameter_views[3]["W"]
        np.testing.assert_array_equal(f["parameters/3/W"], 2 * weights)
    assert set(names) == {
        "architecture",
        "details",
        *(f"parameters/{layer}/{name}" for layer in (0, 3) for name in "Wb"),
        "training/state",
        "training/parameters",
        "training/slots/m",
        "training/slots/v",
        "training/history/step_loss",
        *(f"training/history/columns/{name}" for name in trainer.history.columns),
    }


def test_the_best_parameters_predict_and_the_runs_own_go_on(tmp_path: Path) -> None:
    trainer = small_trainer()
    trainer.run()
    best = trainer.network.parameters - 0.5
    stored = load(saved(tmp_path / "model.h5", trainer, best=best))
    np.testing.assert_array_equal(stored.network.parameters, best)
    assert stored.run is not None
    np.testing.assert_array_equal(stored.run.parameters, trainer.network.parameters)
    stored.run.resume(small_trainer(stored.network))
    np.testing.assert_array_equal(stored.network.parameters, trainer.network.parameters)
    np.testing.assert_array_equal(stored.run.best, best)
    assert bits(resumed(tmp_path / "model.h5")) == bits(trainer)


def test_a_history_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    trainer = small_trainer()
    trainer.history.append({"epoch": 1.0, "training_loss": 0.1, "accuracy": math.nan})
    trainer.history.step_loss += [0.1, 1 / 3, 1e-300]
    stored = load(saved(tmp_path / "run.h5", trainer)).run
    assert stored is not None
    np.testing.assert_equal(stored.history.columns, trainer.history.columns)
    assert stored.history.step_loss == trainer.history.step_loss


def test_where_none_are_better_the_runs_own_parameters_predict(tmp_path: Path) -> None:
    stored = load(saved(tmp_path / "model.h5"))
    assert stored.run is not None
    assert stored.run.best is None
    np.testing.assert_array_equal(stored.run.parameters, stored.network.parameters)


@pytest.mark.parametrize("step", range(16))
def test_a_run_stopped_after_any_step_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, step: int
) -> None:
    path = tmp_path / "run.h5"
    whole = small_trainer()
    whole.run()
    first = small_trainer(None, InterruptAt(step))
    if step > 0:
        with pytest.raises(Interruption):
            first.run()
    saved(path, first)
    second = resumed(path)
    assert second.step_count == step
    assert second.seconds == first.seconds
    second.run()
    assert bits(second) == bits(whole)


def test_a_resumed_history_reads_as_that_of_the_run_left_alone(tmp_path: Path) -> None:
    def lines(trainer: Trainer) -> list[str]:
        rows = [trainer.history.row(i) for i in range(trainer.epoch)]
        return [json.dumps(row | {"seconds": 0.0}) for row in rows]

    whole, first = small_trainer(), small_trainer(None, InterruptAt(7))
    whole.run()
    with pytest.raises(Interruption):
        first.run()
    second = resumed(saved(tmp_path / "run.h5", first))
    second.run()
    assert lines(second) == lines(whole)


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_every_optimizer_goes_on_where_it_stopped(tmp_path: Path, rule: str) -> None:
    whole = small_trainer(rule=rule)
    whole.run()
    first = small_trainer(None, InterruptAt(7), rule=rule)
    with pytest.raises(Interruption):
        first.run()
    second = resumed(saved(tmp_path / "run.h5", first), rule=rule)
    second.run()
    assert bits(second) == bits(whole)


def test_a_run_saved_at_every_step_is_the_run_left_alone(tmp_path: Path) -> None:
    class SaveAlways(Callback):
        def on_step(self, trainer: Trainer) -> None:
            saved(tmp_path / "run.h5", trainer)

        on_epoch = on_step

    whole, watched = small_trainer(), small_trainer(None, SaveAlways())
    whole.run()
    watched.run()
    assert bits(watched) == bits(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_run_that_stopped_early_stays_stopped(tmp_path: Path) -> None:
    class Stop(Callback):
        def on_step(self, trainer: Trainer) -> None:
            trainer.stop("enough")

    first = small_trainer(None, Stop())
    first.run()
    second = resumed(saved(tmp_path / "run.h5", first))
    second.run()
    assert (second.step_count, second.stopped) == (1, "enough")


@pytest.mark.parametrize("step", [3, 10, 12])
def test_a_resumed_run_stops_early_where_the_other_would_have(tmp_path: Path, step: int) -> None:
    def patient() -> EarlyStopping:
        return EarlyStopping(2, "learning_rate", largest=True)

    whole = small_trainer(None, patient(), epochs=9)
    whole.run()
    assert whole.stopped is not None
    assert step < whole.step_count
    first = small_trainer(None, patient(), InterruptAt(step), epochs=9)
    with pytest.raises(Interruption):
        first.run()
    second = resumed(saved(tmp_path / "run.h5", first), patient(), epochs=9)
    second.run()
    assert (second.stopped, second.step_count) == (whole.stopped, whole.step_count)


TRAIN = """
import sys
from pathlib import Path

import numpy as np

from nn_core import Callback, Dense, Dropout, Network, Recipe, Tanh, Trainer
from nn_core import checkpoint
from nn_core.losses import binary_cross_entropy
from nn_core.optim.optimizers import Adam
from nn_core.optim.schedules import Cosine

EPOCHS = 30
path = Path(sys.argv[1])
rng = np.random.default_rng(0)
x = rng.normal(size=(300, 20)).astype(np.float32)
y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)


class SaveEachEpoch(Callback):
    def on_step(self, trainer):
        if trainer.batches.position == trainer.batches.steps_per_epoch:
            checkpoint.save(path, trainer.network, program="test", details={}, trainer=trainer)
            print("saved", trainer.epoch, flush=True)
            if trainer.epoch == EPOCHS - 1:
                sys.stdin.readline()


stored = checkpoint.load(path, program="test") if path.exists() else None
layers = [Dense(16), Tanh(), Dropout(0.8), Dense(1)]
network = stored.network if stored else Network(layers, input_shape=(20,), rng=rng)
recipe = Recipe(
    binary_cross_entropy, Adam(), schedule=Cosine(warmup=1), batch_size=32, clip_norm=1.0
)
trainer = Trainer(network, x, y, recipe, epochs=EPOCHS, rng=rng, callbacks=[SaveEachEpoch()])
if stored:
    stored.run.resume(trainer)
trainer.run()
"""


def test_a_process_killed_again_and_again_ends_with_the_same_bits(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed.h5", tmp_path / "whole.h5"
    for epochs_more in np.random.default_rng().integers(1, 9, size=3):
        with subprocess.Popen(
            [sys.executable, "-c", TRAIN, str(killed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            for _ in range(epochs_more):
                assert process.stdout.readline().startswith(b"saved")
            process.kill()
    before = load(killed).run
    assert before is not None
    assert 3 <= len(before.history) < 30
    for path in (killed, whole):
        subprocess.run(
            [sys.executable, "-c", TRAIN, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
    first, second = load(killed).run, load(whole).run
    assert first is not None
    assert second is not None
    assert first.parameters.tobytes() == second.parameters.tobytes()
    assert {name: slot.tobytes() for name, slot in first.slots.items()} == {
        name: slot.tobytes() for name, slot in second.slots.items()
    }
    assert first.history.step_loss == second.history.step_loss
    assert len(first.history) == 30


SAVE_AND_BE_KILLED = """
import os, signal, sys
from pathlib import Path

from nn_core import checkpoint
from nn_core.storage import atomic

stored = checkpoint.load(Path(sys.argv[1]), program="test")
stored.network.parameters[...] = 7.0
atomic.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
checkpoint.save(Path(sys.argv[1]), stored.network, program="test", details={})
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_a_process_killed_while_it_saves_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    process = subprocess.run(
        [sys.executable, "-c", SAVE_AND_BE_KILLED, str(path)], check=False, timeout=60
    )
    assert process.returncode == -signal.SIGKILL
    assert path.read_bytes() == content


def refusal(path: Path) -> str:
    """The one line with which a file is refused, without the file's name."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    message = str(caught.value)
    assert message.count(str(path)) == 1
    assert "\n" not in message
    return message.replace(str(path), "FILE")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.h5") == f"cannot read FILE: {os.strerror(errno.ENOENT)}"


@pytest.mark.skipif(os.name == "nt", reason="Windows calls it a lack of permission")
def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"cannot read FILE: {os.strerror(errno.EISDIR)}"


@pytest.mark.parametrize("content", [b"", b"\x89HDF", b"x,y\n1,2\n", bytes(5000)])
def test_what_is_no_hdf5_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    assert refusal(path) == "FILE is not a checkpoint: it is no HDF5 file"


SEAL = b"\nnn-core sha256 "


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    seal = content.rindex(SEAL)  # a file that ends within these words is whole, but not sealed
    for length in [*range(0, seal, 61), seal - 1, seal + len(SEAL), len(content) - 1]:
        path.write_bytes(content[:length])
        assert refusal(path)


def test_another_hdf5_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.h5"
    with h5py.File(path, "w") as file:
        file["train_set_x"] = np.zeros((2, 8, 8, 3), np.uint8)
    assert refusal(path) == "FILE is not a checkpoint: it is some other HDF5 file"


def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5", program="other")
    assert refusal(path) == "FILE was written by other, not by test"


def text_of(value: Any) -> Callable[[h5py.File, str], None]:
    """Put JSON where there was some."""

    def put(file: h5py.File, name: str) -> None:
        del file[name]
        file[name] = value if isinstance(value, str) else json.dumps(value)

    return put


def values_of(change: Callable[[np.ndarray], Any]) -> Callable[[h5py.File, str], None]:
    def put(file: h5py.File, name: str) -> None:
        values = change(file[name][()])
        del file[name]
        file[name] = values

    return put


def architecture_with(**fields: Any) -> Callable[[h5py.File, str], None]:
    sound = {"layers": [{"layer": "Dense", "units": 4}], "input_shape": [3], "dtype": "float32"}
    return text_of(sound | fields)


def one_layer(**fields: Any) -> Callable[[h5py.File, str], None]:
    return architecture_with(layers=[fields])


def missing(file: h5py.File, name: str) -> None:
    del file[name]


def folder(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_group(name)


def attribute(value: Any) -> Callable[[h5py.File, str], None]:
    def put(file: h5py.File, name: str) -> None:
        if value is None:
            del file.attrs[name]
        else:
            file.attrs[name] = value

    return put


def first_is(value: float) -> Callable[[h5py.File, str], None]:
    def spoil(values: np.ndarray) -> np.ndarray:
        values.flat[0] = value
        return values

    return values_of(spoil)


def of_shape(*shape: int) -> Callable[[h5py.File, str], None]:
    return values_of(lambda values: np.zeros(shape, values.dtype))


DAMAGED = [
    (attribute(2), "version", "FILE has format version 2; this program reads 1"),
    (attribute(None), "version", "is damaged"),
    (attribute(None), "program", "is damaged"),
    (attribute(None), "format", "some other HDF5 file"),
    (missing, "architecture", "is damaged: .*architecture"),
    (missing, "details", "is damaged: .*details"),
    (missing, "parameters/0/W", "is damaged: .*'W'"),
    (missing, "parameters/3", "is damaged"),
    (missing, "training/state", "is damaged: .*state"),
    (missing, "training/history", "is damaged: .*history"),
    (missing, "training/history/step_loss", "is damaged: .*step_loss"),
    (of_shape(3, 5), "parameters/0/W", r"/parameters/0/W has shape \(3, 5\), expected \(3, 4\)"),
    (of_shape(), "parameters/0/b", r"/parameters/0/b has shape \(\), expected \(4,\)"),
    (of_shape(1), "parameters/0/b", r"/parameters/0/b has shape \(1,\), expected \(4,\)"),
    (of_shape(20), "training/slots/m", r"/training/slots/m has shape \(20,\), expected \(21,\)"),
    (of_shape(20), "training/parameters", r"/training/parameters has shape \(20,\), expected"),
    (first_is(np.nan), "parameters/0/W", "/parameters/0/W holds numbers that are not finite"),
    (first_is(np.inf), "parameters/3/b", "/parameters/3/b holds numbers that are not finite"),
    (first_is(-np.inf), "training/parameters", "/training/parameters holds numbers that are not"),
    (first_is(np.nan), "training/slots/v", "/training/slots/v holds numbers that are not finite"),
    (values_of(lambda _: ["a"] * 4), "parameters/0/b", "is damaged"),
    (values_of(lambda _: 3.5), "architecture", "is damaged"),
    (text_of("{"), "architecture", "is damaged: Expecting property name"),
    (text_of("Infinity and beyond"), "details", "is damaged: Extra data"),
    (text_of(""), "training/state", "is damaged: Expecting value"),
    (text_of("\n\n]"), "details", "is damaged: Expecting value"),
    (text_of([]), "architecture", "is damaged"),
    (text_of({}), "architecture", "is damaged: 'layers'"),
    (architecture_with(layers=[]), "architecture", "is damaged: a network needs at least one"),
    (architecture_with(layers=["Dense"]), "architecture", "is damaged"),
    (architecture_with(dtype="int8"), "architecture", "is damaged: no networks of int8"),
    (architecture_with(dtype="float31"), "architecture", "is damaged: .*float31"),
    (architecture_with(input_shape=3), "architecture", "is damaged"),
    (architecture_with(input_shape=[3, 3]), "architecture", "is damaged: layer 0, Dense"),
    (architecture_with(input_shape=[-3]), "architecture", "is damaged"),
    (one_layer(layer="Dens", units=4), "architecture", "unknown layer 'Dens'; did you mean 'De"),
    (one_layer(layer="eval", units=4), "architecture", "unknown layer 'eval'; choose from"),
    (one_layer(units=4), "architecture", "is damaged: 'layer'"),
    (one_layer(layer="Dense"), "architecture", "is damaged: .*units"),
    (one_layer(layer="Dense", units=4, colour=1), "architecture", "is damaged: .*colour"),
    (one_layer(layer="Dense", units="many"), "architecture", "is damaged"),
    (one_layer(layer="Dense", units=-4), "architecture", "is damaged: Dense needs at least one"),
    (one_layer(layer="Dense", units=10**30), "architecture", "is damaged"),
    (one_layer(layer="Dense", units=4, initializer="hee"), "architecture", "did you mean 'he'"),
]
UNCAUGHT = [
    (folder, "architecture", "is damaged"),
    (folder, "parameters/0/W", "is damaged"),
    (folder, "training/slots/m", "is damaged"),
    (text_of("0"), "training/history/step_loss", "is damaged"),
    (of_shape(), "training/history/step_loss", "is damaged"),
    (values_of(lambda v: ["a"] * len(v)), "training/history/step_loss", "is damaged"),
    (values_of(lambda v: [1] * len(v)), "training/history/columns/epoch", "is damaged"),
    (one_layer(layer="Dense", units=10**17), "architecture", "is damaged"),
    (one_layer(layer="Dense", units=4, initializer=5), "architecture", "is damaged"),
    (attribute("two\nlines"), "program", "written by two lines, not by test"),
]


@pytest.mark.parametrize(
    ("damage", "name", "message"),
    [*DAMAGED, *UNCAUGHT],
)
def test_a_damaged_file_is_refused(
    tmp_path: Path, damage: Callable[[h5py.File, str], None], name: str, message: str
) -> None:
    trainer = small_trainer(epochs=1)
    trainer.run()
    path = saved(tmp_path / "model.h5", trainer, best=trainer.network.parameters * 2)
    with h5py.File(path, "r+") as file:
        damage(file, name)
    assert re.search(message, refusal(path))


def test_a_wrong_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    seal = content.rindex(SEAL)
    rng = np.random.default_rng(0)
    for place in rng.integers(0, seal, 200):
        wrong = bytearray(content)
        wrong[place] ^= 1 << rng.integers(8)
        path.write_bytes(wrong)
        assert "is damaged" in refusal(path) or place < 8


def test_a_file_without_its_seal_is_judged_by_what_it_holds(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(SEAL)])
    np.testing.assert_array_equal(load(path).network.parameters, small_trainer().network.parameters)


def complaint(path: Path, *saving: Any, **settings: Any) -> str:
    """The one line with which saving fails, without the file's name."""
    with pytest.raises(CheckpointError) as caught:
        saved(path, *saving, **settings)
    message = str(caught.value)
    assert message.count(str(path)) == 1
    assert "\n" not in message
    return message.replace(str(path), "FILE")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, -1])
def test_weights_that_are_not_finite_leave_the_earlier_file(
    tmp_path: Path, place: int, value: float
) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    trainer = small_trainer()
    trainer.network.parameters[place] = value
    expected = "FILE was not written: the weights are no longer finite"
    assert complaint(path, trainer) == expected
    best = trainer.network.parameters
    assert complaint(path, small_trainer(), best=best) == expected
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [content]


@pytest.mark.parametrize("part", ["parameters", "slots"])
def test_a_run_that_is_not_finite_leaves_the_earlier_file(tmp_path: Path, part: str) -> None:
    path = saved(tmp_path / "model.h5")
    trainer = small_trainer()
    best = trainer.network.parameters.copy()
    spoiled = trainer.network.parameters if part == "parameters" else trainer.recipe.optimizer.v
    spoiled[0] = np.inf
    assert "no longer finite" in complaint(path, trainer, best=best)


@pytest.mark.parametrize("earlier", [True, False])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool
) -> None:
    def disk_full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "model.h5"
    content = [saved(path).read_bytes()] if earlier else []
    with monkeypatch.context() as patch:
        patch.setattr("nn_core.storage.atomic.os.fsync", disk_full)
        assert complaint(path) == f"cannot write FILE: {os.strerror(errno.ENOSPC)}"
    assert [file.read_bytes() for file in tmp_path.iterdir()] == content


@pytest.mark.parametrize("place", ["file/model.h5", "missing/model.h5"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    assert complaint(tmp_path / place).startswith("cannot write FILE: ")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"in the way"]


def test_saving_onto_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.h5").mkdir()
    assert complaint(tmp_path / "model.h5").startswith("cannot write FILE: ")
    assert [file.name for file in tmp_path.rglob("*")] == ["model.h5"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "real.h5", tmp_path / "link.h5"
    link.symlink_to("real.h5")
    trainer = small_trainer()
    saved(link, trainer)
    assert link.is_symlink()
    assert not real.is_symlink()
    np.testing.assert_array_equal(load(real).network.parameters, trainer.network.parameters)


@pytest.mark.parametrize("rule", ["gradient-descent", "rmsprop"])
def test_a_run_of_another_optimizer_is_refused(tmp_path: Path, rule: str) -> None:
    path = saved(tmp_path / "run.h5", small_trainer(rule="adam"))
    with pytest.raises(CheckpointError, match=r"has no slots \['m', 'v'\]"):
        resumed(path, rule=rule)


def test_a_run_of_another_network_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    stored = load(saved(tmp_path / "run.h5"))
    network = Network([Dense(1)], input_shape=(3,), rng=np.random.default_rng(0))
    trainer = small_trainer(network)
    before = bits(trainer)
    assert stored.run is not None
    with pytest.raises(CheckpointError, match="a network of another size"):
        stored.run.resume(trainer)
    assert bits(trainer) == before
