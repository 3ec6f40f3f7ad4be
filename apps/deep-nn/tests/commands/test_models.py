"""`models` says what `train` makes."""

from pathlib import Path

from command_line import json_of, succeed, trained


def test_the_default_network(tmp_path: Path) -> None:
    (entry,) = json_of("models")
    found = json_of("summary", "--model", trained(tmp_path / "m.h5"))
    assert entry["parameters"] == found["network"]["parameters"]
    assert entry["settings"].items() <= (found["settings"] | {"epochs": 100}).items()
    assert "default  (preset of train, 337 parameters)" in succeed("models").stdout.splitlines()
