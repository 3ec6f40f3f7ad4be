"""Layers on maps, as a textbook defines them: one loop per index.

Nothing here is fast, and nothing here is shared with what it judges.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
Pair = tuple[int, int]


def same_border(size: int, kernel: int, stride: int) -> Pair:
    """Zeros before and after, so that a window stands at ceil(size / stride) places."""
    places = math.ceil(size / stride)
    zeros = 0
    while (size + zeros - kernel) < (places - 1) * stride:
        zeros += 1
    return zeros // 2, zeros - zeros // 2


def borders(shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Any) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) for maps (N, H, W, C)."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        return (
            same_border(shape[1], kernel[0], stride[0]),
            same_border(shape[2], kernel[1], stride[1]),
        )
    down, across = (padding, padding) if isinstance(padding, int) else padding
    return (down, down), (across, across)


def places(size: int, window: int, stride: int) -> int:
    """How often a window fits, counted."""
    count = 0
    while count * stride + window <= size:
        count += 1
    return count


def conv2d_forward(x: Numbers, W: Numbers, b: Numbers, stride: Pair, padding: Any) -> Numbers:
    """y[n, i, j, f] = b[f] + sum_u sum_v sum_c p[n, i s + u, j t + v, c] W[u, v, c, f].

    p is x with zeros around it: p[n, i, j, c] = x[n, i - top, j - left, c], or zero outside.
    """
    N, H, width, C = x.shape
    height_W, width_W, _, F = W.shape
    (top, bottom), (left, right) = borders(x.shape, (height_W, width_W), stride, padding)
    down = places(top + H + bottom, height_W, stride[0])
    across = places(left + width + right, width_W, stride[1])
    y = np.zeros((N, down, across, F))
    for n in range(N):
        for i in range(down):
            for j in range(across):
                for f in range(F):
                    y[n, i, j, f] = b[f]
                    for u in range(height_W):
                        for v in range(width_W):
                            row, column = i * stride[0] + u - top, j * stride[1] + v - left
                            if 0 <= row < H and 0 <= column < width:
                                for c in range(C):
                                    y[n, i, j, f] += x[n, row, column, c] * W[u, v, c, f]
    return y


def conv2d_backward(
    x: Numbers, W: Numbers, d_y: Numbers, stride: Pair, padding: Any
) -> tuple[Numbers, Numbers, Numbers]:
    """d_x, d_W and d_b: every product of the forward pass, once from each side."""
    N, H, width, C = x.shape
    height_W, width_W, _, F = W.shape
    (top, _), (left, _) = borders(x.shape, (height_W, width_W), stride, padding)
    d_x, d_W, d_b = np.zeros(x.shape), np.zeros(W.shape), np.zeros(F)
    for n in range(N):
        for i in range(d_y.shape[1]):
            for j in range(d_y.shape[2]):
                for f in range(F):
                    d_b[f] += d_y[n, i, j, f]
                    for u in range(height_W):
                        for v in range(width_W):
                            row, column = i * stride[0] + u - top, j * stride[1] + v - left
                            if 0 <= row < H and 0 <= column < width:
                                for c in range(C):
                                    d_W[u, v, c, f] += d_y[n, i, j, f] * x[n, row, column, c]
                                    d_x[n, row, column, c] += d_y[n, i, j, f] * W[u, v, c, f]
    return d_x, d_W, d_b


def max_pool(x: Numbers, window: Pair, stride: Pair, d_y: Numbers) -> tuple[Numbers, Numbers]:
    """y and d_x: the first pixel in reading order that no other exceeds takes all of d_y."""
    N, H, W, C = x.shape
    y = np.zeros((N, places(H, window[0], stride[0]), places(W, window[1], stride[1]), C))
    d_x = np.zeros(x.shape)
    for n, i, j, c in np.ndindex(y.shape):
        best = None
        for u in range(window[0]):
            for v in range(window[1]):
                place = (n, i * stride[0] + u, j * stride[1] + v, c)
                if best is None or x[place] > x[best]:
                    best = place
        assert best is not None
        y[n, i, j, c] = x[best]
        d_x[best] += d_y[n, i, j, c]
    return y, d_x


def average_pool(x: Numbers, window: Pair, stride: Pair, d_y: Numbers) -> tuple[Numbers, Numbers]:
    """y and d_x: every pixel of the window counts alike."""
    N, H, W, C = x.shape
    y = np.zeros((N, places(H, window[0], stride[0]), places(W, window[1], stride[1]), C))
    d_x = np.zeros(x.shape)
    area = window[0] * window[1]
    for n, i, j, c in np.ndindex(y.shape):
        for u in range(window[0]):
            for v in range(window[1]):
                place = (n, i * stride[0] + u, j * stride[1] + v, c)
                y[n, i, j, c] += x[place] / area
                d_x[place] += d_y[n, i, j, c] / area
    return y, d_x


def global_average_pool(x: Numbers, d_y: Numbers) -> tuple[Numbers, Numbers]:
    """y[n, c] = mean of x[n, :, :, c], and d_x."""
    N, H, W, C = x.shape
    y, d_x = np.zeros((N, C)), np.zeros(x.shape)
    for n, i, j, c in np.ndindex(x.shape):
        y[n, c] += x[n, i, j, c] / (H * W)
        d_x[n, i, j, c] = d_y[n, c] / (H * W)
    return y, d_x


def batch_norm(
    x: Numbers, gamma: Numbers, beta: Numbers, epsilon: float, d_y: Numbers
) -> dict[str, Numbers]:
    """The paper's algorithm 1 and its section on gradients, line by line, for each channel."""
    C = x.shape[-1]
    rows, d_rows = x.reshape(-1, C), d_y.reshape(-1, C)
    M = len(rows)
    found = {name: np.zeros(C) for name in ("mean", "variance", "d_gamma", "d_beta")}
    y, d_x = np.zeros((M, C)), np.zeros((M, C))
    for c in range(C):
        values, d_values = rows[:, c].tolist(), d_rows[:, c].tolist()
        mean = math.fsum(values) / M
        variance = math.fsum((value - mean) ** 2 for value in values) / M
        x_hat = [(value - mean) / math.sqrt(variance + epsilon) for value in values]
        d_x_hat = [d * gamma[c] for d in d_values]
        d_variance = math.fsum(
            d_x_hat[m] * (values[m] - mean) * -0.5 * (variance + epsilon) ** -1.5 for m in range(M)
        )
        d_mean = math.fsum(-d / math.sqrt(variance + epsilon) for d in d_x_hat)
        d_mean += d_variance * math.fsum(-2 * (value - mean) for value in values) / M
        for m in range(M):
            y[m, c] = gamma[c] * x_hat[m] + beta[c]
            d_x[m, c] = (
                d_x_hat[m] / math.sqrt(variance + epsilon)
                + d_variance * 2 * (values[m] - mean) / M
                + d_mean / M
            )
        found["mean"][c], found["variance"][c] = mean, variance
        found["d_gamma"][c] = math.fsum(d_values[m] * x_hat[m] for m in range(M))
        found["d_beta"][c] = math.fsum(d_values)
    return found | {"y": y.reshape(x.shape), "d_x": d_x.reshape(x.shape)}
