"""Batches of examples in memory, on disk, or from one long text."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.batches.augmentation import AUGMENTATIONS, Augmentation
    from nn_core.batches.minibatches import MiniBatches
    from nn_core.batches.splits import group_folds, group_split, stratified_split
    from nn_core.batches.streams import StreamBatches

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "MiniBatches",
    "StreamBatches",
    "group_folds",
    "group_split",
    "stratified_split",
]

_NAMES = lazy_names(
    __name__,
    {
        "augmentation": "AUGMENTATIONS Augmentation",
        "minibatches": "MiniBatches",
        "splits": "group_folds group_split stratified_split",
        "streams": "StreamBatches",
    },
)

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
