"""Checkpoints of cnn-sign that need no training, for the tests of what looks into them."""

import numpy as np

from cnn_sign_digits.model import INPUT_SHAPE, PROGRAM
from cnn_sign_digits.presets import PRESETS
from nn_core import checkpoint
from nn_core.layers import ReLU
from nn_core.network import Network

CLASSES = tuple("0123456789")


def network_of(name, dtype=np.float32):
    """A preset with weights, and running statistics, drawn at random."""
    rng, preset = np.random.default_rng(5), PRESETS[name]
    layers = preset.build(len(CLASSES), ReLU(), "he", preset.defaults["keep_prob"])
    network = Network(layers, input_shape=INPUT_SHAPE, rng=rng, dtype=dtype)
    statistics = network.parameters[network.trained_count :]
    statistics[...] = rng.uniform(0.5, 1.5, statistics.shape)
    return network


def save(path, network, classes=CLASSES):
    details = {"settings": {}, "classes": classes, "fingerprint": "none", "views": [[0, False]]}
    checkpoint.save(path, network, program=PROGRAM, details=details)
    return path
