"""The training run in a checkpoint.

/training/state                    JSON: seed, step, seconds, stopped, shards
/training/parameters/<path>        the latest parameters, if the file predicts with better ones
/training/optimizer/<name>/<path>  the optimizer state, such as training/optimizer/m/3/W
/training/matrices/<name>/<path>   matrices that it keeps for some parameters
/training/recurrent/<path>         the state carried through a long text, by layer
/training/history/...              the columns of the history, and the step losses
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.checkpoint.fields import as_json, find_array, read_column, read_into, read_json, subgroup
from nn_core.errors import DataError
from nn_core.layers.base import State, state_arrays
from nn_core.memory import require_memory
from nn_core.network import Network
from nn_core.storage.hdf5_file import HDF5Group
from nn_core.storage.json_file import MAX_DIGITS
from nn_core.storage.json_schema import Integer, Items, Number, Schema, Text, check_json
from nn_core.training.history import History
from nn_core.training.state import Snapshot

MAX_SHARDS = 256
MAX_STREAMS = 2**24
"""Parallel streams of a text whose states are carried."""
MAX_NAMES = 100
"""State vectors of an optimizer, and columns of a history."""
COLUMNS = "history/columns"
"""Group of the columns of the history, which keep their order."""
_NAME = Text(100, controls=False)
_STATE: Schema = {
    "seed": Integer(0, 10**MAX_DIGITS),
    "step": Integer(0, 2**53),
    "seconds": Number(0),
    "stopped": (Text(1000), None),
    "shards": (Integer(1, MAX_SHARDS), None),
}


def snapshot_values(network: Network, snapshot: Snapshot) -> dict[str, Any]:
    """Texts and arrays of a run, by path in its group."""
    state = {name: getattr(snapshot, name) for name in _STATE}
    values: dict[str, Any] = {"state": as_json("/training/state", state)}
    if snapshot.best is not None:
        values |= _named("parameters", network, snapshot.parameters)
    for name, array in snapshot.optimizer_state.items():
        values |= {f"matrices/{name}": array} if "/" in name else _named(f"optimizer/{name}", network, array)
    values |= {f"recurrent/{name}": each for name, each in state_arrays(snapshot.recurrent_state or ())}
    for name, column in snapshot.history.columns.items():
        values[f"{COLUMNS}/{name}"] = np.array(column, np.float64)
    return values | {"history/step_loss": np.array(snapshot.history.step_loss, np.float64)}


def read_snapshot(group: HDF5Group, network: Network) -> Snapshot:
    """Read the training run, given a network with the parameters to predict with.

    Raises DataError, or another exception for what is not a group or an array of numbers.
    """
    state = read_json(group, "state", _STATE)
    parameters, best = network.vector.copy(), None
    if group.group("parameters") is not None:
        best = network.vector.copy()
        _read_named(group, "parameters", network, parameters)
    optimizer_state = {}
    for name in _names(subgroup(group, "optimizer")):
        optimizer_state[name] = np.zeros(network.trained_count, network.dtype)
        _read_named(group, f"optimizer/{name}", network, optimizer_state[name])
    if group.group("matrices") is not None:
        optimizer_state |= _read_matrices(subgroup(group, "matrices"), network)
    recurrent = group.group("recurrent")
    carried = None if recurrent is None else _read_state(recurrent, network.initial_state(1))
    columns = subgroup(group, COLUMNS)
    history = History(
        {name: read_column(columns, name) for name in _names(columns)}, read_column(group, "history/step_loss")
    )
    check_history(history, f"/{columns.name}")
    return Snapshot(parameters, optimizer_state, history, recurrent_state=carried, best=best, **state)


def check_history(history: History, source: str) -> None:
    """Raise DataError unless all columns of a history are of the same length, and its epochs are in order."""
    numbers = history.columns.get("epoch", [])
    if not all(number.is_integer() and number > before for before, number in pairwise([0.0, *numbers])):
        raise DataError(f"{source}/epoch must be the numbers of the epochs, in order")
    lengths = {name: len(column) for name, column in history.columns.items()}
    if len(set(lengths.values())) > 1:
        short, long = (choose(lengths, key=lambda name: lengths[name]) for choose in (min, max))
        raise DataError(
            f"{source}: the columns {short} and {long} differ in length:"
            f" {lengths[short]:,} and {lengths[long]:,} epochs"
        )


def snapshot_arrays(snapshot: Snapshot) -> list[Array]:
    """The arrays that must be finite."""
    carried = [values for _, values in state_arrays(snapshot.recurrent_state or ())]
    return [snapshot.parameters, *snapshot.optimizer_state.values(), *carried]


def _names(group: HDF5Group) -> list[str]:
    """The names in a group. Raises DataError if there are too many, or one is not valid text."""
    names = [member.name.rpartition("/")[2] for member in group]
    if len(names) > MAX_NAMES:
        raise DataError(f"/{group.name} has {len(names):,} entries; the limit is {MAX_NAMES}")
    check_json(names, Items(_NAME), source=f"/{group.name}")
    return names


def _named(prefix: str, network: Network, vector: Array) -> dict[str, Array]:
    return {f"{prefix}/{path}": values for path, values in network.named(vector).items()}


def _read_named(group: HDF5Group, name: str, network: Network, vector: Array) -> None:
    for path, values in network.named(vector).items():
        read_into(group, f"{name}/{path}", values)


def _read_matrices(group: HDF5Group, network: Network) -> dict[str, Array]:
    """Read the square matrices that an optimizer keeps for some parameters."""
    found = {}
    for name in _names(group):
        of_name = subgroup(group, name)
        for path, values in network.named(network.trained).items():
            if f"{path}" not in of_name:
                continue
            shape = find_array(of_name, path).shape
            sides = {math.prod(values.shape[:-1]), values.shape[-1]}
            if len(shape) != 2 or shape[0] != shape[1] or shape[0] not in sides:
                raise DataError(f"/{of_name.name}/{path} has shape {shape}")
            require_memory(math.prod(shape) * values.itemsize, f"/{of_name.name}/{path}")
            found[f"{name}/{path}"] = np.zeros(shape, values.dtype)
            read_into(of_name, path, found[f"{name}/{path}"])
    return found


def _read_state(group: HDF5Group, template: State, prefix: str = "") -> State:
    """Read a state for any number of examples, otherwise with the shapes of the template."""
    parts: list[Any] = []
    for index, part in enumerate(template):
        if isinstance(part, tuple):
            parts.append(_read_state(group, part, f"{prefix}{index}/"))
        else:
            name = f"{prefix}{index}"
            shape = find_array(group, name).shape
            if len(shape) != part.ndim or shape[1:] != part.shape[1:] or not 0 < shape[0] <= MAX_STREAMS:
                raise DataError(f"/{group.name}/{name} has shape {shape}")
            require_memory(math.prod(shape) * part.itemsize, f"/{group.name}/{name}")
            values = np.zeros(shape, part.dtype)
            read_into(group, name, values)
            parts.append(values)
    return tuple(parts)
