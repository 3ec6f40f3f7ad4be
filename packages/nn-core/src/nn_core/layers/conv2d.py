"""2D convolution: the same kernel applied at every position of an image."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cached_property

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.initializers import initializer
from nn_core.layers.base import Cache, Layer, Parameter, as_rows
from nn_core.layers.context import Context
from nn_core.layers.windows import Pair, Window, image_shape
from nn_core.registry import require


@dataclass(frozen=True)
class Conv2D(Layer):
    """Every output is a weighted sum of the pixels in a window.

    y[n, i, j, f] = sum_u sum_v sum_c p[n, i s + u d, j t + v e, c] W[u, v, c, f] + b[f]

    x (N, H, W, C), p = x with zeros around it, W (h, w, C, filters), b (filters,), y (N, output
    rows, output columns, filters), strides (s, t), dilation (d, e). What deep learning calls
    convolution does not flip the kernel: it is the cross-correlation of p and W.

    W[u, v, c, f] is multiplied by p[n, i s + u d, j t + v e, c] in y[n, i, j, f], once for every
    example and position; the derivative of every y[n, i, j, f] by b[f] is 1; the chain rule sums
    over all outputs:

    dL/dW[u, v, c, f] = sum_n sum_i sum_j p[n, i s + u d, j t + v e, c] d_y[n, i, j, f]
    dL/db[f]          = sum_n sum_i sum_j d_y[n, i, j, f]

    The derivative of y[n, i, j, f] by a pixel p[n, a, b, c] is W[u, v, c, f] if a = i s + u d and
    b = j t + v e, so its gradient is a sum over every window that covers it:

    dL/dp[n, a, b, c] = sum over i, u with i s + u d = a, and j, v with j t + v e = b, and f,
                        of d_y[n, i, j, f] W[u, v, c, f]

    and d_x is d_p without the border. That sum is again a convolution. Write u' = h - 1 - u,
    v' = w - 1 - v, and z for d_y with s - 1 (t - 1) zeros between neighbors and d (h - 1)
    (e (w - 1)) zeros around, so that z[i s + d (h - 1)] = d_y[i]. Then z[a + u' d] = d_y[i]
    exactly where a = i s + u d, and is zero where no i gives a; the sum over i becomes one
    over u':

    dL/dp[n, a, b, c] = sum_u' sum_v' sum_f z[n, a + u' d, b + v' e, f] W[h-1-u', w-1-v', c, f]

    which is z convolved at stride 1 and the same dilation, with the kernel rotated by 180
    degrees and its channels and filters exchanged.

    As matrices ("im2col"): each flattened window of p is a row of X
    (N * output rows * output columns, h w C), and W is a matrix (h w C, filters). Then

    y = X @ W + b,   d_W = X^T @ d_y,   d_X = d_y @ W^T

    as in a Dense layer, and d_p is the sum of d_X over the windows that contain a pixel.

    With groups, channels and filters are divided into equal blocks, and the filters of a block see
    only the channels of that block: W (h, w, C / groups, filters), and the products above are
    computed for each block separately. With groups = C, each channel has its own filters
    ("depthwise").

    filters      output channels
    kernel_size  size of the window in pixels, one number or (height, width)
    strides      pixels between output positions, one number or (down, across)
    padding      "valid": none;
                 "same": zeros such that there are ceil(H / s) x ceil(W / t) positions, with an odd
                 row or column at the bottom or right;
                 a number, or (top and bottom, left and right), smaller than the window
    dilation     distance between neighboring pixels of the window, one number or (down, across)
    groups       number of channel groups; divides the channels and the filters
    initializer  initializer of W; b is initialized to zero
    Raises ShapeError for an input that is not an image, is smaller than the window, or has
    channels not divisible by the groups.
    Source: LeCun et al., Gradient-based learning applied to document recognition (1998);
    Dumoulin, Visin, A guide to convolution arithmetic for deep learning (2016), ch. 2, 4 and 5.1;
    groups: Krizhevsky, Sutskever, Hinton, ImageNet classification with deep convolutional neural
    networks (2012), sec. 3.5.
    """

    filters: int
    kernel_size: int | Pair
    _: KW_ONLY
    strides: int | Pair = 1
    padding: str | int | Pair = "valid"
    dilation: int | Pair = 1
    groups: int = 1
    initializer: str = "he"

    def __post_init__(self) -> None:
        require(self.filters >= 1, f"Conv2D needs at least one filter, not {self.filters}")
        require(
            self.groups >= 1 and self.filters % self.groups == 0,
            f"groups must divide the {self.filters} filters, not {self.groups}",
        )
        initializer(self.initializer)
        window = self.window
        object.__setattr__(self, "kernel_size", window.size)
        object.__setattr__(self, "strides", window.strides)
        object.__setattr__(self, "padding", window.padding)
        object.__setattr__(self, "dilation", window.dilation)

    @cached_property
    def window(self) -> Window:
        """The window that slides over the image."""
        return Window.of(self.kernel_size, self.strides, self.padding, self.dilation, name="kernel_size")

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape(input_shape)
        if channels % self.groups:
            raise ShapeError(f"expected channels divisible by {self.groups} groups, got {channels}")
        return *self.window.output_size(height, width), self.filters

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        _, _, channels = image_shape(input_shape)
        shape = (*self.window.size, channels // self.groups, self.filters)
        return {"W": Parameter(shape, self.initializer), "b": Parameter((self.filters,), "zeros", weight_decay=False)}

    def macs(self, input_shape: Shape) -> int:
        height, width, channels = image_shape(input_shape)
        (rows, columns), (h, w) = self.window.output_size(height, width), self.window.size
        return rows * columns * self.filters * h * w * channels // self.groups

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        rows, columns = self.window.output_size(*x.shape[1:3])
        y = join(self.columns(x) @ split(as_rows(params["W"]), self.groups))
        return y.reshape(len(x), rows, columns, self.filters) + params["b"], x

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        x, W = cache, split(as_rows(params["W"]), self.groups)
        d_rows = split(as_rows(d_y), self.groups)
        d_W = join(self.columns(x).swapaxes(1, 2) @ d_rows)
        grads["W"][...] = d_W.reshape(grads["W"].shape)
        grads["b"][...] = as_rows(d_y).sum(axis=0)
        if not context.needs_d_x:
            return None
        (_, H, width, C), (h, w) = x.shape, self.window.size
        d_columns = join((d_rows @ W.swapaxes(1, 2)).reshape(self.groups, -1, C // self.groups))
        return self.window.sum_back(d_columns.reshape(*d_y.shape[:3], h, w, C), H, width)

    def columns(self, x: Array) -> Array:
        """X of each group: (groups, N * output rows * output columns, h w C / groups)."""
        windows = self.window.view(x)
        N, rows, columns, h, w, C = windows.shape
        apart = split(windows.reshape(-1, C), self.groups)
        return apart.reshape(self.groups, N * rows * columns, h * w * C // self.groups)


def split(matrix: Array, groups: int) -> Array:
    """Split the columns of a matrix into equal blocks: (R, K) to (groups, R, K / groups)."""
    R, K = matrix.shape
    return matrix.reshape(R, groups, K // groups).swapaxes(0, 1)


def join(blocks: Array) -> Array:
    """Concatenate blocks side by side; the inverse of `split`."""
    groups, R, K = blocks.shape
    return blocks.swapaxes(0, 1).reshape(R, groups * K)
