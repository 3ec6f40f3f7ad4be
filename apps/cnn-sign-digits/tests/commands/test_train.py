"""`train` on every kind of data, with every option, saved and resumed."""

import json
from pathlib import Path

import numpy as np
import pytest
from photos import folder_of, numbered_folder
from program import json_of, refusal, signs_file, subjects_folder, succeed, trained

from cnn_sign_digits.model import load_model
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.settings import settings_of
from nn_core.layers import BatchNorm, Dropout, Tanh
from nn_core.testing import assert_same_run


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestLearning:
    def test_an_easy_task_is_learned_and_plotted(self, tmp_path: Path) -> None:
        data, figure = signs_file(tmp_path / "signs.h5"), tmp_path / "training.png"
        result = json_of("train", "--data", data, "--epochs", 30, "--batch-size", 10, "--figure", figure)
        assert result["training_accuracy"] == result["validation_accuracy"] == 1
        assert result["examples"] == {"training": 30, "validation": 30}
        assert result["parameters"] == 4474 - 650 + 64 * 3 + 3
        assert figure.read_bytes().startswith(b"\x89PNG")

    def test_the_report(self, tmp_path: Path) -> None:
        data = signs_file(tmp_path / "signs.h5")
        said = succeed("train", "--data", data, "--epochs", 2, "--batch-size", 10).stdout
        lines = said.splitlines()
        assert lines[0].endswith(f"(train_set); validation: {data} (test_set)")
        assert lines[1] == "classic network, 4,019 parameters"
        assert lines[2].startswith("2 epochs, 6 steps in ")
        assert [line.split()[0] for line in lines[3:6]] == ["examples", "training", "validation"]

    def test_class_weights(self, tmp_path: Path) -> None:
        path = trained(tmp_path, "--class-weight", "a=3")
        assert settings_of(load_model(path)).class_weight == "a=3"
        data = signs_file(tmp_path / "signs.h5")
        line = refusal("train", "--data", data, "--class-weight", "z=3", status=2)
        assert "no class is named 'z'; the classes are 'a', 'b', 'c'" in line

    def test_synthetic_hands(self) -> None:
        result = json_of("train", "--data", "synthetic:count=40", "--epochs", 1)
        assert result["data"] == "synthetic"
        assert result["examples"] == {"training": 32, "validation": 8}

    def test_accurate(self, tmp_path: Path) -> None:
        model = load_model(trained(tmp_path, "--preset", "accurate"))
        assert any(isinstance(layer, BatchNorm) for layer in model.network.layers)
        assert settings_of(model).preset == "accurate"

    def test_options_of_the_network(self, tmp_path: Path) -> None:
        options = ("--activation", "tanh", "--dropout", 0.5, "--initializer", "xavier")
        layers = load_model(trained(tmp_path, *options)).network.layers
        assert Tanh() in layers
        assert Dropout(0.5) in layers
        assert repr(layers).count("initializer='xavier'") == 3

    def test_the_seed_decides_everything(self, tmp_path: Path) -> None:
        augment = ("--augment", "standard", "--dropout", 0.2)
        one, again, other = (
            trained(tmp_path, *augment, "--seed", seed, name=name)
            for seed, name in ((1, "one.h5"), (1, "again.h5"), (2, "other.h5"))
        )
        assert_same_run(one, again)
        assert not np.array_equal(load_model(one).network.vector, load_model(other).network.vector)

    def test_a_log_for_every_epoch(self, tmp_path: Path) -> None:
        trained(tmp_path, "--epochs", 3, "--log", tmp_path / "log.jsonl")
        rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert [row["epoch"] for row in rows] == [1, 2, 3]
        assert {"training_loss", "training_accuracy", "validation_accuracy"} <= set(rows[0])

    def test_early_stopping_keeps_the_best(self, tmp_path: Path) -> None:
        data = signs_file(tmp_path / "signs.h5")
        options = ("--epochs", 60, "--learning-rate", 0.3, "--early-stopping", 2)
        result = json_of("train", "--data", data, *options)
        assert result["stopped"]
        assert result["epochs"] < 60


class TestDefaults:
    def test_photos_get_those_of_the_preset(self, tmp_path: Path) -> None:
        data = signs_file(tmp_path / "signs.h5")
        saved = tmp_path / "m.h5"
        for preset in PRESETS:
            succeed("train", "--data", data, "--preset", preset, "--epochs", 1, "--save", saved)
            settings = settings_of(load_model(saved))
            for name, value in PRESETS[preset].photos.items():
                if name not in {"epochs", "extra_data"}:
                    assert getattr(settings, name) == value, name

    @pytest.mark.parametrize("data", ["synthetic:count=40", " synthetic:count=40,diversity=1"])
    def test_synthetic_hands_get_others(self, tmp_path: Path, data: str) -> None:
        succeed("train", "--data", data, "--epochs", 1, "--save", tmp_path / "m.h5")
        classic = PRESETS["classic"]
        assert settings_of(load_model(tmp_path / "m.h5")).augment == classic.synthetic["augment"]
        assert classic.synthetic["augment"] != classic.photos["augment"]

    @pytest.mark.parametrize("order", [1, -1])
    def test_options_override_them_in_any_order(self, tmp_path: Path, order: int) -> None:
        words = [("--epochs", 1), ("--augment", "none"), ("--preset", "classic"),
                 ("--data", signs_file(tmp_path / "signs.h5"))]  # fmt: skip
        said = [word for pair in words[::order] for word in pair]
        succeed("train", *said, "--save", tmp_path / "m.h5")
        settings = settings_of(load_model(tmp_path / "m.h5"))
        assert (settings.augment, settings.epochs, settings.learning_rate) == ("none", 1, 0.006)


class TestSubjects:
    def test_a_folder_numbered_like_the_downloaded_one(self, tmp_path: Path) -> None:
        folder = numbered_folder(tmp_path / "hands", 5)
        result = json_of("train", "--data", folder, "--epochs", 1, "--fold", "2/5")
        assert result["examples"] == {"training": 40, "validation": 10}
        said = succeed("train", "--data", folder, "--epochs", 1).stdout
        assert "validation: 1 of 5 subjects held out" in said

    def test_by_regular_expression_and_by_table(self, tmp_path: Path) -> None:
        folder = subjects_folder(tmp_path / "hands")
        table = tmp_path / "who.csv"
        rows = [f"{path.relative_to(folder).as_posix()},{path.name}\n" for path in sorted(folder.rglob("*.png"))]
        table.write_text("file,group\n" + "".join(rows))
        for group in (r"(p\d+)_", table):
            said = succeed("train", "--data", folder, "--epochs", 1, "--group", group).stdout
            assert "of 12 subjects held out" in said

    def test_every_photo_is_held_back_in_one_fold(self, tmp_path: Path) -> None:
        folder = numbered_folder(tmp_path / "hands", 4)
        held = [
            json_of("train", "--data", folder, "--epochs", 1, "--fold", f"{k}/3")["examples"]["validation"]
            for k in (1, 2, 3)
        ]
        assert sum(held) == 40


class TestExtraData:
    def test_extra_photos_are_for_training_only(self, tmp_path: Path) -> None:
        data = signs_file(tmp_path / "signs.h5", names=("1", "2", "3"), parts=("train",))
        more = folder_of(tmp_path / "more", {"1": 4, "3": 2})
        result = json_of("train", "--data", data, "--extra-data", more, "--epochs", 1)
        assert result["examples"] == {"training": 24 + 6, "validation": 6}
        assert result["data"] == f"{data} (train_set) and {more}"

    def test_synthetic_hands_beside_photos(self, tmp_path: Path) -> None:
        folder = numbered_folder(tmp_path / "hands", 4)
        options = ("--fold", "1/2", "--extra-data", "synthetic:count=30", "--epochs", 1)
        saved = tmp_path / "m.h5"
        result = json_of("train", "--data", folder, *options, "--save", saved)
        assert result["examples"] == {"training": 50, "validation": 20}
        assert json_of("evaluate", "--model", saved)["examples"] == 20

    def test_extra_photos_of_unknown_classes_are_ignored(self, tmp_path: Path) -> None:
        data = signs_file(tmp_path / "signs.h5", names=("1", "2", "x"), parts=("train",))
        more = folder_of(tmp_path / "more", {"1": 4, "3": 2})
        result = json_of("train", "--data", data, "--extra-data", more, "--epochs", 1)
        assert result["examples"] == {"training": 24 + 4, "validation": 6}
        for spec in (folder_of(tmp_path / "others", {"7": 2, "8": 2}), "none"):
            result = json_of("train", "--data", data, "--extra-data", spec, "--epochs", 1)
            assert result["examples"] == {"training": 24, "validation": 6}

    def test_synthetic_hands_are_not_rendered_for_other_classes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cnn_sign_digits.synthetic.renderer.render_dataset", None)
        data = signs_file(tmp_path / "signs.h5")
        result = json_of("train", "--data", data, "--extra-data", "synthetic", "--epochs", 1)
        assert result["examples"] == {"training": 30, "validation": 30}

    def test_hands_over_synthetic_backgrounds(self, tmp_path: Path) -> None:
        made = tmp_path / "hands.h5"
        succeed("make-data", "--save", made, "--count", 20, "--test-count", 10, "--diversity", 0)
        options = ("--data", made, "--backgrounds", 2, "--epochs", 1, "--save", tmp_path / "m.h5")
        result = json_of("train", *options)
        assert result["examples"] == {"training": 60, "validation": 10}
        assert json_of("evaluate", "--model", tmp_path / "m.h5")["examples"] == 10

    def test_a_validation_set_by_name(self, tmp_path: Path) -> None:
        folder = numbered_folder(tmp_path / "hands", 2)
        options = ("--test", "synthetic:count=20", "--epochs", 1)
        result = json_of("train", "--data", folder, *options)
        assert result["examples"] == {"training": 20, "validation": 20}


def test_augmentation_changes_what_is_learned(tmp_path: Path) -> None:
    plain = trained(tmp_path, "--epochs", 3, name="plain.h5")
    moved = trained(tmp_path, "--epochs", 3, "--augment", "standard", name="moved.h5")
    one, other = (load_model(path).network.vector for path in (plain, moved))
    assert not np.array_equal(one, other)
