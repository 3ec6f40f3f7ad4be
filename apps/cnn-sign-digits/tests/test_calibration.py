"""The calibration of a trained network, and what it says of photos unlike those of training."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from photos import photo, pixels
from program import PHOTOS, SIGNS, json_of, signs_file, succeed, trained
from small_models import network_of, save

from cnn_sign_digits.calibration import REJECTED, Calibration, calibrate
from cnn_sign_digits.image_statistics import STATISTICS, image_statistics
from cnn_sign_digits.model import Model, load_model
from cnn_sign_digits.photo_predictor import PhotoPredictor
from nn_core import checkpoint
from nn_core.arrays import LazyArray
from nn_core.batches.augmentation import augmentation
from nn_core.calibration import temper
from nn_core.cli.dataset import Dataset
from nn_core.errors import CheckpointError
from nn_core.metrics import probabilities
from nn_core.testing import save_unchecked

UNLIKE = {"black": np.zeros((64, 64, 3), np.uint8), "noise": pixels(1)[0]}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies the three signs without error."""
    return trained(tmp_path_factory.mktemp("model"), "--epochs", 30, "--batch-size", 10)


@pytest.fixture(scope="module")
def model(path: Path) -> Model:
    return load_model(path)


def calibration_of(model: Model) -> Calibration:
    assert model.calibration is not None
    return model.calibration


def test_a_finished_run_is_calibrated_on_its_validation_set(model: Model) -> None:
    calibration = calibration_of(model)
    assert calibration.photos == 30
    assert calibration.rejected <= 2 / 30  # the farthest by each of two distances
    p = model.probabilities(PHOTOS)
    np.testing.assert_allclose(model.assess(PHOTOS).probabilities, temper(p, calibration.temperature), rtol=1e-4)
    np.testing.assert_array_equal(model.assess(PHOTOS).probabilities.argmax(axis=1), p.argmax(axis=1))


class Counted(LazyArray):
    """The photos, as if on disk, and how many each read has taken into memory."""

    shape, dtype = (600, 64, 64, 3), np.dtype(np.uint8)

    def __init__(self) -> None:
        self.reads: list[int] = []

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        self.reads.append(len(rows))
        out[:] = PHOTOS[rows % len(PHOTOS)]


def test_few_photos_are_in_memory_at_a_time(model: Model) -> None:
    counted = Counted()
    dataset: Dataset[Any] = Dataset("photos", counted, SIGNS[np.arange(600) % len(SIGNS)], model.classes)
    found = calibrate(model.predictor, dataset, dataset, augmentation("standard"), seed=0)
    assert found is not None
    assert found.photos == 600
    assessed = model.assess(counted)
    np.testing.assert_array_equal(assessed.rejected[570:], model.assess(PHOTOS).rejected)
    assert max(counted.reads) <= 256


def test_features_are_the_input_of_the_last_layer(model: Model) -> None:
    p, features = model.predictor.probabilities_and_features(PHOTOS)
    activations = model.network.activations(PHOTOS)
    np.testing.assert_allclose(features, activations[-2], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(p, probabilities(activations[-1]), atol=1e-5)


def test_features_are_averaged_over_the_transforms() -> None:
    predictor = PhotoPredictor(network_of("accurate"), ((0.0, False), (0.0, True)))
    each = [predictor.network.activations(x)[-2] for x in (PHOTOS[:4], PHOTOS[:4, :, ::-1])]
    np.testing.assert_allclose(predictor.probabilities_and_features(PHOTOS[:4])[1], np.mean(each, axis=0), atol=1e-4)


def test_predict_says_what_is_unlike_training(path: Path, tmp_path: Path) -> None:
    known = photo(tmp_path / "known.png", PHOTOS[1])
    others = [photo(tmp_path / f"{name}.png", content) for name, content in UNLIKE.items()]
    first, *rest = succeed("predict", known, *others, "--model", path).stdout.splitlines()
    assert "unlike" not in first
    assert all(line.endswith("  unlike anything trained on") and line.count("%") == 3 for line in rest)
    answers = json_of("predict", known, *others, "--model", path)
    assert [answer["rejected"] for answer in answers] == [False, True, True]
    assert answers[1]["class"] in {"a", "b", "c"}


def test_evaluate_measures_the_calibration(path: Path) -> None:
    found = json_of("evaluate", "--model", path)["calibration"]
    assert set(found) == {"expected_calibration_error", "rejected", "accuracy_of_accepted"}
    assert found["accuracy_of_accepted"] == 1
    assert found["rejected"] == calibration_of(load_model(path)).rejected
    assert "calibration error " in succeed("evaluate", "--model", path).stdout.splitlines()[-1]


def test_the_report_of_training(tmp_path: Path) -> None:
    model = trained(tmp_path)
    data = ("train", "--data", tmp_path / "signs.h5", "--epochs", 1, "--augment", "none")
    assert "\ncalibrated on 30 held-out photos: temperature " in succeed(*data).stdout
    found = json_of(*data)["calibration"]
    assert found == calibration_of(load_model(model)).summary()


def test_without_a_validation_set_nothing_is_calibrated(tmp_path: Path) -> None:
    data = signs_file(tmp_path / "signs.h5", parts=("train",))
    run = succeed("train", "--data", data, "--epochs", 1, "--validation", 0, "--save", tmp_path / "m.h5")
    assert "calibrated" not in run.stdout
    assert load_model(tmp_path / "m.h5").calibration is None


def test_a_resumed_run_has_the_same_calibration(tmp_path: Path) -> None:
    settings = ("--schedule", "constant", "--augment", "standard:rotation=20")
    whole = trained(tmp_path, "--epochs", 2, *settings, name="whole.h5")
    part = trained(tmp_path, "--epochs", 1, *settings, name="part.h5")
    succeed("train", "--resume", part, "--epochs", 2)
    assert load_model(part).checkpoint.details["calibration"] == load_model(whole).checkpoint.details["calibration"]


def test_the_threshold_rejects_a_share_of_held_out_photos_as_in_training() -> None:
    rng = np.random.default_rng(1)
    x = np.clip(PHOTOS.repeat(7, axis=0) + rng.normal(0, 8, (210, 64, 64, 3)), 0, 255).astype(np.uint8)
    data = Dataset("signs", x, SIGNS.repeat(7), ("a", "b", "c"))
    predictor = PhotoPredictor(network_of("classic"), ((0.0, False),))
    plain = calibrate(predictor, data, data, None, seed=0)
    augmented = calibrate(predictor, data, data, augmentation("standard:shift=0.1"), seed=0)
    assert plain is not None
    assert augmented is not None
    assert 0 < plain.rejected < 2 * REJECTED
    assert augmented.rejected < plain.rejected
    assert augmented.features.means.shape == (3, 64)


def test_photos_that_hardly_differ_are_not_unlike_themselves(path: Path) -> None:
    x = np.repeat(np.uint8([0, 90, 250]), 4)[:, None, None, None] * np.ones((64, 64, 3), np.uint8)
    data = Dataset("plain", x, np.arange(3).repeat(4), ("a", "b", "c"))
    predictor = PhotoPredictor(load_model(path).network, ((0.0, False),))
    found = calibrate(predictor, data, data, None, seed=0)
    assert found is not None
    assert found.rejected == 0
    stored = Calibration.from_dict(found.to_dict())
    for i in range(12):  # one by one, with other rounding errors
        _, features = predictor.probabilities_and_features(x[i : i + 1])
        assert not stored.rejects(x[i : i + 1], features)


def test_few_held_out_photos_are_all_accepted() -> None:
    data = Dataset("signs", PHOTOS, SIGNS, ("a", "b", "c"))
    found = calibrate(PhotoPredictor(network_of("classic"), ((0.0, False),)), data, data, None, seed=0)
    assert found is not None
    assert found.rejected == 0


def test_image_statistics_by_hand() -> None:
    x = np.zeros((3, 64, 64, 3), np.uint8)
    x[1, :, ::2] = 30  # stripes one pixel wide: rough in x at the first scale, and plain at the others
    x[2, :, 32:] = 126
    found = np.expm1(image_statistics(x))
    np.testing.assert_allclose(found[0], 0, atol=1e-6)
    np.testing.assert_allclose(found[1], [15, 30, 0, 0, 0, 0, 0, 0, 0], atol=1e-4)
    np.testing.assert_allclose(found[2], [63, 2, 0, 126 / 31, 0, 126 / 15, 0, 18, 0], rtol=1e-4)
    assert found.shape == (3, STATISTICS)


class TestCheckpoints:
    def test_earlier_ones_have_none(self, tmp_path: Path) -> None:
        model = load_model(save(tmp_path / "m.h5", network_of("classic")))
        assert model.calibration is None
        assert not model.assess(PHOTOS[:2]).rejected.any()
        np.testing.assert_array_equal(model.assess(PHOTOS[:2]).probabilities, model.probabilities(PHOTOS[:2]))

    @pytest.mark.parametrize(
        "damage",
        [
            {"temperature": 0},
            {"threshold": None},
            {"features": {"shape": [1, 64], "float32": ""}},
            {"features": {"shape": [1, 1], "float32": "AAAAAAAAAAA="}},
            {"images": {"shape": [1, 1], "float32": "AAAAAAAAAAA=", "threshold": 1}},
            {"images": {"shape": [1, 1], "float32": "AAAAAAAAAAA="}},
            {"expected_calibration_error": 3},
        ],
    )
    def test_damaged_ones(self, path: Path, tmp_path: Path, damage: dict[str, Any]) -> None:
        loaded = checkpoint.load(path)
        details = {**loaded.details, "calibration": {**loaded.details["calibration"], **damage}}
        save_unchecked(tmp_path / "m.h5", loaded.network, program="cnn-sign", details=details)
        with pytest.raises(CheckpointError, match="is damaged") as caught:
            load_model(tmp_path / "m.h5")
        assert "\n" not in str(caught.value)
