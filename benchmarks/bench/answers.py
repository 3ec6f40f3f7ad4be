"""Photos through the network that comes with cnn-sign."""

from collections.abc import Callable

import numpy as np

from bench import floor, machine, ours
from bench.parity import Outcome, check_same
from bench.sides import FLOOR, OURS, TORCH, Case, Settings, Side
from cnn_sign_digits.model import load_model
from nn_core import Network
from nn_core.arrays import Array
from nn_core.engine.engine import Engine
from nn_core.reference import Reference

GOAL = 1.5
SIZE = 64
AT_ONCE = (None, 100)
"""How many photos PyTorch is given together: all, or few enough to stay in the cache."""


def answer_sides(name: str, count: int, settings: Settings) -> list[Side]:
    """The logits of so many photos. Raises ParityError if they differ."""
    network = load_model(None).network
    photos = np.random.default_rng(1).uniform(0, 255, (count, SIZE, SIZE, 3)).astype(np.float32)

    def ours_in(variant: str, threads: int) -> Side:
        engine = Engine(network, threads=threads)
        predictor = engine.frozen()
        return Side(OURS, variant, lambda: predictor.predict(photos), engine)

    mine = [ours_in(*way) for way in ours.ways(settings.threads)]
    theirs: list[Side] = []
    if machine.HAS_TORCH:
        theirs += _torch_sides(name, network, photos, Reference(network).predict(photos)[0], settings)
    theirs.append(Side(FLOOR, "products", floor.floor_step(network, (count,), training=False)))
    return [*mine, *theirs]


def _torch_sides(name: str, network: Network, photos: Array, logits: Array, settings: Settings) -> list[Side]:
    import torch

    from bench.compiling import compiled
    from bench.torch_side import formats_of
    from bench.twin import Twin

    expected = Outcome(None, {"the logits": logits})

    def checked(module: Callable[..., torch.Tensor], twin: Twin, few: int | None, what: str) -> Side:
        batches = torch.split(twin.input(photos), few or len(photos))

        @torch.inference_mode()
        def answer() -> torch.Tensor:
            return torch.cat([module(batch) for batch in batches])

        found = Outcome(None, {"the logits": answer().numpy()})
        check_same(name, f"{TORCH} {what}", expected, found)
        return Side(TORCH, what, answer)

    sides = []
    for variant, options in formats_of(network).items():
        twin = Twin(network, **options)
        twin.module.eval()
        for few in AT_ONCE[: 1 if len(photos) == 1 else None]:
            what = f"{variant}, {few} at a time" if few else variant
            sides.append(checked(twin.module, twin, few, what))
    few = AT_ONCE[-1] if len(photos) > 1 else None
    module = torch.compile(twin.module)
    fast = compiled(lambda: checked(module, twin, few, f"compiled {what}"), settings, name)
    return sides if fast is None else [*sides, fast]


def _case(name: str, count: int) -> Case:
    return Case("d", name, {TORCH: GOAL}, lambda settings: answer_sides(name, count, settings))


CASES = [_case("one photo", 1), _case("1,000 photos", 1000)]
