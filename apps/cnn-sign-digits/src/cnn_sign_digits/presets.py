"""The networks of `--preset`, each with default training settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cnn_sign_digits.datasets.photos import SHAPE
from nn_core.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    Layer,
    MaxPool2D,
    ReLU,
)
from nn_core.network import Network

CLASSES = 10
"""Number of classes of an untrained preset."""
NORM = InstanceNorm(epsilon=1.0)
"""An epsilon of 1 is small for pixels from 0 to 255."""


@dataclass(frozen=True)
class Preset:
    """A network and how to train it.

    summary    what it is for
    build      (classes, activation, initializer, dropout rate) -> layers
    photos     defaults of the options of `train`
    synthetic  defaults that differ for synthetic hands, of which there are many, all different
    """

    summary: str
    build: Callable[[int, Layer, str, float], list[Layer]]
    photos: Mapping[str, Any]
    synthetic: Mapping[str, Any]

    def defaults_for(self, *, synthetic: bool) -> dict[str, Any]:
        """Defaults of the options of `train`."""
        return {**self.photos, **(self.synthetic if synthetic else {})}


def untrained(name: str) -> Network:
    """The network of a preset, for ten classes."""
    preset = PRESETS[name]
    return Network(preset.build(CLASSES, ReLU(), "he", preset.photos["dropout"]), input_shape=SHAPE)


def classic(classes: int, activation: Layer, initializer: str, dropout: float) -> list[Layer]:
    """Two convolutions with wide pooling, like the first convolutional network of the course.

    64 x 64 x 3 -> 8 x 8 x 8 -> 2 x 2 x 16 -> classes
    """
    return [
        NORM,
        Conv2D(8, 5, padding="same", initializer=initializer),
        activation,
        MaxPool2D(8),
        Conv2D(16, 5, padding="same", initializer=initializer),
        activation,
        MaxPool2D(4),
        Flatten(),
        *_head(classes, initializer, dropout),
    ]


def accurate(classes: int, activation: Layer, initializer: str, dropout: float) -> list[Layer]:
    """Five convolutions with batch normalization; small, and robust to different cameras.

    64 x 64 x 3 -> 16 x 16 x 24 -> 8 x 8 x 48 -> 4 x 4 x 80 -> 128 -> classes
    """

    def convolution(filters: int, kernel_size: int = 3, strides: int = 1) -> list[Layer]:
        conv = Conv2D(filters, kernel_size, strides=strides, padding="same", initializer=initializer)
        return [conv, BatchNorm(), activation]

    return [
        NORM,
        *convolution(24, kernel_size=5, strides=2),
        MaxPool2D(2),
        *convolution(48),
        MaxPool2D(2),
        *convolution(80),
        *convolution(80),
        MaxPool2D(2),
        *convolution(128),
        GlobalAveragePool2D(),
        *_head(classes, initializer, dropout),
    ]


def _head(classes: int, initializer: str, dropout: float) -> list[Layer]:
    """Dropout, if any, and a dense layer of logits."""
    noise: list[Layer] = [Dropout(dropout)] if dropout > 0 else []
    return [*noise, Dense(classes, initializer=initializer)]


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "classic": Preset(
            "Two convolutions with wide pooling: small, quickly trained, with filters that can be looked at.",
            classic,
            {
                "optimizer": "adam",
                "learning_rate": 0.006,
                "schedule": "cosine:warmup=1",
                "epochs": 120,
                "dropout": 0.0,
                "augment": "standard:rotation=10,shift=0.05,scale=0.1,horizontal_flip=no",
                "extra_data": "none",
                "backgrounds": 0,
            },
            synthetic={"epochs": 12, "augment": "none"},
        ),
        "accurate": Preset(
            "Five convolutions with batch normalization: for photos of other people and cameras.",
            accurate,
            {
                "optimizer": "adamw:weight_decay=0.02",
                "learning_rate": 0.008,
                "schedule": "cosine:warmup=0.5",
                "batch_size": 32,
                "epochs": 18,
                "dropout": 0.0,
                "augment": "standard:shift=0.12,rotation=45,scale=0.4,stretch=0.3,"
                "brightness=0.12,contrast=0.4,color=0.2",
                "extra_data": "synthetic:count=3500,diversity=1",
                "backgrounds": 4,
            },
            synthetic={"epochs": 8, "extra_data": "none", "backgrounds": 0},
        ),
    }
)
