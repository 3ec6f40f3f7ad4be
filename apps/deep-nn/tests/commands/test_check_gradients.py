"""The command `check-gradients`."""

from typing import Any

import pytest
from command_line import json_of, refusal, succeed

from deep_nn import gradient_examples
from nn_core.engine.fused import MODULES
from nn_core.errors import GradientError
from nn_core.layers import LAYERS

INFERENCE = {"FoldedConv2D", "FoldedDense", "PoolBeforeActivation"}
"""Fused layers without a backward pass."""
OTHERS = {
    "binary cross-entropy",
    "softmax cross-entropy",
    "softmax cross-entropy, padded",
    "mean squared error",
    "network 2-5-3-1",
}


@pytest.fixture(scope="module")
def found() -> Any:
    return json_of("check-gradients")


class TestCheckGradients:
    def test_all_gradients_match(self) -> None:
        lines = succeed("check-gradients", "--seed", 1).stdout.splitlines()
        assert lines[0].split()[0] == "checked"
        assert lines[-1] == f"all {len(lines) - 2} gradients match to within 1e-6"

    def test_every_layer_fused_layer_and_loss_is_checked(self, found: Any) -> None:
        checked = {entry["checked"] for entry in found}
        fused = {f"{name}({', '.join(pattern.split())})" for pattern, _, name in MODULES if name not in INFERENCE}
        variants = {name for name in checked if name.partition(",")[0] in LAYERS}
        assert variants >= {name for name in LAYERS if name.isidentifier()}
        assert checked - variants == fused | OTHERS
        assert all(entry["error"] < 1e-6 for entry in found)

    def test_the_seed_draws_the_numbers(self, found: Any) -> None:
        assert json_of("check-gradients", "--seed", 0) == found
        assert json_of("check-gradients", "--seed", 2) != found

    def test_a_wrong_gradient_is_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*arguments: Any, **options: Any) -> None:
            raise GradientError("Dense, d_W[0, 1]: expected 1.0, received 2.0")

        monkeypatch.setattr("deep_nn.commands.check_gradients.check_layer", fail)
        assert "expected 1.0, received 2.0" in refusal("check-gradients", status=1)


def test_the_examples_are_named_for_their_layers() -> None:
    for layers in gradient_examples.LAYERS.values():
        for name, layer in layers.items():
            assert name.partition(",")[0] == type(layer).__name__
