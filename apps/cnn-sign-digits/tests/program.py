"""Running cnn-sign as a person would, with small data, for the tests of its commands."""

import json
import re

import h5py
import numpy as np
from click.testing import CliRunner
from photos import folder_of, hdf5_file

from cnn_sign_digits.cli import main

REMARK = re.compile(r"(epoch|hundred) \d+/\d+(  |$)|wrote |no mistakes")
RNG = np.random.default_rng(0)
SIGNS = np.arange(30) % 3
PHOTOS = RNG.integers(60, 90, (30, 64, 64, 3), dtype=np.uint8)
for i, sign in enumerate(SIGNS):  # a bright square, whose height says which sign it is
    PHOTOS[i, 4 + 20 * sign : 20 + 20 * sign, 10 + i % 5 : 40] = 220


def invoke(*arguments):
    return CliRunner().invoke(main, [str(word) for word in arguments], prog_name="cnn-sign")


def succeed(*arguments):
    """The outcome of a command that must do its job, saying no more than remarks on stderr."""
    result = invoke(*arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    assert all(REMARK.match(line) for line in result.stderr.splitlines()), result.stderr
    return result


def refusal(*arguments, status):
    """The one line with which a command ends that cannot do its job."""
    result = invoke(*arguments)
    assert isinstance(result.exception, SystemExit), f"{arguments}: {result.exception!r}"
    assert result.stdout == ""
    *remarks, line = result.stderr.strip().splitlines()
    assert all(REMARK.match(remark) for remark in remarks), result.stderr
    assert line.startswith("Error: ")
    assert result.exit_code == status, line
    return line.removeprefix("Error: ")


def json_of(*arguments):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(succeed(*arguments, "--json").stdout, parse_constant=refuse)


def signs_file(path, parts=("train", "test"), names=("a", "b", "c"), photos=PHOTOS):
    """Thirty photos that are easily told apart, in each of the parts."""
    arrays = {}
    for part in parts:
        arrays |= {f"{part}_set_x": photos, f"{part}_set_y": SIGNS}
    return hdf5_file(path, [name.encode() for name in names], **arrays)


def trained(folder, *arguments, name="model.h5"):
    """A model of the signs after one epoch, unless asked otherwise."""
    data = folder / "signs.h5"
    if not data.exists():
        signs_file(data)
    figure = folder / "trained.png"
    quick = ("--epochs", 1, "--augment", "none", "--figure", figure)
    succeed("train", "--data", data, *quick, "--save", folder / name, *arguments)
    return folder / name


def contents(folder):
    """Every file under a folder, to see that nothing changed."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def people_folder(root, people=6):
    """Photos named by who is on them, two of each sign."""
    return folder_of(root, {"0": 2 * people, "1": 2 * people}, "{digit}/p{number}_x.png")


def numbers_in(path):
    """All that a checkpoint holds of the run itself, but for its seconds."""
    found = {}

    def collect(name, node):
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" and "seconds" not in name:
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    return found


def assert_same_run(one, other):
    first, second = numbers_in(one), numbers_in(other)
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name, strict=True)
