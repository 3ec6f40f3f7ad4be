"""Export a network to HDF5, ONNX or safetensors.

The suffix of --save selects the format. A checkpoint (.h5) is written without training state. An ONNX
file takes raw examples, like `predict`, and includes preprocessing. A safetensors file has the weights,
with the architecture in a .json file.

\b
Example: deep-nn export --model model.h5 --save model.onnx
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from deep_nn.datasets import RawExamples
from deep_nn.model import PROGRAM, Model, load_model
from deep_nn.setup import splits_of
from nn_core.cli.export import OnnxGraph, export_command
from nn_core.errors import ExportError, NNError

CHECKED_ROWS = 100


def onnx_graph(model: Model) -> OnnxGraph:
    """From raw columns in float64, or images as bytes, to the probabilities and the class index.

    For regression, to the value in the units of the target. The metadata name the columns of a table, in order.
    """
    from nn_core.exchange.onnx import FlattenImages, Preprocessing, Rescale, Scale, Standardize

    fitted = model.preprocessing
    if not fitted.is_plain:
        raise ExportError(
            "a model with categories or missing values cannot be exported to ONNX; use --save model.safetensors"
        )
    if fitted.mean:
        steps: list[Any] = [Standardize(fitted.mean, fitted.std)]
        preprocessing = Preprocessing(fitted.shape, "float64", steps, description="raw columns, as in the table")
    else:
        steps = [FlattenImages(), Scale(1 / 255)]
        preprocessing = Preprocessing(fitted.shape, "uint8", steps, description="images, 0 to 255")
    x, source = _examples(model)
    common: dict[str, Any] = {"preprocessing": preprocessing, "name": PROGRAM}
    metadata: dict[str, Any] = {"program": PROGRAM}
    if model.columns is not None:
        metadata["columns"] = [asdict(feature) for feature in model.columns.features]
    inputs = {"input": x.astype(preprocessing.dtype)}
    target = model.target
    if target is not None:
        regression = {
            "postprocessing": [Rescale(target.mean, target.std)],
            "outputs": ("output",),
            "metadata": metadata | {"target": target.name},
        }
        return OnnxGraph(common | regression, inputs, {"output": model.values(x, source)[:, None]}, source)
    p = model.probabilities(x, source)
    classes = {"outputs": ("probabilities", "label"), "classes": model.classes, "metadata": metadata}
    return OnnxGraph(common | classes, inputs, {"probabilities": p, "label": p.argmax(axis=1)}, source)


def _examples(model: Model) -> tuple[RawExamples, str]:
    """Examples for the check: from the validation set, or random ones if it is not available."""
    try:
        splits = splits_of(model)
        x = (splits.validation or splits.train).x[:CHECKED_ROWS]
        return x, f"{len(x)} {'training' if splits.validation is None else 'validation'} examples"
    except NNError:
        rng, fitted = np.random.default_rng(0), model.preprocessing
        shape = CHECKED_ROWS, *fitted.shape
        if fitted.mean:
            return rng.normal(fitted.mean, fitted.std, shape), f"{CHECKED_ROWS} random rows"
        return rng.integers(0, 256, shape, dtype=np.uint8), f"{CHECKED_ROWS} random images"


export = export_command(PROGRAM, load_model, onnx_graph)
