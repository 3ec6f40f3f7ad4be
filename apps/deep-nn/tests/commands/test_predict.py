"""The command `predict`."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import PHOTOS, POINTS, invoke, json_of, refusal, refused_and_nothing_changed, succeed
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

    def test_a_bad_file_is_skipped(self, folder: Path, tmp_path: Path) -> None:
        files = [tmp_path / f"{name}.png" for name in ("a", "bad", "b", "worse")]
        for file in (files[0], files[2]):
            Image.new("RGB", (5, 5)).save(file)
        files[1].write_text("no picture")
        for options, first in ((("--json",), '[{"file"'), ((), str(files[0])), (("--output", "-"), "file,prediction")):
            result = invoke("predict", "--model", folder / "cats.h5", *files, *options)
            assert result.exit_code == 1
            assert result.stdout.startswith(first)
            assert str(files[2]) in result.stdout
            lines = result.stderr.splitlines()
            assert "bad.png is not an image" in lines[0]
            assert lines[1] == f"Error: no such file: {files[3]}"
        answers = json.loads(invoke("predict", "--model", folder / "cats.h5", *files, "--json").stdout)
        assert [answer["file"] for answer in answers] == [str(files[0]), str(files[2])]

    def test_without_a_good_file_nothing_is_printed_or_written(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "bad.png").write_text("no picture")
        for options in ((), ("--json",), ("--output", "-"), ("--output", tmp_path / "p.csv")):
            arguments = ("predict", "--model", folder / "cats.h5", tmp_path / "bad.png", *options)
            assert "bad.png is not an image" in refused_and_nothing_changed(tmp_path, *arguments, status=1)

    def test_at_least_one_file_is_required(self, folder: Path) -> None:
        assert "FILES" in refusal("predict", "--model", folder / "cats.h5", status=2)


def table_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


class TestOutput:
    def test_rows_of_a_table(self, folder: Path, tmp_path: Path) -> None:
        data, out = folder / "thirds.csv", tmp_path / "p.csv"
        stderr = succeed("predict", "--model", folder / "thirds-model.h5", data, "--output", out).stderr
        assert stderr == f"Note: {data}: ignored: side\nwrote {out}: 60 predictions\n"
        header, *rows = table_of(out)
        assert header == ["row", "prediction"]
        expected = json_of("predict", "--model", folder / "thirds-model.h5", data)
        assert rows == [[str(answer["row"]), answer["class"]] for answer in expected]

    def test_probabilities(self, folder: Path, tmp_path: Path) -> None:
        data, out = folder / "thirds.csv", tmp_path / "p.csv"
        succeed("predict", "--model", folder / "thirds-model.h5", data, "--output", out, "--proba")
        header, *rows = table_of(out)
        assert header == ["row", "prediction", "probability_a", "probability_b", "probability_c"]
        expected = json_of("predict", "--model", folder / "thirds-model.h5", data)
        for row, answer in zip(rows, expected, strict=True):
            np.testing.assert_allclose([float(p) for p in row[2:]], [*answer["probabilities"].values()], rtol=1e-6)
        text = succeed("predict", "--model", folder / "thirds-model.h5", data, "--proba").stdout.splitlines()
        p = expected[0]["probabilities"]
        assert text[0].endswith("   ".join(["%", *(f"{name} {100 * p[name]:5.1f}%" for name in "abc")]))

    def test_the_file_is_named_where_there_are_several(self, folder: Path, tmp_path: Path) -> None:
        names = [tmp_path / "one, two.png", tmp_path / "b.png"]
        for name in names:
            Image.new("RGB", (5, 5)).save(name)
        succeed("predict", "--model", folder / "cats.h5", *names, "--output", tmp_path / "p.csv")
        assert [row[0] for row in table_of(tmp_path / "p.csv")] == ["file", *map(str, names)]
        data = (folder / "sides.csv", folder / "sides.csv")
        succeed("predict", "--model", folder / "sides-model.h5", *data, "--output", tmp_path / "t.csv")
        header, *rows = table_of(tmp_path / "t.csv")
        assert header == ["file", "row", "prediction"]
        assert [row[1] for row in rows] == [str(n) for n in [*range(1, 61), *range(1, 61)]]

    def test_standard_output_has_the_same_content(self, folder: Path, tmp_path: Path) -> None:
        arguments = ("predict", "--model", folder / "sides-model.h5", folder / "sides.csv", "--proba", "--output")
        succeed(*arguments, tmp_path / "p.csv")
        assert succeed(*arguments, "-").stdout == (tmp_path / "p.csv").read_text("utf-8")

    def test_blocks_are_joined(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        arguments = ("predict", "--model", folder / "sides-model.h5", folder / "sides.csv")
        ways = [(), ("--output", "-")]
        whole = [succeed(*arguments, *way).stdout for way in ways]
        answers = json_of(*arguments)
        monkeypatch.setattr("deep_nn.model.BLOCK", 7)
        assert [succeed(*arguments, *way).stdout for way in ways] == whole
        for answer, expected in zip(json_of(*arguments), answers, strict=True):
            assert answer.pop("probabilities") == pytest.approx(expected.pop("probabilities"), rel=1e-5)
            assert answer == {**expected, "probability": pytest.approx(expected["probability"], rel=1e-5)}

    def test_a_file_that_fails_in_a_later_block_is_left_out(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("deep_nn.model.BLOCK", 7)
        far = tmp_path / "far.csv"
        far.write_text("1,2\n" * 20 + "1e300,0\n", "utf-8")
        arguments = ("predict", "--model", folder / "sides-model.h5", far, folder / "sides.csv")
        result = invoke(*arguments, "--output", tmp_path / "p.csv")
        assert result.exit_code == 1
        assert f"{far}: 1e+300 at example 20" in result.stderr
        assert [row[0] for row in table_of(tmp_path / "p.csv")] == ["file"] + [str(folder / "sides.csv")] * 60

    def test_what_is_refused(self, folder: Path, tmp_path: Path) -> None:
        model, data = folder / "sides-model.h5", folder / "sides.csv"
        for options, message in (
            (("--output", data), "exists and is not a file of predictions; use --force to replace it"),
            (("--output", data, "--force"), "--output would overwrite the input"),
            (("--output", tmp_path / "p.txt"), "must end in .csv"),
            (("--output", tmp_path / "no" / "p.csv"), "no such folder"),
            (("--output", tmp_path / "p.csv", "--json"), "omit one of them"),
            (("-", "-"), "can be read only once"),
        ):
            assert message in refusal("predict", "--model", model, data, *options, status=2)
