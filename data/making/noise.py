"""Fractal noise: tileable textures made once by filtering white noise, then only looked up."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]  # float32 nearly everywhere
SIZE = 1024


@lru_cache(maxsize=16)
def texture(seed: int, roughness: float = 2.2) -> Floats:
    """A tileable (SIZE, SIZE) fractal texture with mean 0 and deviation 1.

    `roughness` is the exponent of its power spectrum: 2 is cloud-like, 3 smooth hills, 1 nearly sand.
    """
    white = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    fy = np.fft.fftfreq(SIZE)[:, None]
    fx = np.fft.fftfreq(SIZE)[None, :]
    radius = np.hypot(fx, fy)
    radius[0, 0] = 1.0
    spectrum = np.fft.fft2(white) * radius ** (-roughness / 2)
    spectrum[0, 0] = 0
    field = np.real(np.fft.ifft2(spectrum))
    return np.asarray(field / field.std(), dtype=np.float32)


def sample(field: Floats, u: Floats, v: Floats) -> Floats:
    """Bilinear look-up with wrap-around; `u`, `v` are in texels, any shape."""
    iu = np.floor(u)
    iv = np.floor(v)
    fu = (u - iu).astype(np.float32)
    fv = (v - iv).astype(np.float32)
    a = iu.astype(np.int32) & (SIZE - 1)
    b = iv.astype(np.int32) & (SIZE - 1)
    a1 = (a + 1) & (SIZE - 1)
    b1 = (b + 1) & (SIZE - 1)
    flat = field.ravel()
    top = flat[b * SIZE + a] * (1 - fu) + flat[b * SIZE + a1] * fu
    low = flat[b1 * SIZE + a] * (1 - fu) + flat[b1 * SIZE + a1] * fu
    out: Floats = top * (1 - fv) + low * fv
    return out


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the larger one."""
    t = np.clip((value - low) / (high - low), 0, 1)
    out: Floats = t * t * (3 - 2 * t)
    return out


def blend(first: tuple[float, ...] | Floats, second: tuple[float, ...] | Floats, weight: Floats) -> Floats:
    """(n, 3) mix of two colours (or (n, 3) arrays): `weight` (n,) 0 gives the first."""
    a = np.asarray(first, dtype=np.float32)
    b = np.asarray(second, dtype=np.float32)
    out: Floats = a + (b - a) * weight[..., None]
    return out
