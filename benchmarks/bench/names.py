"""Ten thousand names from the network that comes with dino-gen."""

from functools import partial

import numpy as np

from bench import machine
from bench.parity import ParityError
from bench.sides import OURS, TORCH, Case, Settings, Side
from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.names.generate_names import MAX_LENGTH
from char_rnn_dino.vocabulary import END
from nn_core.arrays import Labels
from nn_core.engine.engine import Engine
from nn_core.engine.thread_pool import ThreadPool
from nn_core.generate import sample

COUNT, GOAL = 10_000, 1.5
CHECKED = 200
"""Names that both sides draw with the same random numbers, before they are timed."""
TOGETHER = (512, COUNT)
"""How many names PyTorch draws side by side."""


def name_sides(settings: Settings) -> list[Side]:
    """Letter by letter, until each name has ended. Raises ParityError if the names differ."""
    model = load_model(None, DINO_GEN)
    network = model.network
    end = model.vocabulary.ids[END]
    pool = ThreadPool(settings.threads)

    def names(count: int, rng: np.random.Generator) -> list[Labels]:
        return sample(
            lambda: Engine(network).frozen(),
            np.full((count, 1), end),
            rng=rng,
            max_length=MAX_LENGTH,
            end_token=end,
            pool=pool,
        )

    endless = np.random.default_rng(1)
    theirs: list[Side] = []
    if machine.HAS_TORCH:
        from torch import from_numpy

        from bench.torch_names import TorchNames

        drawer = TorchNames(network, end, MAX_LENGTH)
        expected, rng = names(CHECKED, np.random.default_rng(2)), np.random.default_rng(2)
        _check(expected, drawer.names(CHECKED, CHECKED, lambda n: from_numpy(rng.random(n))))
        theirs += [
            Side(TORCH, f"{together} at a time", partial(drawer.names, COUNT, together)) for together in TOGETHER
        ]
    return [Side(OURS, "", lambda: names(COUNT, endless), pool), *theirs]


def _check(expected: list[Labels], found: list[Labels]) -> None:
    """Of hundreds of draws one may fall between what is rounded differently."""
    differ = sum(not np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    if differ > 1:
        raise ParityError(f"10,000 names: of {len(expected)} the same draws, {differ} differ")


CASES = [Case("d", "10,000 names", {TORCH: GOAL}, name_sides)]
