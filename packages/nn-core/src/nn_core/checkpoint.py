"""A trained network in one HDF5 file, and the run that trained it, to go on exactly.

    /                       format, version, program
    /architecture           JSON: layers, input shape, dtype
    /details                JSON: what the program needs to predict (classes, vocabulary, ...)
    /parameters/<i>/<name>  the arrays of layer i, those to predict with
    /training/state         JSON: steps, position in the data, random generators
    /training/parameters    the run's own vector, if better ones are to be predicted with
    /training/slots/<name>  what the optimizer remembers
    /training/carried/...   the states that layers take along through a long text
    /training/history/...   the columns of the history, and the loss of each step

After the HDF5 stands the SHA-256 of it, as text: readers of HDF5 pass over it, and a flipped bit
does not become a wrong weight. Whoever edits the file with h5py cuts it off, and answers for it.

Nothing is pickled: a file from a stranger can hold wrong numbers, but no code. The file is
built in memory and then written whole under a temporary name and renamed, so a process that
is killed while it saves loses nothing but that save.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nn_core.arrays import Array
from nn_core.errors import CheckpointError, DataError, NNError
from nn_core.layers import LAYERS, Layer
from nn_core.network import Network
from nn_core.registry import nearest
from nn_core.storage.atomic import atomic_write
from nn_core.training.history import History

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What wrong bytes may lead to on the way through h5py, JSON and the layers."""

_SEAL = b"\nnn-core sha256 "

FORMAT = "nn-core checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Run:
    """A run as a checkpoint found it; `resume` puts a trainer of the same recipe there.

    parameters  where the run stood
    best        those to predict with, if they are others
    """

    state: dict[str, Any]
    parameters: Array
    best: Array | None
    slots: Mapping[str, Array]
    history: History
    carried: Mapping[str, Array] = field(default_factory=dict)

    def resume(self, trainer: "Trainer") -> None:
        """Let `trainer` go on as if it had never stopped.

        Raises CheckpointError, and changes nothing of the network, if it is another run's.
        """
        if trainer.network.parameters.shape != self.parameters.shape:
            raise CheckpointError("the checkpoint belongs to a network of another size")
        try:
            trainer.restore(self.state, self.slots, self.history, self.carried)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint's run is damaged: {_one_line(error)}") from None
        trainer.network.parameters[...] = self.parameters


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    network  with the parameters to predict with
    details  what the program put beside it
    run      how to go on, if it was saved while training
    """

    network: Network
    details: dict[str, Any]
    run: Run | None


def save(
    path: Path,
    network: Network,
    *,
    program: str,
    details: Mapping[str, Any],
    trainer: "Trainer | None" = None,
    best: Array | None = None,
) -> None:
    """Write a checkpoint.

    details  plain numbers, names, lists and dictionaries
    trainer  saves the run with it, so that it can be resumed
    best     the parameters to predict with, where these are not the run's last
    Raises CheckpointError if the file cannot be written or the parameters are not finite.
    """
    parameters = network.parameters if best is None else best
    vectors = [parameters, network.parameters]
    if trainer is not None:
        vectors += [*trainer.recipe.optimizer.state().values(), *trainer.carried().values()]
    if not all(np.isfinite(values).all() for values in vectors):
        raise CheckpointError(f"{path} was not written: the weights are no longer finite")
    try:
        image = _image(network, parameters, program, details, trainer)
        atomic_write(path, image + _SEAL + _digest(image))
    except OSError as error:
        raise CheckpointError(f"cannot write {path}: {error.strerror or error}") from None


def load(path: Path, *, program: str) -> Checkpoint:
    """Read a checkpoint that `program` wrote.

    Raises CheckpointError, in one line, for a file that is missing, damaged, of another
    program or of a later version.
    """
    import h5py

    try:
        content = path.read_bytes()
        if not content.startswith(b"\x89HDF\r\n\x1a\n"):
            raise CheckpointError(f"{path} is not a checkpoint: it is no HDF5 file")
        image, seal, digest = content.rpartition(_SEAL)
        if seal and digest != _digest(image):
            raise CheckpointError(f"{path} is damaged: its bytes are not those that were written")
        with h5py.File(path, "r") as file:
            _check_origin(path, file, program)
            network = _read_network(file)
            details = _read_json(file, "details")
            run = _read_run(file, network) if "training" in file else None
    except NNError as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path} is damaged: {error}") from None
    except _DAMAGE as error:
        raise CheckpointError(f"{path} is damaged: {_one_line(error)}") from None
    except OSError as error:
        reason = error.strerror or f"damaged: {_one_line(error)}"
        raise CheckpointError(f"cannot read {path}: {reason}") from None
    return Checkpoint(network, details, run)


def _image(
    network: Network,
    parameters: Array,
    program: str,
    details: Mapping[str, Any],
    trainer: "Trainer | None",
) -> bytes:
    """The bytes of the file."""
    import h5py

    with h5py.File("checkpoint", "w", driver="core", backing_store=False) as file:
        file.attrs.update({"format": FORMAT, "version": VERSION, "program": program})
        architecture = {
            "layers": network.architecture(),
            "input_shape": network.input_shape,
            "dtype": network.dtype.name,
            "over_time": network.over_time,
        }
        _write_json(file, "architecture", architecture)
        _write_json(file, "details", details)
        for i, views in enumerate(network.views_of(parameters)):
            for name, values in views.items():
                file[f"parameters/{i}/{name}"] = values
        if trainer is not None:
            _write_json(file, "training/state", trainer.state())
            if parameters is not network.parameters:
                file["training/parameters"] = network.parameters
            for name, values in trainer.recipe.optimizer.state().items():
                file[f"training/slots/{name}"] = values
            for name, values in trainer.carried().items():
                file[f"training/carried/{name}"] = values
            columns = file.create_group("training/history/columns", track_order=True)
            for name, column in trainer.history.columns.items():
                columns[name] = np.array(column, np.float64)
            file["training/history/step_loss"] = np.array(trainer.history.step_loss, np.float64)
        file.flush()
        image: bytes = file.id.get_file_image()
    return image


def _digest(image: bytes) -> bytes:
    return hashlib.sha256(image).hexdigest().encode()


def _check_origin(path: Path, file: Any, program: str) -> None:
    if file.attrs.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint: it is some other HDF5 file")
    origin, version = _one_line(file.attrs["program"]), _one_line(file.attrs["version"])
    if origin != program:
        raise CheckpointError(f"{path} was written by {origin}, not by {program}")
    if version != str(VERSION):
        raise CheckpointError(f"{path} has format version {version}; this program reads {VERSION}")


def _read_network(file: Any) -> Network:
    architecture = _read_json(file, "architecture")
    network = Network(
        [_layer(fields) for fields in architecture["layers"]],
        input_shape=architecture["input_shape"],
        dtype=architecture["dtype"],
        over_time=architecture.get("over_time", False),  # files from before have none of it
    )
    for i, views in enumerate(network.parameter_views):
        for name, values in views.items():
            _read_into(file[f"parameters/{i}/{name}"], values)
    return network


def _read_run(file: Any, network: Network) -> Run:
    group = file["training"]
    parameters = network.parameters.copy()
    best = network.parameters if "parameters" in group else None
    if best is not None:
        _read_into(group["parameters"], parameters)
    slots = {}
    for name, stored in group.get("slots", {}).items():
        slots[name] = np.empty_like(parameters[: network.trained_count])
        _read_into(stored, slots[name])
    carried = {}
    for name, stored in group.get("carried", {}).items():
        carried[name] = np.empty(stored.shape, network.dtype)
        _read_into(stored, carried[name])
    history = group["history"]
    columns = {name: _read_figures(stored) for name, stored in history.get("columns", {}).items()}
    return Run(
        _read_json(group, "state"),
        parameters,
        None if best is None else best.copy(),
        slots,
        History(columns, _read_figures(history["step_loss"])),
        carried,
    )


def _read_figures(stored: Any) -> list[float]:
    if stored.ndim != 1 or stored.dtype.kind != "f":
        raise DataError(f"{stored.name} is no list of numbers")
    figures: list[float] = stored[()].tolist()
    return figures


def _read_into(stored: Any, values: Array) -> None:
    if stored.shape != values.shape:
        raise DataError(f"{stored.name} has shape {stored.shape}, expected {values.shape}")
    values[...] = stored[()]
    if not np.isfinite(values).all():
        raise DataError(f"{stored.name} holds numbers that are not finite")


def _layer(fields: Mapping[str, Any]) -> Layer:
    name = fields["layer"]
    if name not in LAYERS:
        raise DataError(f"unknown layer {name!r}; {nearest(name, LAYERS)}")
    return LAYERS[name](**{key: value for key, value in fields.items() if key != "layer"})


def _write_json(group: Any, name: str, value: Any) -> None:
    group[name] = json.dumps(value)


def _read_json(group: Any, name: str) -> Any:
    return json.loads(group[name].asstr()[()])


def _one_line(value: object) -> str:
    return " ".join(str(value).split())
