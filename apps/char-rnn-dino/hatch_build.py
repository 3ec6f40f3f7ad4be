"""Pack the workspace's data into the wheel and the sdist; git has one copy."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAMES = ("dinosaurs.txt", "fieldnotes.txt")


class DataHook(BuildHookInterface):
    """Adds the files from `data` in a checkout; an sdist has them in the package already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each file to its path in the archive."""
        data = Path(self.root).parents[1] / "data"
        if version == "editable" or not all((data / name).is_file() for name in NAMES):
            return
        package = "char_rnn_dino/data" if self.target_name == "wheel" else "src/char_rnn_dino/data"
        for name in NAMES:
            build_data["force_include"][str(data / name)] = f"{package}/{name}"
