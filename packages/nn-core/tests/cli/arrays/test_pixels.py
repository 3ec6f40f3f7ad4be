"""Pixels of every type as bytes."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.cli.arrays import pixels
from nn_core.cli.arrays.pixels import pixel_scale
from nn_core.errors import DataError

LEVELS = np.array([0, 1, 2, 127, 128, 254, 255]).reshape(7, 1, 1)


@pytest.mark.parametrize(
    ("stored", "seen", "words"),
    [
        (LEVELS.astype(np.uint8), LEVELS, ""),
        (LEVELS.astype(np.int64), LEVELS, ""),
        (LEVELS.astype(np.uint16), LEVELS, ""),
        (LEVELS.astype(np.float32), LEVELS, "whole numbers"),
        (LEVELS.astype(np.float32) / 255, LEVELS, "from 0 to 1"),
        (LEVELS / 255, LEVELS, "from 0 to 1"),
        ((LEVELS / 255).astype(np.float16), LEVELS, "from 0 to 1"),
        (np.clip(LEVELS - 0.4, 0, 255), LEVELS, "rounded"),
        ((LEVELS * 257).astype(np.uint16), LEVELS, "16 bits"),
        (LEVELS > 1, (LEVELS > 1) * 255, "white and black"),
        ((LEVELS > 1).astype(float), (LEVELS > 1) * 255, "from 0 to 1"),
        ((LEVELS > 1).astype(np.uint8), LEVELS > 1, "multiply them by 255"),
        ((LEVELS > 1).astype(np.int64), LEVELS > 1, "multiply them by 255"),
    ],
)
def test_every_type(stored: npt.NDArray[Any], seen: npt.NDArray[Any], words: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(pixels, "BLOCK_BYTES", 1)
    scale = pixel_scale(stored, "a")
    assert words in scale.remark
    assert bool(words) == bool(scale.remark)
    converted = scale.to_bytes(stored)
    assert converted.dtype == np.uint8
    np.testing.assert_array_equal(converted, seen)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (LEVELS / 127.5 - 1, "these range from -1 to 1: x = ((x + 1) * 127.5).round().astype('uint8')"),
        (LEVELS / 50 - 2, "as if standardized"),
        (LEVELS / 25.5, "these range from 0 to 10: x = (x / 10 * 255).round()"),
        (LEVELS + 1, "from 1 to 256"),
        ((LEVELS * 16).astype(np.uint16), "if 4080 is white"),
        (LEVELS * 257.0, "if 65535 is white"),
        (LEVELS - 128.0, "these range from -128 to 127: x = (x + 128).round().astype('uint8')"),
        (LEVELS.astype(np.int8), "x = x.view('uint8')"),
        (LEVELS * 1j, "not complex128"),
        (np.where(LEVELS == 127, np.nan, LEVELS), "a pixel of example 3 (from 0) is nan"),
        (np.where(LEVELS == 127, np.inf, LEVELS), "a pixel of example 3 (from 0) is inf"),
        (np.where(LEVELS == 127, -np.inf, LEVELS), "a pixel of example 3 (from 0) is -inf"),
    ],
)
def test_one_line_per_error(stored: npt.NDArray[Any], message: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(pixels, "BLOCK_BYTES", 1)
    with pytest.raises(DataError) as caught:
        pixel_scale(stored, "a.h5")
    assert str(caught.value).startswith("a.h5: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_suggested_line_gives_bytes() -> None:
    x: Any = LEVELS / 127.5 - 1
    np.testing.assert_array_equal(((x + 1) * 127.5).round().astype("uint8"), LEVELS)
