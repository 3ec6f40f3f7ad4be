"""The command `compare-activations`."""

from collections.abc import Sequence
from dataclasses import replace

from deep_nn.commands._comparison import Sweep
from deep_nn.settings import NetworkSettings
from nn_core.cli.train_options import activation_type


class ActivationSweep(Sweep):
    """A comparison of activation functions, each with an initializer that fits."""

    def settings(self, base: NetworkSettings, value: str) -> NetworkSettings:
        """The settings of one trial; --initializer holds for all."""
        from deep_nn.layer_statistics import fitting_initializer
        from deep_nn.model import activation

        return replace(base, activation=value, initializer=base.initializer or fitting_initializer(activation(value)))

    def baseline_settings(self, base: NetworkSettings, trials: Sequence[NetworkSettings]) -> NetworkSettings:
        """Plain gradient descent with `baseline`."""
        return super().baseline_settings(self.settings(base, base.activation), trials)


@ActivationSweep(
    "activation",
    activation_type(),
    values=("sigmoid", "tanh", "relu", "leaky-relu", "gelu"),
    baseline="relu",
    defaults={
        "hidden": "16,16,16,16,16,16,16,16",
        "initializer": None,
        "optimizer": "gradient-descent",
        "learning_rate": 0.1,
    },
    name="activation",
    plural="activation functions",
    by_layer=True,
).command
def compare_activations() -> None:
    """Compare activation functions in a deep network.

    Beside the training loss, shows the gradient norm of each layer at the first step: with sigmoid, it
    vanishes towards the first layer.

    \b
    Example: deep-nn compare-activations sigmoid relu gelu
    """
