"""Augmentation in the training loop: from its own stream, and the same after a resume."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.arrays import Array
from nn_core.batches.augmentation import Augmentation
from nn_core.batches.minibatches import MiniBatches
from nn_core.errors import DivergenceError
from nn_core.layers import Dense, Dropout, Flatten, Tanh
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.training.callbacks import Callback
from nn_core.training.trainer import Recipe, Trainer

COUNT, SHAPE = 22, (4, 5, 3)
X = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), dtype=np.uint8)
Y = np.arange(COUNT) % 3


class OnDisk:
    """Examples that are read when they are asked for, and that note what was read."""

    def __init__(self, x: npt.NDArray[Any]) -> None:
        self._x = x
        self.most = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self._x.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._x.dtype

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]:
        assert isinstance(rows, slice)
        return self._x[rows].copy()

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        self.most = max(self.most, len(rows))
        out[...] = self._x[rows]


class StopAfter(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step_count == self.step:
            raise InterruptedError


def trainer_of(
    *callbacks: Callback, seed: int = 2, x: Any = X, batch_size: int | None = 8, **settings: Any
) -> Trainer:
    """Four epochs of 8, 8 and 6 images, with noise in a layer too."""
    layers = Flatten(), Dropout(0.8), Dense(4), Tanh(), Dense(3)
    network = Network(layers, input_shape=SHAPE, rng=np.random.default_rng(1))
    recipe = Recipe(softmax_cross_entropy, Adam(), learning_rate=0.01, batch_size=batch_size)
    return Trainer(
        network,
        x,
        Y,
        recipe,
        epochs=4,
        rng=np.random.default_rng(seed),
        callbacks=callbacks,
        **({"augment": Augmentation(shift=0.3)} | settings),
    )


def bits(trainer: Trainer) -> tuple[bytes, list[float], Any]:
    return (
        trainer.network.parameters.tobytes(),
        trainer.history.step_loss,
        trainer.state()["noise_rng"],
    )


@pytest.mark.parametrize("step", range(13))
def test_a_run_stopped_after_any_step_and_resumed_ends_with_the_same_bits(step: int) -> None:
    whole = trainer_of()
    whole.run()
    first = trainer_of(StopAfter(step))
    if step:
        with pytest.raises(InterruptedError):
            first.run()
    state = json.loads(json.dumps(first.state()))
    slots = {name: values.copy() for name, values in first.recipe.optimizer.state().items()}
    second = trainer_of(seed=999)
    second.network.parameters[...] = first.network.parameters
    second.restore(state, slots, first.history)
    assert second.step_count == step
    second.run()
    assert bits(second) == bits(whole)


def test_each_step_draws_anew_from_the_stream_of_the_noise() -> None:
    seen: list[Array] = []

    def note(x: npt.NDArray[Any], /, *, rng: np.random.Generator) -> Array:
        assert rng is trainer.noise_rng
        seen.append(Augmentation()(x, rng=rng))
        return seen[-1]

    trainer = trainer_of(augment=note, batch_size=None)
    trainer.run()
    assert [len(x) for x in seen] == [COUNT] * 4
    assert not np.array_equal(seen[0], seen[1])
    assert trainer_of(augment=None).batches.state() == trainer_of().batches.state()


def test_the_network_sees_what_augment_returns() -> None:
    def blank(x: npt.NDArray[Any], /, *, rng: np.random.Generator) -> Array:
        return np.zeros(x.shape, np.float32)

    trainer = trainer_of(augment=blank)
    trainer.step()
    assert not trainer.network.gradient_views[2]["W"].any()
    assert trainer.network.gradient_views[4]["b"].any()


def test_nothing_is_augmented_where_it_is_measured() -> None:
    calls = 0

    def count(x: npt.NDArray[Any], /, *, rng: np.random.Generator) -> Array:
        nonlocal calls
        calls += 1
        return x.astype(np.float32)

    trainer = trainer_of(augment=count, validation=(X[:9], Y[:9]), measure_training=True)
    trainer.run()
    assert calls == trainer.step_count == 12


def test_examples_on_disk_train_to_the_same_bits_a_batch_at_a_time() -> None:
    stored = OnDisk(X)
    in_memory = trainer_of(validation=(X[:9], Y[:9]), measure_training=True)
    on_disk = trainer_of(x=stored, validation=(OnDisk(X[:9]), Y[:9]), measure_training=True)
    for trainer in (in_memory, on_disk):
        trainer.run()
    assert bits(in_memory) == bits(on_disk)
    assert (
        in_memory.history.columns["validation_loss"] == on_disk.history.columns["validation_loss"]
    )
    assert in_memory.history.columns["training_loss"] == on_disk.history.columns["training_loss"]
    assert stored.most == 8


def test_a_whole_batch_from_disk() -> None:
    batches = MiniBatches(OnDisk(X), Y, batch_size=None, rng=np.random.default_rng(0))
    for _ in range(2):
        x, y = batches.next()
        assert isinstance(x, np.ndarray)
        np.testing.assert_array_equal(x, X)
        np.testing.assert_array_equal(y, Y)


def test_divergence_is_named_for_examples_on_disk() -> None:
    x = np.full((9, *SHAPE), np.nan, np.float32)
    trainer = trainer_of(validation=(OnDisk(x), Y[:9]))
    with pytest.raises(DivergenceError, match=r"validation loss is nan .* come from the examples"):
        trainer.run()
