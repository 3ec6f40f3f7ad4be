"""Networks as safetensors: written files, and errors for invalid ones."""

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import CASES
from safetensors.numpy import load_file, save_file

from nn_core.errors import CheckpointError, DataError, NNError, SettingError
from nn_core.exchange.safetensors import from_safetensors, to_safetensors
from nn_core.extras import MissingExtraError
from nn_core.layers import LAYERS, BatchNorm, Dense, ReLU
from nn_core.network import Network
from nn_core.reference import Reference

KNOWN = [name for name, case in CASES.items() if all(type(layer).__name__ in LAYERS for layer in case.layers)]


def network_of(dtype: str = "float32") -> Network:
    layers = [Dense(3), BatchNorm(), ReLU(), Dense(2)]
    return Network(layers, input_shape=(4,), rng=np.random.default_rng(0), dtype=dtype)


def written(folder: Path, **settings: Any) -> Path:
    path = folder / "model.safetensors"
    to_safetensors(network_of(), path, **settings)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(NNError) as caught:
        from_safetensors(path)
    assert isinstance(caught.value, (DataError, CheckpointError))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", KNOWN)
def test_round_trip_matches_safetensors(name: str, tmp_path: Path) -> None:
    network = CASES[name].network()
    to_safetensors(network, str(tmp_path / "a.safetensors"))
    loaded = load_file(tmp_path / "a.safetensors")
    named = network.named(network.vector)
    assert loaded.keys() == named.keys()
    for key, values in named.items():
        np.testing.assert_array_equal(loaded[key], values, strict=True)
        assert loaded[key].flags.c_contiguous
    back = from_safetensors(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(back.vector, network.vector, strict=True)
    x, _ = CASES[name].batch(np.random.default_rng(1), 3)
    np.testing.assert_array_equal(Reference(back).predict(x)[0], Reference(network).predict(x)[0], strict=True)


def test_the_sidecar_is_plain_json(tmp_path: Path) -> None:
    path = written(tmp_path, metadata={"classes": ["cat", "dög"]})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    sidecar = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert sidecar["metadata"] == {"classes": ["cat", "dög"]}
    assert sidecar["architecture"]["layers"][0]["units"] == 3
    assert sidecar["architecture"]["input_shape"] == [4]
    assert path.stat().st_size > 4 * network_of().vector.size


def test_edited_weights_load_without_checksum(tmp_path: Path) -> None:
    path = written(tmp_path)
    arrays = load_file(path)
    arrays["0/W"] = 2 * arrays["0/W"]
    save_file(arrays, path)
    message = refusal(path)
    assert message.startswith(f"{path} is not the file described in {path.with_suffix('.json')}: checksum mismatch")
    sidecar = json.loads(path.with_suffix(".json").read_text("utf-8"))
    del sidecar["sha256"]
    path.with_suffix(".json").write_text(json.dumps(sidecar), "utf-8")
    np.testing.assert_array_equal(from_safetensors(path).params["0/W"], arrays["0/W"])


def test_missing_files(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.with_suffix(".json").unlink()
    assert f"{path.with_suffix('.json')} is missing: it holds the architecture of model.safetensors" in refusal(path)
    path = written(tmp_path)
    path.unlink()
    assert refusal(path) == f"no such file: {path}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("1/beta"), "1/beta is missing"),
        (lambda a: a.update({"9/W": a["0/W"]}), "9/W is not in the architecture"),
        (lambda a: a.update({"0/W": a["0/W"].T.copy()}), "0/W has shape (3, 4); the architecture has (4, 3)"),
        (lambda a: a.update({"0/W": a["0/W"].astype("f2")}), "0/W has dtype F16; the architecture has float32"),
        (lambda a: a.update({"0/W": a["0/W"].astype("f8")}), "0/W has dtype F64; the architecture has float32"),
        (lambda a: a.update({"0/W": a["0/W"] * np.float32(np.nan)}), "0/W has non-finite values"),
    ],
)
def test_mismatching_arrays(change: Any, message: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    arrays = load_file(path)
    change(arrays)
    save_file(arrays, path)
    assert refusal(path) == f"{path}: {message}"


def with_header(path: Path, **fields: Any) -> Path:
    """The file with other fields of 0/W in its header."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["0/W"] |= fields
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    return path


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shape": [10**9, 10**9]}, "the shape and the bytes of 0/W do not agree"),
        ({"shape": [-4, -3]}, "the shape and the bytes of 0/W do not agree"),
        ({"data_offsets": [0, 10**15]}, "do not agree"),
        ({"data_offsets": [8, 4]}, "data_offsets of 0/W must be a start and an end"),
        ({"data_offsets": [0]}, "data_offsets of 0/W must be a start and an end"),
        ({"shape": "large"}, '0/W.shape must be a list, not "large"'),
    ],
)
def test_invalid_headers(fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    said = refusal(with_header(written(tmp_path), **fields))
    assert said.startswith(f"{tmp_path / 'model.safetensors'} (header): ")
    assert message in said


def test_files_that_are_not_safetensors(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    for content, message in (
        (b"text", "is not a safetensors file, or is truncated"),
        ((2**62).to_bytes(8, "little") + whole[8:], "is not a safetensors file, or is truncated"),
        (whole[: length - 3], "is not a safetensors file, or is truncated"),
        (whole[:8] + b"x" * length + whole[8 + length :], "(header) is not JSON"),
        (whole[:-4], "is damaged: 136 bytes of values, 140 declared"),
        (whole + b"more", "is damaged: 144 bytes of values, 140 declared"),
    ):
        path.write_bytes(content)
        assert message in refusal(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(format="other"), "is 'other', version 1, expected 'nn-core safetensors', version 1"),
        (lambda s: s.update(version=9), "version 9, expected 'nn-core safetensors', version 1"),
        (lambda s: s.pop("architecture"), "'architecture' is missing"),
        (lambda s: s["architecture"].update(dtype="int8"), "is damaged"),
        (lambda s: s["architecture"]["layers"][0].update(units=-1), "is damaged"),
        (lambda s: s["architecture"]["layers"][0].update(layer="Swirl"), "'Swirl'"),
        (lambda s: s["architecture"]["layers"][0].update(units=10**9), "0/W has shape (4, 3); the architecture has"),
        (lambda s: s["architecture"]["layers"][0].update(units=10**12), "Dense.units must be an integer from"),
    ],
)
def test_invalid_sidecars(change: Any, message: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    sidecar = json.loads(path.with_suffix(".json").read_text("utf-8"))
    change(sidecar)
    path.with_suffix(".json").write_text(json.dumps(sidecar), "utf-8")
    assert message in refusal(path)


def test_invalid_networks_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of()
    with pytest.raises(SettingError, match=r"model\.bin must end in \.safetensors"):
        to_safetensors(network, tmp_path / "model.bin")
    for value in (np.nan, {1, 2}):
        with pytest.raises(SettingError, match="metadata must be finite numbers, strings, lists and dictionaries: "):
            to_safetensors(network, tmp_path / "model.safetensors", metadata={"a": value})
    network.vector[0] = np.inf
    with pytest.raises(CheckpointError, match="was not written: the weights are not finite"):
        to_safetensors(network, tmp_path / "model.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(MissingExtraError, match=r'python -m pip install "\./packages/nn-core\[safetensors\]"$'):
        written(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_other_json_files_are_not_overwritten(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path)
    (tmp_path / "model.json").write_text('{"results": [1, 2, 3]}')
    with pytest.raises(SettingError, match=r"model\.json exists and is not a sidecar; choose another name"):
        written(tmp_path)
    assert (tmp_path / "model.json").read_text() == '{"results": [1, 2, 3]}'


def test_both_files_or_neither_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    replace = Path.replace

    def no_space_for_weights(source: Path, target: Path) -> Path:
        if target.suffix == ".safetensors":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", no_space_for_weights)
    with pytest.raises(CheckpointError, match=rf"cannot write .*model\.safetensors: {os.strerror(errno.ENOSPC)}"):
        to_safetensors(network_of("float64"), path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    for file in before:
        file.unlink()
    with pytest.raises(CheckpointError, match="cannot write"):
        to_safetensors(network_of(), path)
    assert list(tmp_path.iterdir()) == []
