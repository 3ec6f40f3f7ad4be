"""The networks that `--preset` names, each with the settings that suit it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

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
)

NORM = InstanceNorm(epsilon=1.0)
"""Photos come as they are, 0 to 255: to them, one step of grey is little."""


@dataclass(frozen=True)
class Preset:
    """A network and how to train it.

    build     (classes, activation, initializer, keep probability) -> its layers
    defaults  of the options of `train`, for photos
    drawn     the other ones for drawn hands, which are many, and no two of them alike
    """

    build: Callable[[int, Layer, str, float], list[Layer]]
    defaults: Mapping[str, Any]
    drawn: Mapping[str, Any]

    def defaults_for(self, drawn: bool) -> dict[str, Any]:
        """The options' defaults."""
        return {**self.defaults, **(self.drawn if drawn else {})}


def classic(classes: int, activation: Layer, initializer: str, keep_prob: float) -> list[Layer]:
    """Two convolutions with wide pools, as the course's first convolutional network has them.

    64 x 64 x 3 -> 8 maps of 8 x 8 -> 16 maps of 2 x 2 -> classes
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
        *_head(classes, initializer, keep_prob),
    ]


def accurate(classes: int, activation: Layer, initializer: str, keep_prob: float) -> list[Layer]:
    """Five convolutions with batch normalization, made for small size and many cameras.

    64 x 64 x 3 -> 24 maps of 16 x 16 -> 48 of 8 x 8 -> 80 of 4 x 4 -> 128 numbers -> classes
    """

    def convolution(filters: int, kernel: int = 3, stride: int = 1) -> list[Layer]:
        maps = Conv2D(filters, kernel, stride, padding="same", initializer=initializer)
        return [maps, BatchNorm(), activation]

    return [
        NORM,
        *convolution(24, kernel=5, stride=2),
        MaxPool2D(2),
        *convolution(48),
        MaxPool2D(2),
        *convolution(80),
        *convolution(80),
        MaxPool2D(2),
        *convolution(128),
        GlobalAveragePool2D(),
        *_head(classes, initializer, keep_prob),
    ]


def _head(classes: int, initializer: str, keep_prob: float) -> list[Layer]:
    """Dropout, if any, and a dense layer of logits."""
    noise: list[Layer] = [Dropout(keep_prob)] if keep_prob < 1 else []
    return [*noise, Dense(classes, initializer)]


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "classic": Preset(
            classic,
            {
                "optimizer": "adam",
                "learning_rate": 0.006,
                "schedule": "cosine:warmup=1",
                "epochs": 120,
                "keep_prob": 1.0,
                "augment": "standard:rotation=10,shift=0.05,scale=0.1,mirror=no",
                "add": "none",
                "walls": 0,
            },
            drawn={"epochs": 12, "augment": "none"},
        ),
        "accurate": Preset(
            accurate,
            {
                "optimizer": "adamw:weight_decay=0.02",
                "learning_rate": 0.008,
                "schedule": "cosine:warmup=0.5",
                "batch_size": 32,
                "epochs": 18,
                "keep_prob": 1.0,
                "augment": "standard:shift=0.12,rotation=45,scale=0.4,stretch=0.3,"
                "brightness=0.12,contrast=0.4,colour=0.2",
                "add": "synthetic:count=3500,variety=1",
                "walls": 4,
            },
            drawn={"epochs": 8, "add": "none", "walls": 0},
        ),
    }
)
