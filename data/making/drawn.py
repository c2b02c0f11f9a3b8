"""Drawn pictures: the forest path, the floor plan, the whiteboard, the week's baking as an infographic."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .lettering import font
from .noise import sample, texture

FINE = 2


def _down(image: Image.Image) -> Image.Image:
    return image.resize((image.width // FINE, image.height // FINE), Image.Resampling.LANCZOS)


def forest_path(width: int = 960, height: int = 640) -> Image.Image:
    """A beech wood in morning haze: layers of trunks and leaves from far to near, light from the end of the path."""
    w, h = width * FINE, height * FINE
    random = np.random.default_rng(201)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    u, v = x / w, y / h
    glow = np.exp(-(((u - 0.52) / 0.20) ** 2) - ((v - 0.42) / 0.26) ** 2)[..., None]
    leafy = np.clip(0.5 + 0.25 * sample(texture(202, 2.2), x * 0.35, y * 0.35), 0, 1)[..., None]
    far = np.asarray((92, 122, 66)) * (0.55 + 0.6 * leafy) + glow * np.asarray((150, 128, 84))
    horizon = 0.56
    depth = np.clip((v - horizon) / (1 - horizon), 0, 1)
    ground = np.clip(
        0.5 + 0.3 * sample(texture(203, 1.9), (u - 0.5) / (depth + 0.06) * 160, 60 / (depth + 0.05)), 0, 1
    )[..., None]
    floor = np.asarray((58, 62, 26)) * (1 - ground) + np.asarray((142, 112, 50)) * ground
    middle = 0.52 + 0.07 * np.sin(depth * 3.2) * depth
    half = 0.012 + 0.21 * depth**1.15
    path = np.clip(1.15 - np.abs(u - middle) / half + 0.14 * (ground[..., 0] - 0.5), 0, 1)
    path = np.clip(path * 4, 0, 1)[..., None]
    trodden = np.asarray((150, 122, 86)) * (0.68 + 0.45 * ground)
    floor = floor * (1 - path) + trodden * path
    stripes = np.clip(
        0.5 + 1.4 * np.sin((u - 0.52) / (depth + 0.10) * 9 + 1.0 + 0.8 * sample(texture(204, 2.6), x * 0.1, y * 0.3)),
        0,
        1,
    )[..., None]
    floor = floor * (0.55 + 0.6 * stripes) + glow * np.asarray((120, 100, 60))
    image = Image.fromarray(np.clip(np.where((v > horizon)[..., None], floor, far), 0, 255).astype(np.uint8))

    for layer in range(7):
        near = layer / 6
        haze = np.asarray((196, 196, 140)) * (1 - near)
        sheet = Image.new("RGBA", (w, h), (0, 0, 0, 0))
        pen = ImageDraw.Draw(sheet)
        foot = (horizon + 0.02 + 0.40 * near**1.7) * h
        count = (30, 24, 18, 12, 9, 6, 4)[layer]
        for _ in range(count):
            gap = 0.04 + 0.30 * near**1.1
            side = random.choice((-1, 1))
            cx = (0.52 + side * (gap + random.random() * (0.55 - gap * 0.6))) * w
            r = (0.004 + 0.020 * near**1.3) * w * random.uniform(0.7, 1.3)
            lean = random.normal(0, 0.02) * w
            base = foot + random.uniform(-0.02, 0.05) * h * (0.3 + near)
            bark = np.asarray((74, 64, 46)) * near + haze * 0.8
            lit = side < 0
            for k in range(6):
                light = 0.75 + 0.42 * (k / 5 if lit else 1 - k / 5)
                tone = tuple(int(c) for c in np.clip(bark * light, 0, 255))
                left = cx - r + 2 * r * k / 6
                pen.polygon(
                    [(left, base), (left + lean, -20), (left + lean + r / 3, -20), (left + r / 3 + 1, base)],
                    fill=(*tone, 255),
                )
            for _ in range(3):
                top = random.uniform(0.02, 0.4) * h
                reach = random.choice((-1, 1)) * r * random.uniform(5, 10)
                bend = [
                    (cx + lean * (1 - top / base), top),
                    (cx + reach * 0.5, top - abs(reach) * 0.3),
                    (cx + reach, top - abs(reach) * 0.45),
                ]
                pen.line(
                    bend,
                    fill=(*(int(c) for c in np.clip(bark * 0.9, 0, 255)), 255),
                    width=max(1, int(r * 0.4)),
                    joint="curve",
                )
        for _ in range(1500 if layer < 6 else 900):
            cx, cy = random.random() * w, random.random() ** 1.7 * h * (0.50 + 0.06 * near)
            if near > 0.5 and abs(cx / w - 0.52) < 0.28 and cy / h > 0.22:
                continue
            size = (2.5 + 9 * near) * random.uniform(0.6, 1.4)
            sun = np.exp(-(((cx / w - 0.52) / 0.3) ** 2) - ((cy / h - 0.4) / 0.35) ** 2)
            leaf = (
                np.asarray((54, 92, 26)) * random.uniform(0.55, 1.45) * (0.55 + 0.45 * near)
                + haze * 0.55
                + sun * np.asarray((96, 92, 20)) * random.random()
            )
            tone = tuple(int(c) for c in np.clip(leaf, 0, 255))
            pen.ellipse((cx - size, cy - size * 0.62, cx + size, cy + size * 0.62), fill=(*tone, 225))
        if layer >= 4:
            for _ in range(420):
                cx, cy = random.random() * w, foot + random.uniform(-0.01, 0.22) * h
                if abs(cx / w - 0.55) < 0.05 + 0.42 * (cy / h - horizon):
                    continue
                size = 10 * near * random.uniform(0.6, 1.6)
                tone = tuple(int(c) for c in np.clip(np.asarray((62, 96, 30)) * random.uniform(0.5, 1.5), 0, 255))
                pen.polygon(
                    [(cx - size * 0.4, cy), (cx + random.normal(0, size), cy - size * 2.6), (cx + size * 0.4, cy)],
                    fill=(*tone, 230),
                )
        image.paste(sheet, (0, 0), sheet)
    rays = np.zeros((h, w), dtype=np.float32)
    angle = np.arctan2(x - 0.60 * w, y + 0.25 * h)
    for _ in range(12):
        rays += np.exp(-(((angle - random.uniform(-0.6, 0.5)) / random.uniform(0.008, 0.03)) ** 2))
    soft = (
        np.asarray(
            Image.fromarray((np.clip(rays, 0, 1) * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(14)),
            np.float32,
        )
        / 255
    )
    fade = np.clip(1.15 - v * 1.3, 0, 1) * np.exp(-(((u - 0.5) / 0.4) ** 2))
    lit_ = (
        np.asarray(image, np.float32)
        + (soft * fade)[..., None] * np.asarray((90, 84, 48))
        + glow * np.asarray((46, 42, 22))
    )
    return _down(Image.fromarray(np.clip(lit_, 0, 255).astype(np.uint8)))


def floor_plan(width: int = 1200, height: int = 820) -> Image.Image:
    """The planned bakehouse: walls, doors, ovens, measures, a north arrow, a scale."""
    s = FINE
    image = Image.new("RGB", (width * s, height * s), "#fbfaf5")
    pen = ImageDraw.Draw(image)

    def text(x: float, y: float, words: str, size: int = 17, bold: bool = False, ink: str = "#20323d") -> None:
        face = font(size * s, bold)
        pen.text((x * s - pen.textlength(words, face) / 2, y * s), words, ink, face)

    def wall(points: list[tuple[float, float]], thick: int = 9) -> None:
        pen.line([(x * s, y * s) for x, y in points], "#20323d", thick * s, joint="curve")

    def room(box: tuple[float, float, float, float], fill: str) -> None:
        pen.rectangle(tuple(v * s for v in box), fill=fill)

    for k in range(0, width, 20):
        pen.line((k * s, 0, k * s, height * s), "#eef1ee", 1)
    for k in range(0, height, 20):
        pen.line((0, k * s, width * s, k * s), "#eef1ee", 1)
    room((90, 120, 400, 400), "#f5e3c4")
    room((90, 400, 400, 660), "#dfeadf")
    room((800, 120, 1110, 330), "#dce8f1")
    room((800, 330, 1110, 480), "#efe0ea")
    room((800, 480, 1110, 660), "#f3ead9")
    room((400, 120, 800, 660), "#fdf6e8")
    hexagon = [(600 + 150 * np.cos(np.pi / 3 * k), 360 + 150 * np.sin(np.pi / 3 * k)) for k in range(7)]
    pen.polygon([(x * s, y * s) for x, y in hexagon], fill="#f2c9a1")
    wall([(90, 120), (1110, 120), (1110, 660), (90, 660), (90, 116)])
    wall([(400, 120), (400, 230)])
    wall([(400, 300), (400, 470)])
    wall([(400, 540), (400, 660)])
    wall([(90, 400), (400, 400)], 6)
    wall([(800, 120), (800, 200)])
    wall([(800, 262), (800, 390)])
    wall([(800, 446), (800, 540)])
    wall([(800, 602), (800, 660)])
    wall([(800, 330), (1110, 330)], 6)
    wall([(800, 480), (1110, 480)], 6)
    for k in range(6):
        a, b = hexagon[k], hexagon[k + 1]
        wall([a, (a[0] + (b[0] - a[0]) * 0.3, a[1] + (b[1] - a[1]) * 0.3)], 6)
        wall([(a[0] + (b[0] - a[0]) * 0.7, a[1] + (b[1] - a[1]) * 0.7), b], 6)
    for x, y, start in ((400, 300, 180), (400, 540, 180), (800, 200, 0), (800, 390, 0), (800, 540, 0)):
        pen.arc(((x - 64) * s, (y - 64) * s, (x + 64) * s, (y + 64) * s), start, start + 90, "#7b8a92", 2 * s)
    for k in range(3):
        angle = float(np.pi / 3 * (2 * k) + np.pi / 6)
        cx, cy = 600 + 78 * float(np.cos(angle)), 360 + 78 * float(np.sin(angle))
        pen.ellipse(
            ((cx - 34) * s, (cy - 34) * s, (cx + 34) * s, (cy + 34) * s), fill="#b5561d", outline="#20323d", width=3 * s
        )
        text(cx, cy - 10, f"O{k + 1}", 19, True, "#ffffff")
    for k in range(4):
        pen.rectangle(
            (115 * s, (150 + k * 58) * s, 235 * s, (190 + k * 58) * s), fill="#ffffff", outline="#20323d", width=2 * s
        )
    for k in range(5):
        pen.rectangle(
            ((470 + k * 56) * s, 595 * s, (516 + k * 56) * s, 640 * s), fill="#d9b98a", outline="#20323d", width=2 * s
        )
    for k in range(4):
        pen.ellipse(((840 + k * 66) * s, 550 * s, (884 + k * 66) * s, 594 * s), outline="#c8324a", width=4 * s)
    text(600, 348, "Ovens", 22, True)
    text(320, 250, "Dough", 22, True)
    text(320, 278, "74 m2", 16)
    text(245, 500, "Flour store", 22, True)
    text(245, 530, "68 m2", 16)
    text(955, 200, "Shop", 24, True)
    text(955, 232, "61 m2", 16)
    text(955, 386, "Crew room", 22, True)
    text(955, 414, "38 m2", 16)
    text(955, 500, "Bicycle bay", 22, True)
    text(955, 616, "44 m2, twelve stands", 16)
    text(600, 560, "Shelves", 17, True)
    for (x0, y0), (x1, y1), words in (((90, 92), (1110, 92), "32.0 m"), ((62, 120), (62, 660), "17.0 m")):
        pen.line((x0 * s, y0 * s, x1 * s, y1 * s), "#7b8a92", 2 * s)
        for x, y in ((x0, y0), (x1, y1)):
            pen.line(((x - 6) * s, (y + 6) * s, (x + 6) * s, (y - 6) * s), "#20323d", 3 * s)
        if y0 == y1:
            text((x0 + x1) / 2, y0 - 26, words, 17, True)
        else:
            label = Image.new("RGB", (100 * s, 26 * s), "#fbfaf5")
            ImageDraw.Draw(label).text((10 * s, 2 * s), words, "#20323d", font(17 * s, True))
            image.paste(label.rotate(90, expand=True), (22 * s, 340 * s))
    text(330, 704, "The Hive: ground floor, proposal 3", 28, True)
    text(262, 744, "New bakehouse on the ropewalk, Skerrow. Scale 1 : 200", 16)
    for k in range(5):
        pen.rectangle(
            ((720 + k * 32) * s, 742 * s, (752 + k * 32) * s, 752 * s),
            fill="#20323d" if k % 2 == 0 else "#ffffff",
            outline="#20323d",
            width=s,
        )
    text(800, 716, "0 to 5 m", 15)
    pen.polygon([(1050 * s, 700 * s), (1032 * s, 760 * s), (1050 * s, 746 * s), (1068 * s, 760 * s)], fill="#20323d")
    text(1050, 766, "N", 19, True)
    return _down(image)


def _by_hand(image: Image.Image, seed: int, size: float) -> Image.Image:
    """The picture with every line a little shaky, as if drawn by hand."""
    values = np.asarray(image)
    h, w = values.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    dx = sample(texture(seed, 2.4), x * 0.7, y * 0.7) * size + sample(texture(seed + 1, 3.0), x * 0.2, y * 0.2) * size
    dy = (
        sample(texture(seed + 2, 2.4), x * 0.7, y * 0.7) * size
        + sample(texture(seed + 3, 3.0), x * 0.2, y * 0.2) * size
    )
    return Image.fromarray(values[np.clip(y + dy, 0, h - 1).astype(int), np.clip(x + dx, 0, w - 1).astype(int)])


def whiteboard(width: int = 1080, height: int = 720) -> Image.Image:
    """The week's plan and a sketch of a wheel, in marker on a whiteboard in its frame."""
    s = FINE
    image = Image.new("RGB", (width * s, height * s), "#f4f6f5")
    pen = ImageDraw.Draw(image)
    random = np.random.default_rng(231)

    def write(x: float, y: float, words: str, size: int, ink: str, bold: bool = False) -> None:
        for letter in words:
            face = font(int(size * s * random.uniform(0.94, 1.06)), bold)
            pen.text((x * s, (y + random.normal(0, 1.2)) * s), letter, ink, face)
            x += pen.textlength(letter, face) / s + 0.8

    blue, red, green, black = "#1f4fb0", "#c3232b", "#1d7d43", "#23272b"
    write(80, 70, "Week 38: seal test P-3", 42, black, True)
    pen.line((80 * s, 128 * s, 560 * s, 124 * s), red, 5 * s)
    rows = (
        ("Mon", "oil 2.8 l, pressure 0.3 bar", green),
        ("Tue", "low water 5.12  lift + look", blue),
        ("Wed", "lanterns x 400 (school fair!)", black),
        ("Thu", "Gallowglass 250 h  OK", green),
        ("Fri", "flour: the Dunlin, noon", blue),
        ("Sat", "grid only, Bellows off 6-8", red),
    )
    for i, (day, words, ink) in enumerate(rows):
        write(86, 160 + i * 62, day, 32, black, True)
        write(176, 160 + i * 62, words, 32, ink)
    write(92, 560, "who feeds Brindle?  not me!  (T.)", 30, red)
    cx, cy, r = 850, 270, 130
    pen.ellipse(((cx - r) * s, (cy - r) * s, (cx + r) * s, (cy + r) * s), outline=blue, width=5 * s)
    pen.ellipse(((cx - 26) * s, (cy - 26) * s, (cx + 26) * s, (cy + 26) * s), outline=blue, width=5 * s)
    for k in range(8):
        a = k * np.pi / 4 + 0.15
        pen.line(
            (
                (cx + 26 * np.cos(a)) * s,
                (cy + 26 * np.sin(a)) * s,
                (cx + r * np.cos(a + 0.25)) * s,
                (cy + r * np.sin(a + 0.25)) * s,
            ),
            blue,
            5 * s,
        )
    pen.arc(((cx - 165) * s, (cy - 165) * s, (cx + 165) * s, (cy + 165) * s), 200, 290, red, 6 * s)
    pen.polygon(
        [(1 * s * v[0], s * v[1]) for v in ((cx + 78, cy - 156), (cx + 44, cy - 168), (cx + 52, cy - 134))], fill=red
    )
    write(770, 425, "92 rpm", 32, blue, True)
    write(700, 470, "lip A  lip B", 26, green)
    axis = (700, 640)
    pen.line((axis[0] * s, 520 * s, axis[0] * s, axis[1] * s, 1000 * s, axis[1] * s), black, 5 * s)
    points = [(axis[0] + 3 * k, axis[1] - 12 - 80 * (1 - np.exp(-k / 28)) + 4 * np.sin(k / 4)) for k in range(95)]
    pen.line([(x * s, y * s) for x, y in points], green, 6 * s, joint="curve")
    write(930, 648, "hours", 22, black)
    drawn = _by_hand(image, 232, 2.6)
    values = np.asarray(drawn, np.float32)
    y, x = np.mgrid[0 : values.shape[0], 0 : values.shape[1]].astype(np.float32)
    smear = 1 - 0.02 * np.clip(sample(texture(237, 2.8), x * 0.3, y * 0.12), 0, 3)
    light = 0.88 + 0.14 * np.exp(-(((x / x.max() - 0.35) / 0.5) ** 2) - ((y / y.max() - 0.25) / 0.6) ** 2)
    drawn = Image.fromarray(np.clip(values * (smear * light)[..., None], 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(drawn)
    w, h = drawn.size
    for k, tone in enumerate(("#8d9499", "#c4c9cc", "#a5abb0")):
        pen.rectangle((k * 9 * s, k * 9 * s, w - 1 - k * 9 * s, h - 1 - k * 9 * s), outline=tone, width=9 * s)
    for k, ink in enumerate((black, blue, red, green)):
        pen.rounded_rectangle(
            ((700 + k * 82) * s, (height - 34) * s, (770 + k * 82) * s, (height - 18) * s), 7 * s, fill=ink
        )
        pen.rounded_rectangle(
            ((700 + k * 82) * s, (height - 34) * s, (722 + k * 82) * s, (height - 18) * s), 7 * s, fill="#e9ecee"
        )
    return _down(drawn)


def infographic(width: int = 1000, height: int = 720) -> Image.Image:
    """A week of baking: bars by day, a ring of kinds, three big numbers."""
    s = FINE
    image = Image.new("RGB", (width * s, height * s), "#fbf3e4")
    pen = ImageDraw.Draw(image)

    def text(
        x: float, y: float, words: str, size: int, ink: str = "#2c2a28", bold: bool = False, middle: bool = False
    ) -> None:
        face = font(size * s, bold)
        pen.text((x * s - (pen.textlength(words, face) / 2 if middle else 0), y * s), words, ink, face)

    pen.rectangle((0, 0, width * s, 92 * s), fill="#7a3413")
    text(40, 24, "A week at the ovens", 38, "#ffffff", True)
    text(700, 38, "8 to 14 December 2025", 22, "#f3d9b8")
    days = (
        ("Mon", 980, 430),
        ("Tue", 1040, 460),
        ("Wed", 1110, 520),
        ("Thu", 1190, 560),
        ("Fri", 1480, 720),
        ("Sat", 1930, 1010),
        ("Sun", 720, 640),
    )
    text(40, 120, "Loaves and buns by day", 24, bold=True)
    for k in range(5):
        y = 600 - k * 105
        pen.line((90 * s, y * s, 600 * s, y * s), "#e2d3ba", 2 * s)
        text(36, y - 12, f"{k * 500:,}", 18, "#8a7a66")
    for i, (day, loaves, buns) in enumerate(days):
        x = 100 + i * 72
        pen.rectangle((x * s, (600 - loaves * 0.21) * s, (x + 28) * s, 600 * s), fill="#c4692b")
        pen.rectangle(((x + 30) * s, (600 - buns * 0.21) * s, (x + 56) * s, 600 * s), fill="#e9b44c")
        text(x + 28, 610, day, 20, middle=True)
    pen.rectangle((100 * s, 660 * s, 120 * s, 680 * s), fill="#c4692b")
    text(128, 656, "loaves", 20)
    pen.rectangle((230 * s, 660 * s, 250 * s, 680 * s), fill="#e9b44c")
    text(258, 656, "buns", 20)
    start = -90.0
    for share, colour in ((38, "#7a3413"), (24, "#c4692b"), (21, "#e9b44c"), (17, "#b9a184")):
        pen.pieslice((660 * s, 150 * s, 860 * s, 350 * s), start, start + share * 3.6, fill=colour)
        start += share * 3.6
    pen.ellipse((712 * s, 202 * s, 808 * s, 298 * s), fill="#fbf3e4")
    for i, (name, colour) in enumerate(
        (("sour 38 %", "#7a3413"), ("rye 24 %", "#c4692b"), ("white 21 %", "#e9b44c"), ("other 17 %", "#b9a184"))
    ):
        pen.rectangle((876 * s, (176 + i * 40) * s, 892 * s, (192 + i * 40) * s), fill=colour)
        text(898, 172 + i * 40, name, 18)
    for i, (big, words) in enumerate(
        (
            ("8,450", "loaves in seven days"),
            ("1,930", "on Saturday, the most ever"),
            ("64 %", "baked with power from the tide"),
        )
    ):
        y = 400 + i * 98
        pen.rounded_rectangle((660 * s, y * s, 970 * s, (y + 86) * s), 12 * s, fill="#ffffff")
        text(680, y + 8, big, 38, "#b5561d", True)
        text(680, y + 54, words, 18)
    return _down(image)
