"""Valid files of every format, made by the programs themselves, and what is run on them."""

import contextlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz import programs
from fuzz.data_files import write_data_files

TRAIN = "--epochs 1 --threads 1 --hidden 2"
LETTERS = "--epochs 1 --threads 1 --hidden 4 --embedding 3 --layers 1"


@dataclass(frozen=True)
class Seed:
    """A valid file, the files beside it, and the readers and commands that take it.

    format    of the file, a name in `cases.MUTATORS`
    target    its name
    files     contents by name, of the file and those beside it
    readers   names in `readers.READERS`
    commands  command lines, run in the folder of the files
    """

    format: str
    target: str
    files: Mapping[str, bytes] = field(repr=False)
    readers: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called in the summary of a case."""
        return f"{self.format} {self.target}"


def make_seeds(folder: Path) -> list[Seed]:
    """All seeds; their files are left in the folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        write_data_files()
        for command in _TRAINING:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                status = programs.run(command)
            if status != 0:
                raise RuntimeError(f"{command}: exit status {status}\n{printed.getvalue()}")
        _save_model()
        return [_seed(*row) for row in _SEEDS]
    finally:
        os.chdir(before)


def _save_model() -> None:
    import numpy as np

    from nn_core import Dense, Model, Network, ReLU

    model = Model(Network([Dense(3), ReLU(), Dense(2)], input_shape=(2,)), "softmax-cross-entropy")
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    model.fit(x, np.arange(8) % 2, epochs=1, verbose=False)
    model.save("library.h5")


def _seed(format: str, target: str, beside: str, readers: str, *commands: str) -> Seed:
    names = [target, *beside.split()]
    files: dict[str, bytes] = {}
    for name in names:
        paths = [path for path in Path(name).rglob("*") if path.is_file()] if Path(name).is_dir() else [Path(name)]
        files |= {str(path): path.read_bytes() for path in paths}
    return Seed(format, target, files, tuple(readers.split()), commands)


_TRAINING = (
    f"deep-nn train -q --data table.csv {TRAIN} --save table.h5",
    f"deep-nn train -q --data prices.csv --target price {TRAIN} --save prices.h5",
    f"deep-nn train -q --data moons {TRAIN} --save moons.h5",
    f"deep-nn train -q --data pixels.npz {TRAIN} --save pixels.h5",
    f"dino-gen train -q --data names.txt {LETTERS} --save names.h5",
    f"char-rnn train -q --data text.txt {LETTERS} --cell lstm --save text.h5",
    "cnn-sign train -q --data pixels.npz --epochs 1 --threads 1 --save signs.h5",
    "deep-nn export -q --model table.h5 --save table.safetensors",
    "deep-nn export -q --model moons.h5 --save moons.onnx",
    "cnn-sign export -q --model signs.h5 --save signs.onnx",
    "char-rnn export -q --model text.h5 --save text.onnx",
)

_LOAD = "checkpoint.load checkpoint.load is_checkpoint"
_SEEDS: tuple[Any, ...] = (
    (
        "checkpoint",
        "table.h5",
        "table.csv",
        f"{_LOAD} deep-nn deep-nn",
        "deep-nn predict --model table.h5 table.csv",
        "deep-nn evaluate --model table.h5 --data table.csv",
        "deep-nn summary --model table.h5",
        "deep-nn train --resume table.h5 --epochs 2",
        "deep-nn evaluate --json --model table.h5",
        "deep-nn train --from table.h5 --epochs 1 --data table.csv",
        "deep-nn export --model table.h5 --save out.h5",
        "deep-nn evaluate --model table.h5 --figure out.png",
    ),
    (
        "checkpoint",
        "prices.h5",
        "prices.csv",
        f"{_LOAD} deep-nn",
        "deep-nn evaluate --model prices.h5",
        "deep-nn predict --model prices.h5 prices.csv --json",
        "deep-nn train --resume prices.h5 --epochs 2",
    ),
    (
        "checkpoint",
        "moons.h5",
        "",
        f"{_LOAD} deep-nn",
        "deep-nn evaluate --model moons.h5",
        "deep-nn train --resume moons.h5 --epochs 2",
        "deep-nn export --model moons.h5 --save out.onnx",
        "deep-nn boundary --model moons.h5 --figure out.png",
    ),
    (
        "checkpoint",
        "pixels.h5",
        "pixels.npz photo.png",
        "deep-nn checkpoint.load",
        "deep-nn predict --model pixels.h5 photo.png",
        "deep-nn evaluate --model pixels.h5 --data pixels.npz",
    ),
    (
        "checkpoint",
        "signs.h5",
        "pixels.npz photo.png",
        f"{_LOAD} cnn-sign cnn-sign",
        "cnn-sign predict --model signs.h5 photo.png",
        "cnn-sign evaluate --model signs.h5 --data pixels.npz",
        "cnn-sign summary --model signs.h5",
        "cnn-sign train --resume signs.h5 --epochs 2",
        "cnn-sign export --model signs.h5 --save out.safetensors",
    ),
    (
        "checkpoint",
        "names.h5",
        "names.txt",
        f"{_LOAD} dino-gen dino-gen",
        "dino-gen --model names.h5 --count 2 --seed 1",
        "dino-gen evaluate --model names.h5",
        "dino-gen train --resume names.h5 --epochs 2",
        "dino-gen summary --model names.h5",
        "dino-gen --model names.h5 --novel --start a --json",
        "dino-gen export --model names.h5 --save out.h5",
    ),
    (
        "checkpoint",
        "text.h5",
        "text.txt",
        f"{_LOAD} char-rnn char-rnn",
        "char-rnn sample --model text.h5 --length 20 --seed 1",
        "char-rnn evaluate --model text.h5",
        "char-rnn train --resume text.h5 --epochs 2",
        "char-rnn summary --model text.h5 --json",
    ),
    ("checkpoint", "library.h5", "", f"{_LOAD} model model"),
    ("hdf5", "numbers.h5", "", "hdf5 hdf5 hdf5-rows arrays", f"deep-nn train --data numbers.h5 {TRAIN}"),
    ("hdf5", "latest.h5", "", "hdf5 hdf5-rows arrays", f"deep-nn train --data latest.h5 {TRAIN}"),
    (
        "hdf5",
        "images.h5",
        "pixels.h5 signs.h5",
        "hdf5 hdf5-rows arrays cnn-arrays",
        f"deep-nn train --data images.h5 {TRAIN}",
        "deep-nn evaluate --model pixels.h5 --data images.h5",
        "cnn-sign evaluate --model signs.h5 --data images.h5",
        "cnn-sign train --data images.h5 --epochs 1 --threads 1",
    ),
    ("hdf5", "matlab.mat", "", "hdf5 arrays", f"deep-nn train --data matlab.mat {TRAIN}"),
    ("npz", "numbers.npz", "", "npz npz arrays", f"deep-nn train --data numbers.npz {TRAIN}"),
    (
        "npz",
        "pixels.npz",
        "pixels.h5 signs.h5",
        "npz arrays cnn-arrays",
        f"deep-nn train --data pixels.npz {TRAIN}",
        "deep-nn evaluate --model pixels.h5 --data pixels.npz",
        "cnn-sign evaluate --model signs.h5 --data pixels.npz",
    ),
    ("npy", "arrays/x.npy", "arrays", "npy folder", f"deep-nn train --data arrays {TRAIN}"),
    ("npy", "arrays/y.npy", "arrays", "npy folder", f"deep-nn train --data arrays {TRAIN}"),
    ("idx", "mnist/train-images-idx3-ubyte", "mnist", "idx folder", f"deep-nn train --data mnist {TRAIN}"),
    ("idx", "mnist/train-labels-idx1-ubyte.gz", "mnist", "idx folder", f"deep-nn train --data mnist {TRAIN}"),
    ("safetensors", "table.safetensors", "table.json", "safetensors"),
    ("json", "table.json", "table.safetensors", "sidecar"),
    ("onnx", "moons.onnx", "", "onnx"),
    ("onnx", "signs.onnx", "", "onnx"),
    ("onnx", "text.onnx", "", "onnx"),
    (
        "csv",
        "table.csv",
        "table.h5",
        "table csv",
        f"deep-nn train --data table.csv {TRAIN}",
        "deep-nn predict --model table.h5 table.csv",
        "deep-nn evaluate --model table.h5 --data table.csv --json",
    ),
    (
        "csv",
        "prices.csv",
        "prices.h5",
        "table",
        f"deep-nn train --data prices.csv --target price {TRAIN} --missing mean",
        "deep-nn predict --model prices.h5 prices.csv",
    ),
    ("csv", "kernel.csv", "", "kernel"),
    (
        "text",
        "names.txt",
        "names.h5",
        "text names",
        f"dino-gen train --data names.txt {LETTERS}",
        "dino-gen evaluate --model names.h5 --data names.txt",
        "dino-gen --model names.h5 --novel --data names.txt",
    ),
    (
        "text",
        "text.txt",
        "text.h5",
        "text",
        f"char-rnn train --data text.txt {LETTERS}",
        "char-rnn evaluate --model text.h5 --data text.txt",
        f"char-rnn train --data text.txt --unit word {LETTERS}",
    ),
    (
        "png",
        "photo.png",
        "signs.h5 pixels.h5",
        "image",
        "cnn-sign predict --model signs.h5 photo.png",
        "deep-nn predict --model pixels.h5 photo.png",
    ),
    ("png", "photos/1/b.png", "photos", "image", "cnn-sign train --data photos --epochs 1 --threads 1"),
    ("photo", "photo.jpg", "signs.h5", "image", "cnn-sign predict --model signs.h5 photo.jpg"),
    ("photo", "photo.gif", "signs.h5", "image", "cnn-sign predict --model signs.h5 photo.gif"),
    ("photo", "photo.tif", "signs.h5", "image", "cnn-sign predict --model signs.h5 photo.tif"),
    ("zip", "archive.zip", "", "archive"),
    (
        "toml",
        "options.toml",
        "table.csv",
        "config",
        "deep-nn train --config options.toml --data table.csv --epochs 1",
        "deep-nn --config options.toml train --data table.csv --epochs 1",
    ),
)
