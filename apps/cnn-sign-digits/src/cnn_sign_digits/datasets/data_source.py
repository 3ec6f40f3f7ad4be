"""What was read from a folder or a file, before its classes are matched to anybody's."""

from dataclasses import dataclass

from cnn_sign_digits.dataset import Images
from nn_core.arrays import Labels


@dataclass(frozen=True, eq=False)
class Part:
    """Labelled photos.

    source  the folder or the file and its part, for messages
    y       (N,) positions in `names`; where there are no names, class numbers
    groups  (N,) the number of the person on each, or None
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
