"""Text drawn from a network, word by word.

The network foretells the next word; one is drawn, and becomes the next input. What was read
before is in the states, so that a step costs the same however long the text has become, and
many samples take it together, as one batch.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from nn_core.arrays import Array, Labels
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import ShapeError
from nn_core.layers.layer import Context
from nn_core.network import Network
from nn_core.registry import require

PREFIX_STEPS = 100
"""How many steps of a prefix are read at a time, so that memory does not grow with it."""

TOGETHER = 512
"""How many samples advance together: their states still fit into the processor's cache."""


def next_probabilities(
    logits: Array,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Array:
    """P(next word), (N, V), from logits (N, V).

    p_v = exp(z_v / temperature) / sum_w exp(z_w / temperature)

    temperature  1 as the network says, below 1 bolder, above 1 wilder; 0 leaves only the
                 likeliest word (the first, of several), which is the limit
    top_k        only the k likeliest words stay, and share what there is
    top_p        then, only the likeliest words that together reach a probability of top_p
    Raises SettingError for a temperature below 0 or not finite, top_k below 1, or top_p
    outside (0, 1].
    Source: Ackley, Hinton, Sejnowski, A learning algorithm for Boltzmann machines (1985); top_k:
    Fan, Lewis, Dauphin, Hierarchical neural story generation (2018); top_p: Holtzman et al.,
    The curious case of neural text degeneration (2020).
    """
    _check_settings(temperature, top_k, top_p)
    if temperature == 0:
        only = np.zeros_like(logits)
        only[np.arange(len(logits)), logits.argmax(axis=1)] = 1.0
        return only
    p: Array = logits - logits.max(axis=1, keepdims=True)  # at most 0, so that exp is at most 1
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
        falling[:, 1:][before[:, 1:] >= top_p] = 0.0  # the likeliest stays, whatever the rounding
        falling /= falling.sum(axis=1, keepdims=True)
    np.put_along_axis(p, order, falling, axis=1)
    return p


def draw(p: Array, *, rng: np.random.Generator) -> Labels:
    """One word for each row of p (N, V), each with its probability: (N,).

    The word whose share of [0, sum p) holds a number drawn from it; never one with p = 0.
    """
    ends = np.cumsum(p, axis=1, dtype=np.float64)
    total = ends[:, -1]
    at = np.minimum(rng.random(len(p)) * total, np.nextafter(total, 0.0))
    words: Labels = (ends <= at[:, None]).sum(axis=1)
    return words


def generate(
    network: Network,
    prefix: Labels,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: int | None = None,
    never: Sequence[int] = (),
    max_length: int | None = None,
    contexts: Sequence[Context] | None = None,
) -> Iterator[Labels]:
    """The next words of N samples (N,), step after step, as they are drawn.

    network      from words (N, T) to logits (N, T, V), over time
    prefix       (N, T) words that the samples begin with; they are not repeated
    temperature, top_k, top_p  see `next_probabilities`
    stop         the word that ends a sample; at the steps after it, -1 stands for it
    never        words that are not drawn
    max_length   steps after which all end; None goes on until each has stopped
    contexts     frozen ones, memory to use again

    The weights must stay as they are until it ends.
    Raises ShapeError for a prefix that is not (N, T) with at least one step, SettingError for
    settings that make no sense.
    """
    _check_settings(temperature, top_k, top_p)
    require(max_length is None or max_length >= 0, f"a sample cannot be {max_length} long")
    if prefix.ndim != 2 or prefix.shape[1] == 0:
        raise ShapeError(f"samples begin with words (N, T), T at least 1, not {prefix.shape}")
    contexts = network.contexts(frozen=True) if contexts is None else contexts
    for context in contexts:
        context.forget()
    for start in range(0, prefix.shape[1], PREFIX_STEPS):
        logits = network.use(prefix[:, start : start + PREFIX_STEPS], contexts)
        for context in contexts:
            context.carry()
    alive = np.arange(len(prefix))
    length = 0
    while len(alive) and (max_length is None or length < max_length):
        last = logits[:, -1]
        if len(never):
            last[:, list(never)] = -math.inf
        p = next_probabilities(last, temperature=temperature, top_k=top_k, top_p=top_p)
        words = draw(p, rng=rng)
        length += 1
        if len(alive) == len(prefix):
            drawn = words.copy()
        else:
            drawn = np.full(len(prefix), -1, words.dtype)
            drawn[alive] = words
        going = words != stop if stop is not None else np.ones(len(words), bool)
        yield drawn
        if not going.all():
            alive, words = alive[going], words[going]
            for context in contexts:
                if context.initial_state is not None:
                    context.initial_state = tuple(a[going] for a in context.initial_state)
        if len(alive) and length != max_length:
            logits = network.use(words[:, None], contexts)
            for context in contexts:
                context.carry()


def sample(
    network: Network,
    prefix: Labels,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: int | None = None,
    never: Sequence[int] = (),
    max_length: int,
    threads: int = 1,
) -> list[Labels]:
    """N texts, each the words that follow its prefix, without the one that ended it.

    threads  how many share the work; the texts do not depend on it (if the BLAS has one thread).
             More than TOGETHER are drawn in groups, each with a generator seeded from `rng`
    The other arguments are those of `generate`.
    """
    groups = -(-len(prefix) // TOGETHER)
    texts: list[list[Labels]] = [[] for _ in range(groups)]
    rngs = [rng]
    if groups > 1:
        rngs = [np.random.default_rng(seed) for seed in rng.integers(2**63, size=groups)]
    contexts = network.contexts(frozen=True)

    def work(thread: int, group: int) -> None:
        part = prefix[group * TOGETHER :][:TOGETHER]
        steps = generate(
            network,
            part,
            rng=rngs[group],
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            stop=stop,
            never=never,
            max_length=max_length,
            contexts=[context.twin(thread) for context in contexts],
        )
        words = np.stack([*steps, np.full(len(part), -1)], axis=1)
        ended = words == -1 if stop is None else (words == -1) | (words == stop)
        lengths = ended.argmax(axis=1)
        texts[group] = [row[:length] for row, length in zip(words, lengths, strict=True)]

    with ThreadPool(min(threads, max(1, groups))) as crew:
        for context in contexts:
            context.twin(crew.count - 1)
        crew.map(work, groups)
    return [text for of_group in texts for text in of_group]


def _check_settings(temperature: float, top_k: int | None, top_p: float | None) -> None:
    require(
        0 <= temperature < math.inf,
        f"a temperature is 0, for the likeliest word, or above, not {temperature}",
    )
    require(top_k is None or top_k >= 1, f"top_k leaves at least one word, not {top_k}")
    require(top_p is None or 0 < top_p <= 1, f"top_p lies in (0, 1], not {top_p}")
