"""List the networks that come with the program.

None is trained: train makes them, by default with two hidden layers.

\b
Example: deep-nn models
"""

from deep_nn.commands.train import train
from deep_nn.model import build_layers, output_units
from deep_nn.settings import NetworkSettings
from nn_core.cli.models_command import ModelEntry, models_command
from nn_core.cli.settings import settings_used
from nn_core.network import Network

SHOWN = ("hidden", "activation", "initializer", "dropout", "optimizer", "learning_rate", "batch_size", "epochs")
INPUTS, CLASSES = 2, ("upper", "lower")
"""Of the data set moons."""


def entries() -> list[ModelEntry]:
    """The network that `train` makes by default."""
    settings = NetworkSettings.from_mapping(train.make_context("train", []).params)
    network = Network(build_layers(settings, output_units(CLASSES)), input_shape=(INPUTS,))
    used = settings_used(settings)
    return [
        ModelEntry(
            "default",
            "preset",
            "A fully connected network for tables and small images; the number of parameters is that for moons.",
            network.count_params(),
            ["deep-nn train --data moons --save moons.h5", "deep-nn evaluate --model moons.h5"],
            {name: used[name] for name in SHOWN},
        )
    ]


models = models_command(entries)
