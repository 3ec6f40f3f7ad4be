"""Augmentation in the training loop: keyed by seed and step, and the same after a resume."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from small_runs import MakeBackend, bits, on_both_backends, snapshot_at

from nn_core.arrays import Array
from nn_core.batches.augmentation import Augmentation
from nn_core.batches.minibatches import MiniBatches
from nn_core.errors import DivergenceError
from nn_core.layers import Dense, Dropout, Flatten, InstanceNorm, Tanh
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

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


def trainer_of(
    *callbacks: Callback,
    seed: int = 2,
    x: Any = X,
    batch_size: int | None = 8,
    make: MakeBackend = Reference,
    **settings: Any,
) -> Trainer:
    """Four epochs of 8, 8 and 6 images, with noise in a layer too."""
    layers = InstanceNorm(), Flatten(), Dropout(0.2), Dense(4), Tanh(), Dense(3)
    network = Network(layers, input_shape=SHAPE, rng=np.random.default_rng(1))
    recipe = Recipe(softmax_cross_entropy, Adam(), learning_rate=0.01, batch_size=batch_size)
    return Trainer(
        make(network),
        x,
        Y,
        recipe,
        epochs=4,
        seed=seed,
        callbacks=callbacks,
        **({"augment": Augmentation(shift=0.3)} | settings),
    )


@on_both_backends
@pytest.mark.parametrize("step", [0, 1, 2, 3, 7, 12])
def test_a_run_stopped_after_any_step_and_resumed_ends_with_the_same_bits(step: int, make: MakeBackend) -> None:
    def build(*callbacks: Callback) -> Trainer:
        return trainer_of(*callbacks, make=make)

    whole = build()
    whole.run()
    second = trainer_of(seed=999, make=make)
    second.resume(snapshot_at(step, build))
    assert second.state.step == step
    second.run()
    assert bits(second) == bits(whole)


def test_each_step_draws_by_its_seed_and_number() -> None:
    keys: list[tuple[int, int]] = []

    def note(x: npt.NDArray[Any], /, *, seed: tuple[int, int]) -> Array:
        keys.append(seed)
        return Augmentation()(x, seed=seed)

    trainer = trainer_of(augment=note, batch_size=None)
    trainer.run()
    assert keys == [(2, 1), (2, 2), (2, 3), (2, 4)]


def test_the_network_sees_what_augment_returns() -> None:
    def blank(x: npt.NDArray[Any], /, *, seed: tuple[int, int]) -> Array:
        return np.zeros(x.shape, np.float32)

    trainer = trainer_of(augment=blank)
    before = trainer.network.vector.copy()
    trainer.step()
    change = trainer.network.named(trainer.network.vector - before)
    assert not change["3/W"].any()
    assert change["5/b"].any()


def test_nothing_is_augmented_in_evaluation() -> None:
    calls = 0

    def count(x: npt.NDArray[Any], /, *, seed: tuple[int, int]) -> Array:
        nonlocal calls
        calls += 1
        return x.astype(np.float32)

    trainer = trainer_of(augment=count, validation=(X[:9], Y[:9]), measure_training=True)
    trainer.run()
    assert calls == trainer.state.step == 12


def test_examples_on_disk_train_to_the_same_bits_a_batch_at_a_time() -> None:
    stored = OnDisk(X)
    in_memory = trainer_of(validation=(X[:9], Y[:9]), measure_training=True)
    on_disk = trainer_of(x=stored, validation=(OnDisk(X[:9]), Y[:9]), measure_training=True)
    for trainer in (in_memory, on_disk):
        trainer.run()
    assert bits(in_memory) == bits(on_disk)
    assert stored.most == 8


def test_a_whole_batch_from_disk() -> None:
    batches = MiniBatches(OnDisk(X), Y, batch_size=None)
    for step in (1, 2):
        x, y, _ = batches.batch((0, step))
        assert isinstance(x, np.ndarray)
        np.testing.assert_array_equal(x, X)
        np.testing.assert_array_equal(y, Y)


def test_divergence_is_named_for_examples_on_disk() -> None:
    x = np.full((9, *SHAPE), np.nan, np.float32)
    trainer = trainer_of(validation=(OnDisk(x), Y[:9]))
    with pytest.raises(DivergenceError, match=r"validation loss is nan .*: example 0 has nan at \[0, 0, 0\]"):
        trainer.run()
