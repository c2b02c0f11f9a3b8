"""Signed distances of simple solids at points (x, y, z): negative inside. y is up, one unit is about a metre."""

from __future__ import annotations

import numpy as np

from .noise import Floats


def sphere(x: Floats, y: Floats, z: Floats, centre: tuple[float, float, float], radius: float) -> Floats:
    return np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) - np.float32(radius)


def ellipsoid(
    x: Floats, y: Floats, z: Floats, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> Floats:
    """A bound that is exact on the surface: good enough to march along."""
    px, py, pz = x - centre[0], y - centre[1], z - centre[2]
    k0 = np.sqrt((px / radii[0]) ** 2 + (py / radii[1]) ** 2 + (pz / radii[2]) ** 2)
    k1 = np.sqrt((px / radii[0] ** 2) ** 2 + (py / radii[1] ** 2) ** 2 + (pz / radii[2] ** 2) ** 2)
    out: Floats = k0 * (k0 - 1) / (k1 + 1e-6)
    return out


def box(
    x: Floats,
    y: Floats,
    z: Floats,
    centre: tuple[float, float, float],
    half: tuple[float, float, float],
    r: float = 0.0,
) -> Floats:
    """A box with half sizes `half` and edges rounded by `r`."""
    qx = np.abs(x - centre[0]) - np.float32(half[0] - r)
    qy = np.abs(y - centre[1]) - np.float32(half[1] - r)
    qz = np.abs(z - centre[2]) - np.float32(half[2] - r)
    outside = np.sqrt(np.maximum(qx, 0) ** 2 + np.maximum(qy, 0) ** 2 + np.maximum(qz, 0) ** 2)
    return outside + np.minimum(np.maximum(qx, np.maximum(qy, qz)), 0) - np.float32(r)


def capsule(
    x: Floats,
    y: Floats,
    z: Floats,
    a: tuple[float, float, float],
    b: tuple[float, float, float],
    radius: float,
    end_radius: float | None = None,
) -> Floats:
    """A rod from `a` to `b`; tapers to `end_radius` at `b` where given."""
    bx, by, bz = (b[i] - a[i] for i in range(3))
    px, py, pz = x - a[0], y - a[1], z - a[2]
    h = np.clip((px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz), 0, 1).astype(np.float32)
    thick = radius if end_radius is None else radius + (end_radius - radius) * h
    out: Floats = np.sqrt((px - bx * h) ** 2 + (py - by * h) ** 2 + (pz - bz * h) ** 2) - thick
    return out


def torus(x: Floats, y: Floats, z: Floats, centre: tuple[float, float, float], ring: float, tube: float) -> Floats:
    """A ring in the x–y plane (its axis is z)."""
    q = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2) - np.float32(ring)
    return np.sqrt(q * q + (z - centre[2]) ** 2) - np.float32(tube)


def column(
    x: Floats,
    y: Floats,
    z: Floats,
    centre: tuple[float, float, float],
    radius: float,
    half_height: float,
    top_radius: float | None = None,
) -> Floats:
    """An upright cylinder; a truncated cone where `top_radius` is given."""
    py = y - centre[1]
    if top_radius is None:
        side = np.sqrt((x - centre[0]) ** 2 + (z - centre[2]) ** 2) - np.float32(radius)
    else:
        slope = (top_radius - radius) / (2 * half_height)
        here = radius + slope * (py + half_height)
        side = (np.sqrt((x - centre[0]) ** 2 + (z - centre[2]) ** 2) - here) / np.float32(np.sqrt(1 + slope * slope))
    cap = np.abs(py) - np.float32(half_height)
    inside = np.minimum(np.maximum(side, cap), 0)
    out: Floats = inside + np.sqrt(np.maximum(side, 0) ** 2 + np.maximum(cap, 0) ** 2)
    return out


def soft_union(first: Floats, second: Floats, k: float) -> Floats:
    """The union of two solids with the seam rounded over a width of `k` (polynomial smooth minimum)."""
    h = np.maximum(k - np.abs(first - second), 0) / k
    out: Floats = np.minimum(first, second) - h * h * np.float32(k * 0.25)
    return out


def turned(x: Floats, y: Floats, degrees: float) -> tuple[Floats, Floats]:
    """The pair of coordinates turned by -degrees: a solid drawn in them appears turned by +degrees."""
    c = np.float32(np.cos(np.radians(degrees)))
    s = np.float32(np.sin(np.radians(degrees)))
    return x * c + y * s, y * c - x * s
