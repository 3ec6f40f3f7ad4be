"""Kinds of files, told apart by content."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from nn_core import Dense, Network, checkpoint
from nn_core.cli import output_kinds
from nn_core.cli.output_kinds import OutputKind
from nn_core.plots import drawing

KINDS = [each for each in vars(output_kinds).values() if isinstance(each, OutputKind)]


def write(path: Path, kind: str) -> None:
    """A small file of a kind."""
    contents = {
        "a figure of these programs": b"\x89PNG\r\n\x1a\n..nn-core..",
        "an animation of these programs": b'GIF89a..[{"labels":..',
        "a training log": b'{"epoch": 1, "step": 7, "seconds": 0.1}\n',
        "a file of predictions": b"file,row,prediction\n",
        "an ONNX model written by nn-core": b"\x08\x08\x12\x07nn-core",
        "a safetensors file written by nn-core": (60).to_bytes(8, "little")
        + b'{"__metadata__":{"producer":"nn-core"}}',
    }
    if kind == "a checkpoint":
        network = Network([Dense(1)], input_shape=(2,), rng=np.random.default_rng(0))
        checkpoint.save(path, network, program="toy", details={})
    elif kind == "a data set of photos":
        with h5py.File(path, "w") as file:
            file["train_set_x"] = file["list_classes"] = [0]
    else:
        path.write_bytes(contents[kind])


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_a_file_is_of_one_kind(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "file", kind)
    assert [each.name for each in KINDS if each.may_replace(tmp_path / "file")] == [kind]


@pytest.mark.parametrize(
    "content",
    [
        b"my notes\n",
        b"\x89HDF\r\n\x1a\n",
        b"[1, 2]\n",
        b"\xff\xfe\x00",
        b"a,b\n1,2\n",
        b"\n",
        b"\xff\xd8\xff a photo",
        b"GIF89a a cat",
        b"<svg>",
    ],
)
def test_other_files_are_of_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert [each.name for each in KINDS if each.may_replace(tmp_path / "file")] == []


@pytest.mark.parametrize(
    "head", [b"<?xml version='1.0'?>\n<!DOCTYPE svg>\n<svg width='8'>", b"%PDF-1.4", b"\xff\xd8\xff\xe0"]
)
def test_figures(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "file").write_bytes(head + bytes(10**6) + b"/Creator (nn-core)")
    assert output_kinds.FIGURE.may_replace(tmp_path / "file")


@pytest.mark.parametrize("head", [b"epoch,step,seconds\n1,7,0.1\n"])
def test_logs(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "file").write_bytes(head)
    assert output_kinds.LOG.may_replace(tmp_path / "file")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_file_may_be_replaced(tmp_path: Path, kind: OutputKind) -> None:
    (tmp_path / "file").touch()
    assert kind.may_replace(tmp_path / "file")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".svg", ".pdf"])
def test_a_figure_is_recognized(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"figure{suffix}"
    with drawing(path, 2, 2) as figure:
        figure.subplots()
    assert output_kinds.FIGURE.may_replace(path)


@pytest.mark.parametrize("head", [b"<!---->" * 60, b" " * 60_000, b"<!--" * 10_000, b"<?xml" * 10_000])
def test_text_that_is_almost_svg_is_told_at_once(tmp_path: Path, head: bytes) -> None:
    """One pattern for all that may come before <svg> would backtrack for ever."""
    (tmp_path / "file").write_bytes(head)
    assert not output_kinds.FIGURE.may_replace(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"<?xml?> <!-- a --><!DOCTYPE svg>\n<!---->\n<svg nn-core>")
    assert output_kinds.FIGURE.may_replace(tmp_path / "file")


def test_a_deeply_nested_line_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"[" * 60_000)
    assert not output_kinds.LOG.may_replace(tmp_path / "file")
