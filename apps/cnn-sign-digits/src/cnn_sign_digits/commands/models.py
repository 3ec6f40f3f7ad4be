"""List the shipped network and the presets.

\b
Example: cnn-sign models
"""

from cnn_sign_digits.model import SHIPPED, load_model
from cnn_sign_digits.presets import PRESETS, untrained
from nn_core.cli.models_command import ModelEntry, models_command
from nn_core.storage.files import first_few


def entries() -> list[ModelEntry]:
    """The shipped network, which is that of --preset accurate, trained; and the presets."""
    shipped = load_model(None)
    classes = first_few(shipped.classes, 10)
    return [
        ModelEntry(
            "shipped",
            "shipped",
            f"{SHIPPED.name}, trained on photos and synthetic hands: the digits {classes}.",
            shipped.network.count_params(),
            ["used wherever --model is left out: cnn-sign predict photo.jpg", "cnn-sign train --from shipped"],
            {"preset": SHIPPED.stem},
        ),
        *(
            ModelEntry(
                name,
                "preset",
                preset.summary,
                untrained(name).count_params(),
                [f"cnn-sign train --preset {name} --data digits"],
                preset.photos,
            )
            for name, preset in PRESETS.items()
        ),
    ]


models = models_command(entries)
