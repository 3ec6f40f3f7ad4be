"""The settings of a training run, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import click
import numpy as np

from cnn_sign_digits.datasets.catalog import CATALOG
from cnn_sign_digits.model import Model
from cnn_sign_digits.presets import PRESETS
from nn_core.cli.settings import OptionTypes, Settings, option_types, require_options
from nn_core.errors import CheckpointError, NNError
from nn_core.layers import ACTIVATIONS, Layer
from nn_core.losses import softmax_cross_entropy
from nn_core.printable import one_line, shortened
from nn_core.registry import is_number

BACKGROUNDS = click.IntRange(0, 100)
PRESET_NAME = click.Choice(list(PRESETS))


@dataclass(frozen=True, kw_only=True)
class PhotoSettings(Settings):
    """The settings of a cnn-sign run, named after its options.

    test         validation data; None: the test set of `data`, a fold, or a held-out split
    group        how the subjects of the photos in a folder were found, as text: it is never run again
    extra_data   additional training photos, or "none"
    backgrounds  copies of each hand over synthetic backgrounds
    dropout      rate before the last layer
    class_weight "balanced", or weights by class, "a=2,b=0.5"; None for equal weights
    """

    network_fields = Settings.network_fields | {"preset", "activation", "initializer"}
    data_fields = Settings.data_fields | {"group"}
    file_fields = Settings.file_fields | {"extra_data", "group"}

    data: str
    test: str | None
    validation: float
    group: str | None
    extra_data: str
    backgrounds: int
    preset: str
    activation: str
    initializer: str
    dropout: float
    augment: str
    class_weight: str | None = None

    def is_data_name(self, text: str) -> bool:
        """Whether a text names a data set of the program, not a file."""
        return text.partition(":")[0].strip() in {*CATALOG.names, "none"}

    def layers(self, classes: int) -> list[Layer]:
        """The layers of the preset."""
        activation = ACTIVATIONS.parse(self.activation)()
        return PRESETS[self.preset].build(classes, activation, self.initializer, self.dropout)


def settings_of(model: Model) -> PhotoSettings:
    """The settings of a model's training. Raises CheckpointError if they are invalid."""
    try:
        settings = PhotoSettings.from_mapping(migrate_settings(model.settings))
        require_options(settings, _option_types())
        settings.layers(2)
        settings.recipe(softmax_cross_entropy)
    except NNError as error:
        raise CheckpointError(f"the settings in the checkpoint are damaged: {one_line(str(error), 400)}") from None
    return settings


@cache
def _option_types() -> OptionTypes:
    from nn_core.cli.class_weight import class_weight_option
    from nn_core.cli.options import dropout_option, validation_option
    from nn_core.cli.train_options import activation_option, augment_option, initializer_option

    data = validation_option(0.2, ""), augment_option(), class_weight_option()
    network = dropout_option(""), activation_option(), initializer_option()
    return option_types(*data, *network, backgrounds=BACKGROUNDS, preset=PRESET_NAME)


_RENAMED = {"add": "extra_data", "walls": "backgrounds"}


def migrate_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a checkpoint of any version, under their current names.

    Before dropout there was keep_prob = 1 - dropout; extra_data was `add`, backgrounds `walls`;
    the diversity of synthetic data was `variety`; in augmentations horizontal_flip was `mirror`,
    and color `colour`.
    """
    migrated = {_RENAMED.get(name, name): value for name, value in settings.items()}
    if "keep_prob" in migrated:
        kept = migrated.pop("keep_prob")
        if not is_number(kept):
            raise CheckpointError(f"keep_prob must be a number, not {shortened(repr(kept))}")
        migrated["dropout"] = round(1 - kept, 12)
    for name in ("data", "test", "extra_data", "augment"):
        value = migrated.get(name)
        if isinstance(value, str):
            migrated[name] = _migrate_spec(value)
    return migrated


def _migrate_spec(spec: str) -> str:
    """Rename the settings within a text such as "synthetic:variety=1"; leave paths alone."""
    name, colon, tail = spec.partition(":")
    renamed = {"standard": {"mirror": "horizontal_flip", "colour": "color"}}
    renamed |= {generated: {"variety": "diversity"} for generated in CATALOG.generated}
    if name.strip() not in renamed:
        return spec
    pairs = [part.partition("=") for part in tail.split(",")]
    names = renamed[name.strip()]
    parts = [f"{names.get(key.strip(), key)}{equals}{value}" for key, equals, value in pairs]
    return f"{name}{colon}{','.join(parts)}"


class Rngs(NamedTuple):
    """Independent random generators of a run.

    data         synthetic data and splits
    evaluation   synthetic data to evaluate on, none of it in training
    """

    data: np.random.Generator
    weights: np.random.Generator
    evaluation: np.random.Generator
    extra_data: np.random.Generator
    backgrounds: np.random.Generator


def spawn_rngs(seed: int) -> Rngs:
    """The generators of a run, all from its seed."""
    return Rngs(*np.random.default_rng(seed).spawn(len(Rngs._fields)))
