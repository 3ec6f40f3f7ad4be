"""List the shipped network and the presets of train.

\b
Example: dino-gen models
"""

from char_rnn_dino.model import DINO_GEN, SHIPPED, load_model
from char_rnn_dino.names.commands.train import DEFAULTS
from char_rnn_dino.overview import cell_entries
from char_rnn_dino.settings import NameSettings, settings_of
from nn_core.cli.models_command import ModelEntry, models_command


def entries() -> list[ModelEntry]:
    """The shipped network, and a preset per recurrent layer."""
    model = load_model(None, DINO_GEN)
    settings = settings_of(model, NameSettings)
    shipped = ModelEntry(
        "shipped",
        "shipped",
        f"{SHIPPED.name}, trained on the bundled names of dinosaurs.",
        model.network.count_params(),
        ["used wherever --model is left out: dino-gen --start Y", "dino-gen train --from shipped --data names.txt"],
        {"cell": settings.cell, "hidden": settings.hidden, "epochs": settings.epochs},
    )
    return [shipped, *cell_entries(DINO_GEN, DEFAULTS, NameSettings, len(model.vocabulary))]


models = models_command(entries)
