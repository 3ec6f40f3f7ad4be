"""The readers of the packages, each as a function of a path."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Reader: TypeAlias = Callable[[Path], None]

READERS: dict[str, Reader] = {}
"""Readers by name."""


def _reads(name: str) -> Callable[[Reader], Reader]:
    def register(reader: Reader) -> Reader:
        READERS[name] = reader
        return reader

    return register


@_reads("hdf5")
def _hdf5(path: Path) -> None:
    from nn_core.storage.hdf5_layout import list_hdf5

    _read_all(list_hdf5(path))


@_reads("hdf5-rows")
def _hdf5_rows(path: Path) -> None:
    from nn_core.errors import DataError
    from nn_core.storage.hdf5 import HDF5Array
    from nn_core.storage.hdf5_layout import list_hdf5

    for key in [*list_hdf5(path)][:20]:
        try:
            array = HDF5Array(path, key)
            if len(array):
                out = np.empty((min(2, len(array)), *_small(array.shape[1:])), array.dtype)
                array.read(np.array([len(array) - 1, 0])[: len(out)], out)
        except DataError:
            continue


def _small(shape: tuple[int, ...]) -> tuple[int, ...]:
    from nn_core.errors import DataError

    if np.prod(shape, dtype=object) > 10**6:
        raise DataError("too large for rows to be read")
    return shape


@_reads("npz")
def _npz(path: Path) -> None:
    from nn_core.storage.npz import list_npz

    _read_all(list_npz(path))


@_reads("npy")
def _npy(path: Path) -> None:
    from nn_core.storage.npz import read_npy

    _read_all({"x": read_npy(path, "x")})


@_reads("idx")
def _idx(path: Path) -> None:
    from nn_core.storage.idx import read_idx

    _read_all({"x": read_idx(path)})


def _read_all(arrays: Mapping[str, Any]) -> None:
    """Each array by itself, as if only it were asked for; the last refusal is the answer."""
    from nn_core.errors import DataError

    refused: DataError | None = None
    for array in list(arrays.values())[:20]:
        if array.problem is None and not array.objects:
            try:
                array.read("file")
            except DataError as error:
                refused = error
    if refused is not None:
        raise refused


@_reads("arrays")
def _arrays(path: Path) -> None:
    from deep_nn.datasets.files import read

    read(path)


@_reads("folder")
def _folder(path: Path) -> None:
    _arrays(path.parent)


@_reads("cnn-arrays")
def _cnn_arrays(path: Path) -> None:
    from cnn_sign_digits.datasets.catalog import read_path

    read_path(path)


@_reads("checkpoint.load")
def _checkpoint(path: Path) -> None:
    from nn_core import checkpoint

    checkpoint.load(path)


@_reads("is_checkpoint")
def _is_checkpoint(path: Path) -> None:
    from nn_core.checkpoint import is_checkpoint

    is_checkpoint(path)


@_reads("model")
def _model(path: Path) -> None:
    from nn_core import Model

    Model.load(path).predict(np.zeros((1, 2), np.float32))


@_reads("deep-nn")
def _deep_nn(path: Path) -> None:
    from deep_nn.model import load_model

    load_model(path)


@_reads("cnn-sign")
def _cnn_sign(path: Path) -> None:
    from cnn_sign_digits.model import load_model

    load_model(path)


@_reads("dino-gen")
def _dino_gen(path: Path) -> None:
    from char_rnn_dino.model import DINO_GEN, load_model

    load_model(path, DINO_GEN)


@_reads("char-rnn")
def _char_rnn(path: Path) -> None:
    from char_rnn_dino.model import CHAR_RNN, load_model

    load_model(path, CHAR_RNN)


@_reads("safetensors")
def _safetensors(path: Path) -> None:
    from nn_core.exchange.safetensors import from_safetensors

    from_safetensors(path)


@_reads("sidecar")
def _sidecar(path: Path) -> None:
    _safetensors(path.with_suffix(".safetensors"))


@_reads("onnx")
def _onnx(path: Path) -> None:
    from nn_core.exchange.onnx import from_onnx

    from_onnx(path)


@_reads("table")
def _table(path: Path) -> None:
    from nn_core.tables.reader import read_table

    read_table(path, name=path.name)


@_reads("csv")
def _csv(path: Path) -> None:
    from nn_core.storage.text import read_csv

    read_csv(path)


@_reads("kernel")
def _kernel(path: Path) -> None:
    from cnn_sign_digits.conv_demo.kernels import read_kernel

    read_kernel(str(path))


@_reads("text")
def _text(path: Path) -> None:
    from nn_core.storage.text import TextFile, read_text

    TextFile(path).read()
    read_text(path)


@_reads("names")
def _names(path: Path) -> None:
    from char_rnn_dino.corpora import read_names

    read_names(path)


@_reads("image")
def _image(path: Path) -> None:
    from nn_core.cli.images import read_image

    read_image(path, (8, 8, 3), crop=True)


@_reads("archive")
def _archive(path: Path) -> None:
    from nn_core.storage.archives import contents_sha256, unpack

    target = path.with_suffix("")
    unpack(path, "Dataset", target)
    contents_sha256(target)


@_reads("config")
def _config(path: Path) -> None:
    from nn_core.cli.config_file import read_config

    read_config(str(path))
