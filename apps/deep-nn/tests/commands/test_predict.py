"""The command `predict`."""

import re
from pathlib import Path

import numpy as np
import pytest
from command_line import PHOTOS, POINTS, json_of, refusal, succeed
from PIL import Image


class TestPredict:
    def test_training_photos_are_classified(self, folder: Path, tmp_path: Path) -> None:
        paths = [tmp_path / f"{i}.png" for i in range(6)]
        for photo, path in zip(PHOTOS, paths, strict=False):
            Image.fromarray(photo).save(path)
        found = json_of("predict", "--model", folder / "cats.h5", *paths)
        assert [answer["file"] for answer in found] == [str(path) for path in paths]
        assert [answer["class"] for answer in found] == ["non-cat", "cat"] * 3
        for answer in found:
            assert answer["row"] is None
            assert set(answer["probabilities"]) == {"non-cat", "cat"}
            assert sum(answer["probabilities"].values()) == pytest.approx(1)
            assert answer["probability"] == max(answer["probabilities"].values())
            assert answer["probability"] == answer["probabilities"][answer["class"]]

    @pytest.mark.parametrize(
        ("mode", "size", "name"),
        [
            ("RGB", (300, 200), "large.jpg"),
            ("RGB", (1, 1), "dot.png"),
            ("L", (5, 6), "grey.png"),
            ("RGBA", (50, 60), "clear.png"),
            ("P", (20, 10), "palette.gif"),
            ("1", (9, 9), "ink.bmp"),
            ("CMYK", (9, 9), "print.tiff"),
        ],
    )
    def test_images_of_any_size_and_mode(
        self, folder: Path, tmp_path: Path, mode: str, size: tuple[int, int], name: str
    ) -> None:
        Image.new(mode, size).save(tmp_path / name)
        (answer,) = json_of("predict", "--model", folder / "cats.h5", tmp_path / name)
        assert answer["class"] in {"cat", "non-cat"}

    def test_one_prediction_per_csv_row(self, folder: Path, tmp_path: Path) -> None:
        bare = tmp_path / "bare.csv"
        np.savetxt(bare, POINTS[:5], delimiter=",")
        found = json_of("predict", "--model", folder / "sides-model.h5", bare)
        assert [answer["row"] for answer in found] == [1, 2, 3, 4, 5]
        labelled = json_of("predict", "--model", folder / "sides-model.h5", folder / "sides.csv")
        assert [a["class"] for a in found] == [a["class"] for a in labelled[:5]]
        assert len(labelled) == 60

    def test_the_table(self, folder: Path, tmp_path: Path) -> None:
        Image.fromarray(PHOTOS[1]).save(tmp_path / "photo.png")
        (line,) = succeed("predict", "--model", folder / "cats.h5", tmp_path / "photo.png").stdout.splitlines()
        assert re.fullmatch(r".*photo\.png +cat +\d+\.\d%", line)
        lines = succeed("predict", "--model", folder / "thirds-model.h5", folder / "thirds.csv").stdout
        assert "thirds.csv row 60 " in lines.splitlines()[-1]

    def test_probabilities_of_three_classes_sum_to_1(self, folder: Path) -> None:
        found = json_of("predict", "--model", folder / "thirds-model.h5", folder / "thirds.csv")
        for answer in found:
            assert list(answer["probabilities"]) == ["a", "b", "c"]
            assert sum(answer["probabilities"].values()) == pytest.approx(1)

    def test_rows_of_another_width_are_refused(self, folder: Path, tmp_path: Path) -> None:
        for text, columns in (("1\n", 1), ("1,2,3,4\n", 4)):
            (tmp_path / "wide.csv").write_text(text)
            line = refusal("predict", "--model", folder / "moons.h5", tmp_path / "wide.csv", status=1)
            assert "the model was trained on 2 columns" in line
            assert f"wide.csv has {columns}" in line

    def test_one_bad_file_means_no_predictions(self, folder: Path, tmp_path: Path) -> None:
        Image.new("RGB", (5, 5)).save(tmp_path / "good.png")
        (tmp_path / "bad.png").write_text("no picture")
        files = (tmp_path / "good.png", tmp_path / "bad.png")
        assert "bad.png is not an image" in refusal("predict", "--model", folder / "cats.h5", *files, status=1)

    def test_at_least_one_file_is_required(self, folder: Path) -> None:
        assert "FILES" in refusal("predict", "--model", folder / "cats.h5", status=2)
