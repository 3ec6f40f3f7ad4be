"""The command `compare-dropout`."""

from deep_nn.commands._comparison import NOISY_MOONS, Sweep
from nn_core.cli.options import RATE
from nn_core.cli.param_types import CommaList


@Sweep(
    "dropout",
    CommaList(RATE, "rates"),
    values=("0", "0.1", "0.2", "0.5"),
    baseline="0",
    defaults=NOISY_MOONS,
    name="dropout rate",
    generalization=True,
).command
def compare_dropout() -> None:
    """Compare dropout rates.

    Training against validation: less dropout overfits, more underfits.

    \b
    Example: deep-nn compare-dropout 0 0.5 --seeds 5
    """
