"""Files that are refused, each in one line."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from checkpoint_files import load_error, saved
from small_runs import full_trainer

SEAL = b"\nnn-core sha256 "
Damage = Callable[[h5py.File, str], None]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert load_error(tmp_path / "no.h5") == "no such file: FILE"


@pytest.mark.skipif(os.name == "nt", reason="Windows calls it a lack of permission")
def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert load_error(tmp_path) == "FILE is a directory, not a file"


@pytest.mark.parametrize("content", [b"\x89HDF", b"x,y\n1,2\n", bytes(5000)])
def test_what_is_not_hdf5_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    assert load_error(path) == "FILE is not a checkpoint (not HDF5)"


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    seal = content.rindex(SEAL)  # a file that ends within these words is whole, but not sealed
    for length in [*range(0, seal, 211), seal - 1, seal + len(SEAL), len(content) - 1]:
        path.write_bytes(content[:length])
        assert load_error(path)


def test_another_hdf5_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.h5"
    with h5py.File(path, "w") as file:
        file["train_set_x"] = np.zeros((2, 8, 8, 3), np.uint8)
    assert load_error(path) == "FILE is not a checkpoint (no nn-core header)"


def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5", program="other")
    assert load_error(path) == "FILE was written by other, not by test"


def text_of(value: Any) -> Damage:
    """Put JSON where there was some."""

    def put(file: h5py.File, name: str) -> None:
        del file[name]
        file[name] = value if isinstance(value, str) else json.dumps(value)

    return put


def values_of(change: Callable[[npt.NDArray[Any]], Any]) -> Damage:
    def put(file: h5py.File, name: str) -> None:
        values = change(file[name][()])
        del file[name]
        file[name] = values

    return put


def architecture_with(**fields: Any) -> Damage:
    sound = {"layers": [{"layer": "Dense", "units": 4}], "input_shape": [3], "dtype": "float32", "tied": {}}
    return text_of(sound | fields)


def one_layer(**fields: Any) -> Damage:
    return architecture_with(layers=[fields])


def state_with(**fields: Any) -> Damage:
    sound = {"seed": 2, "step": 5, "seconds": 0.5, "stopped": None, "shards": None}
    return text_of(sound | fields)


def missing(file: h5py.File, name: str) -> None:
    del file[name]


def folder(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_group(name)


def in_another_file(file: h5py.File, name: str) -> None:
    values = file[name][()]
    other = Path(file.filename).with_name("other.h5")
    with h5py.File(other, "w") as stranger:
        stranger["values"] = values
    del file[name]
    file[name] = h5py.ExternalLink(other, "values")


def attribute(value: Any) -> Damage:
    def put(file: h5py.File, name: str) -> None:
        if value is None:
            del file.attrs[name]
        else:
            file.attrs[name] = value

    return put


def first_is(value: float) -> Damage:
    def spoil(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        values.flat[0] = value
        return values

    return values_of(spoil)


def of_shape(*shape: int) -> Damage:
    return values_of(lambda values: np.zeros(shape, values.dtype))


OPTIMIZER, OWN = "training/optimizer", "training/parameters"
DAMAGED: list[tuple[Damage, str, str]] = [
    (attribute(3), "version", "FILE has format version 3; this program reads up to 2"),
    (attribute(None), "version", "is damaged"),
    (attribute(None), "program", "is damaged"),
    (attribute(None), "format", "no nn-core header"),
    (attribute("two\nlines"), "program", "written by two.*lines, not by test"),
    (missing, "architecture", "is damaged: /architecture is missing"),
    (missing, "details", "is damaged: /details is missing"),
    (missing, "parameters/0/W", "is damaged: /parameters/0/W is missing"),
    (missing, "parameters/3", "is damaged"),
    (missing, "training/state", "is damaged: /training/state is missing"),
    (missing, "training/history", "is damaged"),
    (missing, "training/history/step_loss", "/history/step_loss is missing"),
    (missing, OPTIMIZER, "is damaged: .*optimizer"),
    (missing, f"{OPTIMIZER}/m/0/W", "is damaged: /training/optimizer/m/0/W is missing"),
    (missing, f"{OWN}/0/W", "is damaged: /training/parameters/0/W is missing"),
    (folder, "architecture", "is damaged"),
    (folder, "parameters/0/W", "is damaged"),
    (folder, f"{OPTIMIZER}/m/0/b", "is damaged"),
    (in_another_file, "parameters/0/W", "parameters/0/W.* to another file"),
    (in_another_file, "training/history/step_loss", "to another file"),
    (of_shape(3, 5), "parameters/0/W", r"/parameters/0/W has shape \(3, 5\), expected \(3, 4\)"),
    (of_shape(), "parameters/0/b", r"/parameters/0/b has shape \(\), expected \(4,\)"),
    (of_shape(1), "parameters/0/b", r"/parameters/0/b has shape \(1,\), expected \(4,\)"),
    (of_shape(5), f"{OPTIMIZER}/m/0/b", r"/m/0/b has shape \(5,\), expected \(4,\)"),
    (of_shape(5), f"{OWN}/0/b", r"/training/parameters/0/b has shape \(5,\), expected"),
    (of_shape(), "training/history/step_loss", "is damaged"),
    (first_is(np.nan), "parameters/0/W", "/parameters/0/W has non-finite values"),
    (first_is(np.inf), "parameters/3/b", "/parameters/3/b has non-finite values"),
    (first_is(-np.inf), f"{OWN}/0/b", "/training/parameters/0/b has non-finite values"),
    (first_is(np.nan), f"{OPTIMIZER}/v/0/b", "/v/0/b has non-finite values"),
    (values_of(lambda _: ["a"] * 4), "parameters/0/b", "is damaged"),
    (values_of(lambda _: 3.5), "architecture", "is damaged"),
    (values_of(lambda v: ["a"] * len(v)), "training/history/step_loss", "is damaged"),
    (values_of(lambda v: [1] * len(v)), "training/history/columns/epoch", "not a list of numbers"),
    (text_of("0"), "training/history/step_loss", "is damaged"),
    (text_of("{"), "architecture", "is damaged: /architecture is not JSON: Expecting property name"),
    (text_of("Infinity and beyond"), "details", "is damaged: /details is not JSON: Infinity is not a JSON number"),
    (text_of(""), "training/state", "is damaged: /training/state is not JSON"),
    (text_of("\n\n]"), "details", "is damaged: /details is not JSON"),
    (text_of([]), "architecture", "is damaged"),
    (text_of({}), "architecture", "is damaged: the architecture: 'layers' is missing"),
    (text_of({}), "training/state", "is damaged: /training/state: 'seed' is missing"),
    (state_with(seed=-1), "training/state", "/training/state: seed must be an integer from 0 to"),
    (state_with(step=-1), "training/state", "/training/state: step must be an integer from 0 to"),
    (state_with(step="two"), "training/state", 'step must be an integer from 0 to .*, not "two"'),
    (state_with(stopped=3), "training/state", "stopped must be text or null, not 3"),
    (state_with(shards=2.5), "training/state", "shards must be an integer from 1 to 256 or null"),
    (architecture_with(layers=[]), "architecture", "is damaged: a network needs at least one"),
    (architecture_with(layers=["Dense"]), "architecture", "is damaged"),
    (architecture_with(dtype="int8"), "architecture", "computes in float32 or float64, not int8"),
    (architecture_with(dtype="float31"), "architecture", "is damaged: .*float31"),
    (architecture_with(input_shape="3"), "architecture", "is damaged"),
    (architecture_with(input_shape=[-3]), "architecture", "is damaged"),
    (architecture_with(tied={"0/W": "9/W"}), "architecture", "is damaged: cannot tie '0/W'"),
    (architecture_with(tied=[1]), "architecture", "is damaged"),
    (
        one_layer(layer="Dens", units=4),
        "architecture",
        "^FILE: unknown layer 'Dens'; import the module that registers it",
    ),
    (one_layer(layer="eval", units=4), "architecture", "unknown layer 'eval'; import the module"),
    (one_layer(layer=["Dense"], units=4), "architecture", "is damaged"),
    (one_layer(units=4), "architecture", "is damaged: the architecture: 'layer' is missing in a layer"),
    (one_layer(layer="Dense"), "architecture", "is damaged: .*units"),
    (one_layer(layer="Dense", units=4, colour=1), "architecture", "is damaged: .*colour"),
    (one_layer(layer="Dense", units="many"), "architecture", "is damaged"),
    (one_layer(layer="Dense", units=-4), "architecture", "is damaged: Dense needs at least one"),
    (one_layer(layer="Dense", units=10**30), "architecture", "is damaged|memory"),
    (one_layer(layer="Dense", units=10**17), "architecture", "is damaged|memory"),
    (one_layer(layer="Dense", units=4, initializer="hee"), "architecture", "unknown initializer 'hee'"),
    (one_layer(layer="Dense", units=4, initializer=5), "architecture", "is damaged"),
    (one_layer(layer="Chain", layers=4), "architecture", "is damaged"),
    (one_layer(layer="Chain", layers=[4]), "architecture", "is damaged"),
]


@pytest.mark.parametrize(("damage", "name", "message"), DAMAGED)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: Damage, name: str, message: str) -> None:
    trainer = full_trainer(epochs=1)
    trainer.run()
    snapshot = replace(trainer.state.snapshot(), best=trainer.network.vector * 2)
    path = saved(tmp_path / "model.h5", trainer, snapshot=snapshot)
    with h5py.File(path, "r+") as file:
        damage(file, name)
    assert re.search(message, load_error(path))


def test_layers_nested_without_end_are_refused(tmp_path: Path) -> None:
    depth = 100_000
    path = saved(tmp_path / "model.h5")
    nested = '{"layer": "Chain", "layers": [' * depth + "]}" * depth
    with h5py.File(path, "r+") as file:
        architecture_with(layers="LAYERS")(file, "architecture")
        text = file["architecture"].asstr()[()].replace('"LAYERS"', f"[{nested}]")
        text_of(text)(file, "architecture")
    assert load_error(path).startswith("FILE is damaged")
