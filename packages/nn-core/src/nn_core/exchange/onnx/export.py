"""Export a network as an ONNX model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import nn_core.exchange.onnx.axes
import nn_core.exchange.onnx.layers
import nn_core.exchange.onnx.nested
import nn_core.exchange.onnx.recurrent  # noqa: F401 - they register converters
from nn_core.calibration import temper
from nn_core.errors import ExportError, NNError, SettingError
from nn_core.exchange.onnx import processing
from nn_core.exchange.onnx.check import check_model
from nn_core.exchange.onnx.converters import convert_chain
from nn_core.exchange.onnx.graph import ENDS_KEY, Graph, Value
from nn_core.exchange.onnx.processing import Preprocessing, Step
from nn_core.extras import import_extra
from nn_core.layers.base import Layer, State, has_arrays, state_arrays
from nn_core.layers.chain import Nested
from nn_core.layers.embedding import Embedding
from nn_core.metrics import probabilities
from nn_core.network import Network, require_network
from nn_core.reference import Reference
from nn_core.registry import nearest, require
from nn_core.storage.atomic import atomic_write

if TYPE_CHECKING:
    import onnx

INPUT = "input"
RAW = ("logits", "output")
"""Two names for the output of the network."""
OUTPUTS = (*RAW, "probabilities", "label")
CHECKED_ROWS = 8
CHECKED_STEPS = 7
MAX_BYTES = 2**31 - 2**20
"""Maximum size of an ONNX file."""


def to_onnx(
    network: Network,
    path: str | os.PathLike[str] | None = None,
    *,
    preprocessing: Preprocessing | None = None,
    postprocessing: Sequence[Step] = (),
    outputs: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    temperature: float = 1.0,
    states: bool | None = None,
    metadata: Mapping[str, Any] = MappingProxyType({}),
    name: str = "network",
    dtype: npt.DTypeLike | None = None,
    examples: npt.NDArray[Any] | None = None,
    expected: Mapping[str, npt.NDArray[Any]] = MappingProxyType({}),
    check: bool = True,
) -> onnx.ModelProto:
    """Convert a network to an ONNX model of opset 20, and write it to `path` if given.

    The input "input" is (N, ...) as in Python, with channels last and dynamic axes N and T. Before
    the model is written, ONNX's checker must accept it, and its reference evaluator must match the
    network to 1e-5 on `examples`.

    preprocessing  steps from raw examples to the input of the network, and test-time augmentation
    postprocessing  steps from the output of the network to "output", such as Rescale
    outputs        any of "logits" (or its synonym "output"), "probabilities" (softmax, or 1 - p and p
                   of a single logit) and "label" (class index). None: "logits" and
                   "probabilities" if `classes` is given, else "output"
    classes        class names, stored as JSON
    temperature    of the probabilities (see `nn_core.calibration.temper`); 1 leaves them
    states         whether the states of recurrent layers are inputs "state/1/0" and outputs
                   "next_state/1/0", by the path of the layer, to continue a sequence; initial states
                   are zero. False: every sequence starts from zero. None: True if there is an
                   output for each step
    metadata       additional entries; values other than strings are stored as JSON
    name           name of the graph
    dtype          None for that of the network; onnxruntime has no convolutions, recurrent
                   layers or LeakyReLU in float64
    examples       raw examples (N, ...) for the check; the first 8 are used. None: random ones
    expected       expected outputs for `examples`, by name, to check in addition
    check          False if the caller checks the model with `check_model`
    Raises ExportError, and writes nothing, for a layer without a converter (see ONNX_CONVERTERS), an
    output that differs, or a file that cannot be written; SettingError for an unknown output;
    MissingExtraError without the package onnx.
    """
    import_extra("onnx", "onnx")
    require_network(network, "to_onnx")
    dtype = network.dtype if dtype is None else dtype
    names = _output_names(outputs, classes, preprocessing)
    require(temperature > 0, f"the temperature must be positive, not {temperature}")
    states = network.output_shape[:1] == (None,) if states is None else states
    states = states and has_arrays(network.initial_state(1))
    exported = _Export(
        network, preprocessing or _no_preprocessing(network, dtype), postprocessing, names, states, temperature
    )
    model = exported.model(dtype, name, classes, metadata)
    inputs, ours = exported.examples(examples) if check else ({}, {})
    if check:
        check_model(model, inputs, ours)
    if check and expected:
        rows = len(inputs[INPUT])
        check_model(model, inputs, {name: np.asarray(values)[:rows] for name, values in expected.items()})
    if path is not None:
        try:
            atomic_write(Path(path), model.SerializeToString(deterministic=True))
        except OSError as error:
            raise ExportError(f"cannot write {path}: {error.strerror or error}") from None
    return model


@dataclass(frozen=True)
class _Export:
    """A network with its preprocessing, postprocessing and outputs."""

    network: Network
    preprocessing: Preprocessing
    postprocessing: Sequence[Step]
    outputs: Sequence[str]
    states: bool
    temperature: float = 1.0

    def model(
        self, dtype: npt.DTypeLike, name: str, classes: Sequence[str] | None, metadata: Mapping[str, Any]
    ) -> onnx.ModelProto:
        """The model with its metadata."""
        network, preprocessing = self.network, self.preprocessing
        if not np.isfinite(network.vector).all():
            raise ExportError("not written: the weights are not finite")
        if network.vector.size * np.dtype(dtype).itemsize > MAX_BYTES:
            raise ExportError(f"not written: {network.vector.size:,} parameters; an ONNX file holds less than 2 GiB")
        graph = Graph(dtype, states=self.states)
        raw = graph.input(INPUT, preprocessing.shape, preprocessing.dtype)
        x = preprocessing.build(raw, graph, raw.dtype if network.layers[0].takes_integers else graph.dtype)
        if x.shape != network.input_shape:
            raise ExportError(f"the preprocessing makes {x.shape}; the network takes {network.input_shape}")
        if network.padding is not None:
            graph.padded = x, network.padding
        y = convert_chain(network.layers, x, network.params, graph)
        before, after = graph.canonical(x), graph.canonical(y)
        for output, value in self._outputs(y, graph).items():
            graph.output(output, value)
        for state, value in graph.final_states.items():
            graph.output(state, value)
        model = graph.model(name)
        ends = {"input": graph.renamed(before), "output": graph.renamed(after)}
        takes = {"input_shape": list(network.input_shape), "integers": network.layers[0].takes_integers}
        padding = {} if network.padding is None else {"padding": network.padding}
        known = {
            ENDS_KEY: ends | takes | padding,
            "program": "nn-core",
            "nn_core_version": _version(),
            "input": preprocessing.description or f"{preprocessing.dtype} (N, {_sizes(preprocessing)})",
        }
        given = {} if classes is None else {"classes": list(classes)}
        for key, entry in {**known, **given, **metadata}.items():
            text = entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
            model.metadata_props.add(key=key, value=text)
        return model

    def _outputs(self, y: Value, graph: Graph) -> dict[str, Value]:
        """The requested outputs, by name."""
        found = {"logits": y, "output": processing.build(self.postprocessing, y, graph)}
        if not set(self.outputs) <= set(RAW):
            p = processing.probabilities(y, graph)
            if self.preprocessing.variants:
                p = processing.mean_of_variants(p, len(self.preprocessing.variants), graph)
            found["probabilities"] = p if self.temperature == 1 else processing.tempered(p, self.temperature, graph)
            if "label" in self.outputs:
                found["label"] = processing.label(p, graph)
        return {name: found[name] for name in self.outputs}

    def examples(self, x: npt.NDArray[Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Inputs to check with, and the outputs of the network for them."""
        drawn = x is None
        x = self._random() if x is None else np.asarray(x)[:CHECKED_ROWS]
        x = np.ascontiguousarray(x, self.preprocessing.dtype)
        state = self.network.initial_state(len(x))
        if self.states:
            state = _random_state(state, np.random.default_rng(1))
        try:
            found = [Reference(self.network).predict(each, state) for each in self.preprocessing.apply(x)]
        except NNError as error:
            if not drawn:
                raise
            raise ExportError(f"the network cannot be checked: {error}; pass real rows: examples=x") from None
        logits, left = found[0]
        ours: dict[str, Any] = {}
        p = np.mean([_probabilities(each) for each, _ in found], axis=0)
        p = p if self.temperature == 1 else temper(p, self.temperature)
        for name in self.outputs:
            if name in RAW:
                ours[name] = logits if name == "logits" else processing.run(self.postprocessing, logits)
            else:
                ours[name] = p if name == "probabilities" else p.argmax(axis=-1)
        inputs = {INPUT: x}
        if self.states:
            inputs |= {f"state/{path}": values for path, values in state_arrays(state)}
            ours |= {f"next_state/{path}": values for path, values in state_arrays(left)}
        return inputs, ours

    def _random(self) -> npt.NDArray[Any]:
        """Random raw examples: tokens, bytes, or standard normal numbers."""
        rng = np.random.default_rng(0)
        shape = (3, *(CHECKED_STEPS if size is None else size for size in self.preprocessing.shape))
        most = min(_vocabularies(self.network.layers), default=256)
        if np.dtype(self.preprocessing.dtype).kind != "f" or most < 256:
            return rng.integers(most, size=shape)
        return rng.normal(size=shape)


def _vocabularies(layers: Sequence[Layer]) -> Iterator[int]:
    """The vocabulary sizes of all embeddings, including nested ones."""
    for layer in layers:
        if isinstance(layer, Embedding):
            yield layer.vocabulary_size
        elif isinstance(layer, Nested):
            yield from _vocabularies(layer.children)


def _no_preprocessing(network: Network, dtype: npt.DTypeLike) -> Preprocessing:
    """No preprocessing: the input of the network."""
    return Preprocessing(network.input_shape, "int64" if network.layers[0].takes_integers else np.dtype(dtype).name)


def _output_names(
    outputs: Sequence[str] | None, classes: Sequence[str] | None, preprocessing: Preprocessing | None
) -> Sequence[str]:
    """The outputs, after a check of their names."""
    averaged = preprocessing is not None and bool(preprocessing.variants)
    if outputs is None:
        if averaged:
            return ["probabilities"]
        return ["output"] if classes is None else ["logits", "probabilities"]
    for name in outputs:
        if name not in OUTPUTS:
            raise SettingError(f"unknown output {name!r}; {nearest(name, OUTPUTS)}")
        require(not (averaged and name in RAW), f"variants average probabilities: there is no single {name!r}")
    require(len(outputs) > 0, "a model needs at least one output")
    return list(outputs)


def _probabilities(logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Probabilities over the last axis, of any number of axes."""
    rows = probabilities(logits.reshape(-1, logits.shape[-1]))
    return rows.reshape(*logits.shape[:-1], rows.shape[-1])


def _random_state(state: State, rng: np.random.Generator) -> State:
    return tuple(
        _random_state(part, rng) if isinstance(part, tuple) else rng.normal(size=part.shape).astype(part.dtype)
        for part in state
    )


def _sizes(preprocessing: Preprocessing) -> str:
    return ", ".join("T" if size is None else str(size) for size in preprocessing.shape)


def _version() -> str:
    """The version of nn-core."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nn-core")
    except PackageNotFoundError:
        return "unknown"
