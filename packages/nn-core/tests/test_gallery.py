"""The gallery: its page and pictures are those of gallery.toml, and quick ones show the same data when made again."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
pytestmark = pytest.mark.skipif(not (DOCS / "gallery.toml").exists(), reason="the gallery is in the workspace")


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for source in (DOCS, *ROOT.glob("apps/*/src")):
        monkeypatch.syspath_prepend(source)
    yield importlib.import_module("gallery")
    sys.modules.pop("gallery")


@pytest.fixture
def color_vision(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("color_vision")


def test_the_page_is_made_from_the_list(gallery: ModuleType) -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == gallery.page(), "run nox -s pictures"


def test_every_picture_is_there_small_and_knows_its_data(gallery: ModuleType) -> None:
    names = [entry.picture for entry in gallery.entries()]
    assert len(names) == len(set(names))
    for entry in gallery.entries():
        picture = DOCS / "pictures" / entry.picture
        assert entry.picture in entry.command
        assert picture.stat().st_size <= gallery.MOST_BYTES, picture.name
        if picture.suffix == ".png":
            assert gallery.data_of(picture), picture.name


def quick() -> list[str]:
    """Names of the pictures that are made again."""
    import tomllib

    if not (DOCS / "gallery.toml").exists():
        return []
    topics: list[Any] = tomllib.loads((DOCS / "gallery.toml").read_text(encoding="utf-8"))["topic"]
    return [each["picture"] for topic in topics for each in topic["picture"] if each.get("quick")]


@pytest.mark.parametrize("name", quick())
def test_quick_pictures_show_the_same_data(gallery: ModuleType, tmp_path: Path, name: str) -> None:
    [entry] = [each for each in gallery.entries() if each.picture == name]
    with gallery.checked_figures() as unreadable:
        drawn = gallery.make(entry, tmp_path)
    assert gallery.changes(gallery.data_of(DOCS / "pictures" / name), gallery.data_of(drawn)) == []
    assert unreadable == []


def test_other_data_are_a_change(gallery: ModuleType) -> None:
    one: list[dict[str, Any]] = [{"labels": ["Loss"], "lines": [[2, 1.0, 3.0, 2.0]]}]
    assert gallery.changes(one, [{"labels": ["Loss"], "lines": [[2, 1.01, 3.0, 2.0]]}]) == []
    assert gallery.changes(one, [{"labels": ["Loss"], "lines": [[2, 1.0, 3.3, 2.1]]}]) == [
        "figure 1, lines 1: [2, 1.0, 3.0, 2.0] became [2, 1.0, 3.3, 2.1]"
    ]
    assert gallery.changes(one, [{"labels": ["Cost"], "lines": []}]) != []


def test_neighbors_in_the_palette_can_be_told_apart(color_vision: ModuleType) -> None:
    for palette, least in ((color_vision.LIGHT, 24), (color_vision.DARK, 18)):
        for vision in color_vision.VISION:
            table = color_vision.palette_table(palette, vision)
            assert min(table[i, i + 1] for i in range(len(palette) - 1)) >= least
            assert min(table[i, j] for i in range(4) for j in range(i)) >= least


def test_differences_of_colors_are_those_of_the_standard(color_vision: ModuleType) -> None:
    pairs = (
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
    )
    for one, other, expected in pairs:
        assert color_vision.difference(one, other) == pytest.approx(expected, abs=1e-4)
