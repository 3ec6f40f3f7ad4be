"""The command `fetch`."""

from pathlib import Path
from typing import Any

import pytest
from command_line import invoke, refusal

from nn_core.cli.download import RemoteDataset


class TestFetch:
    def test_the_paths_are_printed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[str, Path | None, bool]] = []

        def fetch(dataset: RemoteDataset, to: Path | None, *, progress: bool) -> tuple[Path, ...]:
            asked.append((dataset.name, to, progress))
            return tuple((to or tmp_path) / file.name for file in dataset.files)

        monkeypatch.setattr("nn_core.cli.download.fetch", fetch)
        for options, folder in ((), None), (("--to", tmp_path / "new"), tmp_path / "new"):
            result = invoke("fetch", "cats", *options)
            names = [Path(line).name for line in result.stdout.splitlines()]
            assert names == ["train_catvnoncat.h5", "test_catvnoncat.h5"]
            assert asked.pop() == ("cats", folder, False)

    def test_description_and_license_are_printed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("nn_core.cli.download.fetch", lambda *a, **options: ())
        said = invoke("fetch", "cats").stderr
        assert "64x64 RGB" in said
        assert "license: " in said

    def test_an_unknown_set(self) -> None:
        assert "unknown data set 'cat'; did you mean 'cats'?" in refusal("fetch", "cat", status=1)

    def test_a_server_that_does_not_respond(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import requests.exceptions

        def retrieve(*arguments: Any, **options: Any) -> None:
            raise requests.exceptions.ConnectTimeout

        monkeypatch.setattr("pooch.retrieve", retrieve)
        result = invoke("fetch", "cats", "--to", tmp_path)
        assert result.exit_code == 1
        assert result.stdout == ""
        line = result.stderr.splitlines()[-1]
        assert line.startswith("Error: cannot fetch cats, file train_catvnoncat.h5")
        assert "did not respond in time" in line
        assert list(tmp_path.iterdir()) == []
