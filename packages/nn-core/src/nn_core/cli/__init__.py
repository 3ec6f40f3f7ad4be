"""Shared parts of the command lines: options, errors, progress, plots, comparisons, data sets."""

import importlib
import sys


def run(module: str) -> None:
    """Import the module of a program and run its `main`.

    Ctrl-C is one line, even while the module is still being imported.
    """
    try:
        main = importlib.import_module(module).main
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    main()
