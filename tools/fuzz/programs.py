"""The four programs, run in this process."""

import importlib
import os
import pkgutil
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

MODULES = {
    "deep-nn": "deep_nn.cli",
    "cnn-sign": "cnn_sign_digits.cli",
    "dino-gen": "char_rnn_dino.names.cli",
    "char-rnn": "char_rnn_dino.text.cli",
}
PACKAGES = ("nn_core", "deep_nn", "cnn_sign_digits", "char_rnn_dino")
EXTRAS = (
    "h5py",
    "onnx",
    "onnx.helper",
    "onnx.numpy_helper",
    "safetensors.numpy",
    "tomllib",
    "bz2",
    "lzma",
    "uuid",
    "multiprocessing.connection",
    "PIL.ImageOps",
    "threadpoolctl",
)
"""What is imported on first use."""
LEFT_OUT = ("sklearn", "matplotlib")
"""What takes much memory, whose pages every fork would have to share; imported where it is used."""


def run(command: str) -> int:
    """Run a command line, such as "deep-nn train --epochs 1"; its exit status."""
    program, *arguments = shlex.split(command)
    try:
        status: object = _main(program).main(args=arguments, prog_name=program)
    except SystemExit as end:
        status = end.code
    return status if isinstance(status, int) else int(status is not None)


def preload(scratch: Path) -> None:
    """Import every module of the packages, and every command, so that no process has to.

    scratch  a folder for what libraries keep between runs
    """
    os.environ |= {
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "MPLBACKEND": "agg",
        "XDG_CACHE_HOME": str(scratch / "cache"),
    }
    (scratch / "matplotlib").mkdir()
    # Fonts are looked for once, not in each case.
    fonts = subprocess.Popen([sys.executable, "-c", "import matplotlib.font_manager"])
    sys.dont_write_bytecode = True
    hidden: dict[str, Any] = dict.fromkeys(name for name in LEFT_OUT if name not in sys.modules)
    sys.modules.update(hidden)  # None: not to be imported
    for name in (
        *PACKAGES,
        *EXTRAS,
        *(f"PIL.{plugin}ImagePlugin" for plugin in ("Png", "Jpeg", "Gif", "Tiff", "Bmp", "Ppm")),
    ):
        package = _imported(name)
        for module in pkgutil.walk_packages(getattr(package, "__path__", []), f"{name}.") if name in PACKAGES else ():
            if not module.name.endswith("__main__"):
                _imported(module.name)
    for program in MODULES:
        main = _main(program)
        context = click.Context(main, info_name=program)
        for command in main.list_commands(context):
            main.get_command(context, command)
    for name in hidden:
        del sys.modules[name]
    fonts.wait()


def _main(program: str) -> click.Group:
    main: click.Group = importlib.import_module(MODULES[program]).main
    return main


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
