"""Optional packages, imported where they are used."""

from nn_core.extras import MissingExtraError, import_extra

__all__ = ["MissingExtraError", "import_extra"]
