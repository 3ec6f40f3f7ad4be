"""Show a network's layers and training settings.

Shows forward and backward shapes, the number of parameters and their bytes, and the
multiply-accumulate operations (MACs) of a forward pass of one photo.

\b
Example: cnn-sign summary --preset classic
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnn_sign_digits.inspect.layer_info import layer_shapes, shapes_table
from cnn_sign_digits.model import SHIPPED, load_model
from cnn_sign_digits.presets import PRESETS, untrained
from cnn_sign_digits.settings import settings_of
from nn_core.cli.summary_command import Overview, summary_command
from nn_core.network import Network
from nn_core.storage.files import first_few, printable

MAX_CLASSES = 50


def of_model(path: Path | None) -> Overview:
    """The network of a checkpoint, with its classes."""
    model = load_model(path)
    name = printable((path or SHIPPED).name)
    lines = [f"classes: {first_few(model.classes, MAX_CLASSES)}"]
    settings = settings_of(model) if model.settings else None
    return Overview(name, model.network, settings, {"classes": model.classes}, lines)


def of_preset(name: str) -> Overview:
    """The untrained network of a preset, with ten classes."""
    return Overview(f"{name} network", untrained(name))


def layers(network: Network) -> tuple[Mapping[str, Any], str]:
    """Shapes forward and backward, and costs."""
    shapes = layer_shapes(network)
    return shapes, "\n".join(
        [
            "for a batch of N photos; MACs of one photo, forward",
            shapes_table(shapes),
            "-: no gradient, since no earlier layer has trainable parameters",
        ]
    )


summary = summary_command(of_model, presets=tuple(PRESETS), of_preset=of_preset, layers=layers)
