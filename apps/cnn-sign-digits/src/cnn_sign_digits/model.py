"""The network between the photos and the answers, kept in a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnn_sign_digits.dataset import SIZE, Images
from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.batches.augmentation import turned
from nn_core.cli.labels import class_names
from nn_core.errors import CheckpointError
from nn_core.metrics import probabilities
from nn_core.network import Network

PROGRAM = "cnn-sign"
SHIPPED = Path(__file__).with_name("accurate.h5")
"""The weights that come with the program."""
INPUT_SHAPE = (SIZE, SIZE, 3)
View = tuple[float, bool]
AT_ONCE = 256
"""Photos that are looked at together."""


@dataclass(frozen=True)
class Model:
    """A trained network that answers for photos as they are, bytes (N, 64, 64, 3).

    settings     those of its training, as the checkpoint has them
    fingerprint  of the photos that it was trained on
    views        how it looks at each photo: (degrees turned, whether in a mirror)
    run          how to go on with its training, if that was saved
    """

    network: Network
    classes: tuple[str, ...]
    settings: Mapping[str, Any]
    fingerprint: str
    views: tuple[View, ...]
    run: checkpoint.Run | None

    def logits(self, x: Images) -> Array:
        """log P(class | photo), (N, classes)."""
        return np.log(np.maximum(self.probabilities(x), 1e-30))

    def probabilities(self, x: Images) -> Array:
        """P(class | photo), (N, classes): the mean over the views."""
        answers = np.zeros((len(x), len(self.classes)), self.network.dtype)
        contexts = self.network.contexts(frozen=True)
        for start in range(0, len(x), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            photos = x[part]
            for degrees, mirrored in self.views:
                seen = photos[:, :, ::-1] if mirrored else photos
                view = turned(seen, degrees) if degrees else seen
                answers[part] += probabilities(self.network.predict(view, contexts=contexts))
        answers /= len(self.views)
        return answers

    def details(self) -> dict[str, Any]:
        """What a checkpoint needs beside the network."""
        return {
            "settings": dict(self.settings),
            "classes": self.classes,
            "fingerprint": self.fingerprint,
            "views": self.views,
        }


def load_model(path: Path | None) -> Model:
    """Read a checkpoint of cnn-sign; without a path, the one that comes with the program.

    Raises CheckpointError, in one line.
    """
    path = SHIPPED if path is None else path
    loaded = checkpoint.load(path, program=PROGRAM)
    details = loaded.details
    try:
        classes, settings = class_names(details["classes"]), dict(details["settings"])
        model = Model(
            loaded.network,
            classes,
            settings,
            details["fingerprint"],
            tuple((float(degrees), bool(mirrored)) for degrees, mirrored in details["views"]),
            loaded.run,
        )
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    network = model.network
    if not model.views or not all(-180 <= degrees <= 180 for degrees, _ in model.views):
        raise CheckpointError(f"{path} is damaged: it has no way to look at a photo")
    if network.input_shape != INPUT_SHAPE or network.output_shape != (len(model.classes),):
        raise CheckpointError(f"{path} is damaged: its network does not fit its classes or photos")
    return model
