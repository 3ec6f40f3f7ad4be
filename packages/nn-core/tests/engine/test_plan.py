"""What a plan says of its fused layers."""

from nn_core.engine.plan import Plan
from nn_core.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from nn_core.network import Network


def test_fused_layers_are_described_by_the_layers_they_stand_for() -> None:
    layers = [Conv2D(4, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Dense(3)]
    network = Network(layers, input_shape=(8, 8, 2))
    assert Plan.of(network, "training").describe() == ["layers 0 to 2: ConvReLUMaxPool", "layer 4: DenseActivation"]
    assert Plan.of(network, "inference", fused=False).describe() == []
