"""Painted by light: the fox in the snow, the teapot on its table, the prototype on the bench."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from . import shapes as s
from .lettering import font
from .materials import plain
from .noise import Floats, blend, sample, smoothstep, texture
from .render import Scene, Thing
from .sky import sky


def fox() -> Scene:
    fur, soft = texture(121, 1.5), texture(122, 2.7)

    def body(x: Floats, y: Floats, z: Floats) -> Floats:
        zz = np.abs(z)
        d = s.ellipsoid(x, y, z, (-0.10, 0.40, 0), (0.26, 0.36, 0.20))  # sitting: haunches and back
        d = s.soft_union(d, s.ellipsoid(x, y, zz, (-0.14, 0.22, 0.11), (0.22, 0.21, 0.11)), 0.08)
        d = s.soft_union(d, s.ellipsoid(x, y, z, (0.10, 0.62, 0), (0.16, 0.27, 0.145)), 0.12)  # chest
        d = s.soft_union(d, s.capsule(x, y, z, (0.12, 0.72, 0), (0.19, 0.98, 0), 0.115, 0.10), 0.10)
        d = s.soft_union(d, s.capsule(x, y, zz, (0.17, 0.56, 0.07), (0.23, 0.05, 0.075), 0.062, 0.040), 0.05)
        d = s.soft_union(d, s.ellipsoid(x, y, zz, (0.27, 0.035, 0.075), (0.08, 0.035, 0.045)), 0.03)
        d = s.soft_union(d, s.ellipsoid(x, y, zz, (0.08, 0.035, 0.16), (0.12, 0.04, 0.05)), 0.04)
        return d

    def head(x: Floats, y: Floats, z: Floats) -> Floats:
        zz = np.abs(z)
        d = s.ellipsoid(x, y, z, (0.22, 1.07, 0), (0.15, 0.125, 0.14))
        d = s.soft_union(d, s.ellipsoid(x, y, zz, (0.22, 1.02, 0.085), (0.09, 0.06, 0.085)), 0.05)  # cheeks
        d = s.soft_union(d, s.capsule(x, y, z, (0.28, 1.045, 0), (0.475, 0.985, 0), 0.072, 0.030), 0.06)
        ear = s.capsule(x, y, zz, (0.17, 1.14, 0.085), (0.145, 1.335, 0.125), 0.062, 0.010)
        return s.soft_union(d, ear, 0.03)

    def tail(x: Floats, y: Floats, z: Floats) -> Floats:
        d = s.capsule(x, y, z, (-0.30, 0.14, -0.05), (-0.55, 0.13, -0.20), 0.07, 0.13)
        d = s.soft_union(d, s.capsule(x, y, z, (-0.55, 0.13, -0.20), (-0.42, 0.14, -0.46), 0.13, 0.125), 0.06)
        return s.soft_union(d, s.capsule(x, y, z, (-0.42, 0.14, -0.46), (-0.08, 0.10, -0.56), 0.125, 0.02), 0.06)

    def animal(x: Floats, y: Floats, z: Floats) -> Floats:
        d = s.soft_union(s.soft_union(body(x, y, z), head(x, y, z), 0.06), tail(x, y, z), 0.05)
        hair = 0.0040 * sample(fur, x * 330 + z * 120, y * 100) + 0.003 * sample(soft, x * 120, y * 120 + z * 90)
        return (d - hair) * np.float32(0.7)

    def coat(x: Floats, y: Floats, z: Floats) -> Floats:
        v = np.clip(0.5 + 0.25 * sample(fur, x * 330 + z * 120, y * 100), 0, 1)
        orange = blend((0.36, 0.10, 0.015), (0.74, 0.30, 0.06), v)
        white = blend((0.68, 0.64, 0.58), (0.95, 0.93, 0.90), v)
        black = blend((0.02, 0.017, 0.015), (0.07, 0.055, 0.05), v)
        zz = np.abs(z)
        wob = 0.02 * sample(soft, x * 90, y * 90 + z * 60)
        bib = (
            smoothstep(0.03, -0.03, zz - 0.09 + wob)
            * smoothstep(0.13, 0.17, x)
            * smoothstep(0.42, 0.50, y)
            * smoothstep(1.02, 0.92, y)
        )
        muzzle = (
            smoothstep(1.04, 1.00, y - 0.35 * zz + wob)
            * smoothstep(0.90, 0.94, y)
            * smoothstep(0.18, 0.24, x + 0.9 * zz)
        )
        tip = np.where((z < -0.36) & (y < 0.4), smoothstep(-0.34, -0.24, x + wob * 2), 0)
        out = orange
        for weight in (np.asarray(bib), muzzle, tip):
            out = out + (white - out) * np.clip(weight, 0, 1)[:, None]
        socks = smoothstep(0.36, 0.20, y + wob) * smoothstep(0.13, 0.18, x) * (z > -0.3) + smoothstep(
            0.085, 0.06, y
        ) * (x > -0.05) * (z > -0.3)
        ears = smoothstep(1.225, 1.27, y + wob)
        out = out + (black - out) * np.clip(socks + ears, 0, 1)[:, None]
        inner = (y > 1.13) & (y < 1.26) & (zz > 0.07) & (x > 0.185)
        out[inner] = out[inner] * 0.25
        return out

    def dark(x: Floats, y: Floats, z: Floats) -> Floats:
        zz = np.abs(z)
        return np.minimum(
            s.ellipsoid(x, y, zz, (0.335, 1.095, 0.062), (0.022, 0.026, 0.020)),
            s.ellipsoid(x, y, z, (0.500, 0.990, 0), (0.026, 0.022, 0.024)),
        )

    def ground(x: Floats, z: Floats) -> Floats:
        return (
            0.09 * sample(soft, x * 26 + 99, z * 26)
            + 0.0025 * sample(fur, x * 130, z * 130)
            - 0.02
            + 0.05 * np.clip(z - 1, 0, 30)
        )

    def snow(x: Floats, y: Floats, z: Floats) -> Floats:
        return (y - ground(x, z) * smoothstep(0.3, 1.2, np.hypot(x, z)) + 0.004) * np.float32(0.8)

    def white_(x: Floats, y: Floats, z: Floats) -> Floats:
        return blend((0.72, 0.77, 0.86), (0.93, 0.94, 0.97), np.clip(0.6 + 0.2 * sample(soft, x * 50, z * 50), 0, 1))

    random = np.random.default_rng(5)
    trees = []
    for _ in range(46):
        tx, tz = float(random.uniform(-9, 9)), float(random.uniform(3.5, 13))
        r = float(random.uniform(0.08, 0.22))
        lean = float(random.normal(0, 0.25))

        def trunk(
            x: Floats, y: Floats, z: Floats, tx: float = tx, tz: float = tz, r: float = r, lean: float = lean
        ) -> Floats:
            return s.capsule(x, y, z, (tx, -0.5, tz), (tx + lean, 9, tz), r, r * 0.7) - 0.012 * sample(
                fur, x * 160, y * 30
            )

        def bark(x: Floats, y: Floats, z: Floats) -> Floats:
            return blend(
                (0.07, 0.055, 0.045), (0.24, 0.20, 0.17), np.clip(0.5 + 0.3 * sample(fur, (x + z) * 200, y * 40), 0, 1)
            )

        trees.append(Thing(trunk, bark, (tx, 3, tz), 6.5))

    return Scene(
        things=[
            Thing(animal, coat, (0, 0.6, -0.1), 0.95, shine=0.05),
            Thing(dark, plain(0.012, 0.010, 0.010), (0.40, 1.05, 0), 0.2, shine=1.2, sharp=30),
            Thing(snow, white_, shine=0.1),
            *trees,
        ],
        sky=sky((0.45, 0.52, 0.62), (0.85, 0.83, 0.80), (-0.5, 0.4, 0.4), (0.3, 0.22, 0.12)),
        eye=(1.95, 1.05, -2.75),
        target=(-0.06, 0.66, 0),
        field_of_view=43,
        sun=(0.10, 0.62, -0.75),
        sun_light=(2.3, 1.95, 1.5),
        sky_light=(0.55, 0.60, 0.72),
        ground_light=(0.40, 0.42, 0.48),
        haze=0.07,
        haze_light=(0.80, 0.80, 0.80),
        far=40,
        exposure=0.6,
    )


def teapot() -> Scene:
    grain, soft = texture(131, 2.0), texture(132, 2.6)

    def pot(x: Floats, y: Floats, z: Floats) -> Floats:
        d = s.ellipsoid(x, y, z, (0, 0.40, 0), (0.46, 0.36, 0.46))
        d = s.soft_union(d, s.column(x, y, z, (0, 0.05, 0), 0.25, 0.04), 0.05)
        d = s.soft_union(d, s.column(x, y, z, (0, 0.73, 0), 0.21, 0.025), 0.05)
        spout = s.capsule(x, y, z, (0.36, 0.32, 0), (0.60, 0.48, 0), 0.115, 0.075)
        spout = s.soft_union(spout, s.capsule(x, y, z, (0.60, 0.48, 0), (0.76, 0.76, 0), 0.075, 0.048), 0.05)
        d = s.soft_union(d, spout, 0.08)
        d = np.maximum(d, -s.capsule(x, y, z, (0.72, 0.72, 0), (0.80, 0.86, 0), 0.034))
        px, py = s.turned(x + 0.52, y - 0.45, 12)
        return s.soft_union(d, s.torus(px * 1.05, py * 0.82, z, (0, 0, 0), 0.21, 0.036), 0.05)

    def lid(x: Floats, y: Floats, z: Floats) -> Floats:
        d = s.ellipsoid(x, y, z, (0, 0.755, 0), (0.20, 0.075, 0.20))
        return s.soft_union(d, s.sphere(x, y, z, (0, 0.87, 0), 0.052), 0.04)

    def glaze(x: Floats, y: Floats, z: Floats) -> Floats:
        out = np.tile(np.asarray((0.035, 0.14, 0.30), np.float32), (x.size, 1))
        band = (np.abs(y - 0.46) < 0.10) & (np.hypot(x, z) < 0.52) & (np.abs(x) < 0.47)
        turn = np.arctan2(z, x)
        petal = np.hypot(((turn * 16 / np.pi + 0.5) % 1) - 0.5, (y - 0.46) / 0.16)
        out[band] = (0.90, 0.86, 0.76)
        out[band & (petal < 0.36)] = (0.78, 0.16, 0.08)
        out[band & (petal < 0.14)] = (0.95, 0.72, 0.18)
        line = (np.abs(np.abs(y - 0.46) - 0.115) < 0.008) & (np.hypot(x, z) < 0.52)
        out[line] = (0.80, 0.58, 0.22)
        out[y > 0.83] = (0.80, 0.58, 0.22)
        return out

    def cup(cx: float, cz: float) -> list[Thing]:
        def china(x: Floats, y: Floats, z: Floats) -> Floats:
            outer = s.column(x, y, z, (cx, 0.19, cz), 0.12, 0.13, 0.19)
            inner = s.column(x, y, z, (cx, 0.24, cz), 0.10, 0.14, 0.18)
            bowl = np.maximum(outer, -inner) - np.float32(0.006)
            px, pz = s.turned(x - cx, z - cz, 35)
            ear = s.torus(px + 0.20, y - 0.20, pz, (0, 0, 0), 0.07, 0.016)
            ear = np.maximum(ear, -s.column(x, y, z, (cx, 0.19, cz), 0.11, 0.13, 0.18))
            plate = s.ellipsoid(x, y, z, (cx, 0.028, cz), (0.32, 0.028, 0.32))
            return np.minimum(
                np.minimum(bowl, ear), np.maximum(plate, -s.ellipsoid(x, y, z, (cx, 0.075, cz), (0.26, 0.04, 0.26)))
            )

        def white(x: Floats, y: Floats, z: Floats) -> Floats:
            out = np.tile(np.asarray((0.88, 0.86, 0.82), np.float32), (x.size, 1))
            r = np.hypot(x - cx, z - cz)
            out[(y > 0.285) & (y < 0.305) & (r > 0.15)] = (0.05, 0.16, 0.34)
            out[(r > 0.285) & (y < 0.1)] = (0.05, 0.16, 0.34)
            return out

        def tea(x: Floats, y: Floats, z: Floats) -> Floats:
            return s.column(x, y, z, (cx, 0.26, cz), 0.158, 0.004)

        return [
            Thing(china, white, (cx, 0.15, cz), 0.42, shine=0.7, sharp=70, mirror=0.05),
            Thing(tea, plain(0.30, 0.10, 0.02), (cx, 0.26, cz), 0.2, shine=0.4, mirror=0.08),
        ]

    def lemons(x: Floats, y: Floats, z: Floats) -> Floats:
        best = np.full_like(x, 1e6)
        for cx, cz, a in ((-0.86, -0.30, 20), (-0.62, -0.52, -50)):
            px, pz = s.turned(x - cx, z - cz, a)
            lemon = s.ellipsoid(px, y, pz, (0, 0.115, 0), (0.155, 0.115, 0.115))
            lemon = s.soft_union(lemon, s.sphere(px, y, pz, (0.15, 0.115, 0), 0.025), 0.06)
            best = np.minimum(best, lemon - 0.0008 * sample(grain, x * 500, y * 500 + z * 300))
        return best * np.float32(0.8)

    def cloth(x: Floats, y: Floats, z: Floats) -> Floats:
        return y - np.float32(0.004) * sample(soft, x * 40, z * 40)

    def check(x: Floats, y: Floats, z: Floats) -> Floats:
        a = (np.floor((x * 0.94 + z * 0.34) / 0.14) % 2).astype(np.float32)
        b = (np.floor((z * 0.94 - x * 0.34) / 0.14) % 2).astype(np.float32)
        weave = 0.95 + 0.05 * np.sin(x * 900) * np.sin(z * 900)
        return blend((0.86, 0.82, 0.74), (0.68, 0.13, 0.10), (a + b) / 2) * weave[:, None]

    def wall(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.float32(2.0) - z

    def paper(x: Floats, y: Floats, z: Floats) -> Floats:
        v = np.clip(0.5 + 0.1 * sample(soft, x * 60, y * 60), 0, 1)
        return blend((0.30, 0.34, 0.26), (0.48, 0.52, 0.40), v)

    window = (-0.75, 0.62, -0.35)
    return Scene(
        things=[
            Thing(pot, glaze, (0.05, 0.42, 0), 0.85, shine=1.0, sharp=120, mirror=0.06),
            Thing(lid, glaze, (0, 0.8, 0), 0.26, shine=1.0, sharp=120, mirror=0.06),
            *cup(0.95, -0.42),
            *cup(-0.95, 0.35),
            Thing(lemons, plain(0.90, 0.68, 0.06), (-0.74, 0.11, -0.41), 0.42, shine=0.35, sharp=25),
            Thing(cloth, check),
            Thing(wall, paper),
        ],
        sky=sky((0.9, 0.95, 1.0), (0.5, 0.48, 0.42), window, (3.5, 3.2, 2.8), glow_width=9),
        eye=(0.35, 1.10, -2.9),
        target=(0.02, 0.40, 0),
        field_of_view=44,
        sun=window,
        sun_light=(2.6, 2.3, 1.8),
        sky_light=(0.42, 0.42, 0.42),
        ground_light=(0.25, 0.18, 0.14),
        far=20,
        exposure=0.6,
    )


def _plate(lines: tuple[tuple[str, int], ...], size: tuple[int, int], back: str, ink: str) -> Floats:
    """A picture (h, w, 3) 0–1 of a name plate, to be laid on a solid."""
    plate = Image.new("RGB", size, back)
    pen = ImageDraw.Draw(plate)
    pen.rounded_rectangle((8, 8, size[0] - 9, size[1] - 9), 16, outline=ink, width=5)
    top = 26
    for text, height in lines:
        face = font(height, bold=True)
        pen.text(((size[0] - pen.textlength(text, face)) / 2, top), text, ink, face)
        top += int(height * 1.22)
    return np.asarray(plate, dtype=np.float32) / 255


def prototype() -> Scene:
    grain, soft = texture(141, 1.8), texture(142, 2.6)
    tag = _plate(
        (("KX-70 TIDEWHEEL", 54), ("Gallowglass P-3", 46), ("MF-2207-C", 46)), (560, 250), "#e8e2cf", "#1c2a30"
    )

    def housing(x: Floats, y: Floats, z: Floats) -> Floats:
        # lies along x: an axle housing with cooling ribs, flange and feet
        d = s.column(y - 0.62, x, z, (0, -0.25, 0), 0.36, 0.55) - np.float32(0.01)
        ribs = 0.014 * smoothstep(0.2, 0.6, np.sin(x * 42)) * smoothstep(-0.78, -0.74, x) * smoothstep(-0.30, -0.34, x)
        d = d - ribs
        d = np.minimum(d, s.column(y - 0.62, x, z, (0, 0.32, 0), 0.43, 0.035) - np.float32(0.008))
        return np.minimum(d, s.box(x, y, np.abs(z), (-0.3, 0.16, 0.24), (0.42, 0.16, 0.05), 0.02))

    def yellow(x: Floats, y: Floats, z: Floats) -> Floats:
        wear = smoothstep(1.3, 2.2, sample(soft, x * 90, y * 90 + z * 70))
        return blend((0.85, 0.50, 0.03), (0.30, 0.20, 0.10), wear * 0.6)

    def wheel(x: Floats, y: Floats, z: Floats) -> Floats:
        py, pz = y - 0.62, z
        d = s.column(py, x, pz, (0, 0.58, 0), 0.13, 0.17) - np.float32(0.01)
        part = np.float32(2 * np.pi / 8)
        turn = np.arctan2(pz, py) + np.float32(0.2)
        turn = turn - np.round(turn / part) * part
        r = np.hypot(py, pz)
        a, b = r * np.cos(turn), r * np.sin(turn)
        twist = b - (x - 0.58) * (0.35 + 0.5 * a)
        blade = np.maximum(np.abs(twist) - np.float32(0.014), np.abs(a - 0.33) - np.float32(0.24))
        blade = np.maximum(blade, np.abs(x - 0.58) - (np.float32(0.15) - 0.08 * np.abs(a - 0.3)))
        d = np.minimum(d, blade * np.float32(0.6))
        rim = np.maximum(np.abs(r - 0.585) - np.float32(0.014), np.abs(x - 0.58) - np.float32(0.12))
        return np.minimum(d, rim)

    def tag_thing(x: Floats, y: Floats, z: Floats) -> Floats:
        return s.box(x, y, z, (-0.52, 0.66, -0.40), (0.30, 0.135, 0.012), 0.01)

    def tag_colour(x: Floats, y: Floats, z: Floats) -> Floats:
        u = np.clip((x + 0.82) / 0.60, 0, 0.999)
        v = np.clip((0.795 - y) / 0.27, 0, 0.999)
        return tag[(v * tag.shape[0]).astype(int), (u * tag.shape[1]).astype(int)] ** 2.2

    def hose(x: Floats, y: Floats, z: Floats) -> Floats:
        d = s.capsule(x, y, z, (-0.80, 0.72, 0.05), (-1.02, 0.72, 0.0), 0.05)
        d = s.soft_union(d, s.capsule(x, y, z, (-1.02, 0.72, 0.0), (-1.16, 0.40, -0.05), 0.05), 0.08)
        d = s.soft_union(d, s.capsule(x, y, z, (-1.16, 0.40, -0.05), (-1.22, 0.06, -0.35), 0.05), 0.08)
        return s.soft_union(d, s.capsule(x, y, z, (-1.22, 0.06, -0.35), (-0.70, 0.05, -0.72), 0.05), 0.08)

    def tools(x: Floats, y: Floats, z: Floats) -> Floats:
        px, pz = s.turned(x - 0.25, z + 0.72, 18)
        shaft = s.box(px, y, pz, (0, 0.025, 0), (0.22, 0.014, 0.026), 0.008)
        jaw = np.maximum(
            s.column(px, y, pz, (0.25, 0.025, 0), 0.062, 0.016), -s.box(px, y, pz, (0.30, 0.03, 0), (0.05, 0.1, 0.024))
        )
        bolts = np.full_like(x, 1e6)
        for bx, bz in ((0.72, -0.62), (0.82, -0.52), (0.70, -0.44)):
            bolts = np.minimum(bolts, s.column(x, y, z, (bx, 0.03, bz), 0.035, 0.03))
        return np.minimum(np.minimum(shaft, jaw), bolts)

    def flange_bolts(x: Floats, y: Floats, z: Floats) -> Floats:
        py = y - 0.62
        part = np.float32(2 * np.pi / 10)
        turn = np.arctan2(z, py)
        turn = turn - np.round(turn / part) * part
        r = np.hypot(py, z)
        return s.capsule(x, r * np.cos(turn), r * np.sin(turn), (0.24, 0.385, 0), (0.385, 0.385, 0), 0.022)

    def bench(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.maximum(y, z - np.float32(1.1))

    def boards(x: Floats, y: Floats, z: Floats) -> Floats:
        plank = np.floor(z / 0.32)
        v = np.clip(
            0.5 + 0.22 * sample(grain, x * 24 + plank * 50, z * 260) + 0.12 * sample(soft, x * 50, z * 50), 0, 1
        )
        out = blend((0.16, 0.095, 0.05), (0.42, 0.28, 0.16), v)
        out[np.abs((z / 0.32) % 1 - 0.5) > 0.485] *= 0.25
        return out

    def wall(x: Floats, y: Floats, z: Floats) -> Floats:
        return np.float32(1.7) - z

    def pegboard(x: Floats, y: Floats, z: Floats) -> Floats:
        hole = np.hypot((x % 0.16) - 0.08, (y % 0.16) - 0.08) < 0.016
        out = np.tile(np.asarray((0.17, 0.27, 0.29), np.float32), (x.size, 1))
        out[hole] = (0.03, 0.05, 0.055)
        return out

    lamp = (-0.45, 0.8, -0.6)
    metal = plain(0.42, 0.44, 0.46)
    return Scene(
        things=[
            Thing(housing, yellow, (-0.25, 0.55, 0), 0.95, shine=0.6, sharp=50, mirror=0.03),
            Thing(wheel, plain(0.06, 0.26, 0.30), (0.58, 0.62, 0), 0.68, shine=0.7, mirror=0.06),
            Thing(tag_thing, tag_colour, (-0.52, 0.66, -0.40), 0.36, shine=0.1),
            Thing(hose, plain(0.025, 0.025, 0.028), (-1, 0.35, -0.3), 0.75, shine=0.4),
            Thing(tools, metal, (0.45, 0.03, -0.6), 0.6, shine=0.9, mirror=0.3),
            Thing(flange_bolts, metal, (0.32, 0.62, 0), 0.45, shine=0.9, mirror=0.2),
            Thing(bench, boards, shine=0.08),
            Thing(wall, pegboard),
        ],
        sky=sky((0.6, 0.65, 0.7), (0.28, 0.30, 0.32), lamp, (2.5, 2.3, 2.0), glow_width=12),
        eye=(1.75, 1.35, -2.65),
        target=(-0.10, 0.50, 0),
        field_of_view=45,
        sun=lamp,
        sun_light=(2.5, 2.3, 2.0),
        sky_light=(0.40, 0.44, 0.50),
        ground_light=(0.2, 0.16, 0.12),
        far=20,
        exposure=0.62,
    )
