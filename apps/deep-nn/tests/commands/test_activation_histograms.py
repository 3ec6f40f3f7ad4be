"""The command `activation-histograms`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import json_of, refusal, succeed, trained

from deep_nn.histogram_grid import MOST_COLUMNS, shown_layers

SMALL = ("--hidden", "8,8,8", "--data", "moons:points=60")


def stds(network: dict[str, Any], what: str) -> list[float]:
    return [layer[what]["std"] for layer in network["layers"]]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the figures."""
    for name in ("draw_activations", "draw_gradients"):
        monkeypatch.setattr(f"deep_nn.layer_report.{name}", lambda *arguments: None)


def test_both_figures_are_written(tmp_path: Path) -> None:
    files = tmp_path / "a.png", tmp_path / "g.svg"
    arguments = ("--hidden", "4,4", "--activation", "relu", "zeros", "normal:scale=3")
    result = succeed("activation-histograms", *arguments, "--figure", files[0], "--gradients", files[1])
    assert result.stderr.splitlines() == [f"wrote {file}" for file in files]
    assert files[0].read_bytes().startswith(b"\x89PNG")
    text = files[1].read_text("utf-8")
    assert "all zero" in text or "<path" in text


@pytest.mark.usefixtures("undrawn")
def test_what_each_initializer_does_to_the_signal() -> None:
    found = json_of("activation-histograms", *SMALL)
    networks = {network["network"]: network for network in found["networks"]}
    assert list(networks) == ["zeros", "normal:scale=0.01", "xavier", "he", "normal:scale=1"]
    assert stds(networks["zeros"], "activations") == [0, 0, 0]
    assert [layer["gradients"]["zero"] for layer in networks["zeros"]["layers"]] == [1, 1, 1]
    small, kept = stds(networks["normal:scale=0.01"], "activations"), stds(networks["xavier"], "activations")
    assert small[2] < small[0] / 100
    assert kept[0] / 3 < kept[2] < kept[0] * 3
    assert networks["normal:scale=1"]["layers"][2]["saturated"] > 0.1
    for network in networks.values():
        for layer in network["layers"]:
            assert sum(layer["activations"]["counts"]) == found["examples"] * layer["units"]
            assert len(layer["activations"]["counts"]) == len(found["activation_bins"]) - 1
            assert sum(layer["gradients"]["counts"]) <= found["examples"] * layer["units"]


def test_numbers_that_overflow_are_refused_and_large_ones_are_not(tmp_path: Path) -> None:
    arguments = ("activation-histograms", *SMALL, "--activation", "relu", "--figure", tmp_path / "a.png")
    assert "overflow in hidden layer 1; use smaller weights" in refusal(*arguments, "normal:scale=1e30", status=1)
    assert not (tmp_path / "a.png").exists()
    large = succeed(*arguments, "normal:scale=1e7", "--gradients", tmp_path / "g.png").stdout.splitlines()
    assert large[1].split()[-1].endswith("e21")


@pytest.mark.usefixtures("undrawn")
def test_the_table_has_three_lines_per_network() -> None:
    lines = succeed("activation-histograms", *SMALL, "he", "zeros", "--activation", "relu").stdout.splitlines()
    assert len(lines) == 1 + 2 * 3 + 1
    assert lines[0].split() == ["network", "hidden", "layer", "1", "2", "3"]
    assert lines[3].split()[:2] == ["dead", "units"]
    assert lines[-1].endswith("relu, before training")


@pytest.mark.usefixtures("undrawn")
def test_the_same_seed_gives_the_same_numbers_and_training_changes_them() -> None:
    one, same, other, later = (
        json_of("activation-histograms", *SMALL, "he", *more) for more in ((), (), ("--seed", 1), ("--epochs", 1))
    )
    assert one == same
    assert one["networks"] != other["networks"]
    assert one["networks"] != later["networks"]


@pytest.mark.usefixtures("undrawn")
def test_a_trained_network_beside_a_new_one(tmp_path: Path) -> None:
    model = trained(tmp_path / "m.h5", "--hidden", "6,5", "--initializer", "lecun", "--dropout", "0.3")
    found = json_of("activation-histograms", "--model", model)
    assert [network["network"] for network in found["networks"]] == ["untrained: lecun", "trained: m.h5"]
    assert [layer["units"] for layer in found["networks"][1]["layers"]] == [6, 5]
    new = json_of("activation-histograms", "--hidden", "6,5", "--activation", "relu", "lecun")
    assert stds(found["networks"][0], "activations") == pytest.approx(stds(new["networks"][0], "activations"))
    others = json_of("activation-histograms", "--model", model, "he", "--data", "moons:points=50")
    assert [network["network"] for network in others["networks"]] == ["untrained: he", "trained: m.h5"]
    assert others["examples"] == 50


@pytest.mark.usefixtures("undrawn")
def test_regression_too(tmp_path: Path) -> None:
    table = tmp_path / "houses.csv"
    table.write_text("a,b\n" + "".join(f"{i},{i * 0.37}\n" for i in range(40)), encoding="utf-8")
    found = json_of("activation-histograms", "--data", table, "--hidden", "3", "he")
    assert found["networks"][0]["loss"] > 0
    model = trained(tmp_path / "h.h5", "--data", table, "--hidden", "3")
    assert len(json_of("activation-histograms", "--model", model)["networks"]) == 2


def test_refusals(tmp_path: Path) -> None:
    model = trained(tmp_path / "m.h5")
    flat = trained(tmp_path / "flat.h5", "--hidden", "")
    name = "activation-histograms"
    assert "no hidden" not in refusal(name, "--hidden", "", status=2)
    assert "hidden layer" in refusal(name, "--model", flat, status=2)
    assert "--hidden is for new networks" in refusal(name, "--model", model, "--hidden", "3", status=2)
    assert "--epochs is for new networks" in refusal(name, "--model", model, "--epochs", 3, status=2)
    assert "do not fit" in refusal(name, *["he"] * 9, status=2)
    assert "unknown initializer" in refusal(name, "hee", status=2)
    assert "overwrite" in refusal(name, "--figure", tmp_path / "a.png", "--gradients", tmp_path / "a.png", status=2)


def test_of_many_layers_some_are_drawn() -> None:
    assert shown_layers(3) == [0, 1, 2]
    shown = shown_layers(20)
    assert len(shown) == MOST_COLUMNS
    assert (shown[0], shown[-1]) == (0, 19)
    assert np.ptp(np.diff(shown)) <= 1
