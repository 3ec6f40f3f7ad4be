"""The patches of photos that excite a filter most."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.inspect.receptive_field import receptive_field
from cnn_sign_digits.photo_predictor import BATCH
from nn_core.engine.engine import Engine
from nn_core.layers.windows import Pair
from nn_core.network import Network
from nn_core.progress import track


@dataclass(frozen=True)
class Patch:
    """A part of a photo, as large as the receptive field.

    photo     its index
    position  in the feature map, (row, column)
    value     of the feature map there
    pixels    (h, w, 3)
    outside   which pixels (h, w) are outside the photo, in the padding
    """

    photo: int
    position: Pair
    value: float
    pixels: npt.NDArray[np.uint8]
    outside: npt.NDArray[np.bool_]


def top_patches(network: Network, layer: int, channel: int, x: Photos, count: int = 9) -> list[Patch]:
    """The patches with the largest values of a feature map, of different photos, largest first.

    layer    whose output is the feature map
    channel  of the map
    x        photos (N, H, W, C)
    Source: Zeiler, Fergus, Visualizing and understanding convolutional networks (2014), sec. 4.
    """
    predictor = Engine(_first_layers(network, layer)).frozen()
    values, positions = np.empty(len(x)), np.empty(len(x), np.int64)
    columns = 1
    for first in track(range(0, len(x), BATCH), "looking for patches: batch"):
        maps = predictor.predict(x[first : first + BATCH])[0][..., channel]
        columns, flat = maps.shape[2], maps.reshape(len(maps), -1)
        batch = slice(first, first + len(maps))
        positions[batch] = flat.argmax(axis=1)
        values[batch] = flat.max(axis=1)
    field, found = receptive_field(network, layer), []
    for n in map(int, np.argsort(-values, kind="stable")[:count]):
        row, column = divmod(int(positions[n]), columns)
        pixels, outside = crop(np.asarray(x[n : n + 1])[0], *field.window((row, column)))
        found.append(Patch(n, (row, column), float(values[n]), pixels, outside))
    return found


def crop(
    photo: npt.NDArray[np.uint8], rows: slice, columns: slice
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """A rectangle of a photo, and which of its pixels are outside; these are 0."""
    H, W = photo.shape[:2]
    i, j = np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop)
    outside = ((i < 0) | (i >= H))[:, None] | ((j < 0) | (j >= W))
    pixels = photo[np.clip(i, 0, H - 1)[:, None], np.clip(j, 0, W - 1)]
    return np.where(outside[..., None], np.uint8(0), pixels), outside


def _first_layers(network: Network, last: int) -> Network:
    """The layers up to one of them."""
    first = Network(
        network.layers[: last + 1], input_shape=network.input_shape, dtype=network.dtype, initialize=False
    )  # fmt: skip
    for path, values in first.params.items():
        values[...] = network.params[path]
    return first
