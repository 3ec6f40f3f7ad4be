"""What is in a figure."""

from typing import Any, TypeAlias

import numpy as np
from matplotlib.figure import Figure

Figures: TypeAlias = list[Figure]


def images_of(figure: Figure) -> list[Any]:
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]
