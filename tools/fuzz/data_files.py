"""Small data files of every format, written into the working directory."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image

TABLE = "size,weight,color,label\n" + "".join(
    f"{i},{i * 0.7 - 3:.1f},{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}\n" for i in range(12)
)
PRICES = "rooms,area,price\n" + "".join(f"{1 + i % 4},{30 + 7 * i},{90.5 + 20 * i}\n" for i in range(12))
NAMES = "rex\nallo\nbronto\ntri\nstego\nanky\nraptor\nDiplo\n"
TEXT = "".join(f"Day {i}. The river was low; we walked north until noon.\n" for i in range(60))
OPTIONS = """\
[train]
epochs = 1
hidden = "2"
learning-rate = 0.01
optimizer = "adam"
validation = 0.25
"""


def write_data_files() -> None:
    """Write them all."""
    rng = np.random.default_rng(0)
    numbers: dict[str, Any] = {"x": rng.normal(size=(12, 3)).astype("f4"), "y": np.arange(12) % 2}
    images: dict[str, Any] = {"x": rng.integers(0, 256, (20, 8, 8, 3), dtype="u1"), "y": np.arange(20) % 4}
    images |= {"x_test": images["x"][:8], "y_test": images["y"][:8]}
    for name, text in (("table.csv", TABLE), ("prices.csv", PRICES), ("names.txt", NAMES), ("text.txt", TEXT)):
        Path(name).write_text(text)
    Path("options.toml").write_text(OPTIONS)
    Path("kernel.csv").write_text("1,0,-1\n2,0,-2\n1,0,-1\n")
    np.savez("numbers.npz", **numbers)
    np.savez_compressed("pixels.npz", **images)
    _write_folders(numbers, images)
    _write_hdf5(numbers, images)
    _write_pictures(images["x"])


def _write_folders(numbers: dict[str, Any], images: dict[str, Any]) -> None:
    Path("arrays").mkdir()
    for name, values in numbers.items():
        np.save(f"arrays/{name}.npy", values)
    Path("mnist").mkdir()
    gray = images["x"][..., 0]
    header = b"\0\0\x08\x03" + np.array(gray.shape, ">u4").tobytes()
    Path("mnist/train-images-idx3-ubyte").write_bytes(header + gray.tobytes())
    labels = b"\0\0\x08\x01" + np.array([20], ">u4").tobytes() + images["y"].astype("u1").tobytes()
    Path("mnist/train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, mtime=0))
    with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(4):
            archive.writestr(zipfile.ZipInfo(f"repository/Dataset/{index}/photo.txt"), f"photo {index}" * 20)
        archive.writestr(zipfile.ZipInfo("repository/README.md"), "not unpacked")


def _write_hdf5(numbers: dict[str, Any], images: dict[str, Any]) -> None:
    for name, version in (("numbers.h5", "earliest"), ("latest.h5", "latest")):
        with h5py.File(name, "w", libver=version) as file:
            file["x"] = numbers["x"]
            file["y"] = numbers["y"]
            file["classes"] = ["no", "yes"]
            file.create_dataset("more/numbers", data=numbers["x"], chunks=(4, 3), compression="gzip", shuffle=True)
    with h5py.File("images.h5", "w") as file:
        for split in ("train", "test"):
            count = 20 if split == "train" else 8
            x = images["x"][:count]
            file.create_dataset(f"{split}_set_x", data=x, chunks=(4, 8, 8, 3), compression="gzip")
            file[f"{split}_set_y"] = images["y"][:count]
        file["list_classes"] = np.array([b"0", b"1", b"2", b"3"])
    with h5py.File("matlab.mat", "w", userblock_size=512) as file:
        file["x"] = numbers["x"].T.astype("f8")
        cells = [file.create_dataset(f"#refs#/{i}", data=np.array([[110 + i], [111]], "u2")) for i in range(2)]
        names = file.create_dataset("classes", (2, 1), h5py.ref_dtype)
        names[:, 0] = [cell.ref for cell in cells]
        file["y"] = numbers["y"].astype("f8").reshape(1, -1)
        for key, kind in (("x", "double"), ("y", "double"), ("classes", "cell")):
            file[key].attrs["MATLAB_class"] = np.bytes_(kind)


def _write_pictures(photos: Any) -> None:
    picture = Image.fromarray(np.kron(photos[0], np.ones((3, 3, 1), "u1")))
    picture.save("photo.png")
    picture.save("photo.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0")
    picture.convert("P").save("photo.gif", save_all=True, append_images=[picture.rotate(90).convert("P")])
    picture.save("photo.tif", compression="tiff_lzw")
    for index, label in enumerate("1122"):
        Path("photos", label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(photos[index]).save(f"photos/{label}/{'ab'[index % 2]}.png")
