"""The command `export`, shared by the programs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import click
import numpy.typing as npt

from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.cli.aliases import AliasedOption
from nn_core.cli.options import model_option
from nn_core.cli.output_kinds import CHECKPOINT, ONNX, SAFETENSORS, OutputKind
from nn_core.cli.param_types import OutputFile, require_distinct
from nn_core.cli.terminal import counted, echo, echo_json, json_option
from nn_core.extras import import_extra
from nn_core.network import Network
from nn_core.storage.atomic import atomic_write
from nn_core.summary import table

SUFFIXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"h5": (".h5", ".hdf5"), "onnx": (".onnx",), "safetensors": (".safetensors",)}
)
"""File suffixes of each format."""
KINDS: Mapping[str, OutputKind] = MappingProxyType(
    {".h5": CHECKPOINT, ".hdf5": CHECKPOINT, ".onnx": ONNX, ".safetensors": SAFETENSORS}
)
"""What may be replaced, by suffix."""


class Model(Protocol):
    """A program's trained model."""

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint it was loaded from."""


M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class OnnxGraph:
    """The ONNX export of a program, and a batch to check it with.

    settings  arguments of `to_onnx`: preprocessing, outputs, classes, metadata, ...
    inputs    the batch, by input name
    expected  the program's own outputs for the batch, by output name
    source    a description of the batch, such as "8 rows of moons"
    """

    settings: Mapping[str, Any]
    inputs: Mapping[str, npt.NDArray[Any]]
    expected: Mapping[str, npt.NDArray[Any]]
    source: str


def export_command(
    program: str, load: Callable[[Any], M], onnx_graph: Callable[[M], OnnxGraph], *, shipped: Path | None = None
) -> click.Command:
    """The command `export` of a program; its help is the docstring of the calling module.

    program     its name on the command line, stored in its checkpoints
    load        reads a model; None for the shipped one
    onnx_graph  describes the ONNX export of a model
    shipped     the file of the shipped model, if there is one
    """

    @click.command("export")
    @model_option(required=shipped is None)
    @click.option(
        "--save",
        required=True,
        type=OutputFile(*KINDS, kind=KINDS),
        help=f"File to write ({', '.join(suffixes[0] for suffixes in SUFFIXES.values())}).",
    )
    @click.option(
        "--format",
        "to",
        cls=AliasedOption,
        aliases=("--to",),
        type=click.Choice(list(SUFFIXES)),
        show_default="by the suffix of --save",
        help="File format.",
    )
    @json_option
    def export(model_path: Path | None, save: Path, to: str | None, as_json: bool) -> None:
        to = format_of(save, to)
        outputs = {"--save": save}
        if to == "safetensors":
            outputs["its sidecar"] = save.with_suffix(".json")
        require_distinct(outputs, **{"--model": model_path or shipped})
        model = load(model_path)
        network, details = model.checkpoint.network, model.checkpoint.details
        if to == "onnx":
            found = _write_onnx(model, onnx_graph, save)
        elif to == "safetensors":
            found = _write_safetensors(network, {"program": program, **details}, save)
        else:
            checkpoint.save(save, network, program=program, details=details)
            found = {"model_bytes": (model_path or shipped or save).stat().st_size}
        result = {"file": str(save), "format": to, "bytes": save.stat().st_size, **found}
        if as_json:
            echo_json(result)
        else:
            echo(report(result))

    return export


def format_of(save: Path, to: str | None) -> str:
    """The format of a file by its suffix. Raises click.UsageError if `to` is another format."""
    by_suffix = next(name for name, suffixes in SUFFIXES.items() if save.suffix.lower() in suffixes)
    if to not in {None, by_suffix}:
        raise click.UsageError(f"--format {to} writes {' or '.join(SUFFIXES[str(to)])}, not {save.name!r}")
    return by_suffix


def report(result: Mapping[str, Any]) -> str:
    """The result as text."""
    size = "{}: {:,} bytes".format(result["file"], result["bytes"])
    if result["format"] == "h5":
        return f"{size}, from {result['model_bytes']:,}"
    if result["format"] == "safetensors":
        return f"{size}, {counted(result['arrays'], 'array')}\n{result['sidecar']}: architecture and details"
    arrays = [
        (kind if index == 0 else "", array["name"], array["type"], f"({', '.join(map(str, array['shape']))})")
        for kind in ("inputs", "outputs")
        for index, array in enumerate(result[kind])
    ]
    checked = f"largest difference {result['largest_difference']:.1e}, on {result['checked_on']}"
    return f"{size}, opset {result['opset']}\n{table(arrays)}\n{checked}"


def _write_safetensors(network: Network, metadata: Mapping[str, Any], save: Path) -> dict[str, Any]:
    from nn_core.exchange.safetensors import sidecar_path, to_safetensors

    to_safetensors(network, save, metadata=metadata)
    return {"sidecar": str(sidecar_path(save)), "arrays": len(network.named(network.vector))}


def _write_onnx(trained: M, onnx_graph: Callable[[M], OnnxGraph], save: Path) -> dict[str, Any]:
    """Write the file if its outputs match the program's."""
    import_extra("onnx", "onnx")
    from nn_core.exchange.onnx import to_onnx
    from nn_core.exchange.onnx.check import check_model

    graph = onnx_graph(trained)
    model = to_onnx(trained.checkpoint.network, check=False, **graph.settings)
    content = model.SerializeToString(deterministic=True)
    difference = check_model(type(model).FromString(content), graph.inputs, graph.expected)  # what is written
    atomic_write(save, content)
    return {
        "opset": model.opset_import[0].version,
        "inputs": [_described(array) for array in model.graph.input],
        "outputs": [_described(array) for array in model.graph.output],
        "largest_difference": difference,
        "checked_on": graph.source,
    }


def _described(array: Any) -> dict[str, Any]:
    """Name, type and shape of an input or output of an ONNX graph."""
    from onnx.helper import tensor_dtype_to_np_dtype

    tensor = array.type.tensor_type
    return {
        "name": array.name,
        "type": tensor_dtype_to_np_dtype(tensor.elem_type).name,
        "shape": [size.dim_param or size.dim_value for size in tensor.shape.dim],
    }
