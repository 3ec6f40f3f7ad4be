"""Contents of a file or folder of photos, before its classes are matched to a model's."""

from dataclasses import dataclass

from cnn_sign_digits.datasets.dataset import Images
from nn_core.arrays import Labels


@dataclass(frozen=True, eq=False)
class Part:
    """Labeled photos.

    source  the folder, or the file and its part, for messages
    y       (N,) indices into `names`; class numbers if there are no names
    groups  (N,) the subject of each photo, or None
    """

    source: str
    x: Images
    y: Labels
    names: tuple[str, ...] | None
    groups: Labels | None = None


@dataclass(frozen=True, eq=False)
class Contents:
    """A training part, a test part, or both."""

    train: Part | None
    test: Part | None
