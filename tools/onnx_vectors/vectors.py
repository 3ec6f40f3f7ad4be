"""The test vectors of ONNX's operators, from the package onnx."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]


class Vector(NamedTuple):
    """A model, usually of one operation, with its inputs and expected outputs."""

    name: str
    model: Any
    inputs: list[Values]
    outputs: list[Values]


def vectors() -> Iterator[Vector]:
    """The vectors of all operators, and those that PyTorch exported."""
    import onnx
    from onnx import numpy_helper
    from onnx.backend.test.case.node import collect_testcases
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow in the vectors of casts
        cases = collect_testcases(None)
    for case in cases:
        for inputs, outputs in case.data_sets:
            if all(isinstance(values, np.ndarray | np.generic) for values in (*inputs, *outputs)):
                yield Vector(case.name, case.model, _arrays(inputs), _arrays(outputs))
    for kind in ("simple", "pytorch-converted", "pytorch-operator"):
        for case in load_model_tests(kind=kind):
            folder = Path(case.model_dir)
            for data in sorted(folder.glob("test_data_set_*")):
                read = [
                    [numpy_helper.to_array(onnx.load_tensor(file)) for file in sorted(data.glob(f"{part}_*.pb"))]
                    for part in ("input", "output")
                    if not _has_sequences(data)
                ]
                if read:
                    yield Vector(case.name, onnx.load(folder / "model.onnx"), *read)


def _arrays(values: Any) -> list[Values]:
    return [np.asarray(value) for value in values]


def _has_sequences(data: Path) -> bool:
    """Whether a file holds a list of tensors, whose name follows the dimensions."""
    import onnx

    try:
        for file in data.glob("*.pb"):
            onnx.load_tensor(file)
            if not onnx.load_tensor(file).data_type:
                return True
    except Exception:  # noqa: BLE001
        return True
    return False
