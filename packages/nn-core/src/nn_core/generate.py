"""Generate sequences of tokens from a network, token by token.

The network predicts the next token; one is sampled and becomes the next input. The state holds
what was read before, so the cost of a step does not depend on the length of the sequence, and many
samples are generated in parallel, as one batch.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, ShapeError
from nn_core.layers.base import State, state_rows
from nn_core.overflow import require_finite
from nn_core.registry import require

PREFIX_STEPS = 100
"""Steps of a prefix read at a time, to bound memory."""

GROUP_SIZE = 512
"""Samples generated together, few enough for their states to fit in the CPU cache."""

FIRST_TOGETHER, MOST_TOGETHER = 4, 64
"""Groups divided among the threads at a time: few at first, so that the first samples come soon."""


class Predictor(Protocol):
    """The model to sample from: `Reference`, `Engine`, or the faster `Engine.frozen()`."""

    def predict(self, x: Labels, state: State | None = None, /) -> tuple[Array, State]:
        """Logits (N, T, V) of tokens (N, T), and the state after the last step."""


class Pool(Protocol):
    """A pool of threads, such as a `ThreadPool`."""

    def map(self, work: Callable[[int, int], None], pieces: int, /) -> None:
        """Call work(thread, piece) for every piece; calls on the same thread never overlap."""


def next_probabilities(
    logits: Array, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Array:
    """P(next token), (N, V), from logits (N, V).

    p_v = exp(z_v / temperature) / sum_w exp(z_w / temperature)

    temperature  1 leaves the distribution unchanged, lower is more conservative, higher more
                 diverse; 0 is the limit, the most likely token (the first one if tied)
    top_k        keep only the k most likely tokens, renormalized
    top_p        then keep only the most likely tokens that together reach probability top_p
    Raises SettingError for a negative or non-finite temperature, top_k below 1, or top_p outside
    (0, 1]; DataError for logits that are not finite.
    Source: Ackley, Hinton, Sejnowski, A learning algorithm for Boltzmann machines (1985); top_k:
    Fan, Lewis, Dauphin, Hierarchical neural story generation (2018); top_p: Holtzman et al.,
    The curious case of neural text degeneration (2020).
    """
    _check_settings(temperature, top_k, top_p)
    largest = logits.max(axis=1, keepdims=True)
    require_finite(largest, "the next token")
    if temperature == 0:
        only = np.zeros_like(logits)
        only[np.arange(len(logits)), logits.argmax(axis=1)] = 1.0
        return only
    p: Array = logits - largest  # at most 0, so that exp is at most 1
    bounds = np.finfo(p.dtype)
    with np.errstate(over="ignore"):
        p /= min(max(temperature, float(bounds.tiny)), float(bounds.max))
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    if top_k is None and top_p is None:
        return p
    order = np.argsort(-logits, axis=1, kind="stable")
    falling = np.take_along_axis(p, order, axis=1)
    if top_k is not None:
        falling[:, top_k:] = 0.0
        falling /= falling.sum(axis=1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(falling, axis=1) - falling
        falling[:, 1:][before[:, 1:] >= top_p] = 0.0  # keep the most likely token despite rounding
        falling /= falling.sum(axis=1, keepdims=True)
    np.put_along_axis(p, order, falling, axis=1)
    return p


def draw(p: Array, *, rng: np.random.Generator) -> Labels:
    """Sample one token for each row of p (N, V), with probability p / sum p: (N,).

    With r uniform in [0, 1), it is the first v for which p_0 + ... + p_v exceeds r sum p; so p
    need not sum to 1, and a token with p = 0 is never sampled.

    Raises DataError for a row without a positive, finite sum.
    """
    ends = np.cumsum(p, axis=1, dtype=np.float64)
    total = ends[:, -1]
    wrong = np.flatnonzero(~((total > 0) & (total < math.inf)))
    if len(wrong):
        raise DataError(f"probabilities must have a positive sum, not {total[wrong[0]]}")
    at = np.minimum(rng.random(len(p)) * total, np.nextafter(total, 0.0))
    tokens: Labels = (ends <= at[:, None]).sum(axis=1)
    return tokens


def generate(
    predictor: Predictor,
    prefix: Labels,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    end_token: int | None = None,
    banned: Sequence[int] = (),
    max_length: int | None = None,
) -> Iterator[Labels]:
    """Yield the next tokens (N,) of N samples, step by step.

    predictor    maps tokens (N, T) and a state to logits (N, T, V) and the next state
    prefix       (N, T) tokens that the samples begin with; they are not repeated
    temperature, top_k, top_p  see `next_probabilities`
    end_token    ends a sample; at later steps, its token is -1
    banned       tokens never to sample
    max_length   maximum number of steps; None: until every sample has ended
    Raises ShapeError for a prefix that is not (N, T) with at least one step, or a network that
    does not output logits at each step; SettingError for settings out of range, or if every
    token is banned; DataError if logits are not finite.
    """
    _check_settings(temperature, top_k, top_p)
    require(max_length is None or max_length >= 0, f"max_length must be at least 0, not {max_length}")
    if prefix.ndim != 2 or prefix.shape[1] == 0:
        raise ShapeError(f"the prefix must be tokens (N, T) with T at least 1, not {prefix.shape}")
    with np.errstate(over="ignore", invalid="ignore"):  # `next_probabilities` refuses what overflows
        logits, state = predictor.predict(prefix[:, :PREFIX_STEPS])
        for start in range(PREFIX_STEPS, prefix.shape[1], PREFIX_STEPS):
            logits, state = predictor.predict(prefix[:, start : start + PREFIX_STEPS], state)
    if logits.ndim != 3:
        raise ShapeError(f"generation needs logits at each step, (N, T, V), not {logits.shape}")
    require(len(set(banned)) < logits.shape[2], "every token is banned")
    going = np.arange(len(prefix))
    length = 0
    while len(going) and (max_length is None or length < max_length):
        last = logits[:, -1].copy()
        last[:, list(banned)] = -math.inf
        p = next_probabilities(last, temperature=temperature, top_k=top_k, top_p=top_p)
        tokens = draw(p, rng=rng)
        length += 1
        drawn = np.full(len(prefix), -1, tokens.dtype)
        drawn[going] = tokens
        yield drawn
        if end_token is not None:
            stays = np.flatnonzero(tokens != end_token)
            if len(stays) < len(tokens):
                going, tokens, state = going[stays], tokens[stays], state_rows(state, stays)
        if len(going) and length != max_length:
            with np.errstate(over="ignore", invalid="ignore"):
                logits, state = predictor.predict(tokens[:, None], state)


class Samples(NamedTuple):
    """Sampled sequences.

    tokens   (N, T); undefined after the end of a sequence
    lengths  (N,) without the end token
    """

    tokens: Labels
    lengths: Labels


def sample_groups(
    new_predictor: Callable[[], Predictor],
    prefix: Labels,
    *,
    rng: np.random.Generator,
    max_length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    end_token: int | None = None,
    banned: Sequence[int] = (),
    pool: Pool | None = None,
) -> Iterator[Samples]:
    """Sample N sequences in groups of GROUP_SIZE, in order, so that memory does not grow with N.

    Each of several groups has a generator seeded from `rng`, so that the result does not depend on
    the number of threads (with a single BLAS thread).

    new_predictor  makes a predictor for each thread, e.g. lambda: Engine(network).frozen()
    pool           threads to divide the groups among; None runs the groups in order
    For the other arguments, see `generate`.
    """
    groups = -(-len(prefix) // GROUP_SIZE)
    seeds = rng.integers(2**63, size=groups if groups > 1 else 0)
    predictors: dict[int, Predictor] = {}

    def of_group(thread: int, group: int) -> Samples:
        if thread not in predictors:
            predictors[thread] = new_predictor()
        part = prefix[group * GROUP_SIZE :][:GROUP_SIZE]
        steps = generate(
            predictors[thread],
            part,
            rng=np.random.default_rng(seeds[group]) if groups > 1 else rng,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            end_token=end_token,
            banned=banned,
            max_length=max_length,
        )
        tokens = np.stack([*steps, np.full(len(part), -1)], axis=1)
        ended = tokens == -1 if end_token is None else (tokens == -1) | (tokens == end_token)
        return Samples(tokens, ended.argmax(axis=1))

    first, together = 0, FIRST_TOGETHER
    while first < groups:
        done: dict[int, Samples] = {}

        def work(thread: int, i: int, first: int = first, done: dict[int, Samples] = done) -> None:
            done[i] = of_group(thread, first + i)

        together = min(together, groups - first)
        if pool is None:
            yield of_group(0, first)
            first += 1
        else:
            pool.map(work, together)
            yield from (done.pop(i) for i in range(together))
            first, together = first + together, min(2 * together, MOST_TOGETHER)


def sample(
    new_predictor: Callable[[], Predictor],
    prefix: Labels,
    *,
    rng: np.random.Generator,
    max_length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    end_token: int | None = None,
    banned: Sequence[int] = (),
    pool: Pool | None = None,
) -> list[Labels]:
    """Sample N sequences: the tokens that follow each prefix, without the end token.

    For the arguments, see `sample_groups`.
    """
    groups = sample_groups(
        new_predictor,
        prefix,
        rng=rng,
        max_length=max_length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        end_token=end_token,
        banned=banned,
        pool=pool,
    )
    return [row[:length] for group in groups for row, length in zip(*group, strict=True)]


def _check_settings(temperature: float, top_k: int | None, top_p: float | None) -> None:
    require(0 <= temperature < math.inf, f"temperature must be at least 0 and finite, not {temperature}")
    require(top_k is None or top_k >= 1, f"top_k must be at least 1, not {top_k}")
    require(top_p is None or 0 < top_p <= 1, f"top_p must be in (0, 1], not {top_p}")
