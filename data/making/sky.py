"""Skies: a gradient, a sun with its glow, clouds on a plane high above."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .noise import Floats, blend, sample, smoothstep, texture
from .render import Rays, Vector

Colour = tuple[float, float, float]


def sky(
    zenith: Colour,
    horizon: Colour,
    sun: Vector,
    glow: Colour,
    *,
    glow_width: float = 6.0,
    clouds: float = 0.0,
    cloud_light: Colour = (1.0, 0.98, 0.95),
    cloud_shade: Colour = (0.6, 0.65, 0.72),
    cover: float = 0.0,
    seed: int = 5,
    disc: float = 0.0,
) -> Callable[[Rays], Floats]:
    """`clouds` is their strength (0 none), `cover` shifts how much of the sky they take, `disc` the sun's brightness."""
    length = float(np.sqrt(sum(c * c for c in sun)))

    def light(way: Rays) -> Floats:
        height = np.clip(way.y, 0, 1)
        out = blend(horizon, zenith, np.power(height, np.float32(0.55)))
        toward = (way.x * sun[0] + way.y * sun[1] + way.z * sun[2]) / np.float32(length)
        toward = np.clip(toward, 0, 1)
        out = out + (toward**glow_width)[:, None] * np.asarray(glow, np.float32)
        if disc:
            out = out + smoothstep(0.9985, 0.9995, toward)[:, None] * np.float32(disc)
        if clouds:
            reach = 1 / np.maximum(way.y + 0.06, 0.03)
            u, v = way.x * reach * 70, way.z * reach * 70
            thick = sample(texture(seed, 2.9), u, v) + 0.35 * sample(texture(seed + 1, 2.2), u * 3, v * 3)
            dense = smoothstep(0.3 - cover, 1.9 - cover, thick) * smoothstep(0.0, 0.12, way.y) * clouds
            edge = sample(texture(seed, 2.9), u + way.x * 0 + 9 * sun[0], v + 9 * sun[2])
            bright = np.clip(0.75 - 0.3 * (edge - thick * 0.2) + 0.4 * toward**4, 0, 1.3)
            out = out + (blend(cloud_shade, cloud_light, bright) - out) * np.clip(dense, 0, 1)[:, None]
        return out

    return light
