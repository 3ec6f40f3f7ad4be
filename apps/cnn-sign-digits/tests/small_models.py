"""Untrained checkpoints of cnn-sign, for the tests of what reads them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.model import INPUT_SHAPE
from cnn_sign_digits.presets import PRESETS
from nn_core import checkpoint
from nn_core.layers import ReLU
from nn_core.network import Network

CLASSES = tuple("0123456789")


def network_of(name: str, dtype: npt.DTypeLike = np.float32) -> Network:
    """A preset with random weights and running statistics."""
    rng, preset = np.random.default_rng(5), PRESETS[name]
    layers = preset.build(len(CLASSES), ReLU(), "he", preset.photos["dropout"])
    network = Network(layers, input_shape=INPUT_SHAPE, rng=rng, dtype=dtype)
    statistics = network.vector[network.trained_count :]
    statistics[...] = rng.uniform(0.5, 1.5, statistics.shape)
    return network


def save(path: Path, network: Network, classes: tuple[str, ...] = CLASSES) -> Path:
    details = {"settings": {}, "classes": classes, "fingerprint": "none", "test_time_augmentation": [[0, False]]}
    checkpoint.save(path, network, program=PROGRAM, details=details)
    return path
