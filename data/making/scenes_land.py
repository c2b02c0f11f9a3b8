"""Painted by light: the mountain lake, the rainbow over the fields, the beach, the skyline at night."""

from __future__ import annotations

import numpy as np

from . import shapes as s
from .materials import plain, water
from .noise import Floats, blend, sample, smoothstep, texture
from .render import Rays, Scene, Thing
from .sky import sky


def _one(value: float) -> Floats:
    return np.array([value], np.float32)


def mountain_lake() -> Scene:
    wide, fine = texture(81, 3.0), texture(82, 2.3)

    def height(x: Floats, z: Floats) -> Floats:
        ridge = 1 - np.abs(sample(wide, x * 1.9 + 240, z * 1.9 + 90)) * 0.8
        peak = 27 * np.exp(-(((x - 8) / 20) ** 2) - ((z - 88) / 24) ** 2) + 19 * np.exp(
            -(((x + 36) / 20) ** 2) - ((z - 92) / 26) ** 2
        )
        peak = peak + 14 * np.exp(-(((x - 58) / 24) ** 2) - ((z - 90) / 30) ** 2)
        shore = smoothstep(38, 62, z + 4 * sample(wide, x * 2, z * 2) + 0.012 * x * x)
        rough = 3.0 * ridge + 0.62 * sample(fine, x * 4.5, z * 4.5) + 0.07 * sample(fine, x * 31, z * 31)
        out: Floats = -1.5 + shore * (1.6 + (peak + 2.5) * (0.45 + 0.5 * ridge) + rough * np.clip(peak / 10, 0.12, 1))
        return out

    def mountain(x: Floats, y: Floats, z: Floats) -> Floats:
        return (y - height(x, z)) * np.float32(0.42)

    def rock(x: Floats, y: Floats, z: Floats) -> Floats:
        e = np.float32(0.25)
        slope = np.hypot(height(x + e, z) - height(x - e, z), height(x, z + e) - height(x, z - e)) / (2 * e)
        v = np.clip(0.5 + 0.3 * sample(fine, x * 21, z * 21 + y * 17), 0, 1)
        out = blend((0.13, 0.115, 0.11), (0.36, 0.32, 0.30), v)
        green = smoothstep(9, 3.5, y + 2 * sample(fine, x * 9, z * 9)) * smoothstep(2.2, 0.8, slope)
        out = out + (blend((0.035, 0.07, 0.025), (0.13, 0.17, 0.05), v) - out) * green[:, None]
        snow = smoothstep(10.0, 13.5, y + 1.6 * sample(fine, x * 6, z * 6)) * smoothstep(3.2, 1.7, slope)
        return out + (np.asarray((0.92, 0.93, 0.97), np.float32) - out) * snow[:, None]

    def pine(qx: Floats, up: Floats, qz: Floats, tall: Floats | np.float32) -> Floats:
        layer = up / tall
        wide_ = tall * 0.24 * (1.04 - layer) * (1 - 0.36 * ((layer * 7) % 1))
        ragged = 0.05 * np.sin(np.arctan2(qz, qx) * 9 + layer * 60)
        side = (np.hypot(qx, qz) - wide_ + ragged) * np.float32(0.5)
        cone = np.maximum(side, np.maximum(0.1 * tall - up, up - tall))
        return np.minimum(cone, np.maximum(np.hypot(qx, qz) - 0.025 * tall, np.maximum(up - tall * 0.3, -0.8 - up)))

    random = np.random.default_rng(12)
    cell, first_x, first_z, columns, rows = np.float32(2.0), -46, 44, 46, 12
    shift = random.uniform(-0.4, 0.4, (rows, columns, 2)).astype(np.float32)
    tall_ = random.uniform(1.5, 3.3, (rows, columns)).astype(np.float32)
    grid_z, grid_x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    stand_x = first_x + (grid_x + 0.5) * cell + shift[..., 0]
    stand_z = first_z + (grid_z + 0.5) * cell + shift[..., 1]
    ground = height(stand_x, stand_z)
    tall_[(ground < -0.7) | (random.random((rows, columns)) < 0.42)] = 0.01

    def forest(x: Floats, y: Floats, z: Floats) -> Floats:
        column = np.clip(((x - first_x) / cell).astype(np.int32), 0, columns - 1)
        row = np.clip(((z - first_z) / cell).astype(np.int32), 0, rows - 1)
        near = pine(x - stand_x[row, column], y - ground[row, column], z - stand_z[row, column], tall_[row, column])
        around = s.box(x, y, z, (0, 5, 56), (46, 8, 12))
        return np.where(around > 0.4, around, np.minimum(near, 0.45)).astype(np.float32)

    def lone(x: Floats, y: Floats, z: Floats) -> Floats:
        best = np.full_like(x, 1e6)
        for cx, cz, tall in (
            (-9.5, 6.5, 5.4),
            (-11.6, 8.5, 4.6),
            (-8.0, 9.6, 3.8),
            (12.0, 10.0, 4.6),
            (14.2, 12.5, 5.2),
        ):
            best = np.minimum(best, pine(x - np.float32(cx), y + np.float32(0.1), z - np.float32(cz), np.float32(tall)))
        return best

    def needles(x: Floats, y: Floats, z: Floats) -> Floats:
        return blend((0.010, 0.026, 0.014), (0.03, 0.06, 0.03), np.clip(0.5 + 0.3 * sample(fine, x * 60, y * 60), 0, 1))

    def bank(x: Floats, y: Floats, z: Floats) -> Floats:
        top = (
            0.5 * sample(fine, x * 9, z * 9) * 0.4
            + 1.5 * smoothstep(5.5, 11, np.abs(x - 1)) * smoothstep(14, 5, z)
            - 0.75
        )
        return (y - top) * np.float32(0.6)

    def grass(x: Floats, y: Floats, z: Floats) -> Floats:
        v = np.clip(0.5 + 0.3 * sample(fine, x * 70, z * 70), 0, 1)
        return blend((0.03, 0.035, 0.02), (0.10, 0.09, 0.04), v)

    sun = (-0.75, 0.22, 0.5)
    return Scene(
        things=[
            water((0.004, 0.012, 0.02), 0.05, 9, mirror=0.35, seed=84),
            Thing(mountain, rock),
            Thing(bank, grass),
            Thing(forest, needles),
            Thing(lone, needles, (1.5, 2.5, 9.5), 16.0),
        ],
        sky=sky(
            (0.07, 0.14, 0.42),
            (0.92, 0.50, 0.34),
            sun,
            (0.45, 0.25, 0.10),
            glow_width=4,
            clouds=0.8,
            cover=0.15,
            seed=88,
            cloud_light=(1.25, 0.70, 0.55),
            cloud_shade=(0.36, 0.30, 0.45),
        ),
        eye=(0, 2.4, -8),
        target=(1, 6.2, 40),
        field_of_view=58,
        sun=(-0.8, 0.42, -0.35),
        sun_light=(2.5, 1.55, 1.05),
        sky_light=(0.34, 0.36, 0.56),
        ground_light=(0.10, 0.09, 0.10),
        haze=0.0022,
        haze_light=(0.66, 0.46, 0.50),
        exposure=0.6,
        steps=130,
    )


def rainbow() -> Scene:
    wide, fine = texture(91, 3.1), texture(92, 2.0)

    def height(x: Floats, z: Floats) -> Floats:
        out: Floats = 2.4 * sample(wide, x * 1.7 + 500, z * 1.7 + 30) + 0.06 * z + 7 * smoothstep(80, 170, z) - 2.5
        return out

    def hills(x: Floats, y: Floats, z: Floats) -> Floats:
        return (y - height(x, z)) * np.float32(0.75)

    def fields(x: Floats, y: Floats, z: Floats) -> Floats:
        u, v = s.turned(x + 3 * sample(wide, x * 2, z * 2), z, 24)
        plot = np.floor(u / 15) * 7.1 + np.floor(v / 19) * 3.7
        tone = (np.sin(plot * 12.9898) * 43758.5453) % 1
        rows = 0.5 + 0.5 * np.sin(np.where(tone > 0.5, u, v) * 3.2)
        grain = np.clip(0.5 + 0.22 * sample(fine, x * 26, z * 26) + 0.12 * rows, 0, 1)
        green = blend((0.05, 0.13, 0.025), (0.20, 0.34, 0.07), grain)
        gold = blend((0.36, 0.25, 0.05), (0.62, 0.47, 0.14), grain)
        brown = blend((0.14, 0.085, 0.05), (0.27, 0.18, 0.10), grain)
        out = np.where((tone < 0.28)[:, None], gold, np.where((tone > 0.86)[:, None], brown, green)).astype(np.float32)
        hedge = (np.abs((u / 15) % 1 - 0.5) > 0.475) | (np.abs((v / 19) % 1 - 0.5) > 0.48)
        out[hedge] = blend((0.02, 0.05, 0.015), (0.06, 0.10, 0.03), grain)[hedge]
        return out

    random = np.random.default_rng(3)
    trees = []
    for _ in range(34):
        x, z = float(random.uniform(-38, 42)), float(random.uniform(14, 90))
        ground = float(height(_one(x), _one(z))[0])
        r = float(random.uniform(0.7, 1.5))

        def crown(
            px: Floats, y: Floats, pz: Floats, c: tuple[float, float, float] = (x, ground + r, z), r: float = r
        ) -> Floats:
            lump = 0.22 * r * sample(fine, px * 24 + y * 9, pz * 24 + y * 15)
            return (s.sphere(px, y, pz, c, r) - lump) * np.float32(0.7)

        def leaves(px: Floats, y: Floats, pz: Floats) -> Floats:
            return blend(
                (0.02, 0.06, 0.015),
                (0.09, 0.17, 0.04),
                np.clip(0.5 + 0.3 * sample(fine, px * 60, pz * 60 + y * 60), 0, 1),
            )

        trees.append(Thing(crown, leaves, (x, ground + r, z), r * 1.7))

    base = float(height(_one(-7.5), _one(30))[0])

    def farm(x: Floats, y: Floats, z: Floats) -> Floats:
        px, pz = s.turned(x + 7.5, z - 30, 20)
        return s.box(px, y, pz, (0, base + 0.9, 0), (2.4, 1.2, 1.3))

    def roof(x: Floats, y: Floats, z: Floats) -> Floats:
        px, pz = s.turned(x + 7.5, z - 30, 20)
        d = (np.abs(pz) * 0.8 + (y - base - 3.3)) * np.float32(0.78)
        return np.maximum(np.maximum(d, np.float32(base + 2.05) - y), np.abs(px) - np.float32(2.6))

    def wall(x: Floats, y: Floats, z: Floats) -> Floats:
        px, _pz = s.turned(x + 7.5, z - 30, 20)
        out = np.tile(np.asarray((0.85, 0.82, 0.76), np.float32), (x.size, 1))
        out[(np.abs((px % 1.5) - 0.75) < 0.25) & (np.abs(y - base - 1.2) < 0.35)] = (0.06, 0.08, 0.10)
        return out

    stormy = sky(
        (0.16, 0.20, 0.27),
        (0.50, 0.53, 0.57),
        (0.4, 0.35, -0.9),
        (0, 0, 0),
        clouds=0.75,
        cover=0.5,
        seed=95,
        cloud_light=(0.62, 0.64, 0.68),
        cloud_shade=(0.20, 0.23, 0.30),
    )
    axis = np.asarray((0.10, -0.30, 0.95), np.float32)
    axis = axis / np.linalg.norm(axis)

    def with_bow(way: Rays) -> Floats:
        angle = np.degrees(np.arccos(np.clip(way.x * axis[0] + way.y * axis[1] + way.z * axis[2], -1, 1)))
        out = stormy(way)
        place = (angle - 31.5) / 3.6  # 0 violet, inside; 1 red, outside
        hues = (
            (0.95, (0.95, 0.12, 0.10)),
            (0.76, (0.95, 0.48, 0.08)),
            (0.58, (0.90, 0.82, 0.15)),
            (0.40, (0.18, 0.70, 0.25)),
            (0.22, (0.15, 0.40, 0.85)),
            (0.06, (0.42, 0.18, 0.72)),
        )
        for where, colour in hues:
            out = out + np.exp(-(((place - where) / 0.115) ** 2))[:, None] * np.asarray(colour, np.float32) * 0.62
        return out + (smoothstep(31.8, 28, angle) * 0.10)[:, None]

    return Scene(
        things=[
            Thing(hills, fields),
            *trees,
            Thing(farm, wall, (-7.5, base + 1, 30), 3.1),
            Thing(roof, plain(0.36, 0.12, 0.07), (-7.5, base + 2.6, 30), 3.4),
        ],
        sky=with_bow,
        eye=(0, 5.6, -14),
        target=(1, 6.6, 20),
        field_of_view=62,
        sun=(0.55, 0.42, -0.75),
        sun_light=(3.0, 2.6, 1.9),
        sky_light=(0.40, 0.45, 0.52),
        haze=0.0022,
        haze_light=(0.42, 0.46, 0.52),
        exposure=0.6,
    )


def beach() -> Scene:
    fine, soft = texture(101, 1.8), texture(102, 2.8)

    def height(x: Floats, z: Floats) -> Floats:
        dune = (
            0.10 * sample(soft, x * 14, z * 14)
            + 0.012 * np.sin(z * 16 + 2.5 * sample(soft, x * 18, z * 18))
            + 0.006 * sample(fine, x * 90, z * 90)
        )
        slope = 0.055 * (9.0 - z - 0.35 * x - 0.7 * sample(soft, x * 9 + 300, z * 2))
        return dune * smoothstep(-0.05, 0.15, slope) + np.maximum(slope, -0.6)

    def sand(x: Floats, y: Floats, z: Floats) -> Floats:
        return (y - height(x, z)) * np.float32(0.8)

    def sandy(x: Floats, y: Floats, z: Floats) -> Floats:
        v = np.clip(0.5 + 0.18 * sample(fine, x * 200, z * 200) + 0.15 * sample(soft, x * 30, z * 30), 0, 1)
        dry = blend((0.58, 0.43, 0.26), (0.86, 0.71, 0.48), v)
        return dry * (1 - 0.45 * smoothstep(0.16, 0.03, y))[:, None]

    sea = water((0.01, 0.16, 0.19), 0.2, 4, mirror=0.06, seed=104)

    def sea_colour(x: Floats, y: Floats, z: Floats) -> Floats:
        deep = np.clip(-height(x, z) / 0.55, 0, 1)
        out = blend((0.16, 0.36, 0.32), (0.008, 0.11, 0.17), deep)
        edge = height(x, z) + 0.03 * sample(soft, x * 40, z * 40)
        foam = smoothstep(-0.07, -0.01, edge) + 0.7 * smoothstep(
            0.75, 1.0, np.sin(edge * 38 + 0.5 * sample(soft, x * 20, z * 6))
        ) * smoothstep(-0.42, -0.05, edge)
        return out + (np.asarray((0.92, 0.94, 0.93), np.float32) - out) * np.clip(foam, 0, 1)[:, None]

    def wedge(x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        px, py = s.turned(x - 1.3, y - 0.4, -9)
        return px, py, z - 1.0

    def shade(x: Floats, y: Floats, z: Floats) -> Floats:
        px, py, pz = wedge(x, y, z)
        r = np.hypot(px, pz)
        dome = np.abs(np.sqrt(r * r + (py - 0.4) ** 2) - np.float32(1.95)) - np.float32(0.012)
        scallop = 0.05 * np.cos(np.arctan2(pz, px) * 10)
        return np.maximum(dome, np.float32(1.72) - py - scallop) * np.float32(0.85)

    def stripes(x: Floats, y: Floats, z: Floats) -> Floats:
        px, _, pz = wedge(x, y, z)
        part = np.floor((np.arctan2(pz, px) / np.float32(2 * np.pi) + 0.5) * 10) % 2
        return blend((0.93, 0.92, 0.88), (0.80, 0.06, 0.05), part)

    def pole(x: Floats, y: Floats, z: Floats) -> Floats:
        px, py, pz = wedge(x, y, z)
        return np.minimum(
            s.capsule(px, py, pz, (0, -0.4, 0), (0, 2.42, 0), 0.028), s.sphere(px, py, pz, (0, 2.42, 0), 0.05)
        )

    def chair(x: Floats, y: Floats, z: Floats) -> Floats:
        px, pz = s.turned(x - 0.25, z - 0.75, -28)
        zz = np.abs(pz)
        a = s.capsule(px, y, zz, (-0.75, 0.42, 0.32), (0.55, 1.25, 0.32), 0.025)
        b = s.capsule(px, y, zz, (0.45, 0.38, 0.32), (-0.85, 0.78, 0.32), 0.025)
        c = s.capsule(px, y, pz, (0.55, 1.25, -0.32), (0.55, 1.25, 0.32), 0.025)
        return np.minimum(np.minimum(a, b), c)

    def cloth(x: Floats, y: Floats, z: Floats) -> Floats:
        px, pz = s.turned(x - 0.25, z - 0.75, -28)
        t = np.clip((px + 0.8) / 1.35, 0, 1)
        sag = 0.72 - 0.5 * t + 1.08 * t * t - 0.06
        return np.maximum(
            np.abs(y - sag) * np.float32(0.7) - np.float32(0.012),
            np.maximum(np.abs(pz) - np.float32(0.30), np.abs(px + 0.12) - np.float32(0.68)),
        )

    def cloth_colour(x: Floats, y: Floats, z: Floats) -> Floats:
        _, pz = s.turned(x - 0.25, z - 0.75, -28)
        return blend((0.9, 0.9, 0.86), (0.05, 0.22, 0.50), (np.floor((pz + 3) / 0.12) % 2).astype(np.float32))

    def ball(x: Floats, y: Floats, z: Floats) -> Floats:
        return s.sphere(x, y, z, (-1.7, 0.78, 0.2), 0.26)

    def panels(x: Floats, y: Floats, z: Floats) -> Floats:
        px, py = s.turned(x + 1.7, y - 0.78, 30)
        part = (np.floor((np.arctan2(z - 0.2, px) / np.float32(2 * np.pi) + 0.5) * 6) % 6).astype(int)
        out = np.asarray(
            [
                (0.9, 0.9, 0.88),
                (0.85, 0.10, 0.06),
                (0.9, 0.9, 0.88),
                (0.95, 0.68, 0.05),
                (0.9, 0.9, 0.88),
                (0.05, 0.28, 0.65),
            ],
            np.float32,
        )[part]
        out[np.abs(py) > 0.24] = (0.9, 0.9, 0.88)
        return out

    sun = (-0.5, 0.85, -0.35)
    return Scene(
        things=[
            Thing(sea.distance, sea_colour, mirror=0.06, bump=sea.bump, shine=0.5, sharp=90, shadow=False),
            Thing(sand, sandy),
            Thing(shade, stripes, (1.3, 2.2, 1), 2.3),
            Thing(pole, plain(0.75, 0.70, 0.6), (1.3, 1.2, 1), 1.8),
            Thing(chair, plain(0.50, 0.30, 0.13), (0.2, 0.8, 0.75), 1.1),
            Thing(cloth, cloth_colour, (0.2, 0.7, 0.75), 1.1),
            Thing(ball, panels, (-1.7, 0.78, 0.2), 0.3, shine=0.4),
        ],
        sky=sky(
            (0.08, 0.30, 0.72),
            (0.62, 0.82, 0.95),
            sun,
            (0.2, 0.2, 0.15),
            clouds=0.9,
            cover=0.0,
            seed=106,
            cloud_light=(1.2, 1.2, 1.18),
            cloud_shade=(0.66, 0.75, 0.85),
        ),
        eye=(-1.2, 1.75, -5.2),
        target=(0.2, 1.45, 2),
        field_of_view=56,
        sun=sun,
        sun_light=(2.9, 2.65, 2.25),
        sky_light=(0.5, 0.62, 0.8),
        ground_light=(0.4, 0.32, 0.22),
        haze=0.002,
        haze_light=(0.6, 0.8, 0.92),
        exposure=0.52,
    )
