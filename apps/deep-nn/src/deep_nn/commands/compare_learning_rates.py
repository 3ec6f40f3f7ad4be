"""The command `compare-learning-rates`."""

from deep_nn.commands._comparison import Sweep
from nn_core.cli.options import POSITIVE


@Sweep(
    "learning_rate",
    POSITIVE,
    values=("0.01", "0.1", "1", "10"),
    baseline=None,
    defaults={"optimizer": "gradient-descent"},
).command
def compare_learning_rates() -> None:
    """Compare learning rates.

    \b
    Example: deep-nn compare-learning-rates 0.01 0.1 --optimizer momentum --seeds 5
    """
