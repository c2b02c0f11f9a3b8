"""Painted by light: the red bicycle, the bread shelf, the teapot, the fox, the prototype."""

from __future__ import annotations

import numpy as np

from . import shapes as s
from .materials import plain
from .noise import Floats, blend, sample, smoothstep, texture
from .render import Field, Scene, Thing
from .sky import sky


def bicycle() -> Scene:
    grit = texture(61, 1.6)
    cloud = texture(62, 2.6)
    rear, front, _hub = (-0.54, 0.345, 0.0), (0.52, 0.345, 0.0), 0.0

    def tyres(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.minimum(s.torus(x, y, z, rear, 0.328, 0.02), s.torus(x, y, z, front, 0.328, 0.02))

    def rims(x: Floats, y: Floats, z: Floats) -> Floats:
        best = np.full_like(x, 1e6)
        for wheel in (rear, front):
            px, py = x - wheel[0], y - wheel[1]
            best = np.minimum(best, s.torus(px, py, z, (0, 0, 0), 0.303, 0.011))
            part = np.float32(2 * np.pi / 22)
            turn = np.arctan2(py, px)
            near = np.round(turn / part)
            lean = np.where(near % 2 == 0, 0.02, -0.02).astype(np.float32)
            turn = turn - near * part
            r = np.hypot(px, py)
            along = np.clip(r, 0.02, 0.3)
            off = lean * (1 - along / np.float32(0.3))
            spoke = np.sqrt((r * np.cos(turn) - along) ** 2 + (r * np.sin(turn)) ** 2 + (z - off) ** 2) - np.float32(
                0.0016
            )
            best = np.minimum(best, spoke)
            best = np.minimum(best, s.capsule(px, py, z, (0, 0, -0.045), (0, 0, 0.045), 0.016))
        return best

    seat, head, head_low, crank = (-0.19, 0.86, 0), (0.33, 0.93, 0), (0.375, 0.78, 0), (-0.09, 0.30, 0)

    def frame(x: Floats, y: Floats, z: Floats) -> Floats:
        tubes = [
            (seat, crank, 0.017),
            ((-0.17, 0.78, 0), (0.345, 0.885, 0), 0.016),
            (crank, head_low, 0.019),
            (head, head_low, 0.021),
        ]
        best = np.full_like(x, 1e6)
        for a, b, r in tubes:
            best = np.minimum(best, s.capsule(x, y, z, a, b, r))
        za = np.abs(z)
        best = np.minimum(best, s.capsule(x, y, za, (crank[0], crank[1], 0.015), (rear[0], rear[1], 0.05), 0.010))
        best = np.minimum(best, s.capsule(x, y, za, (-0.175, 0.79, 0.012), (rear[0], rear[1], 0.05), 0.009))
        best = np.minimum(
            best, s.capsule(x, y, za, (head_low[0], head_low[1], 0.035), (front[0], front[1], 0.045), 0.013)
        )
        for wheel, low, high in ((rear, -0.2, 2.6), (front, 0.55, 2.5)):
            px, py = x - wheel[0], y - wheel[1]
            angle = np.arctan2(py, px)
            guard = np.sqrt((np.hypot(px, py) - np.float32(0.365)) ** 2 + 0) - np.float32(0.004)
            guard = np.maximum(guard, za - np.float32(0.026))
            best = np.minimum(best, np.maximum(guard, np.maximum(low - angle, angle - high) * 0.3))
        return best

    def chrome(x: Floats, y: Floats, z: Floats) -> Floats:
        za = np.abs(z)
        best = s.capsule(x, y, z, head, (0.305, 1.02, 0), 0.013)
        best = np.minimum(best, s.capsule(x, y, za, (0.305, 1.02, 0), (0.30, 1.07, 0.16), 0.011))
        best = np.minimum(best, s.capsule(x, y, za, (0.30, 1.07, 0.16), (0.14, 1.05, 0.26), 0.011))
        best = np.minimum(best, s.capsule(x, y, z, seat, (-0.205, 0.93, 0), 0.012))
        best = np.minimum(best, s.torus(x, y, z, (crank[0], crank[1], -0.035), 0.085, 0.006))
        best = np.minimum(best, s.capsule(x, y, z, (crank[0], crank[1], -0.05), (0.03, 0.19, -0.05), 0.010))
        best = np.minimum(best, s.capsule(x, y, z, (crank[0], crank[1], 0.05), (-0.21, 0.41, 0.05), 0.010))
        best = np.minimum(best, s.sphere(x, y, z, (0.44, 0.83, 0), 0.038))
        for off in (-0.085, 0.062):  # chain
            best = np.minimum(
                best,
                s.capsule(x, y, z, (crank[0], crank[1] + off, -0.035), (rear[0], rear[1] + off * 0.4, -0.035), 0.004),
            )
        return best

    def leather(x: Floats, y: Floats, z: Floats) -> Floats:
        saddle = s.soft_union(
            s.ellipsoid(x, y, z, (-0.27, 0.955, 0), (0.1, 0.036, 0.085)),
            s.ellipsoid(x, y, z, (-0.14, 0.955, 0), (0.12, 0.026, 0.032)),
            0.05,
        )
        za = np.abs(z)
        grip = s.capsule(x, y, za, (0.2, 1.058, 0.225), (0.10, 1.046, 0.282), 0.017)
        return np.minimum(saddle, grip)

    def pedals(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.minimum(
            s.box(x, y, z, (0.03, 0.185, -0.1), (0.045, 0.012, 0.035), 0.005),
            s.box(x, y, z, (-0.21, 0.415, 0.1), (0.045, 0.012, 0.035), 0.005),
        )

    def basket(x: Floats, y: Floats, z: Floats) -> Floats:
        flare = 1 + (y - 0.86) * 0.5
        outer = s.box(x / flare, y, z / flare, (0.53, 0.97, 0), (0.15, 0.12, 0.17), 0.03)
        inner = s.box(x / flare, y, z / flare, (0.53, 1.0, 0), (0.135, 0.13, 0.155), 0.03)
        weave = 0.004 * np.sin(x * 190 + z * 190) * np.sin(y * 210)
        rim = s.box(x, y, z, (0.57, 1.09, 0), (0.165, 0.012, 0.185), 0.01)
        hole = s.box(x, y, z, (0.57, 1.09, 0), (0.145, 0.03, 0.165), 0.01)
        return np.minimum(np.maximum(outer, -inner) + weave, np.maximum(rim, -hole)) * np.float32(0.8)

    def wicker(x: Floats, y: Floats, z: Floats) -> Floats:
        w = 0.5 + 0.5 * np.sin(x * 190 + z * 190) * np.sin(y * 210)
        return blend((0.22, 0.11, 0.045), (0.62, 0.40, 0.19), w)

    def loaves(x: Floats, y: Floats, z: Floats) -> Floats:
        a = s.capsule(x, y, z, (0.50, 1.0, -0.09), (0.44, 1.36, -0.12), 0.036, 0.03)
        b = s.capsule(x, y, z, (0.55, 1.0, -0.03), (0.56, 1.40, -0.02), 0.036, 0.028)
        c = s.capsule(x, y, z, (0.60, 1.0, -0.09), (0.68, 1.33, -0.13), 0.036, 0.03)
        d = s.ellipsoid(x, y, z, (0.58, 1.10, 0.07), (0.1, 0.07, 0.09))
        return np.minimum(np.minimum(a, b), np.minimum(c, d))

    def crust(x: Floats, y: Floats, z: Floats) -> Floats:
        cut = smoothstep(0.75, 0.98, np.sin((y + x * 0.6 + z * 0.4) * 75))
        base = blend((0.42, 0.19, 0.06), (0.62, 0.34, 0.12), np.clip(0.5 + 0.3 * sample(cloud, x * 300, y * 300), 0, 1))
        return base + cut[:, None] * np.asarray((0.25, 0.24, 0.18), np.float32)

    def wall(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.float32(0.42) - z

    def plaster(x: Floats, y: Floats, z: Floats) -> Floats:
        v = 0.5 + 0.13 * sample(cloud, x * 90, y * 90) + 0.10 * sample(grit, x * 160, y * 160)
        out = blend((0.22, 0.36, 0.40), (0.46, 0.60, 0.60), np.clip(v, 0, 1))
        out = out * (0.75 + 0.25 * smoothstep(0.0, 0.35, y))[:, None]
        low = (y < 0.16 + 0.01 * sample(grit, x * 60, y)) & True
        out[low] = out[low] * 0.45 + 0.10
        inside = (np.abs(x + 0.75) < 0.40) & (y > 0.95) & (y < 1.9)
        pane = (np.abs(np.abs(x + 0.75) - 0.18) < 0.155) & (np.abs((y - 1.0) % 0.42 - 0.2) < 0.18) & (y > 1.0)
        out[inside] = (0.82, 0.80, 0.74)
        out[inside & pane] = (0.05, 0.07, 0.09)
        return out

    def cobbles(x: Floats, y: Floats, z: Floats) -> Floats:
        row = np.floor(z / 0.085)
        u = ((x + (row % 2) * 0.07) % 0.14) / 0.14 - 0.5
        v = (z / 0.085) % 1 - 0.5
        dome = 0.018 * np.clip(1 - (np.abs(u) * 2) ** 4, 0, 1) * np.clip(1 - (np.abs(v) * 2) ** 4, 0, 1)
        out: Floats = (y - dome + np.float32(0.012) - 0.002 * sample(grit, x * 300, z * 300)) * np.float32(0.7)
        return out

    def stones(x: Floats, y: Floats, z: Floats) -> Floats:
        row = np.floor(z / 0.085)
        cell = np.floor((x + (row % 2) * 0.07) / 0.14)
        v = sample(grit, cell * 17.3, row * 31.7) * 0.16 + 0.5 + 0.12 * sample(grit, x * 300, z * 300)
        return blend((0.14, 0.13, 0.125), (0.38, 0.35, 0.32), np.clip(v, 0, 1))

    sun = (-0.55, 0.75, -0.6)
    return Scene(
        things=[
            Thing(tyres, plain(0.025, 0.024, 0.023), (0, 0.345, 0), 0.93, shine=0.1),
            Thing(rims, plain(0.6, 0.6, 0.6), (0, 0.345, 0), 0.9, shine=0.9, mirror=0.25),
            Thing(frame, plain(0.62, 0.025, 0.02), (-0.02, 0.5, 0), 0.93, shine=0.9, sharp=70, mirror=0.05),
            Thing(chrome, plain(0.55, 0.55, 0.55), (0, 0.6, 0), 0.8, shine=1.0, mirror=0.35),
            Thing(leather, plain(0.20, 0.085, 0.03), (-0.05, 1.0, 0), 0.46, shine=0.25),
            Thing(pedals, plain(0.03, 0.03, 0.03), (-0.09, 0.3, 0), 0.25),
            Thing(basket, wicker, (0.55, 0.98, 0), 0.35),
            Thing(loaves, crust, (0.57, 1.2, 0), 0.32),
            Thing(wall, plaster),
            Thing(cobbles, stones),
        ],
        sky=sky((0.3, 0.45, 0.7), (0.8, 0.85, 0.9), sun, (0.3, 0.25, 0.2)),
        eye=(-0.3, 1.0, -2.75),
        target=(0.02, 0.71, 0),
        field_of_view=45,
        sun=sun,
        sun_light=(2.9, 2.55, 2.0),
        sky_light=(0.5, 0.58, 0.72),
        ground_light=(0.2, 0.18, 0.16),
        far=30,
        exposure=0.6,
    )


def bread_shelf() -> Scene:
    grain = texture(71, 2.0)
    soft = texture(72, 2.6)
    loaves: list[Thing] = []
    random = np.random.default_rng(7)

    def crust(dark: tuple[float, ...], light: tuple[float, ...], cuts: float, slant: float) -> Field:
        def paint(x: Floats, y: Floats, z: Floats) -> Floats:
            base = blend(dark, light, np.clip(0.5 + 0.28 * sample(soft, x * 260, (y + z) * 260), 0, 1))
            flour = smoothstep(0.4, 1.6, sample(grain, x * 180, z * 180 + y * 90)) * 0.35
            mark = smoothstep(0.80, 0.97, np.sin((x + slant * z) * cuts)) if cuts else np.zeros_like(x)
            pale = np.asarray((0.78, 0.62, 0.40), np.float32)
            return base + (pale - base) * np.clip(mark * 0.8 + flour, 0, 1)[:, None]

        return paint

    def loaf(kind: int, cx: float, floor: float, cz: float) -> Thing:
        size = 0.92 + 0.16 * random.random()
        lean = float(random.normal(0, 7))
        bumpy = float(random.random() * 500)

        def distance(x: Floats, y: Floats, z: Floats) -> Floats:
            px, pz = s.turned(x - np.float32(cx), z - np.float32(cz), lean)
            py = y - np.float32(floor)
            rough = 0.004 * sample(soft, x * 200 + bumpy, y * 200 + z * 150)
            if kind == 0:  # round country loaf
                d = s.ellipsoid(px, py, pz, (0, 0.075 * size, 0), (0.15 * size, 0.1 * size, 0.14 * size))
            elif kind == 1:  # tin loaf
                d = s.soft_union(
                    s.box(px, py, pz, (0, 0.07, 0), (0.12 * size, 0.07, 0.08), 0.03),
                    s.ellipsoid(px, py, pz, (0, 0.14, 0), (0.135 * size, 0.065, 0.09)),
                    0.04,
                )
            elif kind == 2:  # bun
                d = s.ellipsoid(px, py, pz, (0, 0.045, 0), (0.078 * size, 0.056 * size, 0.076 * size))
            else:  # long loaf, lying towards us
                d = s.capsule(px, py, pz, (-0.2 * size, 0.055, 0), (0.2 * size, 0.055, 0), 0.058)
            slit = 0.008 * smoothstep(0.80, 0.97, np.sin((x + 0.5 * z) * 62)) if kind in (0, 3) else np.float32(0)
            return np.maximum(d, -py) * np.float32(0.8) - rough + slit

        look = (
            crust((0.30, 0.12, 0.035), (0.55, 0.27, 0.09), 62, 0.5),
            crust((0.45, 0.20, 0.06), (0.68, 0.38, 0.14), 0, 0),
            crust((0.52, 0.23, 0.06), (0.76, 0.45, 0.16), 0, 0),
            crust((0.40, 0.17, 0.05), (0.66, 0.36, 0.13), 62, 0.5),
        )[kind]
        return Thing(distance, look, (cx, floor + 0.08, cz), 0.32 if kind == 3 else 0.22, shine=0.12, sharp=18)

    for floor, row in ((0.02, (0, 0, 1, 0, 0)), (0.47, (3, 2, 2, 2, 3)), (0.92, (1, 1, 0, 1, 1))):
        x = -1.02
        for kind in row:
            wide = (0.33, 0.30, 0.34, 0.44)[kind]
            if kind == 2:
                for cz, dx in ((-0.12, -0.08), (-0.12, 0.085), (0.05, 0.0), (0.05, 0.16)):
                    loaves.append(loaf(2, x + wide / 2 + dx, floor, cz))
                loaves.append(loaf(2, x + wide / 2 + 0.0, floor + 0.085, -0.06))
            else:
                loaves.append(loaf(kind, x + wide / 2, floor, -0.08))
                loaves.append(loaf(kind, x + wide / 2 + 0.03, floor, 0.16))
                if kind == 3:
                    loaves.append(loaf(3, x + wide / 2, floor + 0.10, 0.02))
            x += wide + 0.08

    def shelves(x: Floats, y: Floats, z: Floats) -> Floats:
        level = np.clip(np.round(y / np.float32(0.45)), 0, 3)
        py = y - level * np.float32(0.45)
        board = s.box(x, py, z, (0, 0, 0), (1.25, 0.02, 0.30), 0.006)
        side = s.box(np.abs(x), y, z, (1.25, 0.68, 0), (0.03, 0.72, 0.31), 0.006)
        back = s.box(x, y, z, (0, 0.68, 0.33), (1.27, 0.72, 0.02))
        return np.minimum(np.minimum(board, side), back)

    def wood(x: Floats, y: Floats, z: Floats) -> Floats:
        rings = sample(grain, x * 14, (y + z) * 260) * 0.22 + 0.5 + 0.1 * sample(soft, x * 40, z * 90 + y * 90)
        out = blend((0.20, 0.10, 0.045), (0.48, 0.29, 0.14), np.clip(rings, 0, 1))
        back = z > 0.29
        out[back] *= np.where(np.abs((x[back] % 0.18) - 0.09) > 0.086, 0.35, 0.75)[:, None]
        return out

    def tags(x: Floats, y: Floats, z: Floats) -> Floats:
        level = np.clip(np.round(y / np.float32(0.45)), 0, 2)
        py = y - level * np.float32(0.45)
        cell = (x + 0.2) % np.float32(0.40) - np.float32(0.2)
        return np.maximum(s.box(cell, py, z, (0, 0.0, -0.306), (0.055, 0.032, 0.004)), np.abs(x) - np.float32(1.1))

    def card(x: Floats, y: Floats, z: Floats) -> Floats:
        py = y - np.clip(np.round(y / 0.45), 0, 2) * np.float32(0.45)
        cell = (x + 0.2) % 0.40 - 0.2
        out = np.tile(np.asarray((0.9, 0.87, 0.78), np.float32), (x.size, 1))
        ink = (np.abs(cell) < 0.04) & ((np.abs(py - 0.01) < 0.005) | ((np.abs(py + 0.01) < 0.004) & (cell < 0.015)))
        out[ink] = (0.1, 0.1, 0.12)
        return out

    return Scene(
        things=[*loaves, Thing(shelves, wood, shine=0.1), Thing(tags, card)],
        sky=lambda way: np.tile(np.asarray((0.25, 0.16, 0.10), np.float32), (way.x.size, 1)),
        eye=(-0.55, 0.86, -2.35),
        target=(-0.02, 0.66, 0),
        field_of_view=46,
        sun=(-0.35, 0.55, -0.85),
        sun_light=(1.7, 1.35, 0.95),
        sky_light=(0.42, 0.36, 0.30),
        ground_light=(0.22, 0.15, 0.10),
        far=12,
        exposure=0.62,
        lamps=(((-0.7, 1.2, -0.9), (0.55, 0.40, 0.20)), ((0.8, 1.2, -0.9), (0.55, 0.40, 0.20))),
    )
