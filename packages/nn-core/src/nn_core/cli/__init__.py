"""Shared parts of the command lines: options, errors, progress, plots, comparisons, data sets."""

import importlib
import os
import sys

from nn_core.signals import exit_status, handle_signals, interrupted_by, release_signals, signal_of
from nn_core.standard_streams import guard_streams, open_descriptors, standard_error


def run(module: str) -> None:
    """Import the module of a program and run its `main`.

    Ctrl-C, SIGTERM and SIGHUP are one line, even while the module is still being imported. MPLBACKEND is ignored:
    figures are files, and matplotlib would not even start if the backend, such as that of Jupyter, were missing.
    """
    os.environ.pop("MPLBACKEND", None)
    open_descriptors()
    guard_streams()
    try:
        handle_signals()
        importlib.import_module(module).main()
    except KeyboardInterrupt as error:
        standard_error().write(f"Error: {interrupted_by(signal_of(error))}\n")
        sys.exit(exit_status(signal_of(error)))
    finally:
        release_signals()
