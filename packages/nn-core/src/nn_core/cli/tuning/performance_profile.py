"""Performance profiles: how often a method is within a factor of the best one, over several problems."""

import math
from collections.abc import Mapping, Sequence


def performance_profile(costs: Mapping[str, Sequence[float]]) -> dict[str, list[tuple[float, float]]]:
    """For each method, the points (tau, fraction of problems that it solves at most tau times as slowly as the best).

    costs  method -> its cost on each problem, such as steps to a target; infinite if it never reached it

    r_ps = cost_ps / min_s cost_ps,      rho_s(tau) = |{p: r_ps <= tau}| / |problems|

    A step function that begins at tau = 1 with the share of problems on which the method is the best. Problems that
    nobody solves count as unsolved by all.
    Source: Dolan, More, Benchmarking optimization software with performance profiles (2002), eq. 1-2.
    """
    problems = len(next(iter(costs.values()), ()))
    best = [min(cost[p] for cost in costs.values()) for p in range(problems)]
    profile = {}
    for name, cost in costs.items():
        ratios = sorted(cost[p] / best[p] if best[p] else 1.0 for p in range(problems) if math.isfinite(cost[p]))
        points = [(1.0, sum(ratio <= 1.0 for ratio in ratios) / problems)]
        for i, ratio in enumerate(ratios, start=1):
            if ratio > 1.0:
                points.append((ratio, i / problems))
        profile[name] = points
    return profile
