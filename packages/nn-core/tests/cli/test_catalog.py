"""Data sets by name or path, and how they are split."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn_core.cli import download
from nn_core.cli.catalog import Catalog, Entry
from nn_core.cli.dataset import Contents, Dataset, Part
from nn_core.cli.download import RemoteDataset, RemoteFile
from nn_core.cli.folds import parse_fold
from nn_core.errors import DataError, DataWarning, NNError, SettingError, ShapeError

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 3
ABC = ("a", "b", "c")
BIRDS = RemoteDataset(
    "birds",
    (RemoteFile("birds.train", "", ""), RemoteFile("birds.test", "", "")),
    "Photos of birds",
    "made here",
    "none",
)
FISH = RemoteDataset("fish", (RemoteFile("fish.both", "", ""),), "Fish", "made here", "none")


def dots(points: int = 12, *, rng: np.random.Generator) -> Dataset[Any]:
    """Points in the plane."""
    return Dataset("dots", rng.normal(size=(points, 2)), np.arange(points) % 3, ABC)


def read(path: Path) -> Contents[Any]:
    """What the ending of a path says: .train, .test, .both, .groups or .wide."""
    if not path.exists():
        raise DataError(f"no such file: {path}")
    groups = np.arange(12) // 2 if path.suffix == ".groups" else None
    x = np.ones((12, 3)) if path.suffix == ".wide" else X
    part = Part(str(path), x, Y, ABC, groups)
    train = None if path.suffix in {".test", ".wide"} else part
    return Contents(train, part if path.suffix in {".test", ".both", ".wide"} else None)


CATALOG: Catalog[Any] = Catalog("toy", {"dots": dots}, {"birds": BIRDS, "fish": FISH}, read)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where downloads are looked for, and the working directory."""
    monkeypatch.setattr(download, "data_folder", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def file(folder: Path) -> Callable[[str], str]:
    def create(name: str) -> str:
        (folder / name).touch()
        return str(folder / name)

    return create


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_entries_are_generated_sets_and_then_remote_ones(file: Callable[[str], str]) -> None:
    file("fish.both")
    assert CATALOG.entries() == [
        Entry("dots", "dots:points=12", "Points in the plane.", True),
        Entry("birds", "birds", "Photos of birds", False),
        Entry("fish", "fish", "Fish", True),
    ]


def test_a_part_of_each_class_is_held_out_unless_there_is_a_test_set(file: Callable[[str], str]) -> None:
    splits = CATALOG.load(file("a.train"), validation=0.25, rng=rng())
    assert (len(splits.train), len(splits.validation)) == (9, 3)
    assert sorted(splits.validation.y.tolist()) == [0, 1, 2]
    assert splits.origin == "0.25 of each class held out"
    assert splits.validation.name == f"{splits.train.name}, held out"
    both = CATALOG.load(file("a.both"), rng=rng())
    assert (len(both.train), len(both.validation)) == (12, 12)
    assert both.origin == both.validation.name
    other = CATALOG.load(file("a.both"), test=file("b.test"), rng=rng())
    assert other.origin.endswith("b.test")
    drawn = CATALOG.load(file("a.train"), test="dots:points=6", rng=rng())
    assert (drawn.origin, len(drawn.validation)) == ("dots", 6)


def test_groups_are_held_out_together(file: Callable[[str], str]) -> None:
    splits = CATALOG.load(file("a.groups"), validation=0.3, rng=rng())
    assert splits.origin == "2 of 6 subjects held out"
    assert splits.train.groups is not None
    assert splits.validation.groups is not None
    assert not set(splits.train.groups) & set(splits.validation.groups)


def test_folds_hold_out_each_example_once(file: Callable[[str], str]) -> None:
    for name in (file("a.train"), file("a.groups"), file("a.both")):
        held_out = []
        for k in (1, 2, 3):
            splits = CATALOG.load(name, fold=f"{k}/3", rng=rng())
            assert splits.origin == f"fold {k} of 3 held out"
            held_out += splits.validation.x[:, 0].tolist()
        assert sorted(held_out) == X[:, 0].tolist()


def test_folds_without_groups_have_the_same_classes() -> None:
    for k in (1, 2, 3):
        held_out = CATALOG.load("dots:points=18", fold=f"{k}/3", rng=rng()).held_out
        assert sorted(held_out.y.tolist()) == [0, 0, 1, 1, 2, 2]
    with pytest.raises(DataError, match=r"^dots: 18 examples cannot be divided into 19 folds$"):
        CATALOG.load("dots:points=18", fold="1/19", rng=rng())


def test_nothing_is_held_out_on_request_but_a_test_set_is_used(file: Callable[[str], str]) -> None:
    splits = CATALOG.load(file("a.train"), validation=0, rng=rng())
    assert (len(splits.train), splits.validation) == (12, None)
    with pytest.raises(DataError, match=r"trained on all of .*a\.train, with no validation set; give --data$"):
        splits.held_out  # noqa: B018
    assert len(CATALOG.load(file("a.both"), validation=0, rng=rng()).held_out) == 12
    assert len(CATALOG.load(file("a.train"), validation=0, fold="1/3", rng=rng()).held_out) == 4


def test_training_that_starts_from_a_model_has_its_classes(file: Callable[[str], str]) -> None:
    splits = CATALOG.load(file("a.train"), classes=("d", "c", "b", "a"), rng=rng())
    assert splits.train.classes == splits.held_out.classes == ("d", "c", "b", "a")
    assert set(splits.train.y) == {1, 2, 3}
    with pytest.raises(DataError, match="class 'c' is unknown to the model"):
        CATALOG.load(file("a.train"), classes=("a", "b"), rng=rng())


def test_real_targets_are_split_at_random() -> None:
    def slopes(points: int = 10, *, rng: np.random.Generator) -> Dataset[Any]:
        x = rng.normal(size=(points, 1))
        return Dataset("slopes", x, x[:, 0], ())

    catalog: Catalog[Any] = Catalog("toy", {"slopes": slopes}, {}, read)
    splits = catalog.load("slopes", validation=0.3, rng=rng())
    assert (len(splits.train), len(splits.held_out), splits.origin) == (7, 3, "0.3 of the examples held out")
    held_out = [catalog.load("slopes", fold=f"{k}/4", rng=rng()).held_out.y for k in (1, 2, 3, 4)]
    assert sorted(map(len, held_out)) == [2, 2, 3, 3]
    assert len(set(np.concatenate(held_out).tolist())) == 10


def test_classes_with_one_example_are_named() -> None:
    def rare(*, rng: np.random.Generator) -> Dataset[Any]:
        """Points, one of which is alone in its class."""
        return Dataset("rare", X, np.repeat([0, 1, 2], (5, 6, 1)), ABC)

    catalog: Catalog[Any] = Catalog("toy", {"rare": rare}, {}, read)
    with pytest.warns(DataWarning, match="^rare: only one example of 'c', in the training set only$"):
        catalog.load("rare", rng=rng())
    found = []
    for fold in ("1/3", "2/3", "3/3"):
        with pytest.warns(DataWarning, match="^rare: only one example of 'c'") as warned:
            catalog.load("rare", fold=fold, rng=rng())
        found += [str(warned[0].message).partition("'c', ")[2]]
    assert sorted(found) == ["held out and not trained on", *["in the training set only"] * 2]


def test_generated_sets_take_settings_and_the_generator() -> None:
    splits = CATALOG.load("dots:points=30", rng=rng())
    assert len(splits.train) + len(splits.validation) == 30
    again = CATALOG.load("dots:points=30", rng=rng())
    np.testing.assert_array_equal(splits.train.x, again.train.x)


def test_a_download_of_two_files_has_a_training_and_a_test_set(file: Callable[[str], str]) -> None:
    with pytest.raises(DataError, match=r"'birds' is not downloaded yet; run: toy fetch birds$"):
        CATALOG.contents("birds", rng=rng())
    file("birds.train")
    with pytest.raises(DataError, match="is not downloaded yet"):
        CATALOG.contents("birds", rng=rng())
    file("birds.test")
    contents = CATALOG.contents("birds", rng=rng())
    assert contents.train is not None
    assert contents.train.source.endswith("birds.train")
    assert contents.test is not None
    assert contents.test.source.endswith("birds.test")


def test_another_reader_is_for_the_training_data_alone(file: Callable[[str], str]) -> None:
    seen = []

    def watch(path: Path) -> Contents[Any]:
        seen.append(path.name)
        return read(path)

    CATALOG.load(file("a.train"), test=file("b.test"), rng=rng(), read=watch)
    assert seen == ["a.train"]


def test_evaluation_takes_the_test_set_and_the_classes_of_the_model(file: Callable[[str], str]) -> None:
    dataset = CATALOG.load_for_evaluation(file("a.both"), ("c", "b", "a"), rng=rng())
    assert dataset.y[:3].tolist() == [2, 1, 0]
    assert len(CATALOG.load_for_evaluation("dots", ABC, rng=rng())) == 12
    with pytest.raises(DataError, match="class 'c' is unknown to the model"):
        CATALOG.load_for_evaluation(file("a.both"), ("a", "b"), rng=rng())


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("dost", DataError, "no such file or data set: 'dost'; did you mean 'dots'?"),
        ("dost:points=3", DataError, "no such file or data set: 'dost'; did you mean 'dots'?"),
        ("", DataError, "no such file or data set: ''; choose from birds, dots, fish"),
        ("gone.csv", DataError, "no such file: gone.csv"),
        ("birds:points=3", SettingError, "data set 'birds' has no settings"),
        ("dots:point=3", SettingError, "has no setting 'point'; did you mean 'points'?"),
    ],
)
def test_data_that_cannot_be_had(spec: str, error: type[NNError], message: str) -> None:
    with pytest.raises(error) as caught:
        CATALOG.load(spec, rng=rng())
    assert message in str(caught.value)


def test_sets_that_do_not_fit(file: Callable[[str], str]) -> None:
    with pytest.raises(DataError, match=r"a\.test has only a test set, no training set$"):
        CATALOG.load(file("a.test"), rng=rng())
    with pytest.raises(ShapeError, match=r"a\.train has 2 columns, but .*b\.wide has 3 columns$"):
        CATALOG.load(file("a.train"), test=file("b.wide"), rng=rng())
    with pytest.raises(DataError, match=r"^.*a\.groups: "):
        CATALOG.load(file("a.groups"), fold="1/99", rng=rng())


def test_folds_in_words() -> None:
    assert parse_fold(" 2/5") == (2, 5)
    for wrong in ("0/5", "6/5", "1/1", "2", "a/b", "-1/5"):
        with pytest.raises(SettingError, match="a fold is K/N"):
            parse_fold(wrong)
