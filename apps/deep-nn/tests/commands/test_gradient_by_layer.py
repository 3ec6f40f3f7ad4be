"""What `compare-activations` and `compare-initializers` show of the gradient by layer."""

import numpy as np
import pytest
from command_line import json_of, succeed

TINY = ("--epochs", 1, "--seeds", 2, "--data", "moons:points=60")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the figure."""
    monkeypatch.setattr("nn_core.cli.sweep_plot.draw_comparison", lambda *arguments, **options: None)


def test_the_gradient_of_a_deep_sigmoid_network_vanishes() -> None:
    found = json_of("compare-activations", "sigmoid", "tanh", "relu", *TINY)
    norms = {trial["trial"]: trial["gradient_norms"] for trial in found["trials"]}
    assert {len(of_trial) for of_trial in norms.values()} == {9}
    assert norms["sigmoid"][0] < norms["sigmoid"][-1] / 1000
    for name in ("tanh", "relu"):
        assert norms[name][0] > norms[name][-1] / 10
    for trial in found["trials"]:
        runs = [run["gradient_norms"] for run in trial["runs"]]
        assert trial["gradient_norms"] == pytest.approx(np.median(runs, axis=0))


def test_a_network_of_zeros_has_no_gradient() -> None:
    found = json_of("compare-initializers", "zeros", "he", *TINY)
    zeros, he = (trial["gradient_norms"] for trial in found["trials"])
    assert zeros == [0, 0, 0, 0]
    assert min(he) > 0.01


def test_the_table_names_the_norms_at_both_ends() -> None:
    lines = succeed("compare-initializers", "zeros", "he", *TINY).stdout.splitlines()
    assert lines[-1].startswith("gradient norm of the first and the output layer, at the first step: zeros 0, 0; he ")
    assert "gradient norm" not in succeed("compare-batch-sizes", "8", *TINY).stdout


def test_each_activation_has_an_initializer_that_fits_unless_one_is_given() -> None:
    shallow = (*TINY, "--hidden", "8")
    norms = [
        [trial["gradient_norms"] for trial in json_of("compare-activations", "tanh", "relu", *shallow, *more)["trials"]]
        for more in ((), ("--initializer", "xavier"), ("--initializer", "he"))
    ]
    fitting, xavier, he = norms
    assert fitting == [xavier[0], he[1]]
    assert xavier[1] != he[1]
