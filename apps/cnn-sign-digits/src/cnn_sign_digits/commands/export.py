"""Export a network to HDF5, ONNX or safetensors.

The suffix of --save selects the format. A checkpoint (.h5) is written without training state. An ONNX
file takes photos as bytes and returns the output of `predict`, including test-time augmentation and
calibrated probabilities, but not which photos are unlike anything trained on. A safetensors file has
the weights, with the architecture and the calibration in a .json file.

\b
Example: cnn-sign export --save signs.onnx
"""

from typing import Any

import numpy as np

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.model import INPUT_SHAPE, SHIPPED, Model, load_model
from cnn_sign_digits.photo_predictor import Transform
from nn_core.batches.augmentation import rotation_weights
from nn_core.cli.export import OnnxGraph, export_command

CHECKED_PHOTOS = 2


def onnx_graph(model: Model) -> OnnxGraph:
    """From photos as bytes to the probabilities and the class index, as computed by `Model`."""
    from cnn_sign_digits.synthetic.renderer import render_dataset
    from nn_core.exchange.onnx import Preprocessing

    photos, _ = render_dataset(CHECKED_PHOTOS, rng=np.random.default_rng(0))
    p = model.assess(photos).probabilities
    calibration = model.calibration
    return OnnxGraph(
        {
            "preprocessing": Preprocessing(
                INPUT_SHAPE,
                "uint8",
                variants=[variant(transform) for transform in model.test_time_augmentation],
                description="RGB photos, 0 to 255, cropped to a square and resized",
            ),
            "outputs": ("probabilities", "label"),
            "classes": model.classes,
            "temperature": 1.0 if calibration is None else calibration.temperature,
            "metadata": {"program": PROGRAM, "test_time_augmentation": list(model.test_time_augmentation)},
            "name": PROGRAM,
            "dtype": "float32",  # onnxruntime has no convolutions in float64
        },
        {"input": photos},
        {"probabilities": p, "label": p.argmax(axis=1)},
        f"{CHECKED_PHOTOS} synthetic photos",
    )


def variant(transform: Transform) -> list[Any]:
    """A test-time transform as steps of the graph: each pixel is a weighted sum of pixels."""
    from nn_core.exchange.onnx import Resample

    degrees, flip = transform
    H, W, _ = INPUT_SHAPE
    steps: list[Any] = []
    if flip:
        steps.append(Resample(np.arange(H * W).reshape(H, W)[:, ::-1].reshape(-1, 1)))
    if degrees:
        indices, weights = rotation_weights(degrees, H, W)
        steps.append(Resample(indices, (weights / 256).astype(np.float32)))
    return steps


export = export_command(PROGRAM, load_model, onnx_graph, shipped=SHIPPED)
