"""Every fused layer equals the chain of layers that it stands for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fused_cases import CASES, FusedCase, assert_same, batch, parameters, run

from nn_core.arrays import Array
from nn_core.engine.fused import MODULES, slices, winograd_conv2d
from nn_core.engine.workspace import Workspace
from nn_core.layers.chain import Chain

cases = pytest.mark.parametrize("case", CASES, ids=str)
cases_and_modes = pytest.mark.parametrize(
    ("case", "training"),
    [
        pytest.param(case, training, id=f"{case}-{'training' if training else 'prediction'}")
        for case in CASES
        for training in (True, False)
        if not training or case.trains
    ],
)
dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@pytest.fixture(autouse=True)
def _winograd_always_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd_conv2d, "SAVED_PER_ADDITION", 0)
    monkeypatch.setattr(winograd_conv2d, "SAVED_PER_BATCH", 1)


def tolerance(case: FusedCase, dtype: npt.DTypeLike) -> float:
    winograd = case.name == "WinogradConv2D" or (case.name == "FoldedConv2D" and case.shape[2] == 8)
    if dtype == np.float32:
        return 1e-4 if winograd else 1e-5
    return 1e-9 if winograd else 1e-12


def test_every_fused_layer_is_among_the_cases() -> None:
    covered = {(case.pattern, case.module, case.name) for case in CASES}
    assert set(MODULES) <= covered


@cases_and_modes
@pytest.mark.parametrize(("dtype", "slice_bytes"), [(np.float64, 1), (np.float64, 2**21), (np.float32, 1_000)])
def test_it_equals_its_layers_for_batches_of_any_size_in_one_workspace(
    case: FusedCase, dtype: npt.DTypeLike, training: bool, slice_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fused = case.fused()
    monkeypatch.setattr(slices, "SLICE_BYTES", slice_bytes)
    params, workspace = parameters(case.layers, case.shape, dtype), Workspace()
    for N in (5, 2, 7, 1, 0, 5):
        x = batch(case.layers, case.shape, N, dtype)
        for needs_d_x in (True, False):
            options: dict[str, Any] = {
                "training": training,
                "needs_d_x": needs_d_x,
                "backward": fused.mode != "inference",
            }
            expected = run(Chain(case.layers), x, params, **options)
            found = run(fused, x, params, workspace=workspace, **options)
            assert_same(found, expected, tolerance(case, dtype))


def _steps_first(x: Array) -> Array:
    return np.ascontiguousarray(x.swapaxes(0, 1)).swapaxes(0, 1)


def _every_other(x: Array) -> Array:
    return np.repeat(x, 2, axis=-1)[..., ::2]


def _reversed(x: Array) -> Array:
    return np.ascontiguousarray(x[::-1])[::-1]


@cases
@pytest.mark.parametrize("layout", [_steps_first, _every_other, _reversed])
def test_arrays_may_lie_in_memory_in_any_order(case: FusedCase, layout: Callable[[Array], Array]) -> None:
    fused, params = case.fused(), parameters(case.layers, case.shape, np.float64)
    options: dict[str, Any] = {"training": case.trains, "backward": fused.mode != "inference"}
    x = layout(batch(case.layers, case.shape, 4, np.float64))

    def gradient(y: Array) -> Array:
        return layout(np.random.default_rng(1).normal(size=y.shape))

    expected = run(Chain(case.layers), x, params, gradient=gradient, **options)
    found = run(fused, x, params, gradient=gradient, **options)
    assert_same(found, expected, tolerance(case, np.float64))


@cases
@dtypes
def test_what_is_derived_from_frozen_parameters_serves_again(case: FusedCase, dtype: npt.DTypeLike) -> None:
    fused, params = case.fused(), parameters(case.layers, case.shape, dtype)
    workspace = Workspace(frozen=True)
    for N in (3, 1, 4):
        x = batch(case.layers, case.shape, N, dtype)
        expected = run(Chain(case.layers), x, params, training=False, backward=False)
        found = run(fused, x, params, workspace=workspace, training=False, backward=False)
        assert_same(found, expected, tolerance(case, dtype))


@cases
def test_parameters_that_change_are_read_again(case: FusedCase) -> None:
    fused, params = case.fused(), parameters(case.layers, case.shape, np.float64)
    x, workspace = batch(case.layers, case.shape, 3, np.float64), Workspace()
    for _ in range(2):
        expected = run(Chain(case.layers), x, params, training=False, backward=False)
        found = run(fused, x, params, workspace=workspace, training=False, backward=False)
        assert_same(found, expected, tolerance(case, np.float64))
        for array in params.values():
            np.multiply(array, 1.25, out=array)


@cases
def test_it_has_the_shapes_and_parameters_of_its_layers(case: FusedCase) -> None:
    fused, chain = case.fused(), Chain(case.layers)
    assert fused.output_shape(case.shape) == chain.output_shape(case.shape)
    assert fused.parameters(case.shape) == chain.parameters(case.shape)
    assert fused.macs(case.shape) == chain.macs(case.shape)
    assert fused.saved_activations(case.shape) >= 0
