"""The command `datasets`."""

import re
from pathlib import Path

import pytest
from command_line import json_of, succeed

from deep_nn.datasets.catalog import CATALOG
from deep_nn.datasets.generated import GENERATED


class TestDatasets:
    def test_every_set_is_listed_with_its_settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("nn_core.cli.download.data_folder", lambda: tmp_path)
        text = succeed("datasets").stdout
        for name in (*GENERATED, *CATALOG.remote):
            assert re.search(f"^{name}", text, re.MULTILINE)
        assert "moons:points=500,noise=0.2\n    Two interleaving half circles" in text
        assert "cats  (to download: deep-nn fetch cats)\n" in text
        for file in CATALOG.remote["cats"].files:
            (tmp_path / file.name).touch()
        assert "to download" not in succeed("datasets").stdout

    def test_what_is_listed_can_be_trained_on(self) -> None:
        found = json_of("datasets")
        assert [entry["name"] for entry in found] == [*GENERATED, *CATALOG.remote]
        for entry in found[: len(GENERATED)]:
            assert entry["is_here"]
            assert json_of("train", "--data", entry["spec"], "--epochs", 1)["epochs"] == 1
