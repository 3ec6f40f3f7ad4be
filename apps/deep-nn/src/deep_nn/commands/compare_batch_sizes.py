"""The command `compare-batch-sizes`."""

from deep_nn.commands._comparison import Sweep
from nn_core.cli.param_types import BatchSize


@Sweep("batch_size", BatchSize(), values=("8", "32", "128", "full"), baseline=64).command
def compare_batch_sizes() -> None:
    """Compare batch sizes.

    \b
    Example: deep-nn compare-batch-sizes 8 full --seeds 5
    """
