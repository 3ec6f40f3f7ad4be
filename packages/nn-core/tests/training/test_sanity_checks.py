"""Checks for mistakes that would train without an error, but badly."""

import warnings
from typing import Any

import numpy as np
import pytest
from small_runs import X, Y, recipe_of, small_network

from nn_core.errors import DataError, SettingError
from nn_core.layers import (
    BatchNorm,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    Layer,
    Parallel,
    ReLU,
    Sigmoid,
)
from nn_core.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.metrics import Metric, accuracy, mean_absolute_error, r2
from nn_core.network import Network
from nn_core.reference import Reference
from nn_core.training.recipe import Recipe
from nn_core.training.sanity_checks import check_last_layer, check_metrics, check_scale
from nn_core.training.trainer import Trainer

BYTES = np.arange(3 * 8 * 8 * 3, dtype=np.uint8).reshape(3, 8, 8, 3)
WEIGHTED: list[list[Layer]] = [
    [Flatten(), Dense(2)],
    [Flatten(), Dropout(0.1), Dense(2)],
    [Conv2D(2, 3), Flatten(), Dense(2)],
    [Chain((Conv2D(2, 3), ReLU())), Flatten(), Dense(2)],
    [Parallel([[InstanceNorm(), Flatten()], [Flatten(), Dense(2)]]), Dense(2)],
]


@pytest.mark.parametrize("last", [Sigmoid(), Chain((Dense(1), Sigmoid()))])
def test_a_sigmoid_before_a_loss_with_a_sigmoid_is_refused(last: Layer) -> None:
    network = small_network(Dense(1), last)
    with pytest.raises(SettingError, match=r"BinaryCrossEntropy takes logits .* remove the last layer, Sigmoid\(\)"):
        Trainer(Reference(network), X, Y, recipe_of(), epochs=1)
    Trainer(Reference(network), X, Y, Recipe("mean-squared-error"), epochs=1)
    check_last_layer(small_network(Dense(1), Sigmoid(), Dense(1)), binary_cross_entropy)


@pytest.mark.parametrize("layers", WEIGHTED)
def test_bytes_into_weights_are_refused(layers: list[Layer]) -> None:
    network = Network(layers, input_shape=(8, 8, 3))
    line = r"the examples are bytes up to 255, but \w+ expects values near 1; scale them: x / 255"
    with pytest.raises(DataError, match=line):
        Trainer(Reference(network), BYTES, [0, 1, 1], Recipe("softmax-cross-entropy"), epochs=1)
    check_scale(network, BYTES > 100)
    check_scale(network, (BYTES > 100).astype(np.uint8))
    check_scale(network, BYTES / 255)


@pytest.mark.parametrize("layers", WEIGHTED)
@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_values_that_look_like_bytes_warn(layers: list[Layer], kind: Any) -> None:
    network = Network(layers, input_shape=(8, 8, 3))
    with pytest.warns(UserWarning, match="the examples look like bytes, 0 to 255; scale them: x / 255"):
        check_scale(network, BYTES.astype(kind))


@pytest.mark.parametrize(
    "layers",
    [
        [InstanceNorm(), Flatten(), Dense(2)],
        [BatchNorm(), Flatten(), Dense(2)],
        [Conv2D(2, 3), BatchNorm(), GlobalAveragePool2D()],
    ],
)
def test_bytes_before_normalization_are_allowed(layers: list[Layer]) -> None:
    check_scale(Network(layers, input_shape=(8, 8, 3)), BYTES)


def test_tokens_and_small_tables_are_allowed() -> None:
    check_scale(Network([Embedding(256, 2), Dense(2)], input_shape=(None,)), BYTES.reshape(3, -1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_scale(Network([Dense(2)], input_shape=(3,)), np.array([[0.0, 100.0, 255.0]]))


def test_sigmoid_at_the_end_of_a_branch() -> None:
    network = Network([Parallel([[Dense(1)], [Dense(1), Sigmoid()]], merge="add")], input_shape=2)
    with pytest.raises(SettingError, match=r"remove the last layer, Sigmoid\(\)"):
        check_last_layer(network, binary_cross_entropy)


@pytest.mark.parametrize(
    ("metrics", "loss", "message"),
    [
        ({"accuracy": accuracy}, mean_squared_error, "accuracy is for classes; for real targets use"),
        ({"r2": r2}, softmax_cross_entropy, r"r2 is for real targets; for classes use metrics=\['accuracy'\]"),
        ({"mae": mean_absolute_error}, binary_cross_entropy, "mean_absolute_error is for real targets"),
        ({"loss": r2}, mean_squared_error, "the loss is always measured"),
    ],
)
def test_metrics_of_another_task(metrics: dict[str, Metric], loss: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        check_metrics(metrics, loss)
    check_metrics({"accuracy": accuracy}, softmax_cross_entropy)
