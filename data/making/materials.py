"""What things are made of: one plain colour, or water with waves."""

from __future__ import annotations

import numpy as np

from .noise import Floats, sample, texture
from .render import Field, Thing


def plain(*rgb: float) -> Field:
    colour = np.asarray(rgb, dtype=np.float32)

    def paint(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.broadcast_to(colour, (x.size, 3))

    return paint


def water(colour: tuple[float, float, float], waves: float, size: float, mirror: float = 0.08, seed: int = 3) -> Thing:
    """The sea at y = 0: `waves` is the steepness, `size` the length of the longest in metres."""

    def flat(x: Floats, y: Floats, z: Floats) -> Floats:
        return y

    def bump(x: Floats, y: Floats, z: Floats) -> Floats:
        k = 60 / size
        long = texture(seed, 3.2)
        short = texture(seed + 1, 2.4)
        slope = np.empty((x.size, 2), dtype=np.float32)
        far = 1 / (1 + np.hypot(x, z) * 0.012)
        slope[:, 0] = (sample(long, x * k, z * k * 1.6) * 0.6 + 0.5 * sample(short, x * k * 2.3, z * k * 3.5)) * waves
        slope[:, 1] = (
            sample(long, x * k + 400, z * k * 1.6) + 0.5 * sample(short, x * k * 2.3 + 99, z * k * 3.5)
        ) * waves
        return slope * far[:, None]

    return Thing(flat, plain(*colour), mirror=mirror, bump=bump, shine=0.6, sharp=90, shadow=False)
