"""A small ray marcher in NumPy: solids as signed distances, sun with soft shadows, sky light, one reflection, haze."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from PIL import Image

from .noise import Floats

Field = Callable[[Floats, Floats, Floats], Floats]
Vector = tuple[float, float, float]
TILE = 96


class Rays(NamedTuple):
    """Points (n,) x, y, z or directions of length 1."""

    x: Floats
    y: Floats
    z: Floats

    def at(self, way: Rays, t: Floats) -> Rays:
        return Rays(self.x + way.x * t, self.y + way.y * t, self.z + way.z * t)

    def take(self, which: np.ndarray) -> Rays:
        return Rays(self.x[which], self.y[which], self.z[which])

    def dot(self, other: Rays) -> Floats:
        out: Floats = self.x * other.x + self.y * other.y + self.z * other.z
        return out


@dataclass(frozen=True)
class Thing:
    """One solid: `distance` (x, y, z) → (n,), `colour` (x, y, z) → (n, 3) reflectance, linear 0–1.

    `centre` and `radius` bound it, so that rays that pass by skip it. `bump` gives the slope (n, 2) of a fine relief
    along x and z (waves); `mirror` is the share reflected when looked at straight on; `glow` light of its own.
    """

    distance: Field
    colour: Field
    centre: Vector = (0.0, 0.0, 0.0)
    radius: float = np.inf
    shine: float = 0.0
    sharp: float = 40.0
    mirror: float = 0.0
    glow: float = 0.0
    bump: Callable[[Floats, Floats, Floats], Floats] | None = None
    shadow: bool = True


@dataclass(frozen=True)
class Scene:
    """What is seen, from where, in which light. `sky` maps directions to (n, 3) light."""

    things: Sequence[Thing]
    sky: Callable[[Rays], Floats]
    eye: Vector
    target: Vector
    field_of_view: float = 40.0
    sun: Vector = (0.5, 0.6, -0.4)
    sun_light: Vector = (2.6, 2.4, 2.1)
    sky_light: Vector = (0.45, 0.55, 0.75)
    ground_light: Vector = (0.18, 0.15, 0.12)
    haze: float = 0.0
    haze_light: Vector = (0.7, 0.78, 0.88)
    far: float = 200.0
    steps: int = 110
    exposure: float = 1.0
    lamps: Sequence[tuple[Vector, Vector]] = field(default=())  # (place, light); no shadows


def _unit(v: Vector) -> Vector:
    length = float(np.sqrt(sum(c * c for c in v)))
    return (v[0] / length, v[1] / length, v[2] / length)


def _normed(x: Floats, y: Floats, z: Floats) -> Rays:
    length = np.sqrt(x * x + y * y + z * z) + np.float32(1e-9)
    return Rays(x / length, y / length, z / length)


def _near(things: Sequence[Thing], eye: Rays, way: Rays) -> list[Thing]:
    """The things whose bounding sphere some ray meets."""
    kept = []
    for thing in things:
        if np.isinf(thing.radius):
            kept.append(thing)
            continue
        px, py, pz = (np.float32(c) - e for c, e in zip(thing.centre, eye, strict=True))
        along = np.maximum(px * way.x + py * way.y + pz * way.z, 0)
        gap = (px - way.x * along) ** 2 + (py - way.y * along) ** 2 + (pz - way.z * along) ** 2
        if float(gap.min()) < thing.radius**2:
            kept.append(thing)
    return kept


def _nearest(things: Sequence[Thing], p: Rays) -> Floats:
    best = np.full(p.x.shape, np.float32(1e6))
    for thing in things:
        np.minimum(best, thing.distance(p.x, p.y, p.z), out=best)
    return best


def march(things: Sequence[Thing], eye: Rays, way: Rays, far: float, steps: int) -> tuple[Floats, np.ndarray]:
    """(n,) distance along each ray and (n,) index of the thing that was met, -1 for none."""
    n = way.x.size
    t = np.full(n, np.float32(0.02))
    which = np.full(n, -1, dtype=np.int32)
    close = _near(things, eye, way)
    if not close:
        return t, which
    live = np.arange(n)
    landed = np.zeros(n, dtype=bool)
    for _ in range(steps):
        p = eye.take(live).at(way.take(live), t[live])
        gap = _nearest(close, p)
        done = gap < 0.0006 * t[live] + 0.0002
        landed[live[done]] = True
        t[live] += np.where(done, 0, gap * np.float32(0.95))
        live = live[~done & (t[live] < far)]
        if live.size == 0:
            break
    else:  # out of steps: what still falls meets the ground at the horizon, what rises only what it grazes closely
        ahead = way.take(live)
        landed[live] = (ahead.y < 0) | (_nearest(close, eye.take(live).at(ahead, t[live])) < 0.004 * t[live])
    hit = np.flatnonzero(landed)
    if hit.size:
        p = eye.take(hit).at(way.take(hit), t[hit])
        gaps = np.stack([thing.distance(p.x, p.y, p.z) for thing in close])
        numbers = np.array([next(i for i, other in enumerate(things) if other is thing) for thing in close])
        which[hit] = numbers[np.argmin(gaps, axis=0)]
    return t, which


def _normals(thing: Thing, p: Rays, t: Floats) -> Rays:
    e = np.maximum(np.float32(0.0008), t * np.float32(0.0006))
    total = [np.zeros_like(p.x) for _ in range(3)]
    for sx, sy, sz in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        d = thing.distance(p.x + sx * e, p.y + sy * e, p.z + sz * e)
        for axis, sign in enumerate((sx, sy, sz)):
            total[axis] += sign * d
    if thing.bump is not None:
        slope = thing.bump(p.x, p.y, p.z)
        scale = np.sqrt(total[0] ** 2 + total[1] ** 2 + total[2] ** 2)
        total[0] -= slope[:, 0] * scale
        total[2] -= slope[:, 1] * scale
    return _normed(*total)


def _lit(things: Sequence[Thing], p: Rays, sun: Vector, reach: float) -> Floats:
    """(n,) 0–1: how much of the sun's disc is seen from each point."""
    n = p.x.size
    way = Rays(*(np.full(n, np.float32(c)) for c in sun))
    seen = np.ones(n, dtype=np.float32)
    close = _near([thing for thing in things if thing.shadow], p, way)
    if not close:
        return seen
    t = np.full(n, np.float32(0.02))
    live = np.arange(n)
    for _ in range(44):
        gap = _nearest(close, p.take(live).at(way.take(live), t[live]))
        seen[live] = np.minimum(seen[live], np.clip(14 * gap / t[live], 0, 1))
        t[live] += np.clip(gap, 0.015, reach / 12)
        live = live[(seen[live] > 0.01) & (t[live] < reach)]
        if live.size == 0:
            break
    return seen * seen * (3 - 2 * seen)


def _openness(things: Sequence[Thing], p: Rays, normal: Rays, size: float) -> Floats:
    """(n,) 0–1: how open the space above each point is (ambient occlusion)."""
    closed = np.zeros_like(p.x)
    close = _near(things, p, normal)
    weight = 1.0
    for step in (0.25, 0.6, 1.0):
        far = np.full_like(p.x, size * step)
        closed += weight * np.maximum(far - _nearest(close, p.at(normal, far)), 0) / size
        weight *= 0.6
    return np.clip(1 - 1.1 * closed, 0.08, 1)


def shade(scene: Scene, eye: Rays, way: Rays, bounces: int = 1) -> Floats:
    """(n, 3) light that arrives along each ray."""
    t, which = march(scene.things, eye, way, scene.far, scene.steps)
    light = np.empty((t.size, 3), dtype=np.float32)
    sky = np.flatnonzero(which < 0)
    if sky.size:
        light[sky] = scene.sky(way.take(sky))
    sun = _unit(scene.sun)
    reach = min(scene.far, 40.0)
    for number in np.unique(which[which >= 0]):
        thing = scene.things[number]
        here = np.flatnonzero(which == number)
        view, depth = way.take(here), t[here]
        p = eye.take(here).at(view, depth)
        normal = _normals(thing, p, depth)
        lifted = p.at(normal, np.float32(0.004) + depth * np.float32(0.0008))
        facing = normal.x * np.float32(sun[0]) + normal.y * np.float32(sun[1]) + normal.z * np.float32(sun[2])
        seen = np.zeros_like(facing)
        front = np.flatnonzero(facing > 0)
        if front.size and max(scene.sun_light) > 0:
            seen[front] = _lit(scene.things, lifted.take(front), sun, reach)
        open_ = _openness(scene.things, lifted, normal, 0.35)
        up = (0.5 + 0.5 * normal.y) * open_
        lit = np.asarray(scene.sun_light, np.float32) * (np.maximum(facing, 0) * seen)[:, None]
        lit = lit + np.asarray(scene.sky_light, np.float32) * up[:, None]
        lit = lit + np.asarray(scene.ground_light, np.float32) * ((0.5 - 0.5 * normal.y) * open_)[:, None]
        for place, strength in scene.lamps:
            gx, gy, gz = (np.float32(place[i]) - p[i] for i in range(3))
            square = gx * gx + gy * gy + gz * gz
            cosine = np.maximum(normal.x * gx + normal.y * gy + normal.z * gz, 0) / np.sqrt(square)
            lit = lit + np.asarray(strength, np.float32) * (cosine / (square + 0.05) * open_)[:, None]
        out = thing.colour(p.x, p.y, p.z) * (lit + np.float32(thing.glow))
        mirrored = _normed(*(view[i] - 2 * view.dot(normal) * normal[i] for i in range(3)))
        if thing.shine > 0:
            spot = sum(mirrored[i] * np.float32(sun[i]) for i in range(3))
            gleam = np.maximum(np.asarray(spot), 0) ** thing.sharp * seen * thing.shine
            out = out + gleam[:, None] * np.asarray(scene.sun_light, np.float32)
        if thing.mirror > 0 and bounces > 0:
            graze = (1 - np.clip(-view.dot(normal), 0, 1)) ** 5
            share = thing.mirror + (1 - thing.mirror) * graze * min(1.0, 4 * thing.mirror + 0.2)
            upward = Rays(mirrored.x, np.maximum(mirrored.y, 0.01) if thing.bump else mirrored.y, mirrored.z)
            seen_there = replace(scene, things=[o for o in scene.things if o is not thing]) if thing.bump else scene
            out = out * (1 - share)[:, None] + shade(seen_there, lifted, upward, bounces - 1) * share[:, None]
        if scene.haze > 0:
            clear = np.exp(-depth * np.float32(scene.haze))
            out = out * clear[:, None] + np.asarray(scene.haze_light, np.float32) * (1 - clear)[:, None]
        light[here] = out
    return light


def tone(light: Floats, exposure: float = 1.0) -> Floats:
    """Linear light to 0–1 picture values: a filmic curve (Narkowicz' ACES fit), then sRGB's gamma."""
    x = np.maximum(light * exposure, 0)
    mapped = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    out: Floats = np.power(mapped, 1 / 2.2).astype(np.float32)
    return out


def _traced(scene: Scene, columns: Floats, rows: Floats, width: int, height: int) -> Floats:
    """(n, 3) picture values at the places (column, row) of a picture of that size, in pixels."""
    forward = _unit((scene.target[0] - scene.eye[0], scene.target[1] - scene.eye[1], scene.target[2] - scene.eye[2]))
    side = _unit((forward[2], 0.0, -forward[0]))
    up = tuple(forward[(i + 1) % 3] * side[(i + 2) % 3] - forward[(i + 2) % 3] * side[(i + 1) % 3] for i in range(3))
    scale = np.tan(np.radians(scene.field_of_view) / 2)
    u = (columns / width * 2 - 1) * np.float32(scale)
    v = (1 - rows / height * 2) * np.float32(scale * height / width)
    way = _normed(*(np.float32(forward[i]) + u * np.float32(side[i]) + v * np.float32(up[i]) for i in range(3)))
    eye = Rays(*(np.full(u.size, np.float32(c)) for c in scene.eye))
    return tone(shade(scene, eye, way), scene.exposure)


def picture(scene: Scene, width: int, height: int, fine: bool = True) -> Floats:
    """(height, width, 3) picture values 0–1: a ray a pixel, and four more where neighbours differ (`fine`)."""
    full = np.empty((height, width, 3), dtype=np.float32)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            rows, columns = np.mgrid[top : min(top + TILE, height), left : min(left + TILE, width)].astype(np.float32)
            traced = _traced(scene, columns.ravel() + 0.5, rows.ravel() + 0.5, width, height)
            full[top : top + TILE, left : left + TILE] = traced.reshape(*rows.shape, 3)
    if not fine:
        return full
    rough = np.zeros((height, width), dtype=bool)
    across = np.abs(np.diff(full, axis=1)).max(axis=2) > 0.07
    down = np.abs(np.diff(full, axis=0)).max(axis=2) > 0.07
    rough[:, 1:] |= across
    rough[:, :-1] |= across
    rough[1:] |= down
    rough[:-1] |= down
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            rows, columns = np.nonzero(rough[top : top + TILE, left : left + TILE])
            if rows.size == 0:
                continue
            rows, columns = rows + top, columns + left
            total: Floats = full[rows, columns]
            for dx, dy in ((0.125, 0.625), (0.375, 0.125), (0.625, 0.875), (0.875, 0.375)):
                total = total + _traced(
                    scene, (columns + dx).astype(np.float32), (rows + dy).astype(np.float32), width, height
                )
            full[rows, columns] = total / 5
    return full


def finished(values: Floats, seed: int = 0, grain: float = 0.012, vignette: float = 0.16) -> Image.Image:
    """A photo's last touches: darker corners, a little grain; values 0–1 to 8 bits."""
    height, width = values.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    darker = 1 - vignette * (x * x + y * y) ** 1.5 / 2.8
    noisy = values * darker[..., None] + np.random.default_rng(seed).normal(0, grain, (height, width, 1))
    return Image.fromarray((np.clip(noisy, 0, 1) * 255 + 0.5).astype(np.uint8))
