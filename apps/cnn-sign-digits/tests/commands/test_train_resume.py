"""`train`: runs that are resumed, and options and data that are refused."""

from pathlib import Path

import pytest
from photos import folder_of, numbered_folder, photo, pixels
from program import PHOTOS, refusal, signs_file, subjects_folder, succeed, trained

from nn_core.testing import assert_same_run, contents


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestResuming:
    options = ("--dropout", 0.2, "--augment", "standard", "--schedule", "cosine:warmup=1")

    def test_a_run_cut_in_two_ends_with_the_same_bits(self, tmp_path: Path) -> None:
        trained(tmp_path, *self.options, "--epochs", 4, "--schedule", "constant", name="whole.h5")
        half = trained(tmp_path, *self.options, "--epochs", 2, "--schedule", "constant", name="half.h5")
        succeed("train", "--resume", half, "--epochs", 4)
        assert_same_run(half, tmp_path / "whole.h5")

    def test_settings_of_the_run_cannot_change(self, tmp_path: Path) -> None:
        model = trained(tmp_path, *self.options)
        before = contents(tmp_path)
        for option, value in (("--l2", 0.1), ("--dropout", 0.5), ("--preset", "accurate")):
            line = refusal("train", "--resume", model, option, value, status=2)
            assert line.startswith(f"{option} is ")
        assert contents(tmp_path) == before

    def test_other_photos_are_refused(self, tmp_path: Path) -> None:
        model = trained(tmp_path)
        signs_file(tmp_path / "signs.h5", photos=PHOTOS[::-1])
        line = refusal("train", "--resume", model, "--epochs", 2, status=1)
        assert "is not the data that the model was trained on" in line

    def test_a_network_without_its_run_cannot_go_on(self, tmp_path: Path) -> None:
        succeed("export", "--model", trained(tmp_path), "--save", tmp_path / "small.h5")
        line = refusal("train", "--resume", tmp_path / "small.h5", status=1)
        assert line.startswith("the checkpoint has only a network, no run to resume; start a new run with --from ")


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--fold", "6/5"), "a fold is K/N"),
            (("--fold", "1/1"), "a fold is K/N"),
            (("--fold", "one"), "a fold is K/N"),
            (("--augment", "wild"), "unknown augmentation 'wild'"),
            (("--augment", "standard:rotation=400"), "rotation must be from 0 to 180"),
            (("--preset", "huge"), "'huge' is not one of"),
            (("--dropout", 1), "1 is not below 1"),
            (("--fold", "1/2", "--test", "synthetic"), "--fold and --test"),
            (("--fold", "1/2", "--validation", 0.3), "--fold and --validation"),
            (("--test", "synthetic", "--validation", 0.3), "--test and --validation"),
            (("--activation", "step"), "unknown activation"),
            (("--figure", "nowhere/a.png"), "no such folder: 'nowhere'"),
            (("--figure", "a.gif"), "must end in"),
            (("--data", "synthetic:count=9"), "count must be at least 10"),
            (("--data", "synthetic", "--group", "(x)"), "--group needs a folder of photos, not synthetic"),
        ],
    )
    def test_options_out_of_range_or_in_conflict(self, tmp_path: Path, options: tuple[object, ...], words: str) -> None:
        assert words in refusal("train", *options, status=2)
        assert not contents(tmp_path)

    def test_folders_without_classes_or_photos(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        folder_of(tmp_path / "one", {"3": 4})
        photo(tmp_path / "loose" / "a.png", pixels(1, 8, 8, 3)[0])
        folder_of(tmp_path / "hollow", {"1": 2})
        (tmp_path / "hollow" / "2").mkdir()
        for name, words in {
            "empty": "empty has no photos",
            "one": "only one class ('3')",
            "loose": "has photos but no subfolders",
            "hollow": "hollow/2 has no photos",
            "none": "no such file or data set: 'none'",
        }.items():
            assert words in refusal("train", "--data", name, status=1)
        assert not list(tmp_path.glob("*.png"))

    def test_a_broken_photo_among_good_ones_is_named_before_training(self, tmp_path: Path) -> None:
        folder = numbered_folder(tmp_path / "hands", 2, size=32)
        broken = folder / "3" / "IMG_1121.JPG"
        broken.write_bytes(broken.read_bytes()[:-200])
        result = refusal("train", "--data", folder, "--save", tmp_path / "m.h5", status=1)
        assert str(broken) in result
        assert not (tmp_path / "m.h5").exists()

    def test_an_output_that_is_an_input(self, tmp_path: Path) -> None:
        data = signs_file(tmp_path / "signs.h5")
        for options in (("--save", data), ("--log", data)):
            line = refusal("train", "--data", data, *options, "--force", status=2)
            assert line.startswith(f"{options[0]} would overwrite --data")

    def test_a_loss_that_diverges(self, tmp_path: Path) -> None:
        data = signs_file(tmp_path / "signs.h5")
        wild = ("--optimizer", "gradient-descent", "--learning-rate", 1e30, "--schedule", "constant")
        line = refusal("train", "--data", data, *wild, status=1)
        assert "the first non-finite values come from layer" in line

    def test_inputs_are_never_written_over(self, tmp_path: Path) -> None:
        folder, table = subjects_folder(tmp_path / "hands"), tmp_path / "who.csv"
        paths = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.png"))]
        table.write_text("file,group\n" + "".join(f"{path},{path}\n" for path in paths))
        model = trained(tmp_path, "--seed", 1)
        before = contents(tmp_path)
        data = ("train", "--data", folder)
        for options in (
            (*data, "--group", table, "--log", table),
            (*data, "--group", table, "--save", table),
            (*data, "--figure", folder / "0" / "p1_x.png"),
            (*data, "--save", folder / "m.h5"),
            ("train", "--resume", model, "--save", tmp_path / "new.h5", "--log", model),
            ("evaluate", "--model", model, "--data", folder, "--figure", folder / "0" / "new.png"),
        ):
            line = refusal(*options, "--force", status=2)
            assert "would overwrite" in line or "would become part of the data" in line
        assert contents(tmp_path) == before

    def test_extra_data_with_photos_of_the_validation_set(self, tmp_path: Path) -> None:
        folder = subjects_folder(tmp_path / "hands")
        options = ("--data", folder, "--group", r"(p\d+)_", "--extra-data", folder)
        assert "contains photos of the validation set" in refusal("train", *options, status=1)
