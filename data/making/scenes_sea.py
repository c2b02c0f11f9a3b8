"""Painted by light: the lighthouse, the sailing boat, the beach, the skyline at night."""

from __future__ import annotations

import numpy as np

from . import shapes as s
from .materials import plain, water
from .noise import Floats, blend, sample, smoothstep, texture
from .render import Field, Rays, Scene, Thing
from .sky import sky


def lighthouse() -> Scene:
    rocks = texture(21, 2.6)
    fine = texture(22, 1.9)

    def height(x: Floats, z: Floats) -> Floats:
        r = np.hypot(x * 0.62 + 0.8, z - 1)
        mound = 2.4 * np.exp(-((r / 5.2) ** 2)) - 0.75
        rough = 0.42 * sample(rocks, x * 12, z * 12) + 0.022 * sample(fine, x * 34, z * 34)
        out: Floats = mound + rough * np.exp(-((r / 6.5) ** 2)) * smoothstep(0.6, 2.6, np.hypot(x, z))
        return out

    def island(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.maximum((y - height(x, z)) * np.float32(0.5), s.sphere(x, y, z, (-0.6, 0, 1), 9.4))

    def rock(x: Floats, y: Floats, z: Floats) -> Floats:
        tone = 0.5 + 0.25 * sample(fine, x * 40, z * 40 + y * 30)
        dry = blend((0.10, 0.085, 0.075), (0.42, 0.36, 0.30), np.clip(tone, 0, 1))
        grass = blend((0.10, 0.16, 0.05), (0.22, 0.27, 0.09), np.clip(tone, 0, 1))
        green = smoothstep(0.9, 1.5, y + 0.25 * sample(rocks, x * 30, z * 30))
        wet = smoothstep(0.35, 0.05, y)
        return (dry * (1 - green)[:, None] + grass * green[:, None]) * (1 - 0.6 * wet)[:, None]

    def tower(x: Floats, y: Floats, z: Floats) -> Floats:
        return s.column(x, y, z, (0, 4.7, 0), 1.12, 3.4, 0.72)

    def bands(x: Floats, y: Floats, z: Floats) -> Floats:
        level = (y - 1.3) / 1.36
        red = np.where((np.floor(level) % 2) == 1, 1.0, 0.0).astype(np.float32)
        weather = 0.92 + 0.05 * sample(fine, np.arctan2(z, x) * 60, y * 14)
        out = blend((0.86, 0.84, 0.80), (0.62, 0.06, 0.045), red) * weather[:, None]
        window = (np.abs(x + 0.1) < 0.15) & (np.abs(y % 2.72 - 0.4) < 0.26) & (z < 0) & (y > 2)
        out[window] = (0.03, 0.035, 0.05)
        return out

    def rail(x: Floats, y: Floats, z: Floats) -> Floats:
        deck = s.column(x, y, z, (0, 8.15, 0), 1.12, 0.08)
        top = s.torus(x, z, y, (0, 0, 8.75), 1.07, 0.03)
        turn = np.arctan2(z, x)
        part = np.float32(2 * np.pi / 14)
        turn = turn - np.round(turn / part) * part
        r = np.hypot(x, z)
        post = s.capsule(r * np.cos(turn), y, r * np.sin(turn), (1.07, 8.15, 0), (1.07, 8.75, 0), 0.025)
        return np.minimum(np.minimum(deck, top), post)

    def lantern(x: Floats, y: Floats, z: Floats) -> Floats:
        return s.column(x, y, z, (0, 8.75, 0), 0.56, 0.55)

    def glass(x: Floats, y: Floats, z: Floats) -> Floats:
        bars = np.abs(((np.arctan2(z, x) / np.float32(2 * np.pi) * 10) % 1) - 0.5) > 0.44
        out = np.tile(np.asarray((1.0, 0.78, 0.35), np.float32), (x.size, 1))
        out[bars] = (0.03, 0.03, 0.03)
        return out

    def roof(x: Floats, y: Floats, z: Floats) -> Floats:
        cone = s.column(x, y, z, (0, 9.65, 0), 0.76, 0.36, 0.1)
        return np.minimum(
            np.minimum(cone, s.sphere(x, y, z, (0, 10.08, 0), 0.15)),
            s.capsule(x, y, z, (0, 10, 0), (0, 10.7, 0), 0.025),
        )

    def house(x: Floats, y: Floats, z: Floats) -> Floats:
        return s.box(x, y, z, (2.7, 1.75, 0.9), (1.25, 0.75, 0.8))

    def wall(x: Floats, y: Floats, z: Floats) -> Floats:
        out = np.tile(np.asarray((0.82, 0.79, 0.72), np.float32), (x.size, 1))
        pane = (np.abs(np.abs(x - 2.7) - 0.65) < 0.2) & (np.abs(y - 1.85) < 0.25)
        out[pane] = (1.0, 0.62, 0.22)
        out[(np.abs(x - 2.7) < 0.2) & (y < 2.05)] = (0.10, 0.16, 0.22)
        return out

    def gable(x: Floats, y: Floats, z: Floats) -> Floats:
        slope = (np.abs(z - 0.9) * 0.75 + (y - 3.15)) * np.float32(0.8)
        return np.maximum(np.maximum(slope, 2.45 - y), np.abs(x - 2.7) - np.float32(1.4))

    sun = (-0.62, 0.16, 0.55)
    return Scene(
        things=[
            water((0.006, 0.014, 0.022), 0.2, 5, mirror=0.12),
            Thing(island, rock, (-0.6, 0, 1), 9.5),
            Thing(tower, bands, (0, 4.7, 0), 3.7, shine=0.08),
            Thing(rail, plain(0.05, 0.05, 0.06), (0, 8.4, 0), 1.3),
            Thing(lantern, glass, (0, 8.75, 0), 0.85, glow=3.2),
            Thing(roof, plain(0.45, 0.04, 0.035), (0, 9.95, 0), 1.1, shine=0.3),
            Thing(house, wall, (2.7, 1.75, 0.9), 1.8, glow=0.25),
            Thing(gable, plain(0.22, 0.08, 0.05), (2.7, 2.9, 0.9), 1.9),
        ],
        sky=sky(
            (0.06, 0.13, 0.36),
            (0.95, 0.50, 0.26),
            sun,
            (1.1, 0.55, 0.16),
            glow_width=7,
            clouds=0.85,
            cover=0.35,
            cloud_light=(1.25, 0.66, 0.42),
            cloud_shade=(0.24, 0.22, 0.34),
            seed=31,
            disc=4,
        ),
        eye=(-5.5, 1.9, -22),
        target=(0.6, 4.7, 0),
        field_of_view=46,
        exposure=0.55,
        sun=(-0.75, 0.36, -0.3),
        sun_light=(2.5, 1.5, 0.85),
        sky_light=(0.36, 0.36, 0.52),
        ground_light=(0.14, 0.12, 0.12),
        haze=0.0022,
        haze_light=(0.85, 0.5, 0.34),
        lamps=(((0, 8.8, -1.6), (1.2, 0.8, 0.3)),),
    )


def sailing_boat() -> Scene:
    def hull(x: Floats, y: Floats, z: Floats) -> Floats:
        half = 0.95 * np.sqrt(np.clip(1 - ((x + 0.4) / 4.4) ** 2, 0.0, 1))
        depth = 0.75 * np.clip(1 - (np.abs(x + 0.3) / 4.3) ** 3, 0, 1)
        sheer = 0.62 + 0.035 * (x - 0.4) ** 2 * 0.7
        round_ = np.sqrt((z / (half + 0.05)) ** 2 + np.where(y < sheer, ((y - sheer) / (depth + 0.7)) ** 2, 0)) - 1
        ends = np.abs(x + 0.1) - np.float32(4.05)
        return np.maximum(np.maximum(round_ * 0.55, y - sheer), ends) * np.float32(0.7)

    def planks(x: Floats, y: Floats, z: Floats) -> Floats:
        sheer = 0.62 + 0.035 * (x - 0.4) ** 2 * 0.7
        down = sheer - y
        out = blend((0.10, 0.17, 0.32), (0.92, 0.90, 0.84), (down < 0.16).astype(np.float32))
        out[(down > 0.2) & (down < 0.25)] = (0.9, 0.75, 0.3)
        deck = down < 0.015
        out[deck] = (0.55, 0.36, 0.18)
        return out

    def cabin(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.minimum(
            s.box(x, y, z, (-0.5, 0.85, 0), (1.1, 0.32, 0.5), 0.12),
            s.box(x, y, z, (-2.6, 0.8, 0), (0.3, 0.16, 0.3), 0.05),
        )

    def cabin_colour(x: Floats, y: Floats, z: Floats) -> Floats:
        out = np.tile(np.asarray((0.85, 0.82, 0.74), np.float32), (x.size, 1))
        out[(np.abs(((x + 1.6) % 0.6) - 0.3) < 0.14) & (np.abs(y - 0.95) < 0.08)] = (0.05, 0.08, 0.12)
        return out

    def spars(x: Floats, y: Floats, z: Floats) -> Floats:
        mast = s.capsule(x, y, z, (0.55, 0.6, 0), (0.45, 9.6, 0), 0.07, 0.04)
        boom = s.capsule(x, y, z, (0.5, 1.62, 0), (-3.5, 1.72, -0.55), 0.055)
        sprit = s.capsule(x, y, z, (3.6, 1.0, 0), (4.7, 1.25, 0), 0.05)
        stay = s.capsule(x, y, z, (4.65, 1.25, 0), (0.46, 9.3, 0), 0.018)
        back = s.capsule(x, y, z, (-3.9, 1.1, 0), (0.46, 9.5, 0), 0.015)
        return np.minimum(np.minimum(mast, boom), np.minimum(np.minimum(sprit, stay), back))

    def sail(corners: tuple[tuple[float, float], ...], belly: float, lean: float) -> Field:
        (ax, ay), (bx, by), (cx, cy) = corners

        def distance(x: Floats, y: Floats, z: Floats) -> Floats:
            inside = np.full_like(x, -1e6)
            points = ((ax, ay), (bx, by), (cx, cy))
            for i in range(3):
                (px, py), (qx, qy) = points[i], points[(i + 1) % 3]
                nx, ny = qy - py, px - qx
                length = np.hypot(nx, ny)
                inside = np.maximum(inside, ((x - px) * nx + (y - py) * ny) / np.float32(length))
            gx, gy = (ax + bx + cx) / 3, (ay + by + cy) / 3
            off = np.exp(-(((x - gx) / 1.6) ** 2 + ((y - gy) / 2.6) ** 2)) * belly + (0.5 - x) * lean * np.clip(
                (8.5 - y) / 8, 0, 1
            )
            return np.maximum(inside, np.abs(z + off) - np.float32(0.02)) * np.float32(0.8)

        return distance

    def cloth(x: Floats, y: Floats, z: Floats) -> Floats:
        seams = np.abs(((y * 1.0 + x * 0.25) % 0.9) - 0.45) > 0.435
        out = np.tile(np.asarray((0.93, 0.90, 0.82), np.float32), (x.size, 1))
        out[seams] *= 0.82
        return out

    def red(x: Floats, y: Floats, z: Floats) -> Floats:
        seams = np.abs(((y * 1.0 - x * 0.4) % 0.9) - 0.45) > 0.435
        out = np.tile(np.asarray((0.70, 0.17, 0.09), np.float32), (x.size, 1))
        out[seams] *= 0.8
        return out

    hills = texture(41, 3.0)

    def coast(x: Floats, y: Floats, z: Floats) -> Floats:
        top = 4.5 + 2.6 * sample(hills, x * 1.3, z * 1.3) + 5 * smoothstep(-20, 90, x)
        rise = smoothstep(95, 112, z)
        top = top * rise - 3 * (1 - rise)
        return (y - top) * np.float32(0.6)

    def land(x: Floats, y: Floats, z: Floats) -> Floats:
        return blend(
            (0.10, 0.17, 0.09), (0.30, 0.29, 0.17), np.clip(0.5 + 0.3 * sample(hills, x * 9, z * 9 + y * 8), 0, 1)
        )

    sun = (-0.5, 0.62, -0.5)
    things = [
        water((0.004, 0.030, 0.045), 0.26, 6, mirror=0.07, seed=8),
        Thing(hull, planks, (0, 0.5, 0), 4.7, shine=0.25),
        Thing(cabin, cabin_colour, (-1, 0.9, 0), 2.3),
        Thing(spars, plain(0.36, 0.22, 0.10), (0.4, 5, 0), 6.3),
        Thing(sail(((0.35, 1.9), (0.35, 9.1), (-3.4, 1.95)), 0.45, 0.14), cloth, (-1, 4.5, 0), 5.2),
        Thing(sail(((0.75, 1.9), (4.4, 1.5), (0.75, 8.2)), 0.5, 0.10), red, (1.9, 4.3, 0), 4.8),
        Thing(coast, land),
    ]
    return Scene(
        things=things,
        sky=sky(
            (0.12, 0.32, 0.70),
            (0.66, 0.80, 0.92),
            sun,
            (0.3, 0.27, 0.2),
            clouds=0.95,
            cover=0.25,
            seed=44,
            cloud_light=(1.15, 1.13, 1.1),
            cloud_shade=(0.62, 0.70, 0.80),
        ),
        eye=(-8, 2.2, -18.5),
        target=(0.8, 4.4, 0),
        field_of_view=46,
        exposure=0.52,
        sun=sun,
        sun_light=(2.7, 2.5, 2.2),
        sky_light=(0.5, 0.62, 0.8),
        haze=0.003,
        haze_light=(0.62, 0.76, 0.90),
    )


def skyline() -> Scene:
    random = np.random.default_rng(17)
    towers: list[Thing] = []
    grit = texture(111, 1.5)

    def tower(cx: float, cz: float, half: float, deep: float, tall: float, kind: int, key: float) -> Thing:
        def distance(x: Floats, y: Floats, z: Floats) -> Floats:
            body = s.box(x, y, z, (cx, tall / 2, cz), (half, tall / 2, deep))
            if kind == 1:
                body = np.minimum(body, s.box(x, y, z, (cx, tall * 1.12, cz), (half * 0.6, tall * 0.13, deep * 0.6)))
                body = np.minimum(body, s.capsule(x, y, z, (cx, tall, cz), (cx, tall * 1.55, cz), 0.08))
            elif kind == 2:
                body = np.minimum(body, s.column(x, y, z, (cx, tall * 1.15, cz), half, tall * 0.16, 0.05))
            return body

        def lights(x: Floats, y: Floats, z: Floats) -> Floats:
            along = np.where(np.abs(np.abs(z - cz) - deep) < 0.02, x - cx, z - cz)
            u, v = along / (0.24 + 0.22 * ((key * 0.137) % 1)), y / (0.36 + 0.2 * ((key * 0.291) % 1))
            cell = sample(grit, np.floor(u) * 13.0 + key, np.floor(v) * 29.0 + key)
            pane = (np.abs(u % 1 - 0.5) < 0.30) & (np.abs(v % 1 - 0.5) < 0.28) & (y < tall - 0.15) & (y > 0.4)
            out = np.tile(np.asarray((0.010, 0.014, 0.026), np.float32), (x.size, 1))
            warm = blend(
                (1.0, 0.62, 0.25),
                (0.75, 0.85, 1.0),
                np.clip(0.2 + 0.5 * sample(grit, np.floor(u) * 5 + key, np.floor(v) * 3), 0, 1),
            )
            on = pane & (cell > 1.3 * ((key * 0.713) % 1) - 0.5)
            out[on] = warm[on] * (0.45 + 0.55 * np.clip(cell[on], 0, 1.6))[:, None]
            return out

        return Thing(distance, lights, (cx, tall * 0.75, cz), tall * 0.95 + half, glow=2.2)

    x = -27.0
    while x < 27:
        half = float(random.uniform(0.9, 1.7))
        swell = 4.2 + 6.5 * np.exp(-(((x + 3) / 10) ** 2)) + 3.5 * np.exp(-(((x - 15) / 5) ** 2))
        tall = float(swell * random.uniform(0.55, 1.15))
        towers.append(
            tower(
                x + half,
                16 + float(random.uniform(0, 2)),
                half,
                1.2,
                tall,
                int(random.choice((0, 0, 1, 2))) if tall > 7 else 0,
                x * 31,
            )
        )
        x += 2 * half + float(random.uniform(0.05, 0.5))
    for k in range(16):
        towers.append(tower(-26 + 3.4 * k, 22, 1.3, 1.2, float(random.uniform(4, 11)), 0, k * 77.0))

    def quay(x: Floats, y: Floats, z: Floats) -> Floats:
        return s.box(x, y, z, (0, 0.1, 24), (60, 0.35, 10))

    def stones(x: Floats, y: Floats, z: Floats) -> Floats:
        lamp = (np.abs((x % 2.2) - 1.1) < 0.10) & (y > 0.12)
        out = np.tile(np.asarray((0.03, 0.03, 0.035), np.float32), (x.size, 1))
        out[lamp] = (3.0, 1.9, 0.8)
        return out

    night = sky(
        (0.006, 0.014, 0.050),
        (0.10, 0.09, 0.20),
        (0.3, 0.25, 0.9),
        (0.02, 0.02, 0.04),
        clouds=0.35,
        cover=0.1,
        seed=113,
        cloud_light=(0.16, 0.12, 0.18),
        cloud_shade=(0.06, 0.06, 0.10),
    )

    def starry(way: Rays) -> Floats:
        out = night(way)
        u, v = np.arctan2(way.x, way.z) * 190, np.arcsin(np.clip(way.y, -1, 1)) * 190
        twinkle = sample(grit, np.floor(u) * 7.7, np.floor(v) * 3.3)
        star = (twinkle > 2.35) & (np.hypot(u % 1 - 0.5, v % 1 - 0.5) < 0.22) & (way.y > 0.15)
        out[star] += 0.8
        moon = way.x * 0.40 + way.y * 0.36 + way.z * 0.84
        moon = moon / np.float32(np.sqrt(0.40**2 + 0.36**2 + 0.84**2))
        out += smoothstep(0.99925, 0.9994, moon)[:, None] * np.asarray((1.5, 1.4, 1.15), np.float32)
        return out + (np.clip(moon, 0, 1) ** 160 * 0.10)[:, None]

    return Scene(
        things=[water((0.002, 0.004, 0.010), 0.16, 4, mirror=0.5, seed=115), Thing(quay, stones, glow=1.0), *towers],
        sky=starry,
        eye=(-3, 2.6, -13),
        target=(0, 5.0, 14),
        field_of_view=60,
        sun=(0.46, 0.40, 0.79),
        sun_light=(0.05, 0.05, 0.07),
        sky_light=(0.03, 0.035, 0.06),
        ground_light=(0.03, 0.02, 0.015),
        far=120,
        exposure=0.9,
    )
