"""How figures look to readers who are color-blind.

    python docs/color_vision.py                  differences between the colors of series
    python docs/color_vision.py figure.png       also writes figure-protanopia.png, figure-deuteranopia.png

Matrices on linear RGB, severity 1.0. Source: Machado, Oliveira, Fernandes, A physiologically-based model for
simulation of color vision deficiency (2009). Differences are CIEDE2000. Source: Sharma, Wu, Dalal (2005).
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nn_core.plots.styles import DARK, LIGHT

Array = npt.NDArray[np.float64]

VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def linear(rgb: Array) -> Array:
    """Linear RGB of sRGB, both from 0 to 1."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def srgb(rgb: Array) -> Array:
    """sRGB of linear RGB."""
    rgb = rgb.clip(0, 1)
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)


def seen(rgb: Array, vision: str) -> Array:
    """sRGB (..., 3) as a reader sees it."""
    return srgb(linear(rgb) @ VISION[vision].T)


def lab(rgb: Array) -> Array:
    """CIE L*a*b* of sRGB (..., 3) under D65."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = linear(rgb) @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def difference(first: Array, second: Array) -> float:
    """CIEDE2000 of two colors in L*a*b*; about 2 is just visible, 20 is plain."""
    (L1, a1, b1), (L2, a2, b2) = first, second
    mean_c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    a1, a2 = (a * (1.5 - 0.5 * np.sqrt(mean_c7 / (mean_c7 + 25**7))) for a in (a1, a2))
    C1, C2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if C1 * C2 == 0 else (h2 - h1 + 180) % 360 - 180
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(np.radians(turn / 2))
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    h = h1 + h2 if C1 * C2 == 0 else (h1 + turn / 2) % 360
    T = 1.0 - 0.17 * _cos(h - 30) + 0.24 * _cos(2 * h) + 0.32 * _cos(3 * h + 6) - 0.20 * _cos(4 * h - 63)
    scale_L = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2)
    scale_C, scale_H = 1 + 0.045 * C, 1 + 0.015 * C * T
    rotation = -np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))) * 2 * np.sqrt(C**7 / (C**7 + 25**7))
    chroma, hue = dC / scale_C, dH / scale_H
    return float(np.sqrt((dL / scale_L) ** 2 + chroma**2 + hue**2 + rotation * chroma * hue))


def _cos(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def palette_table(palette: tuple[str, ...], vision: str) -> Array:
    """Differences between all pairs of colors."""
    rgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in palette])
    colors = lab(seen(rgb, vision))
    return np.array([[difference(a, b) for b in colors] for a in colors])


def main() -> None:
    from PIL import Image

    for name, palette in (("light", LIGHT), ("dark", DARK)):
        for vision in VISION:
            table = palette_table(palette, vision)
            neighbors = " ".join(f"{each:.0f}" for each in np.diagonal(table, 1))
            first, every = (table[:n, :n][np.triu_indices(n, 1)].min() for n in (4, len(table)))
            print(f"{name}, {vision}: neighbors {neighbors}; least of the first four {first:.0f}, of all {every:.0f}")
    for path in map(Path, sys.argv[1:]):
        with Image.open(path) as image:
            rgb = np.asarray(image.convert("RGB")) / 255
        for vision in list(VISION)[1:]:
            written = path.with_name(f"{path.stem}-{vision}.png")
            Image.fromarray((255 * seen(rgb, vision)).round().astype(np.uint8)).save(written)
            print(f"wrote {written}")


if __name__ == "__main__":
    main()
