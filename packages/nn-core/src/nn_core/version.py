"""The installed version."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("nn-core")
except PackageNotFoundError:  # run from a source tree
    __version__ = "0+unknown"
