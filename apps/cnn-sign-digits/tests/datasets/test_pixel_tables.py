"""Tables of pixels, a photo a row."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from photos import pixels, rng

from cnn_sign_digits.datasets import arrays
from cnn_sign_digits.datasets.catalog import CATALOG, read_path
from cnn_sign_digits.datasets.photos import fit_photos
from nn_core.batches.subset import Subset
from nn_core.errors import DataWarning, NNError
from nn_core.storage.converted_array import ConvertedArray

GRAY = pixels(48, 6, 6)
SIGNS = np.array([k for k in range(25) if k != 9])[np.arange(48) % 24]


def table(path: Path, rows: npt.NDArray[Any], header: str = "") -> Path:
    np.savetxt(path, rows, "%d", ",", header=header, comments="")
    return path


def sign_mnist(path: Path, count: int = 48) -> Path:
    header = "label," + ",".join(f"pixel{k}" for k in range(1, 37))
    return table(path, np.column_stack([SIGNS, GRAY.reshape(48, 36)])[:count], header)


def test_the_layout_of_sign_language_mnist(tmp_path: Path) -> None:
    path = sign_mnist(tmp_path / "a.csv")
    with pytest.warns(DataWarning) as remarks:
        splits = CATALOG.load(str(path), validation=0.5, rng=rng())
    texts = [str(remark.message) for remark in remarks]
    assert f"{path}: 36 numbers per photo read as 6x6 gray" in texts
    assert f"{path}: 24 classes, named by their numbers: 0 to 8, 10 to 24" in texts
    assert splits.train.classes == tuple(map(str, np.unique(SIGNS)))
    with pytest.warns(DataWarning, match="6x6 gray"):
        part = read_path(path).train
    assert part is not None
    np.testing.assert_array_equal(part.x[:], fit_photos(GRAY))
    assert part.y.tolist() == SIGNS.tolist()


def test_numbered_pixels_in_another_order(tmp_path: Path) -> None:
    names = [f"pixel{k}" for k in range(1, 37)]
    order = sorted(range(36), key=lambda k: names[k])  # pixel1, pixel10, pixel11, ...
    rows = np.column_stack([GRAY.reshape(48, 36)[:, order], SIGNS])
    path = table(tmp_path / "a.csv", rows, ",".join([*(names[k] for k in order), "label"]))
    with pytest.warns(DataWarning) as remarks:
        part = read_path(path).train
    assert str(remarks[0].message) == f"{path}: pixels read in the order of their numbers, not of their columns"
    assert part is not None
    np.testing.assert_array_equal(part.x[:], fit_photos(GRAY))
    assert part.y.tolist() == SIGNS.tolist()


def test_a_training_and_a_test_file_in_a_folder(tmp_path: Path) -> None:
    sign_mnist(tmp_path / "sign_mnist_train.csv")
    sign_mnist(tmp_path / "sign_mnist_test.csv", 30)
    with pytest.warns(DataWarning):
        splits = CATALOG.load(str(tmp_path), rng=rng())
    assert (len(splits.train), len(splits.validation)) == (48, 30)
    assert splits.origin.endswith("sign_mnist_test.csv")


@pytest.mark.parametrize("position", [0, 36])
def test_the_label_without_a_header(tmp_path: Path, position: int) -> None:
    images = pixels(240, 6, 6).reshape(240, 36)
    labels = np.arange(240) % 4
    path = table(tmp_path / "a.csv", np.insert(images.astype(int), position, labels, axis=1))
    with pytest.warns(DataWarning) as remarks:
        part = read_path(path).train
    assert f"{path}: column {position + 1} read as the label" in [str(remark.message) for remark in remarks]
    assert part is not None
    assert part.y.tolist() == labels.tolist()


def test_labels_that_are_text_and_colors(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(f"{','.join(['7', '8', '9'] * 4)},{sign}\n" for sign in ("rock", "paper")))
    with pytest.warns(DataWarning, match="12 numbers per photo read as 2x2 RGB"):
        part = read_path(path).train
    assert part is not None
    assert part.names == ("paper", "rock")
    assert (part.x[:] == (7, 8, 9)).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,a,b,c\n1,2,3,4\n0,2,3,4\n", "has 3 columns beside column 'label', which is not a square gray"),
        ("label,a,b,c,d\n1,2,3,,4\n0,2,3,4,5\n", "line 2, column 4: the pixel is missing"),
        ("label,a,b,c,d\n1,2,3,5,4\n,2,3,4,5\n", "line 3, column 1: the label is missing"),
        ("label,a,b,c,d\n1,2,3,5,4\n0,2,3,400,5\n", "these range from 2 to 400"),
        ("1,2,3,5,1\n0,2,3,4,0\n", "which column holds the label? Add a header: label,pixel1,"),
    ],
)
def test_one_line_per_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(NNError) as caught:
        read_path(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_many_small_photos_are_enlarged_on_demand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_MEMORY", 0)
    with pytest.warns(DataWarning, match="6x6 gray"):
        part = read_path(sign_mnist(tmp_path / "a.csv")).train
    assert part is not None
    assert isinstance(part.x, ConvertedArray)
    expected = fit_photos(GRAY)
    np.testing.assert_array_equal(part.x[5:9], expected[5:9])
    rows, out = rng().permutation(48)[:7], np.empty((7, 64, 64, 3), np.uint8)
    Subset(part.x, np.arange(47, -1, -1)).read(rows, out)
    np.testing.assert_array_equal(out, expected[::-1][rows])
