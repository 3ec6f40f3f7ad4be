"""The command `boundary`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import refusal, succeed, trained, write_npz

from deep_nn.model import load_model
from deep_nn.setup import set_up
from nn_core.cli.dataset import Dataset


class TestBoundary:
    @pytest.mark.parametrize("model", ["moons.h5", "blobs.h5", "sides-model.h5"])
    def test_two_and_three_classes(self, folder: Path, tmp_path: Path, model: str) -> None:
        result = succeed("boundary", "--model", folder / model, "--figure", tmp_path / "b.png")
        assert result.stdout == ""
        *named, line = result.stderr.splitlines()
        assert line == f"wrote {tmp_path / 'b.png'}"
        assert all(each.endswith("which the checkpoint names as its data") for each in named)
        assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")

    def test_the_default_points_are_those_of_the_run(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: dict[str, Dataset[Any]] = {}

        def draw(model: object, parts: dict[str, Dataset[Any]], path: Path, **options: str) -> None:
            drawn.update(parts)

        monkeypatch.setattr("deep_nn.commands.boundary.draw_boundary", draw)
        succeed("boundary", "--model", folder / "moons.h5", "--figure", tmp_path / "b.png")
        splits = set_up(load_model(folder / "moons.h5").settings).splits
        assert list(drawn) == ["training", "validation"]
        np.testing.assert_array_equal(drawn["training"].x, splits.train.x)
        np.testing.assert_array_equal(drawn["validation"].x, splits.validation.x)

    def test_with_other_points(self, folder: Path, tmp_path: Path) -> None:
        figure = tmp_path / "b.svg"
        succeed("boundary", "--model", folder / "moons.h5", "--data", "moons:points=20", "--figure", figure)
        assert "</svg>" in figure.read_text(encoding="utf-8")

    def test_the_default_figure_is_in_the_working_directory(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        succeed("boundary", "--model", folder / "moons.h5")
        assert [path.name for path in tmp_path.iterdir()] == ["boundary.png"]

    def test_where_one_class_wins_everywhere(self, tmp_path: Path) -> None:
        lonely = np.zeros(60, dtype=np.int64)
        lonely[::20] = 1
        write_npz(tmp_path / "lonely.npz", lonely)
        network = ("--hidden", "", "--initializer", "zeros", "--epochs", 3)
        path = trained(tmp_path / "m.h5", "--data", tmp_path / "lonely.npz", *network)
        succeed("boundary", "--model", path, "--figure", tmp_path / "b.png")

    def test_the_axes_are_named_for_the_columns(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "t.csv").write_text("label,$b$,a\nx,1,2\ny,2,1\nx,1,3\n", "utf-8")
        path = trained(tmp_path / "m.h5", "--data", tmp_path / "t.csv", "--validation", 0)
        drawn: list[Any] = []
        monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: drawn.append(figure))
        succeed("boundary", "--model", path, "--figure", tmp_path / "b.svg")
        axes = drawn[0].axes[0]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("$b$", "a")
        assert not axes.xaxis.label.get_parse_math()

    def test_several_networks_stand_side_by_side(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: list[Any] = []
        monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: drawn.append(figure))
        line = trained(tmp_path / "line.h5", "--hidden", "", "--epochs", 1)
        succeed("boundary", "--model", folder / "moons.h5", "--model", line, "--figure", tmp_path / "b.png")
        titles = [axes.get_title(loc="left") for axes in drawn[0].axes]
        assert [title.splitlines()[0] for title in titles] == ["moons", "line"]
        assert all("training " in title and "validation " in title for title in titles)

    def test_networks_of_other_classes_do_not_stand_side_by_side(self, folder: Path, tmp_path: Path) -> None:
        models = ("--model", folder / "moons.h5", "--model", folder / "blobs.h5")
        found = refusal("boundary", *models, "--figure", tmp_path / "b.png", status=1)
        assert (
            found == f"{folder / 'blobs.h5'} has other classes than {folder / 'moons.h5'}; plot one of them at a time"
        )

    def test_a_network_with_other_inputs_is_refused(self, folder: Path, tmp_path: Path) -> None:
        figure = tmp_path / "b.png"
        line = refusal("boundary", "--model", folder / "cats.h5", "--figure", figure, status=1)
        assert "boundary needs a network with two numeric inputs" in line
        assert not figure.exists()
