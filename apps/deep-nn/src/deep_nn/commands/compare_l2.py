"""The command `compare-l2`."""

from deep_nn.commands._comparison import NOISY_MOONS, Sweep
from nn_core.cli.param_types import FloatRange


@Sweep(
    "l2",
    FloatRange(least=0),
    values=("0", "0.001", "0.01", "0.1"),
    baseline=0.0,
    defaults=NOISY_MOONS,
    name="L2 strength",
    generalization=True,
).command
def compare_l2() -> None:
    """Compare L2 regularization strengths.

    Training against validation: a weaker penalty overfits, a stronger one underfits.

    \b
    Example: deep-nn compare-l2 0 0.01 0.1 --boundaries boundaries.png
    """
