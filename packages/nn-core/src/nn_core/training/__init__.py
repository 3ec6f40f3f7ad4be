"""Training: the loop, its state and history, callbacks and evaluation."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.training.callbacks import Callback, EarlyStopping, RestoreBestWeights
    from nn_core.training.history import History
    from nn_core.training.recipe import Recipe
    from nn_core.training.state import Snapshot, TrainingState
    from nn_core.training.trainer import Trainer

__all__ = [
    "Callback",
    "EarlyStopping",
    "History",
    "Recipe",
    "RestoreBestWeights",
    "Snapshot",
    "Trainer",
    "TrainingState",
]

_NAMES = lazy_names(
    __name__,
    {
        "callbacks": "Callback EarlyStopping RestoreBestWeights",
        "history": "History",
        "recipe": "Recipe",
        "state": "Snapshot TrainingState",
        "trainer": "Trainer",
    },
)

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
