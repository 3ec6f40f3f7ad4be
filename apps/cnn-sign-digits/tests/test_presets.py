"""The presets as a whole: the engine against the layers as they are written."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_limits

from cnn_sign_digits.model import INPUT_SHAPE
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.synthetic.renderer import render_dataset
from nn_core.arrays import Labels
from nn_core.batches.augmentation import augmentation
from nn_core.engine.engine import Engine
from nn_core.layers import ReLU
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import optimizer
from nn_core.reference import Backend, Reference
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

each_preset = pytest.mark.parametrize("preset", PRESETS)
SEED = 3


@pytest.fixture(autouse=True)
def blas_of_one_thread() -> Iterator[None]:
    """As while `train` runs."""
    with threadpool_limits(1):
        yield


@cache
def hands() -> tuple[npt.NDArray[np.uint8], Labels]:
    """Six synthetic photos and their digits."""
    return render_dataset(6, rng=np.random.default_rng(0), size=INPUT_SHAPE[0], diversity=0.5)


def trainer_of(preset: str, backend: Callable[[Network], Backend], dtype: npt.DTypeLike = np.float32) -> Trainer:
    """A run on the hands, with dropout and with the preset's optimizer and augmentation.

    The learning rate is low, since a high one magnifies rounding from step to step.
    """
    photos = PRESETS[preset].photos
    layers = PRESETS[preset].build(10, ReLU(), "he", 0.3)
    rng = np.random.default_rng(SEED)
    network = Network(layers, input_shape=INPUT_SHAPE, rng=rng, dtype=dtype)
    recipe = Recipe(softmax_cross_entropy, optimizer(photos["optimizer"]), learning_rate=1e-4, batch_size=4)
    augment = augmentation(photos["augment"])
    return Trainer(backend(network), *hands(), recipe, epochs=10, seed=SEED, augment=augment)


@each_preset
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-4)])
def test_the_engine_equals_the_reference(preset: str, dtype: type[np.floating[Any]], tolerance: float) -> None:
    reference = trainer_of(preset, Reference, dtype)
    engine = trainer_of(preset, partial(Engine, shards=2), dtype)
    batch, seed = hands(), (SEED, 1)
    expected, found = (
        run.backend.loss_and_gradients(*batch, softmax_cross_entropy, seed=seed) for run in (reference, engine)
    )
    assert found.loss == pytest.approx(expected.loss, rel=tolerance)
    size = float(np.abs(expected.gradients).max())
    np.testing.assert_allclose(found.gradients, expected.gradients, rtol=0, atol=tolerance * size)

    losses = [[run.step() for _ in range(20)] for run in (reference, engine)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=tolerance)
    engine.network.vector[...] = reference.network.vector
    logits = [run.backend.predict(batch[0])[0] for run in (reference, engine)]
    scale = float(np.abs(logits[0]).max())
    np.testing.assert_allclose(logits[1], logits[0], rtol=0, atol=tolerance * scale)


@each_preset
def test_the_bits_do_not_depend_on_the_threads(preset: str) -> None:
    bits = set()
    for threads in (1, 2, 3, 4):
        trainer = trainer_of(preset, partial(Engine, threads=threads, shards=4))
        with trainer.backend:
            losses = [trainer.step() for _ in range(3)]
        bits.add((*losses, trainer.network.vector.tobytes()))
    assert len(bits) == 1
