"""Images of every kind become arrays of one shape; anything else is one line of error."""

import io
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps, features
from PIL.PngImagePlugin import PngInfo

from nn_core.cli import images as cli_images
from nn_core.cli.images import read_image
from nn_core.errors import DataError, ShapeError
from nn_core.storage import images
from nn_core.storage.images import PHOTO_SUFFIXES

SHAPE = (4, 6, 3)


def saved(tmp_path: Path, picture: Image.Image, name: str = "photo.png", **options: Any) -> Path:
    path = tmp_path / name
    picture.save(path, **options)
    return path


def message_of(path: Path, shape: tuple[int, ...] = SHAPE) -> str:
    with pytest.raises(DataError) as caught:
        read_image(path, shape)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


def test_pixels_of_the_right_size_are_kept(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    batch = read_image(saved(tmp_path, Image.fromarray(pixels)), SHAPE)
    assert batch.dtype == np.uint8
    np.testing.assert_array_equal(batch, pixels[np.newaxis])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("shape", [(4, 6, 1), (4, 6, 3), (4, 6, 4), (1, 1, 3)])
def test_every_mode_and_size(tmp_path: Path, mode: str, shape: tuple[int, ...]) -> None:
    white = np.full((9, 5), 65535, np.uint16)
    grey = Image.fromarray(np.full((9, 5), 255, np.uint8))
    picture = Image.fromarray(white) if mode == "I;16" else grey.convert(mode)
    assert picture.mode == mode
    batch = read_image(saved(tmp_path, picture, "photo.tif"), shape)
    assert batch.shape == (1, *shape)
    assert (batch == 255).all()


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    levels = np.array([[0, 257, 25700, 65535]], dtype=np.uint16)
    batch = read_image(saved(tmp_path, Image.fromarray(levels)), (1, 4, 1))
    assert batch.ravel().tolist() == [0, 1, 100, 255]


def test_transparent_pixels_are_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (6, 4), (200, 0, 0, 0))
    path = saved(tmp_path, clear)
    assert (read_image(path, SHAPE) == 255).all()
    assert (read_image(path, (4, 6, 4))[..., 3] == 0).all()
    half = saved(tmp_path, Image.new("LA", (6, 4), (0, 128)), "half.png")
    np.testing.assert_allclose(read_image(half, SHAPE), 127, atol=1)
    palette = Image.new("P", (6, 4), 0)
    palette.putpalette([9, 9, 9, 8, 8, 8])
    assert (read_image(saved(tmp_path, palette, "p.png", transparency=0), SHAPE) == 255).all()


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    path = saved(tmp_path, Image.fromarray(pixels), exif=exif)
    batch = read_image(path, (4, 4, 3))
    assert (batch[0, 3] == 255).all()
    assert (batch[0, :3] == 0).all()


def test_resizing_averages(tmp_path: Path) -> None:
    pixels = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    batch = read_image(saved(tmp_path, Image.fromarray(pixels)), (8, 8, 1))
    np.testing.assert_allclose(batch[:, 2:-2, 2:-2], 127.5, atol=2)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_image(tmp_path: Path, kind: str, part: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    whole = io.BytesIO()
    Image.fromarray(pixels).save(whole, kind)
    path = tmp_path / "cut.img"
    path.write_bytes(whole.getvalue()[: int(part * whole.tell())])
    assert "is not an image" in message_of(path)


def test_what_is_not_an_image(tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("not an image")
    assert message_of(text).startswith(f"{text} is not an image; supported formats are JPEG")
    empty = tmp_path / "empty.png"
    empty.touch()
    assert message_of(empty) == f"{empty} is empty"
    assert "is a directory" in message_of(tmp_path)
    assert message_of(tmp_path / "none.png") == f"no such file: {tmp_path / 'none.png'}"
    drawing = tmp_path / "drawing.eps"
    Image.new("RGB", (4, 4)).save(drawing, "EPS")
    assert "supported formats are" in message_of(drawing)


@pytest.mark.parametrize("most", [10, 30])
def test_an_image_that_is_far_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    path = saved(tmp_path, Image.new("L", (8, 5)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    assert message_of(path) == f"{path} is too large: more than {most} pixels"


def test_depths_without_a_white_level(tmp_path: Path) -> None:
    real = saved(tmp_path, Image.new("F", (4, 4), 0.5), "real.tif")
    assert "floating-point" in message_of(real)
    deep = saved(tmp_path, Image.new("I", (4, 4), 1 << 20), "deep.tif")
    assert "32-bit" in message_of(deep)


def test_a_shape_that_no_image_has(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("L", (4, 4)))
    for shape in [(2,), (4, 4, 2)]:
        with pytest.raises(ShapeError, match="C of 1, 3 or 4"):
            read_image(path, shape)


def test_a_crop_is_centered_and_keeps_the_aspect_ratio(tmp_path: Path) -> None:
    pixels = np.zeros((40, 100, 3), np.uint8)
    pixels[:, 20:80] = 255
    path = saved(tmp_path, Image.fromarray(pixels))
    assert (read_image(path, (8, 8, 3), crop=True) == 255).all()
    assert (read_image(path, (8, 8, 3))[0, :, 0] == 0).all()
    tall = saved(tmp_path, Image.fromarray(pixels.transpose(1, 0, 2)), "tall.png")
    assert (read_image(tall, (8, 8, 3), crop=True) == 255).all()
    wide = read_image(path, (10, 25, 3), crop=True)
    np.testing.assert_array_equal(wide, read_image(path, (10, 25, 3)))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_an_image_of_a_few_pixels_is_cropped(tmp_path: Path, size: tuple[int, int]) -> None:
    path = saved(tmp_path, Image.new("RGB", size, (9, 99, 199)))
    assert (read_image(path, (64, 64, 3), crop=True) == [9, 99, 199]).all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_large_rotated_photo_is_upright_and_as_the_slow_way_has_it(tmp_path: Path, turn: int) -> None:
    gradient = np.zeros((900, 1200, 3), np.uint8)
    gradient[..., 0] = np.linspace(0, 255, 1200)
    gradient[..., 1] = np.linspace(0, 255, 900)[:, None]
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path, Image.fromarray(gradient), "photo.jpg", exif=exif, quality=95)
    with Image.open(path) as opened:
        slow = ImageOps.exif_transpose(opened.copy()).resize((64, 48), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(read_image(path, (48, 64, 3))[0], np.asarray(slow), atol=6)


def test_a_photo_is_not_decoded_smaller_than_its_target(tmp_path: Path) -> None:
    stripes = np.repeat(np.tile([0, 255], 16), 8).astype(np.uint8)  # 8 pixels wide each
    path = saved(tmp_path, Image.fromarray(np.tile(stripes, (192, 1))), "photo.jpg", quality=95)
    row = read_image(path, (48, 64, 1))[0, 24, :, 0].astype(int)  # 2 pixels wide each
    assert (np.abs(row[1::2] - row[::2]) < 40).all()
    assert (np.abs(np.diff(row[::2])) > 200).all()


def test_fifty_megapixels(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("P", (7000, 7143), 3), "large.png")
    assert read_image(path, (64, 64, 3)).shape == (1, 64, 64, 3)
    grey = saved(tmp_path, Image.new("L", (7000, 7143), 77), "large.jpg")
    np.testing.assert_allclose(read_image(grey, (64, 64, 3)), 77, atol=1)


@pytest.mark.parametrize("suffix", sorted(PHOTO_SUFFIXES))
def test_every_suffix_is_read(tmp_path: Path, suffix: str) -> None:
    if suffix == ".avif" and "avif" not in features.get_supported_modules():
        pytest.skip("this Pillow has no AVIF")
    picture = Image.new("L" if suffix == ".pgm" else "RGB", (12, 8), "white")
    path = tmp_path / f"photo{suffix}"
    if suffix == ".mpo":
        picture.save(path, "MPO", save_all=True, append_images=[picture])
    else:
        picture.save(path, Image.registered_extensions().get(suffix))
    assert (read_image(path, SHAPE) >= 250).all()


def test_other_formats_of_pillow_are_not_tried(tmp_path: Path) -> None:
    for kind in ("TGA", "ICO", "PCX", "SGI"):
        path = tmp_path / "photo.png"
        Image.new("RGB", (16, 16)).save(path, kind)
        assert "is not an image" in message_of(path)


def test_formats_that_phones_write_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(30))
    assert message_of(path) == f"{path} is HEIC, which is not supported; save it as JPEG"
    path.write_bytes(b"\0\0\0\x18ftypavif" + bytes(30))
    monkeypatch.setattr(images, "_reads_avif", lambda: True)
    assert "is not an image" in message_of(path)
    monkeypatch.setattr(images, "_reads_avif", lambda: False)
    assert "is AVIF, which this Pillow does not read; upgrade Pillow" in message_of(path)


def test_sixteen_bits_take_no_more_than_a_few_times_their_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (600, 600), dtype=np.uint16)
    path = saved(tmp_path, Image.fromarray(levels))
    whole = read_image(path, (600, 600, 1))
    monkeypatch.setattr(cli_images, "_BLOCK", 600 * 7)
    tracemalloc.start()
    np.testing.assert_array_equal(read_image(path, (600, 600, 1)), whole)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * levels.nbytes  # 64-bit integers would take 8 bytes for 2
    np.testing.assert_array_equal(whole[0, ..., 0], np.round(levels / 257))


def test_many_pixels_in_few_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, Image.new("RGB", (300, 100)))
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"IDAT") + 10])
    monkeypatch.setattr(images, "LARGE_IMAGE", 30_000)
    assert "is not an image, or is damaged" in message_of(path)
    monkeypatch.setattr(images, "LARGE_IMAGE", 20_000)
    monkeypatch.setattr("nn_core.storage.compressed.MAX_RATIO", 10)
    assert "is cut off or damaged: 30,000 bytes declared" in message_of(path)


def test_pixels_are_asked_for_before_they_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, Image.new("RGB", (30, 10)))
    monkeypatch.setattr("nn_core.memory.memory_limit", lambda: 1199)
    assert "needs 1.2 kB of memory; the limit is 1.2 kB (--max-memory)" in message_of(path)


def test_a_bomb_in_the_texts_of_png(tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("comment", "a" * 5_000_000, zip=True)
    path = saved(tmp_path, Image.new("RGB", (6, 4)), pnginfo=texts)
    assert path.stat().st_size < 10_000
    assert "Decompressed data too large" in message_of(path)


def test_damaged_tiff_prints_nothing_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    path = saved(tmp_path, Image.fromarray(pixels), "a.tif", compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(range(60))
    path.write_bytes(content)
    with suppress(DataError):
        read_image(path, SHAPE)
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_that_goes_over_its_pixels_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, Image.new("L", (64, 64)), "a.jpg", progressive=True)
    content = path.read_bytes()
    first, second = (content.index(b"\xff\xda", start) for start in (content.index(b"\xff\xda") + 1, 0))
    monkeypatch.setattr(images, "MANY_PIXELS", 64 * 64 - 1)
    read_image(path, SHAPE)
    path.write_bytes(content[:first] + content[second:first] * 100 + content[first:])
    assert "scans, as files do that are made to take time" in message_of(path)
