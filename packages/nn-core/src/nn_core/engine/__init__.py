"""The engine: the same numbers as the layers, in less time."""
