"""cnn-sign run as a user would run it, on small data."""

import json
import re
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
import numpy.typing as npt
from click.testing import CliRunner, Result
from photos import folder_of, hdf5_file

from cnn_sign_digits.cli import main

REMARK = re.compile(r"(epoch|batch) \d+/\d+(  |$)|wrote |no mistakes")
RNG = np.random.default_rng(0)
SIGNS = np.arange(30) % 3
PHOTOS = RNG.integers(60, 90, (30, 64, 64, 3), dtype=np.uint8)
for i, sign in enumerate(SIGNS):  # the class is the height of a bright rectangle
    PHOTOS[i, 4 + 20 * sign : 20 + 20 * sign, 10 + i % 5 : 40] = 220


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in arguments], prog_name="cnn-sign")


def succeed(*arguments: object) -> Result:
    """The result of a command that must succeed, with no more than remarks on stderr."""
    result = invoke(*arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    assert all(REMARK.match(line) for line in result.stderr.splitlines()), result.stderr
    return result


def refusal(*arguments: object, status: int) -> str:
    """The error line of a command that must fail."""
    result = invoke(*arguments)
    assert isinstance(result.exception, SystemExit), f"{arguments}: {result.exception!r}"
    assert result.stdout == ""
    *remarks, line = result.stderr.strip().splitlines()
    assert all(REMARK.match(remark) for remark in remarks), result.stderr
    assert line.startswith("Error: ")
    assert result.exit_code == status, line
    return line.removeprefix("Error: ")


def json_of(*arguments: object) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(succeed(*arguments, "--json").stdout, parse_constant=refuse)


def signs_file(
    path: Path,
    parts: tuple[str, ...] = ("train", "test"),
    names: tuple[str, ...] = ("a", "b", "c"),
    photos: npt.NDArray[np.uint8] = PHOTOS,
) -> Path:
    """Thirty photos that are easily classified, in each of the parts."""
    arrays: dict[str, Any] = {}
    for part in parts:
        arrays |= {f"{part}_set_x": photos, f"{part}_set_y": SIGNS}
    return hdf5_file(path, [name.encode() for name in names], **arrays)


def trained(folder: Path, *arguments: object, name: str = "model.h5") -> Path:
    """A model of the signs after one epoch, unless the arguments say otherwise."""
    data = folder / "signs.h5"
    if not data.exists():
        signs_file(data)
    quick = ("--epochs", 1, "--augment", "none")
    succeed("train", "--data", data, *quick, "--save", folder / name, *arguments)
    return folder / name


def contents(folder: Path) -> dict[Path, bytes]:
    """All files under a folder, to check that nothing changed."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def subjects_folder(root: Path, subjects: int = 6) -> Path:
    """Photos named by subject, two of each sign."""
    return folder_of(root, {"0": 2 * subjects, "1": 2 * subjects}, "{digit}/p{number}_x.png")


def numbers_in(path: Path) -> dict[str, Any]:
    """The arrays of a run in a checkpoint, without its times."""
    found = {}

    def collect(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" and "seconds" not in name:
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    return found


def assert_same_run(one: Path, other: Path) -> None:
    first, second = numbers_in(one), numbers_in(other)
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name, strict=True)
