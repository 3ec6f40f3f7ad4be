"""The subjects of a model's training photos: stored in its checkpoint, since what found them is not run again."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from cnn_sign_digits.datasets.catalog import read_path
from cnn_sign_digits.datasets.photos import Photos
from nn_core.arrays import Labels
from nn_core.cli.dataset import Contents
from nn_core.errors import DataError
from nn_core.storage.files import printable


@dataclass
class PhotoReader:
    """Reads photos, with the subjects found by a user's `--group`, or else with known ones.

    group  a regular expression or CSV file (see `subjects.find_subjects`), never one from a checkpoint
    known  the subject of each photo, from a checkpoint; not used with a group
    found  the subject of each photo that was read; None without group and known subjects
    """

    group: str | None = None
    known: Labels | None = None
    found: Labels | None = field(default=None, init=False)

    def __call__(self, path: Path) -> Contents[Photos]:
        """The photos at a path. Raises DataError if the known subjects are of another number of photos."""
        contents = read_path(path, group=self.group)
        train = contents.train
        if train is None or (self.group is None and self.known is None):
            return contents
        if self.group is None and self.known is not None:
            if len(self.known) != len(train.y):
                raise DataError(
                    f"{printable(path)} is not the data that the model was trained on:"
                    f" {len(train.y):,} photos, and {len(self.known):,} subjects in the checkpoint"
                )
            train = replace(train, groups=self.known)
        self.found = train.groups
        return Contents(train, contents.test)
