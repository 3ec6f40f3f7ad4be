"""The engine: the same numbers as the layers, in less time."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.engine.engine import Engine
    from nn_core.engine.predictor import Predictor

__all__ = ["Engine", "Predictor"]

_NAMES = lazy_names(__name__, {"engine": "Engine", "predictor": "Predictor"})

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
