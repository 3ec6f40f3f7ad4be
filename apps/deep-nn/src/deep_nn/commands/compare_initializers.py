"""The command `compare-initializers`."""

from deep_nn.commands._comparison import Sweep
from nn_core.cli.train_options import INITIALIZER


@Sweep(
    "initializer",
    INITIALIZER,
    values=("zeros", "normal:scale=0.01", "xavier", "he", "orthogonal"),
    baseline="he",
    defaults={"hidden": "16,16,16", "optimizer": "gradient-descent", "learning_rate": 0.1},
    by_layer=True,
).command
def compare_initializers() -> None:
    """Compare weight initializers.

    Beside the training loss, shows the gradient norm of each layer at the first step.

    \b
    Example: deep-nn compare-initializers zeros he --seeds 5
    """
