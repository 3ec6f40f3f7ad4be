"""Small data sets and checks for the tests of the commands."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
import numpy.typing as npt
from click.testing import CliRunner, Result

from deep_nn.cli import main

REMARK = re.compile(r"(epoch|run) \d+/\d+(  |$)|wrote ")
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(60, 2))
SIDES = (POINTS @ [1.0, -1.0] > 0).astype(np.int64)
THIRDS = np.digitize(POINTS[:, 0], [-0.4, 0.4])
PHOTOS = RNG.integers(256, size=(40, 6, 5, 3), dtype=np.uint8)
CATS = np.arange(40) % 2
PHOTOS[CATS == 1] //= 3


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in arguments], prog_name="deep-nn")


def succeed(*arguments: object) -> Result:
    """The result of a command that must succeed, with nothing but progress on stderr."""
    result = invoke(*arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    assert all(REMARK.match(line) for line in result.stderr.splitlines()), result.stderr
    return result


def refusal(*arguments: object, status: int) -> str:
    """The one error line of a command that must fail."""
    result = invoke(*arguments)
    assert isinstance(result.exception, SystemExit), f"{arguments}: {result.exception!r}"
    assert result.stdout == ""
    *remarks, line = result.stderr.strip().splitlines()
    assert all(REMARK.match(remark) for remark in remarks if remark), result.stderr
    assert line.startswith("Error: ")
    assert result.exit_code == status, line
    return line.removeprefix("Error: ")


def strictly(text: str) -> Any:
    """One JSON value, which must not hold NaN or Infinity."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def json_of(*arguments: object) -> Any:
    return strictly(succeed(*arguments, "--json").stdout)


def trained(path: Path, *arguments: object) -> Path:
    """A checkpoint after one epoch, or as the arguments say."""
    succeed("train", "--epochs", 1, "--save", path, *arguments)
    return path


def write_h5(path: Path, arrays: Mapping[str, Any]) -> Path:
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file[key] = values
    return path


def write_cats(path: Path, *parts: str) -> Path:
    """A file in the format of the cats, with the sets "train", "test" or both."""
    arrays = {"list_classes": np.array([b"non-cat", b"cat"])}
    for part in parts:
        arrays |= {f"{part}_set_x": PHOTOS, f"{part}_set_y": CATS[None]}
    return write_h5(path, arrays)


def write_npz(path: Path, labels: npt.NDArray[Any] = SIDES, **others: Any) -> Path:
    np.savez(path, x=POINTS, y=labels, **others)
    return path


def write_csv(path: Path, labels: npt.NDArray[Any] = SIDES, names: str = "") -> Path:
    rows = [
        f"{u},{v},{names[label] if names else label}"
        for (u, v), label in zip(POINTS.tolist(), labels.tolist(), strict=True)
    ]
    path.write_text("\n".join(["u,v,side", *rows]) + "\n", encoding="utf-8")
    return path


def numbers_in(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Weights, optimizer state and losses in a checkpoint; no seconds, which vary."""
    found: dict[str, npt.NDArray[Any]] = {}

    def collect(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" and "seconds" not in name:
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    return found


def assert_same_run(one: Path, other: Path) -> None:
    """Assert that two runs agree bit for bit."""
    first, second = numbers_in(one), numbers_in(other)
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name, strict=True)


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file under a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused_and_nothing_changed(folder: Path, *arguments: object, status: int) -> str:
    """The error line of a command that must fail and change no file under a folder."""
    before = contents(folder)
    line = refusal(*arguments, status=status)
    assert contents(folder) == before
    return line
