"""What `activation-histograms` prints and draws."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deep_nn.histogram_grid import Cell, draw_histograms
from deep_nn.layer_runs import Layers
from deep_nn.layer_statistics import LayerStatistics, activation_bins, counts, gradient_bins, magnitude_counts
from nn_core.plots.axes import plain_number
from nn_core.storage.files import without_folders
from nn_core.summary import table

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


def report_table(found: Layers) -> str:
    """Three lines per network: standard deviations of activations and gradients, and saturated or dead units."""
    count = len(found.networks[0].layers)
    rows = [("network", "hidden layer", *(str(k + 1) for k in range(count)))]
    for network in found.networks:
        lines = {
            "activations, std": [number(layer.activations_std) for layer in network.layers],
            "gradients dL/dz, std": [number(layer.gradients_std) for layer in network.layers],
        }
        if network.layers[0].saturated is None:
            lines["dead units"] = [f"{layer.dead_units:.0%}" for layer in network.layers]
        else:
            lines["saturated"] = [f"{layer.saturated:.0%}" for layer in network.layers]
        for i, (name, values) in enumerate(lines.items()):
            rows.append((network.label if i == 0 else "", name, *values))
    note = f"{found.examples:,} examples of {without_folders(found.data)}; {found.what}"
    return "\n".join([table(rows), note])


def report_json(found: Layers) -> dict[str, Any]:
    """Everything that is drawn, in numbers."""
    by_activation, by_gradient = (
        activation_bins(found.function, found.networks, found.input_scale),
        gradient_bins(found.networks),
    )
    return {
        "data": found.data,
        "examples": found.examples,
        "activation": found.activation,
        "activation_bins": by_activation.tolist(),
        "gradient_bins": by_gradient.tolist(),
        "networks": [
            {
                "network": network.label,
                "loss": network.loss,
                "layers": [layer.to_dict(by_activation, by_gradient) for layer in network.layers],
            }
            for network in found.networks
        ],
    }


def draw_activations(found: Layers, file: "FigureFile | Path") -> None:
    """Histograms of a = f(z), with common axes."""
    bins = activation_bins(found.function, found.networks, found.input_scale)
    rows = [
        (
            network.label,
            [Cell(counts(layer.activations, bins) / layer.activations.size, _state(layer)) for layer in network.layers],
        )
        for network in found.networks
    ]
    beyond = any(
        layer.activations.min() < bins[0] or layer.activations.max() > bins[-1]
        for network in found.networks
        for layer in network.layers
    )
    note = "Height: fraction of the values."
    if any(_is_saturated(layer) for network in found.networks for layer in network.layers):
        note += " sat.: saturated (flat part of the function)."
    if beyond:
        note += " Values beyond the axis are in the outermost bars."
    draw_histograms(file, rows, bins, title=found.title("Activations"), x="activation", note=note)


def draw_gradients(found: Layers, file: "FigureFile | Path") -> None:
    """Histograms of |dL/dz| on a logarithmic axis, common to all."""
    bins = gradient_bins(found.networks)
    rows = [
        (
            network.label,
            [
                Cell(magnitude_counts(layer.gradients, bins) / layer.gradients.size, _size(layer))
                for layer in network.layers
            ],
        )
        for network in found.networks
    ]
    draw_histograms(
        file,
        rows,
        bins,
        title=found.title("Gradients"),
        x="size of the gradient |dL/dz| (log scale)",
        note="L: loss of one example; z: input of the activation function; zeros and smaller values are not drawn.",
        log=True,
        cut_at=1.0,
    )


def number(value: float) -> str:
    """Two digits: "0.63", "4.1e-5", "570", "1.6e5"."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}" if int(exponent) >= 4 else plain_number(float(f"{value:.2g}"))


def _state(layer: LayerStatistics) -> tuple[str, ...]:
    """The scale of the activations, and what is wrong with them."""
    scale = f"std {number(layer.activations_std)}"
    if _is_saturated(layer):
        return scale, f"{layer.saturated:.0%} sat."
    return (scale, f"{layer.dead_units:.0%} dead") if layer.dead_units >= 0.005 else (scale,)


def _is_saturated(layer: LayerStatistics) -> bool:
    return layer.saturated is not None and layer.saturated >= 0.01


def _size(layer: LayerStatistics) -> tuple[str, ...]:
    return ("all zero",) if not np.any(layer.gradients) else (f"std {number(layer.gradients_std)}",)
