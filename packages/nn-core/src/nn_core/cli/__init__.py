"""Shared parts of the command lines: options, errors, progress, plots, comparisons, data sets."""

import importlib
import os
import sys


def run(module: str) -> None:
    """Import the module of a program and run its `main`.

    Ctrl-C is one line, even while the module is still being imported. MPLBACKEND is ignored: figures are
    files, and matplotlib would not even start if the backend, such as that of Jupyter, were missing.
    """
    os.environ.pop("MPLBACKEND", None)
    try:
        main = importlib.import_module(module).main
    except KeyboardInterrupt:
        sys.stderr.write("Error: interrupted\n")
        sys.exit(130)
    main()
