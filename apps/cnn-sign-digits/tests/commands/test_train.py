"""`train`: on every kind of photos, with every option, saved and resumed."""

import json

import numpy as np
import pytest
from program import (
    PHOTOS,
    assert_same_run,
    contents,
    json_of,
    subjects_folder,
    refusal,
    signs_file,
    succeed,
    trained,
)
from photos import folder_of, numbered_folder, photo, pixels

from cnn_sign_digits.model import load_model
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.settings import settings_of
from nn_core.layers import BatchNorm, Dropout, Tanh


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class TestLearning:
    def test_it_learns_what_is_there_to_learn_and_draws_it(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5")
        result = json_of("train", "--data", data, "--epochs", 30, "--batch-size", 10)
        assert result["training_accuracy"] == result["validation_accuracy"] == 1
        assert result["examples"] == {"training": 30, "validation": 30}
        assert result["parameters"] == 4474 - 650 + 64 * 3 + 3
        assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")

    def test_it_says_what_it_did(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5")
        said = succeed("train", "--data", data, "--epochs", 2, "--batch-size", 10).stdout
        lines = said.splitlines()
        assert lines[0].endswith(f"(train_set); validation: {data} (test_set)")
        assert lines[1] == "classic network, 4,019 parameters"
        assert lines[2].startswith("2 epochs, 6 steps in ")
        assert [line.split()[0] for line in lines[3:]] == ["examples", "training", "validation"]

    def test_drawn_hands(self):
        result = json_of("train", "--data", "synthetic:count=40", "--epochs", 1)
        assert result["data"] == "synthetic"
        assert result["examples"] == {"training": 32, "validation": 8}

    def test_accurate(self, tmp_path):
        model = load_model(trained(tmp_path, "--preset", "accurate"))
        assert any(isinstance(layer, BatchNorm) for layer in model.network.layers)
        assert settings_of(model).preset == "accurate"

    def test_the_network_of_the_options(self, tmp_path):
        options = ("--activation", "tanh", "--keep-prob", 0.5, "--initializer", "xavier")
        layers = load_model(trained(tmp_path, *options)).network.layers
        assert Tanh() in layers
        assert Dropout(0.5) in layers
        assert layers[1].initializer == layers[-1].initializer == "xavier"

    def test_the_seed_decides_all(self, tmp_path):
        augment = ("--augment", "standard", "--keep-prob", 0.8)
        one, again, other = (
            trained(tmp_path, *augment, "--seed", seed, name=name)
            for seed, name in ((1, "one.h5"), (1, "again.h5"), (2, "other.h5"))
        )
        assert_same_run(one, again)
        assert not np.array_equal(
            load_model(one).network.parameters, load_model(other).network.parameters
        )

    def test_a_log_for_every_epoch(self, tmp_path):
        trained(tmp_path, "--epochs", 3, "--log", tmp_path / "log.jsonl")
        rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert [row["epoch"] for row in rows] == [1, 2, 3]
        assert {"training_loss", "training_accuracy", "validation_accuracy"} <= set(rows[0])

    def test_early_stopping_keeps_the_best(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5")
        options = ("--epochs", 60, "--learning-rate", 0.3, "--early-stopping", 2)
        result = json_of("train", "--data", data, *options)
        assert result["stopped"]
        assert result["epochs"] < 60


class TestDefaults:
    def test_those_of_the_preset_and_the_data(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5")
        saved = tmp_path / "m.h5"
        for preset in PRESETS:
            succeed("train", "--data", data, "--preset", preset, "--epochs", 1, "--save", saved)
            settings = settings_of(load_model(saved))
            for name, value in PRESETS[preset].defaults.items():
                if name not in {"epochs", "add"}:
                    assert getattr(settings, name) == value, name

    @pytest.mark.parametrize("data", ["synthetic:count=40", " synthetic:count=40,diversity=1"])
    def test_those_of_drawn_hands_are_others(self, tmp_path, data):
        succeed("train", "--data", data, "--epochs", 1, "--save", tmp_path / "m.h5")
        classic = PRESETS["classic"]
        assert settings_of(load_model(tmp_path / "m.h5")).augment == classic.drawn["augment"]
        assert classic.drawn["augment"] != classic.defaults["augment"]

    @pytest.mark.parametrize("order", [1, -1])
    def test_what_is_said_counts_more(self, tmp_path, order):
        words = [("--epochs", 1), ("--augment", "none"), ("--preset", "classic"),
                 ("--data", signs_file(tmp_path / "signs.h5"))]  # fmt: skip
        said = [word for pair in words[::order] for word in pair]
        succeed("train", *said, "--save", tmp_path / "m.h5")
        settings = settings_of(load_model(tmp_path / "m.h5"))
        assert (settings.augment, settings.epochs, settings.learning_rate) == ("none", 1, 0.006)


class TestPeople:
    def test_of_a_folder_that_is_numbered_as_the_fetched_one(self, tmp_path):
        folder = numbered_folder(tmp_path / "hands", 5)
        result = json_of("train", "--data", folder, "--epochs", 1, "--fold", "2/5")
        assert result["examples"] == {"training": 40, "validation": 10}
        said = succeed("train", "--data", folder, "--epochs", 1).stdout
        assert "validation: 1 of 5 people held back" in said

    def test_by_a_pattern_and_by_a_table(self, tmp_path):
        folder = subjects_folder(tmp_path / "hands")
        table = tmp_path / "who.csv"
        rows = [
            f"{path.relative_to(folder).as_posix()},{path.name}\n"
            for path in sorted(folder.rglob("*.png"))
        ]
        table.write_text("file,group\n" + "".join(rows))
        for group in (r"(p\d+)_", table):
            said = succeed("train", "--data", folder, "--epochs", 1, "--group", group).stdout
            assert "of 12 people held back" in said

    def test_every_photo_is_held_back_in_one_fold(self, tmp_path):
        folder = numbered_folder(tmp_path / "hands", 4)
        held = [
            json_of("train", "--data", folder, "--epochs", 1, "--fold", f"{k}/3")["examples"][
                "validation"
            ]
            for k in (1, 2, 3)
        ]
        assert sum(held) == 40


class TestMore:
    def test_photos_added_are_trained_on_and_not_judged_by(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5", names=("1", "2", "3"), parts=("train",))
        more = folder_of(tmp_path / "more", {"1": 4, "3": 2})
        result = json_of("train", "--data", data, "--add", more, "--epochs", 1)
        assert result["examples"] == {"training": 24 + 6, "validation": 6}
        assert result["data"] == f"{data} (train_set) and {more}"

    def test_drawn_hands_beside_photos(self, tmp_path):
        folder = numbered_folder(tmp_path / "hands", 4)
        options = ("--fold", "1/2", "--add", "synthetic:count=30", "--epochs", 1)
        saved = tmp_path / "m.h5"
        result = json_of("train", "--data", folder, *options, "--save", saved)
        assert result["examples"] == {"training": 50, "validation": 20}
        assert json_of("evaluate", saved)["examples"] == 20

    def test_of_what_is_added_only_classes_that_are_known(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5", names=("1", "2", "x"), parts=("train",))
        more = folder_of(tmp_path / "more", {"1": 4, "3": 2})
        result = json_of("train", "--data", data, "--add", more, "--epochs", 1)
        assert result["examples"] == {"training": 24 + 4, "validation": 6}
        for spec in (folder_of(tmp_path / "others", {"7": 2, "8": 2}), "none"):
            result = json_of("train", "--data", data, "--add", spec, "--epochs", 1)
            assert result["examples"] == {"training": 24, "validation": 6}

    def test_drawn_hands_are_not_drawn_for_classes_that_are_no_digits(self, tmp_path, monkeypatch):
        monkeypatch.setattr("cnn_sign_digits.rendering.dataset", None)
        data = signs_file(tmp_path / "signs.h5")
        result = json_of("train", "--data", data, "--add", "synthetic", "--epochs", 1)
        assert result["examples"] == {"training": 30, "validation": 30}

    def test_hands_before_other_walls(self, tmp_path):
        made = tmp_path / "hands.h5"
        succeed("make-data", made, "--count", 20, "--test", 10, "--diversity", 0)
        options = ("--data", made, "--walls", 2, "--epochs", 1, "--save", tmp_path / "m.h5")
        result = json_of("train", *options)
        assert result["examples"] == {"training": 60, "validation": 10}
        assert json_of("evaluate", tmp_path / "m.h5")["examples"] == 10

    def test_a_set_by_name_to_judge_by(self, tmp_path):
        folder = numbered_folder(tmp_path / "hands", 2)
        options = ("--test", "synthetic:count=20", "--epochs", 1)
        result = json_of("train", "--data", folder, *options)
        assert result["examples"] == {"training": 20, "validation": 20}


class TestResuming:
    options = ("--keep-prob", 0.8, "--augment", "standard", "--schedule", "cosine:warmup=1")

    def test_a_run_cut_in_two_ends_with_the_same_bits(self, tmp_path):
        trained(tmp_path, *self.options, "--epochs", 4, "--schedule", "constant", name="whole.h5")
        half = trained(
            tmp_path, *self.options, "--epochs", 2, "--schedule", "constant", name="half.h5"
        )
        succeed("train", "--resume", half, "--epochs", 4)
        assert_same_run(half, tmp_path / "whole.h5")

    def test_settings_of_the_run_cannot_change(self, tmp_path):
        model = trained(tmp_path, *self.options)
        before = contents(tmp_path)
        for option, value in (("--l2", 0.1), ("--keep-prob", 0.5), ("--preset", "accurate")):
            line = refusal("train", "--resume", model, option, value, status=2)
            assert line.startswith(f"{option} is ")
        assert contents(tmp_path) == before

    def test_other_photos_are_refused(self, tmp_path):
        model = trained(tmp_path)
        signs_file(tmp_path / "signs.h5", photos=PHOTOS[::-1])
        line = refusal("train", "--resume", model, "--epochs", 2, status=1)
        assert "is not the data that the model was trained on" in line

    def test_a_network_without_its_run_cannot_go_on(self, tmp_path):
        succeed("export", trained(tmp_path), tmp_path / "small.h5")
        line = refusal("train", "--resume", tmp_path / "small.h5", status=1)
        assert line == "the checkpoint holds a network, but no run to go on with"


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--fold", "6/5"), "a fold is K/N"),
            (("--fold", "1/1"), "a fold is K/N"),
            (("--fold", "one"), "a fold is K/N"),
            (("--augment", "wild"), "unknown augmentation 'wild'"),
            (("--augment", "standard:rotation=400"), "rotation is from 0 to 180"),
            (("--preset", "huge"), "'huge' is not one of"),
            (("--keep-prob", 0), "0 is not above 0"),
            (("--fold", "1/2", "--test", "synthetic"), "--fold and --test"),
            (("--fold", "1/2", "--validation", 0.3), "--fold and --validation"),
            (("--test", "synthetic", "--validation", 0.3), "--test and --validation"),
            (("--activation", "step"), "unknown activation"),
            (("--figure", "nowhere/a.png"), "there is no folder 'nowhere'"),
            (("--figure", "a.gif"), "must end in"),
            (("--data", "synthetic:count=9"), "count must be at least 10"),
            (("--data", "synthetic", "--group", "(x)"), "--group is for folders of photos"),
        ],
    )
    def test_options_that_make_no_sense(self, tmp_path, options, words):
        assert words in refusal("train", *options, status=2)
        assert not contents(tmp_path)

    def test_folders_that_cannot_be_learned(self, tmp_path):
        (tmp_path / "empty").mkdir()
        folder_of(tmp_path / "one", {"3": 4})
        photo(tmp_path / "loose" / "a.png", pixels(1, 8, 8, 3)[0])
        folder_of(tmp_path / "hollow", {"1": 2})
        (tmp_path / "hollow" / "2").mkdir()
        for name, words in {
            "empty": "has nothing, but no folders",
            "one": "one class only ('3')",
            "loose": "has photos, but no folders",
            "hollow": "hollow/2 has no photos",
            "none": "no such file or data set: 'none'",
        }.items():
            assert words in refusal("train", "--data", name, status=1)
        assert not (tmp_path / "training.png").exists()

    def test_a_broken_photo_among_good_ones_is_named_before_training(self, tmp_path):
        folder = numbered_folder(tmp_path / "hands", 2, size=32)
        broken = folder / "3" / "IMG_1121.JPG"
        broken.write_bytes(broken.read_bytes()[:-200])
        result = refusal("train", "--data", folder, "--save", tmp_path / "m.h5", status=1)
        assert str(broken) in result
        assert not (tmp_path / "m.h5").exists()

    def test_an_output_that_is_an_input(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5")
        for options in (("--save", data), ("--log", data)):
            line = refusal("train", "--data", data, *options, status=2)
            assert line.startswith(f"{options[0]} would overwrite --data")

    def test_a_loss_that_is_lost(self, tmp_path):
        data = signs_file(tmp_path / "signs.h5")
        wild = (
            "--optimizer",
            "gradient-descent",
            "--learning-rate",
            1e30,
            "--schedule",
            "constant",
        )
        line = refusal("train", "--data", data, *wild, status=1)
        assert "the first numbers that are not finite come from layer" in line

    def test_inputs_are_never_written_over(self, tmp_path):
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
            ("evaluate", model, "--data", folder, "--figure", folder / "0" / "new.png"),
        ):
            line = refusal(*options, status=2)
            assert "would overwrite" in line or "would be taken for data" in line
        assert contents(tmp_path) == before

    def test_photos_to_judge_by_are_not_added(self, tmp_path):
        folder = subjects_folder(tmp_path / "hands")
        options = ("--data", folder, "--group", r"(p\d+)_", "--add", folder)
        assert "those to judge by" in refusal("train", *options, status=1)


def test_augmentation_changes_what_is_learned(tmp_path):
    plain = trained(tmp_path, "--epochs", 3, name="plain.h5")
    moved = trained(tmp_path, "--epochs", 3, "--augment", "standard", name="moved.h5")
    one, other = (load_model(path).network.parameters for path in (plain, moved))
    assert not np.array_equal(one, other)
