"""Does sharing out a batch pay? A training step on one and two ranks, with one and two threads.

    python benchmarks/ranks.py --turns 5

Each configuration is a process, or two started by mpiexec; configurations take turns. The time is the median over the
turns of the median step, in milliseconds. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from nn_core.distributed.launch import rank_and_size

SECONDS = 2.0
"""Of a measurement."""
CONFIGURATIONS = {"1 rank": (1, 1), "1 rank, 2 threads": (1, 2), "2 ranks": (2, 1)}
"""Ranks, and threads of each."""


def network_and_batch(name: str, N: int) -> tuple[Any, Any, Any]:
    """A network of the programs, and a batch for it."""
    from nn_core.layers import GRU, Dense, Embedding
    from nn_core.network import Network

    rng = np.random.default_rng(0)
    if name == "GRU":
        layers = [Embedding(60, 32), GRU(256), Dense(60, initializer="xavier")]
        return Network(layers, input_shape=(None,), seed=0), rng.integers(0, 60, (N, 50)), rng.integers(0, 60, (N, 50))
    if name == "dense":
        layers = [Dense(1024), Dense(1024), Dense(10)]
        x = rng.normal(size=(N, 784)).astype(np.float32)
        return Network(layers, input_shape=(784,), seed=0), x, rng.integers(0, 10, N)
    from cnn_sign_digits.presets import PRESETS
    from nn_core.layers import ReLU

    preset = PRESETS[name]
    layers = preset.build(10, ReLU(), "he", 0.0)
    x = rng.integers(0, 256, (N, 64, 64, 3)).astype(np.uint8)
    return Network(layers, input_shape=(64, 64, 3), seed=0), x, rng.integers(0, 10, N)


def measure(name: str, N: int, shards: int, threads: int) -> float:
    """The median step in milliseconds, on this rank."""
    from threadpoolctl import threadpool_limits

    from nn_core.distributed.mpi_ranks import join_ranks
    from nn_core.engine.engine import Engine
    from nn_core.losses import softmax_cross_entropy
    from nn_core.optim.optimizers import Adam

    ranks = join_ranks() if rank_and_size()[1] > 1 else None
    network, x, y = network_and_batch(name, N)
    adam = Adam()
    state = adam.init(network.trained)
    times: list[float] = []
    with threadpool_limits(1), Engine(network, threads=threads, shards=shards, ranks=ranks) as engine:
        go_on, step = True, 0
        begin = time.perf_counter()
        while go_on:
            step += 1
            start = time.perf_counter()
            result = engine.loss_and_gradients(x, y, softmax_cross_entropy, seed=(0, step))
            engine.update(adam, result.gradients, state, learning_rate=1e-4, step=step)
            times.append(time.perf_counter() - start)
            go_on = step < 8 or time.perf_counter() - begin < SECONDS
            if ranks is not None:
                go_on = ranks.exchange(go_on)[0]
    return 1000 * median(times[3:])


def run(name: str, N: int, shards: int, configuration: str) -> float:
    """A measurement in processes of their own."""
    ranks, threads = CONFIGURATIONS[configuration]
    words = [sys.executable, __file__, "--one", name, str(N), str(shards), str(threads)]
    if ranks > 1:
        words = [str(Path(sys.executable).with_name("mpiexec")), "-n", str(ranks), *words]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ)
    return float(json.loads(done.stdout.split("\n")[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--one", nargs=4, metavar=("NETWORK", "N", "SHARDS", "THREADS"))
    parser.add_argument("--networks", default="classic,accurate,GRU,dense")
    parser.add_argument("--batches", default="32,64,256")
    given = parser.parse_args()
    if given.one:
        name, *numbers = given.one
        milliseconds = measure(name, *map(int, numbers))
        if rank_and_size()[0] == 0:
            print(json.dumps(milliseconds), flush=True)
        return
    print("network    batch  1 shard  " + "  ".join(f"{name:>17}" for name in CONFIGURATIONS) + "   (2 shards, ms)")
    for name in given.networks.split(","):
        for N in map(int, given.batches.split(",")):
            whole: list[float] = []
            found: dict[str, list[float]] = {each: [] for each in CONFIGURATIONS}
            for _ in range(given.turns):
                whole.append(run(name, N, 1, "1 rank"))
                for each, times in found.items():
                    times.append(run(name, N, 2, each))
            columns = "  ".join(f"{median(times):17.2f}" for times in found.values())
            print(f"{name:9} {N:6} {median(whole):8.2f}  {columns}", flush=True)


if __name__ == "__main__":
    main()
