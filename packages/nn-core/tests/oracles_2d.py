"""Layers on images, as a textbook defines them: one loop per index.

Nothing here is fast, and nothing here is shared with what it judges.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
Pair = tuple[int, int]


def same_border(size: int, span: int, stride: int) -> Pair:
    """Padding before and after, so that a window has ceil(size / stride) positions."""
    positions = math.ceil(size / stride)
    total = 0
    while (size + total - span) < (positions - 1) * stride:
        total += 1
    return total // 2, total - total // 2


def borders(shape: tuple[int, ...], span: Pair, strides: Pair, padding: Any) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) for images (N, H, W, C)."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        return (same_border(shape[1], span[0], strides[0]), same_border(shape[2], span[1], strides[1]))
    down, across = (padding, padding) if isinstance(padding, int) else padding
    return (down, down), (across, across)


def positions(size: int, span: int, stride: int) -> int:
    """How often a window fits, counted."""
    count = 0
    while count * stride + span <= size:
        count += 1
    return count


class Windows:
    """Which pixels of an image each window covers, found one by one."""

    def __init__(
        self, shape: tuple[int, ...], size: Pair, strides: Pair, padding: Any, dilation: Pair = (1, 1)
    ) -> None:
        _, self.height, self.width, _ = shape
        self.size, self.strides, self.dilation = size, strides, dilation
        span = (size[0] - 1) * dilation[0] + 1, (size[1] - 1) * dilation[1] + 1
        (self.top, bottom), (self.left, right) = borders(shape, span, strides, padding)
        self.rows = positions(self.top + self.height + bottom, span[0], strides[0])
        self.columns = positions(self.left + self.width + right, span[1], strides[1])

    def pixels(self, i: int, j: int) -> list[tuple[int, int, int, int]]:
        """(u, v, row, column) for all (u, v) of window (i, j) that are not padding."""
        found = []
        for u in range(self.size[0]):
            for v in range(self.size[1]):
                row = i * self.strides[0] + u * self.dilation[0] - self.top
                column = j * self.strides[1] + v * self.dilation[1] - self.left
                if 0 <= row < self.height and 0 <= column < self.width:
                    found.append((u, v, row, column))
        return found


def conv2d_forward(
    x: Numbers, W: Numbers, b: Numbers, strides: Pair, padding: Any, dilation: Pair = (1, 1), groups: int = 1
) -> Numbers:
    """y[n, i, j, f] = b[f] + sum_u sum_v sum_c p[n, i s + u d, j t + v e, c] W[u, v, c, f].

    p is x with zeros around it; filter f sees the channels of its own group, which W counts
    from zero.
    """
    height, width, C, F = W.shape
    windows = Windows(x.shape, (height, width), strides, padding, dilation)
    y = np.zeros((len(x), windows.rows, windows.columns, F))
    for n, i, j, f in np.ndindex(y.shape):
        first = f // (F // groups) * C
        y[n, i, j, f] = b[f]
        for u, v, row, column in windows.pixels(i, j):
            for c in range(C):
                y[n, i, j, f] += x[n, row, column, first + c] * W[u, v, c, f]
    return y


def conv2d_backward(
    x: Numbers, W: Numbers, d_y: Numbers, strides: Pair, padding: Any, dilation: Pair = (1, 1), groups: int = 1
) -> tuple[Numbers, Numbers, Numbers]:
    """d_x, d_W and d_b: every product of the forward pass, once from each side."""
    height, width, C, F = W.shape
    windows = Windows(x.shape, (height, width), strides, padding, dilation)
    d_x, d_W, d_b = np.zeros(x.shape), np.zeros(W.shape), np.zeros(F)
    for n, i, j, f in np.ndindex(d_y.shape):
        first = f // (F // groups) * C
        d_b[f] += d_y[n, i, j, f]
        for u, v, row, column in windows.pixels(i, j):
            for c in range(C):
                d_W[u, v, c, f] += d_y[n, i, j, f] * x[n, row, column, first + c]
                d_x[n, row, column, first + c] += d_y[n, i, j, f] * W[u, v, c, f]
    return d_x, d_W, d_b


def max_pool(x: Numbers, size: Pair, strides: Pair, d_y: Numbers, padding: Any = "valid") -> tuple[Numbers, Numbers]:
    """y and d_x: the first pixel in reading order that no other exceeds takes all of d_y."""
    windows = Windows(x.shape, size, strides, padding)
    y = np.zeros((len(x), windows.rows, windows.columns, x.shape[3]))
    d_x = np.zeros(x.shape)
    for n, i, j, c in np.ndindex(y.shape):
        best = None
        for _, _, row, column in windows.pixels(i, j):
            if best is None or x[n, row, column, c] > x[best]:
                best = (n, row, column, c)
        assert best is not None
        y[n, i, j, c] = x[best]
        d_x[best] += d_y[n, i, j, c]
    return y, d_x


def average_pool(
    x: Numbers, size: Pair, strides: Pair, d_y: Numbers, padding: Any = "valid", count_zeros: bool = False
) -> tuple[Numbers, Numbers]:
    """y and d_x: all pixels of a window count alike, those of the padding if they are told to."""
    windows = Windows(x.shape, size, strides, padding)
    y = np.zeros((len(x), windows.rows, windows.columns, x.shape[3]))
    d_x = np.zeros(x.shape)
    for n, i, j, c in np.ndindex(y.shape):
        pixels = windows.pixels(i, j)
        count = size[0] * size[1] if count_zeros else len(pixels)
        for _, _, row, column in pixels:
            y[n, i, j, c] += x[n, row, column, c] / count
            d_x[n, row, column, c] += d_y[n, i, j, c] / count
    return y, d_x


def global_average_pool(x: Numbers, d_y: Numbers) -> tuple[Numbers, Numbers]:
    """y[n, c] = mean of x[n, :, :, c], and d_x."""
    N, H, W, C = x.shape
    y, d_x = np.zeros((N, C)), np.zeros(x.shape)
    for n, i, j, c in np.ndindex(x.shape):
        y[n, c] += x[n, i, j, c] / (H * W)
        d_x[n, i, j, c] = d_y[n, c] / (H * W)
    return y, d_x


def batch_norm(x: Numbers, gamma: Numbers, beta: Numbers, epsilon: float, d_y: Numbers) -> dict[str, Numbers]:
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
        d_variance = math.fsum(d_x_hat[m] * (values[m] - mean) * -0.5 * (variance + epsilon) ** -1.5 for m in range(M))
        d_mean = math.fsum(-d / math.sqrt(variance + epsilon) for d in d_x_hat)
        d_mean += d_variance * math.fsum(-2 * (value - mean) for value in values) / M
        for m in range(M):
            y[m, c] = gamma[c] * x_hat[m] + beta[c]
            d_x[m, c] = (
                d_x_hat[m] / math.sqrt(variance + epsilon) + d_variance * 2 * (values[m] - mean) / M + d_mean / M
            )
        found["mean"][c], found["variance"][c] = mean, variance
        found["d_gamma"][c] = math.fsum(d_values[m] * x_hat[m] for m in range(M))
        found["d_beta"][c] = math.fsum(d_values)
    return found | {"y": y.reshape(x.shape), "d_x": d_x.reshape(x.shape)}
