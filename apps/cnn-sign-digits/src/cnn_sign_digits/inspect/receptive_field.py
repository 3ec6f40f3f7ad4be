"""The pixels of a photo that an element of a feature map depends on."""

from dataclasses import dataclass

from nn_core.layers import Conv2D, Pooling
from nn_core.layers.windows import Pair
from nn_core.network import Network


@dataclass(frozen=True)
class ReceptiveField:
    """For each position of a feature map, a rectangle of input pixels; down and across.

    size   of the rectangle
    step   pixels between the rectangles of neighboring positions
    start  first pixel of the rectangle at position 0; negative if it begins in the padding
    """

    size: Pair
    step: Pair
    start: Pair

    def window(self, position: Pair) -> tuple[slice, slice]:
        """Rows and columns of the rectangle at a position; they may lie outside the photo."""
        rows, columns = (
            slice(start + step * i, start + step * i + size)
            for start, step, size, i in zip(self.start, self.step, self.size, position, strict=True)
        )
        return rows, columns


def receptive_field(network: Network, layer: int) -> ReceptiveField:
    """The receptive field of the output of a layer of a network of images.

    A window that spans k pixels, with stride s and padding p before the first pixel, moves
    between positions of its own input, which are `step` pixels of the photo apart:

        start <- start - p step
        size  <- size + (k - 1) step
        step  <- step s

    from start 0, size 1, step 1 at the photo, for each convolution and pooling in turn, in both
    directions. Other layers act on each position by itself. Normalization by the statistics of
    the whole photo (`InstanceNorm`) is not counted: through it, every pixel has some influence.

    Source: Araujo, Norris, Sim, Computing receptive fields of convolutional neural networks (2019).
    """
    directions = []
    for axis in (0, 1):
        size, step, start = 1, 1, 0
        for i, each in enumerate(network.layers[: layer + 1]):
            if isinstance(each, Conv2D | Pooling):
                window, (height, width, *_) = each.window, network.shapes[i]
                before, _ = window.borders(height or 0, width or 0)[axis]
                start -= before * step
                size += (window.span[axis] - 1) * step
                step *= window.strides[axis]
        directions.append((size, step, start))
    (h, s, top), (w, t, left) = directions
    return ReceptiveField((h, w), (s, t), (top, left))
