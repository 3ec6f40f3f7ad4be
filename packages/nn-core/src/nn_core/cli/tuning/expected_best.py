"""What a budget buys: the best of n random trials, on average."""

import math
from collections.abc import Sequence


def expected_best(losses: Sequence[float]) -> list[float]:
    """The expected lowest loss of n of these trials, for n = 1 ... N.

    With the losses in ascending order, the i-th is the lowest of n drawn without replacement with the probability
    C(N - i, n - 1) / C(N, n). Infinite losses (diverged trials) count only where they cannot be avoided: the
    expectation is infinite as long as all n may be infinite.
    Source: Dodge et al., Show your work: improved reporting of experimental results (2019), arXiv 1909.03004,
    eq. 7, without replacement.
    """
    ascending, N = sorted(losses), len(losses)
    found = []
    for n in range(1, N + 1):
        chances = [math.comb(N - i, n - 1) / math.comb(N, n) for i in range(1, N + 1)]
        found.append(math.fsum(p * loss for p, loss in zip(chances, ascending, strict=True) if p))
    return found


def expected_choice(chosen_by: Sequence[float], judged: Sequence[float]) -> list[float]:
    """The expected judged loss of the trial with the lowest `chosen_by` among n of them, for n = 1 ... N.

    As `expected_best`, but chosen on one part of the data and judged on another, which is not flattered by the choice.
    """
    order = sorted(range(len(chosen_by)), key=lambda i: chosen_by[i])
    N = len(order)
    found = []
    for n in range(1, N + 1):
        chances = [math.comb(N - i, n - 1) / math.comb(N, n) for i in range(1, N + 1)]
        found.append(math.fsum(p * judged[i] for p, i in zip(chances, order, strict=True) if p))
    return found
