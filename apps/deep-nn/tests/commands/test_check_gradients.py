"""The command `check-gradients`."""

from typing import Any

import pytest
from command_line import (
    json_of,
    refusal,
    succeed,
)

from nn_core.errors import GradientError


class TestCheckGradients:
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_all_gradients_match(self, seed: int) -> None:
        lines = succeed("check-gradients", "--seed", seed).stdout.splitlines()
        assert lines[0].split()[0] == "checked"
        assert lines[-1] == f"all {len(lines) - 2} gradients match to within 1e-6"

    def test_every_layer_loss_and_fused_layer_is_checked(self) -> None:
        found = json_of("check-gradients")
        checked = {entry["checked"].partition("(")[0] for entry in found}
        assert checked == {
            "Dense",
            "Sigmoid",
            "Tanh",
            "ReLU",
            "LeakyReLU",
            "GELU",
            "Dropout",
            "Flatten",
            "Conv2D",
            "MaxPool2D",
            "AveragePool2D",
            "GlobalAveragePool2D",
            "BatchNorm",
            "InstanceNorm",
            "Embedding",
            "SimpleRNN",
            "GRU",
            "LSTM",
            "binary cross-entropy",
            "softmax cross-entropy",
            "sequence cross-entropy",
            "mean squared error",
            "network 2-5-3-1",
            "BatchNormReLU",
            "BatchNormReLUMaxPool",
            "ConvReLUMaxPool",
            "EmbeddedRecurrent",
            "WinogradConv2D",
        }
        assert all(entry["error"] < 1e-6 for entry in found)

    def test_the_seed_draws_the_numbers(self) -> None:
        assert json_of("check-gradients") == json_of("check-gradients", "--seed", 0)
        assert json_of("check-gradients") != json_of("check-gradients", "--seed", 1)

    def test_a_wrong_gradient_is_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*arguments: Any, **options: Any) -> None:
            raise GradientError("Dense, d_W[0, 1]: expected 1.0, received 2.0")

        monkeypatch.setattr("deep_nn.commands.check_gradients.check_layer", fail)
        assert "expected 1.0, received 2.0" in refusal("check-gradients", status=1)
