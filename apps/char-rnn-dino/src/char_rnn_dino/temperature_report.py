"""The output of `temperatures`: a figure, and a text or JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from char_rnn_dino.plots.temperatures import plot_temperatures
from char_rnn_dino.temperatures import AtTemperature
from nn_core.arrays import Labels
from nn_core.cli.terminal import echo, echo_json, info
from nn_core.printable import shortened

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

LISTED = 3
"""Most likely tokens in the text output."""
TITLE = "Softmax temperature: below 1 it favors what is likely, above 1 it levels the odds"
FORMULA = "P(i) = exp(z_i / T) / sum over j of exp(z_j / T)"


def show_temperatures(
    found: Sequence[AtTemperature],
    tokens: Sequence[str],
    order: Labels,
    figure: "FigureFile",
    *,
    after: str,
    what: str,
    top_k: int | None,
    top_p: float | None,
    result: Mapping[str, Any] | None,
) -> None:
    """Plot and print what was found.

    tokens  the tokens as they are shown
    order   the tokens to show, from the most likely one
    after   what the next token is called: "next letter after Ty"
    what    what the samples are called: "Names"
    result  the beginning of the JSON output; None for text
    """
    cuts = [f"{name} {value}" for name, value in (("top-k", top_k), ("top-p", top_p)) if value is not None]
    note = FORMULA + (f". Hatched: excluded by {' and '.join(cuts)}" if cuts else "")
    plot_temperatures(found, tokens, order, figure, after=after, what=what, title=TITLE, note=note)
    if result is None:
        echo(_report(found, tokens, order))
    else:
        echo_json({**result, "rows": _rows(found, tokens, order)})
    info(f"wrote {figure}")


def _rows(found: Sequence[AtTemperature], tokens: Sequence[str], order: Labels) -> list[dict[str, Any]]:
    """For each temperature its perplexity, the probabilities of some tokens in their order, and the samples."""
    return [
        {
            "temperature": each.temperature,
            "perplexity": each.perplexity,
            "next": {tokens[i]: float(each.probabilities[i]) for i in order},
            "samples": list(each.samples),
        }
        for each in found
    ]


def _report(found: Sequence[AtTemperature], tokens: Sequence[str], order: Labels) -> str:
    """For each temperature the most likely tokens, and the samples below, indented."""
    lines = []
    for each in found:
        best = ", ".join(f"{shortened(tokens[i])} {each.probabilities[i]:.0%}" for i in order[:LISTED])
        lines.append(f"temperature {each.temperature:g}: {best} (perplexity {each.perplexity:.2f})")
        lines += [f"    {line}" for sample in each.samples for line in sample.splitlines()]
    return "\n".join(lines)
