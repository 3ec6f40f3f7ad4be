"""Shared parts of the command lines: options, errors, progress, plots, comparisons, data sets."""

import importlib
import os
import sys

from nn_core.standard_streams import guard_streams, open_descriptors, standard_error


def run(module: str) -> None:
    """Import the module of a program and run its `main`.

    Ctrl-C is one line, even while the module is still being imported. MPLBACKEND is ignored: figures are
    files, and matplotlib would not even start if the backend, such as that of Jupyter, were missing.
    """
    os.environ.pop("MPLBACKEND", None)
    open_descriptors()
    guard_streams()
    try:
        main = importlib.import_module(module).main
    except KeyboardInterrupt:
        standard_error().write("Error: interrupted\n")
        sys.exit(130)
    main()
