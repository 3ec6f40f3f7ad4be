"""Readers that convert ONNX operations that rearrange, choose or drop axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.errors import DataError
from nn_core.exchange.onnx.computed import BATCH
from nn_core.exchange.onnx.graph import CHANNELS_FIRST, Order, without_axis
from nn_core.exchange.onnx.model_file import attributes
from nn_core.exchange.onnx.readers import READERS, Part, Reading, real
from nn_core.exchange.onnx.source import ANY_ORDER, IMAGES, Position, Source, expect, unsupported
from nn_core.layers.embedding import Embedding
from nn_core.layers.flatten import Flatten
from nn_core.layers.last_step import LastStep
from nn_core.layers.mean_over_time import MeanOverTime
from nn_core.layers.reshape import Reshape
from nn_core.layers.select import Select

if TYPE_CHECKING:
    import onnx

MAX_SELECTED = 10_000
"""The most features that are put in another order by a Select."""


def flatten(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    expect(node, attributes(node).get("axis", 1) == 1, "it does not keep the batch axis")
    sizes = x.sizes()
    return _reshaped(node, x, [sizes[0], math.prod(sizes[1:])], source)


def reshape(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """To (N, features), or another example shape."""
    return _reshaped(node, x, _target(node, x, source), source)


def squeeze(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    axes, sizes = source.axes(node), x.sizes()
    chosen = {axis % len(sizes) for axis in axes} if axes is not None else {i for i, n in enumerate(sizes) if n == 1}
    expect(node, all(sizes[axis] == 1 for axis in chosen), f"it drops an axis of another size than 1 of {x.shape}")
    return _reshaped(node, x, [size for axis, size in enumerate(sizes) if axis not in chosen], source)


def unsqueeze(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    axes, sizes = source.axes(node), x.sizes()
    expect(node, axes is not None and len(axes) <= 4, "it has no axes")
    count = len(sizes) + len(axes or ())
    chosen, rest = {axis % count for axis in axes or ()}, iter(sizes)
    return _reshaped(node, x, [1 if axis in chosen else next(rest, 1) for axis in range(count)], source)


def transpose(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """No layer: only the axis order changes."""
    perm: Order = attributes(node).get("perm", tuple(reversed(range(len(x.order)))))
    expect(node, sorted(perm) == list(range(len(x.order))), "its perm is not a permutation of its axes")
    return [], replace(x, name=node.output[0], order=tuple(x.order[axis] for axis in perm))


def _target(node: onnx.NodeProto, x: Position, source: Source) -> list[int]:
    """The sizes that a Reshape makes, with BATCH for the batch axis."""
    given, sizes = source.numbers(node, 1)[:8], x.sizes()
    copies = not attributes(node).get("allowzero", 0)
    target = [sizes[i] if n == 0 and copies and i < len(sizes) else n for i, n in enumerate(given)]
    if target and BATCH not in target and target[0] in {1, source.batch} and x.order[0] == 0:
        target[0] = BATCH
    if target.count(-1) == 1:
        rest = -math.prod(target)
        if rest > 0 and math.prod(sizes) % rest == 0:
            target[target.index(-1)] = math.prod(sizes) // rest
    fits = target.count(BATCH) == 1 and min(target) > 0 and math.prod(target) == math.prod(sizes)
    expect(node, fits, f"it makes the shape {tuple(given)} of examples {x.shape}")
    return target


def _reshaped(node: onnx.NodeProto, x: Position, target: list[int], source: Source) -> Reading:
    """x with these sizes in the graph, of the same product."""
    name, sizes = node.output[0], x.sizes()
    if len(target) == 1 and len(sizes) == 2 and x.shape == (1,):
        expect(node, name == source.end, "it drops the only axis of an example")
        return [], replace(x, name=name)  # one output (N,), which is (N, 1) here
    fixed = None not in x.shape
    images = len(target) == 4 and source.leads_to(name, IMAGES, ANY_ORDER)
    if node.op_type == "Reshape" and x.is_plain and len(target) > 2 and target[0] == BATCH and not images and fixed:
        shape = tuple(target[1:])
        there = Position(name, shape, tuple(range(len(target))), integers=x.integers)
        return ([] if shape == x.shape else [Part(Reshape(shape), {})]), there
    if len(target) == 2 and target[0] == BATCH and x.order[0] == 0:
        return _flattened(node, x)
    if [size for size in target if size != 1] == [size for size in sizes if size != 1]:
        return _with_ones(node, x, target)
    if x.order == CHANNELS_FIRST and target == [BATCH, x.shape[2], math.prod(sizes[2:])]:
        shape = (target[2], target[1])
        return [Part(Reshape(shape), {})], Position(name, shape, (0, 2, 1))
    if images and target[0] == BATCH and x.order == (0, 1):
        return _image_of_rows(x, target, name)
    shown = ", ".join("N" if size == BATCH else str(size) for size in target)
    raise unsupported(node, f"it makes the shape ({shown}) of examples {x.shape}, in another order")


def _with_ones(node: onnx.NodeProto, x: Position, target: list[int]) -> Reading:
    """The same axes, but for axes of size 1."""
    parts, kept = [], [axis for axis in x.order if axis >= 0 and (axis == 0 or x.shape[axis - 1] != 1)]
    if len(kept) < 1 + len(x.shape):  # some of its own are of size 1 as well
        expect(node, None not in x.shape and not x.flattened, f"it drops an axis of {x.shape}")
        shape: Shape = tuple(size for size in x.shape if size != 1)
        if not shape:  # one feature is left
            shape, rest = (1,), [axis for axis in range(len(target)) if target[axis] == 1]
            expect(node, bool(rest), f"it drops all axes of {x.shape}")
            order = [0 if size == BATCH else -1 for size in target]
            order[rest[-1]] = 1
        else:
            numbers = {axis: number for number, axis in enumerate(sorted(kept))}
            places = iter(kept)
            order = [-1 if size == 1 else numbers[next(places)] for size in target]
        if shape != x.shape:
            parts = [Part(Reshape(tuple(size or 1 for size in shape)), {})]
        return parts, replace(x, name=node.output[0], shape=shape, order=tuple(order))
    places = iter(kept)
    return parts, replace(x, name=node.output[0], order=tuple(-1 if size == 1 else next(places) for size in target))


def _flattened(node: onnx.NodeProto, x: Position) -> Reading:
    sizes = tuple(size for size in x.shape if size is not None)
    expect(node, len(sizes) == len(x.shape), f"it flattens examples of shape {x.shape}")
    if len(sizes) == 1:
        return [], replace(x, name=node.output[0], order=(0, 1))
    order = tuple(axis for axis in x.order if axis >= 0)
    large = [axis for axis in order if axis == 0 or sizes[axis - 1] > 1]
    pieces = () if large == sorted(large) else ((sizes, order),)
    there = Position(node.output[0], (math.prod(sizes),), (0, 1), flattened=pieces, integers=x.integers)
    return [Part(Flatten(), {})], there


def _image_of_rows(x: Position, target: Sequence[int], name: str) -> Reading:
    """Features (N, C * H * W) as images."""
    _, channels, height, width = target
    numbers = x.feature_order()
    numbers = np.arange(channels * height * width) if numbers is None else numbers
    parts = select(numbers.reshape(channels, height, width).transpose(1, 2, 0).ravel())
    shape = (height, width, channels)
    return [*parts, Part(Reshape(shape), {})], Position(name, shape, CHANNELS_FIRST)


def select(numbers: npt.NDArray[Any]) -> list[Part]:
    """Features in this order; no layer if it is theirs."""
    if (numbers == np.arange(numbers.size)).all():
        return []
    if numbers.size > MAX_SELECTED:
        raise DataError(f"{numbers.size:,} features would need another order; the limit is {MAX_SELECTED:,}")
    return [Part(Select(numbers.tolist()), {})]


# Some of the elements


def gather(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """An embedding, the last step, or some of the features."""
    axis = attributes(node).get("axis", 0)
    if node.input[0] == x.name:
        index = source.required(node, 1)
        expect(node, -len(x.order) <= axis < len(x.order) and index.dtype.kind == "i", "its indices are not numbers")
        return _chosen(node, x, axis % len(x.order), index)
    expect(node, x.integers, "it looks up real numbers, not tokens")
    W = real(node, source.required(node, 0))
    expect(node, axis == 0 and W.ndim == 2 and min(W.shape) > 0, f"its table has the shape {W.shape}")
    expect(node, not x.flattened, "it looks up tokens in another order")
    layer = Embedding(*W.shape)
    shape = layer.output_shape(x.shape)
    return [Part(layer, {"W": W})], Position(node.output[0], shape, (*x.order, len(shape)))


def _chosen(node: onnx.NodeProto, x: Position, place: int, index: npt.NDArray[Any]) -> Reading:
    """Elements along one axis of the graph."""
    axis, there = x.order[place], replace(x, name=node.output[0])
    if axis < 0:
        expect(node, index.shape == () and int(index) in {0, -1}, "it chooses from an axis of size 1")
        return [], replace(there, order=(*x.order[:place], *x.order[place + 1 :]))
    if axis > 0 and axis == len(x.shape):
        expect(node, not x.flattened and index.ndim <= 1, "it chooses features in another order")
        layer = Select(index.tolist())
        order = x.order if index.ndim else without_axis(x.order, axis)
        return [Part(layer, {})], replace(there, shape=layer.output_shape(x.shape), order=order)
    last = {-1} if not x.shape or x.shape[0] is None else {-1, x.shape[0] - 1}
    fits = axis == 1 and index.shape == () and int(index) in last
    expect(node, fits, "it does not take the last step of a sequence")
    return [Part(LastStep(), {})], replace(there, shape=x.shape[1:], order=without_axis(x.order, 1))


def slice_(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """Some of the features."""
    layers: list[Part] = []
    there = replace(x, name=node.output[0])
    for place, (size, part) in enumerate(zip(x.sizes(), source.slices(node, len(x.order)), strict=True)):
        whole = part.start in {None, 0} and part.step in {None, 1} and (part.stop is None or part.stop >= size)
        if whole:
            continue
        features = x.order[place] == len(x.shape) > 0 and not x.flattened
        expect(node, features, "only features can be chosen by a slice")
        width = range(size)[part]
        expect(node, len(width) > 0, "it chooses no features")
        step = None if width.step == 1 else width.step
        layer = Select(slice(width.start, None if width.stop < 0 else width.stop, step))
        layers, there = [Part(layer, {})], replace(there, shape=layer.output_shape(x.shape))
    return layers, there


def gather_nd(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """The last step of padded sequences, in files written by `to_onnx`."""
    expect(node, source.is_of_lengths(node.input[1]), "only the last step of padded sequences is read")
    return [Part(LastStep(), {})], Position(node.output[0], x.shape[1:], tuple(range(len(x.shape))))


def where(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """The mean over the steps of padded sequences, in files written by `to_onnx`: Where, ReduceSum, Div."""
    nodes = [node]
    for kind in ("ReduceSum", "Div"):
        after = source.sole_use(nodes[-1].output[0])
        if after is None or after.op_type != kind:
            break
        nodes.append(after)
    known = len(nodes) == 3 and source.is_of_lengths(node.input[0]) and source.is_of_lengths(nodes[2].input[1])
    expect(node, known, "only the mean over the steps of padded sequences is read")
    return [Part(MeanOverTime(), {})], Position(nodes[2].output[0], x.shape[1:], tuple(range(len(x.shape))))


def outer_order(x: Position) -> list[Part]:
    """The layers after which the output of a network is that of the graph, but for the order of its axes."""
    numbers = x.feature_order()
    parts = [] if numbers is None else select(numbers)
    inside = [axis for axis in x.order if axis >= 0]
    if len(inside) < len(x.order) and x.order[0] == 0 and inside == sorted(inside) and None not in x.shape:
        parts.append(Part(Reshape(tuple(x.sizes()[1:])), {}))
    return parts


READERS.update(
    {
        "Flatten": flatten,
        "Gather": gather,
        "GatherND": gather_nd,
        "Reshape": reshape,
        "Slice": slice_,
        "Squeeze": squeeze,
        "Transpose": transpose,
        "Unsqueeze": unsqueeze,
        "Where": where,
    }
)
