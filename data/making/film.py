"""The film "One day on Harbour Street": seven drawn shots with hard cuts, H.264 that browsers play, subtitles beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from .lettering import font
from .noise import sample, texture

WIDTH, HEIGHT, FPS, FINE = 640, 360, 24, 2
W, H = WIDTH * FINE, HEIGHT * FINE
NAME = "one-day-on-harbour-street"


def _slope(top: str, low: str) -> Image.Image:
    a, b = (np.asarray([int(c[i : i + 2], 16) for i in (1, 3, 5)], np.float32) for c in (top, low))
    t = np.linspace(0, 1, H, dtype=np.float32)[:, None, None]
    return Image.fromarray(np.broadcast_to(a * (1 - t) + b * t, (H, W, 3)).astype(np.uint8))


def _wheel(pen: ImageDraw.ImageDraw, x: float, y: float, r: float, turn: float, tyre: str = "#1d1c1b") -> None:
    pen.ellipse((x - r, y - r, x + r, y + r), outline=tyre, width=int(r * 0.13))
    pen.ellipse((x - r * 0.86, y - r * 0.86, x + r * 0.86, y + r * 0.86), outline="#c9c9c9", width=3)
    for k in range(12):
        a = turn + k * math.pi / 6
        pen.line((x, y, x + r * 0.85 * math.cos(a), y + r * 0.85 * math.sin(a)), "#d9d9d9", 2)
    pen.ellipse((x - 9, y - 9, x + 9, y + 9), fill="#8b8b8b")


def title(t: float) -> Image.Image:
    image = _slope("#fbf1dc", "#f2d9ae")
    pen = ImageDraw.Draw(image)
    rise = 1 - math.exp(-3 * t)
    big = font(92, bold=True)
    for k, line in enumerate(("One day on", "Harbour Street")):
        pen.text(((W - pen.textlength(line, big)) / 2, 190 + 104 * k + 40 * (1 - rise)), line, "#7a3413", big)
    small = font(38)
    pen.text(((W - pen.textlength("Skerrow, 4 March 2025", small)) / 2, 442), "Skerrow, 4 March 2025", "#16324f", small)
    pen.rectangle((W / 2 - 240 * rise, 420, W / 2 + 240 * rise, 426), fill="#e0a526")
    for k in range(5):
        x = W / 2 + (k - 2) * 90
        pen.ellipse((x - 40, 586, x + 40, 638), fill="#c98642", outline="#8a4f1d", width=4)
        pen.arc((x - 24, 592, x + 24, 626), 200, 330, "#f6dcae", 5)
        for s in range(2):
            y = 556 - ((t * 40 + s * 22 + k * 13) % 44)
            pen.arc((x - 10, y - 18, x + 10, y + 8), 90, 270, "#d8b98a", 4)
    return image


def oven(t: float) -> Image.Image:
    image = _slope("#33261f", "#1b1310")
    pen = ImageDraw.Draw(image)
    for row in range(10):
        for column in range(12):
            x, y = column * 116 - (row % 2) * 58, row * 74
            shade = 64 + 14 * ((row * 7 + column * 5) % 4)
            pen.rounded_rectangle((x + 4, y + 4, x + 112, y + 70), 6, fill=(shade + 40, shade - 6, shade - 20))
    glow = 0.97  # steady: a flicker of so much colour would count as a cut
    pen.pieslice((180, 40, 1100, 960), 180, 360, fill="#3a3432")
    pen.rectangle((180, 500, 1100, 620), fill="#3a3432")
    pen.pieslice((220, 84, 1060, 930), 180, 360, fill=(int(240 * glow), int(112 * glow), 24))
    pen.rectangle((220, 506, 1060, 590), fill=(int(220 * glow), int(92 * glow), 20))
    pen.pieslice((330, 190, 950, 850), 180, 360, fill=(int(255 * glow), int(176 * glow), 62))
    for k in range(9):
        x = 400 + k * 60
        lick = 70 + 34 * math.sin(t * 5 + k * 1.9)
        pen.polygon([(x - 26, 520), (x + 6 * math.sin(t * 7 + k), 520 - lick), (x + 26, 520)], fill=(255, 214, 110))
    baked = 0.4 + min(0.6, t / 8)
    for k, x in enumerate((310, 470, 640, 810, 970)):
        size = 62 + 22 * baked
        top = 560 - size * (0.75 + 0.05 * math.sin(t * 2 + k))
        crust = (int(236 - 70 * baked), int(206 - 106 * baked), int(150 - 104 * baked))
        pen.ellipse((x - size, top, x + size, 600), fill=crust, outline=(110, 58, 20), width=5)
        for cut in (-0.45, 0, 0.45):
            pen.line((x + cut * size - 14, top + 30, x + cut * size + 14, top + 14), (250, 226, 178), 8)
    pen.rectangle((160, 590, 1120, 650), fill="#55504d")
    pen.text((500, 606), "THE BELLOWS", "#e8c27a", font(34, bold=True))
    return image


def ride(t: float) -> Image.Image:
    image = _slope("#9fd0ea", "#e9f4f4")
    pen = ImageDraw.Draw(image)
    for k in range(9):  # houses along the quay
        x = (k * 190 - t * 120) % (9 * 190) - 190
        tall = 240 + 40 * ((k * 5) % 3)
        tone = ("#e8b04a", "#d9745a", "#7fb3a8", "#f0e2c4", "#8fa9cf")[k % 5]
        pen.rectangle((x, 500 - tall, x + 178, 500), fill=tone)
        pen.polygon([(x - 8, 500 - tall), (x + 89, 430 - tall), (x + 186, 500 - tall)], fill="#7d4a3a")
        for row in range(2):
            for column in range(2):
                wx, wy = x + 28 + column * 78, 530 - tall + row * 90
                pen.rectangle((wx, wy, wx + 44, wy + 56), fill="#3c5566", outline="#ffffff", width=5)
    pen.rectangle((0, 500, W, 560), fill="#b9aa97")
    pen.rectangle((0, 560, W, H), fill="#8d8275")
    for k in range(16):
        x = (k * 100 - t * 420) % 1600 - 100
        pen.rectangle((x, 636, x + 56, 644), fill="#d8cfc2")
    x, y, turn, bob = 600, 590, t * 7, 3 * math.sin(t * 9)
    rear, front, crank, seat, head = (
        (x - 130, y),
        (x + 150, y),
        (x - 8, y),
        (x - 52, y - 160 + bob),
        (x + 98, y - 170 + bob),
    )
    _wheel(pen, *rear, 92, turn)
    _wheel(pen, *front, 92, turn)
    red = "#d3211c"
    for a, b in ((seat, crank), (seat, head), (crank, head), (rear, crank), (rear, seat), (head, front)):
        pen.line((*a, *b), red, 16)
    pen.line((head[0], head[1], head[0] - 8, head[1] - 48, head[0] - 58, head[1] - 52), "#444444", 11, joint="curve")
    pen.rounded_rectangle((seat[0] - 46, seat[1] - 30, seat[0] + 34, seat[1] - 8), 10, fill="#6b3a1c")
    pen.rounded_rectangle(
        (head[0] + 6, head[1] - 86, head[0] + 130, head[1] + 8), 12, fill="#b98a4e", outline="#7f5a2c", width=5
    )
    for k in range(4):
        pen.line(
            (head[0] + 24 + k * 28, head[1] - 74, head[0] + 34 + k * 28, head[1] - 150 + 9 * (k % 2)), "#c9853d", 24
        )
    for side in (0, math.pi):
        foot = (crank[0] + 38 * math.cos(turn + side), crank[1] + 38 * math.sin(turn + side))
        knee = ((seat[0] + foot[0]) / 2 + 52, (seat[1] + foot[1]) / 2 - 24)
        if side:
            pen.line((*crank, *foot), "#777777", 9)
        pen.line((seat[0], seat[1] - 30, *knee, *foot), "#27426b" if side else "#1d3252", 34, joint="curve")
        pen.ellipse((foot[0] - 18, foot[1] - 12, foot[0] + 34, foot[1] + 14), fill="#2a211c")
    hip, shoulder, hand = (seat[0], seat[1] - 44), (seat[0] + 66, seat[1] - 170), (head[0] - 48, head[1] - 56)
    pen.line((*hip, *shoulder), "#f0c64a", 62)
    pen.ellipse((shoulder[0] - 33, shoulder[1] - 32, shoulder[0] + 33, shoulder[1] + 32), fill="#f0c64a")
    pen.line((*shoulder, shoulder[0] + 44, shoulder[1] + 74, *hand), "#e2b538", 26, joint="curve")
    face = (shoulder[0] + 22, shoulder[1] - 66)
    pen.ellipse((face[0] - 38, face[1] - 42, face[0] + 38, face[1] + 42), fill="#e3ae86")
    pen.pieslice(
        (face[0] - 45, face[1] - 54, face[0] + 45, face[1] + 36), 180, 360, fill="#ffffff", outline="#cccccc", width=3
    )
    return image


def beam(t: float) -> Image.Image:
    image = _slope("#050a1c", "#1b2a4f")
    pen = ImageDraw.Draw(image)
    random = np.random.default_rng(301)
    for x, y, r in zip(random.uniform(0, W, 130), random.uniform(0, 440, 130), random.uniform(1, 3, 130), strict=True):
        pen.ellipse((x - r, y - r, x + r, y + r), fill="#dfe6ff")
    pen.ellipse((150, 70, 250, 170), fill="#f4efd8")
    angle = t * 1.15
    lamp = (760, 178)
    sheet = Image.new("RGBA", (W, H), (0, 0, 0, 0))
    light = ImageDraw.Draw(sheet)
    for side in (0, math.pi):
        reach, swing = 1500 * math.cos(angle + side), 120 * math.sin(angle + side)
        for width, strength in ((150, 40), (96, 60), (46, 90)):
            light.polygon(
                [lamp, (lamp[0] + reach, lamp[1] + swing - width), (lamp[0] + reach, lamp[1] + swing + width)],
                fill=(255, 236, 170, strength),
            )
    image.paste(sheet, (0, 0), sheet)
    pen.polygon([(560, 640), (640, 560), (900, 548), (1000, 640)], fill="#171a20")
    for k in range(5):
        low, high = 590 - 72 * k, 590 - 72 * (k + 1)
        wide, narrow = 62 - 6 * k, 62 - 6 * (k + 1)
        pen.polygon(
            [(760 - wide, low), (760 + wide, low), (760 + narrow, high), (760 - narrow, high)],
            fill="#8f1d1d" if k % 2 else "#c9cbd3",
        )
    pen.rectangle((712, 216, 808, 230), fill="#0d0f14")
    pen.rectangle((732, 150, 788, 216), fill="#fff2b8")
    pen.polygon([(720, 150), (800, 150), (760, 104)], fill="#7c1717")
    pen.rectangle((0, 630, W, H), fill="#0c1a33")
    for k in range(40):
        x = (k * 173 + 40 * math.sin(t * 1.5 + k)) % W
        y = 640 + (k * 37) % 78
        pen.line((x, y, x + 60, y), "#27406e", 4)
    return image


def under(t: float) -> Image.Image:
    image = _slope("#2f9fae", "#06333f")
    pen = ImageDraw.Draw(image, "RGBA")
    for k in range(7):
        x = 140 + k * 190 + 30 * math.sin(t + k)
        pen.polygon([(x, 0), (x + 60, 0), (x + 190, H), (x + 40, H)], fill=(255, 255, 255, 16))
    pen.rectangle((0, 0, 210, H), fill="#5c5a52")
    for row in range(8):
        for column in range(2):
            pen.rectangle(
                (column * 104 - (row % 2) * 50 + 4, row * 92 + 4, column * 104 - (row % 2) * 50 + 100, row * 92 + 88),
                fill="#6d6a60",
            )
    pen.rectangle((210, 310, 420, 330), fill="#8c979b")
    pen.rectangle((210, 400, 420, 420), fill="#8c979b")
    pen.rounded_rectangle((360, 270, 640, 460), 50, fill="#e8a313", outline="#8a5f08", width=6)
    for k in range(6):
        pen.line((410 + k * 26, 276, 410 + k * 26, 454), "#b77e0d", 7)
    pen.rounded_rectangle((420, 330, 600, 400), 8, fill="#efe8d2", outline="#333333", width=4)
    pen.text((452, 340), "KX-70", "#20262a", font(44, bold=True))
    cx, cy, r = 860, 365, 230
    for k in range(8):
        a = t * 2.4 + k * math.pi / 4
        tip, trail = a + 0.16, a - 0.24
        pen.polygon(
            [
                (cx + 40 * math.cos(a + 0.6), cy + 40 * math.sin(a + 0.6)),
                (cx + r * math.cos(tip), cy + r * math.sin(tip)),
                (cx + r * math.cos(trail), cy + r * math.sin(trail)),
                (cx + 40 * math.cos(a - 0.6), cy + 40 * math.sin(a - 0.6)),
            ],
            fill="#0f6f7c" if k % 2 else "#168896",
            outline="#063c45",
        )
    pen.ellipse((cx - r - 14, cy - r - 14, cx + r + 14, cy + r + 14), outline="#0b4650", width=24)
    pen.ellipse((cx - 56, cy - 56, cx + 56, cy + 56), fill="#12525c", outline="#06333a", width=6)
    pen.line((640, 365, 804, 365), "#9aa5a9", 26)
    random = np.random.default_rng(302)
    for x, speed, size in zip(
        random.uniform(240, W, 40), random.uniform(60, 150, 40), random.uniform(4, 13, 40), strict=True
    ):
        y = H - (t * speed + x * 3) % (H + 40)
        pen.ellipse((x - size, y - size, x + size, y + size), outline=(235, 250, 255, 190), width=3)
    for k in range(18):
        x = 230 + k * 64
        sway = [(x + 26 * math.sin(t * 1.6 + k + j * 0.5) * j / 6, H - j * (16 + (k * 7) % 9)) for j in range(7)]
        pen.line(sway, "#1f6b3a", 14, joint="curve")
    return image


def figures(t: float) -> Image.Image:
    image = Image.new("RGB", (W, H), "#ffffff")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, W, 110), fill="#16324f")
    pen.text((60, 28), "Power from the tide, thousand kWh", "#ffffff", font(50, bold=True))
    for k in range(5):
        y = 620 - k * 102
        pen.line((120, y, W - 60, y), "#dfe3e6", 3)
        pen.text((60, y - 20), str(2 * k), "#6b737a", font(32))
    for k, (name, value) in enumerate(
        zip(
            ("Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar"),
            (6.8, 7.6, 8.2, 7.9, 6.1, 8.4, 8.8, 7.6),
            strict=True,
        )
    ):
        x = 150 + k * 134
        high = value * 51
        pen.rectangle((x, 620 - high, x + 92, 620), fill="#b5561d" if name == "Dec" else "#2a7f7a")
        pen.text((x + 46 - pen.textlength(name, font(34)) / 2, 634), name, "#22282c", font(34))
        number, bold = f"{value}", font(34, bold=True)
        pen.text((x + 46 - pen.textlength(number, bold) / 2, 576 - high), number, "#22282c", bold)
    x = 150 + 250 * t
    pen.polygon([(x - 16, 690), (x + 16, 690), (x, 676)], fill="#e0a526")  # slow: growing bars would count as cuts
    return image


def sail(t: float) -> Image.Image:
    image = _slope("#3d3a6b", "#f6a35c")
    pen = ImageDraw.Draw(image)
    pen.ellipse((860, 300, 1060, 500), fill="#fff0c2")
    pen.rectangle((0, 450, W, H), fill="#27486b")
    x, y = 240 + t * 90, 470 + 8 * math.sin(t * 2)
    tilt = 0.05 * math.sin(t * 1.7)

    def at(dx: float, dy: float) -> tuple[float, float]:
        return x + dx * math.cos(tilt) - dy * math.sin(tilt), y + dx * math.sin(tilt) + dy * math.cos(tilt)

    pen.polygon([at(0, -330), at(0, -40), at(-170, -40)], fill="#f3ead8")
    pen.polygon([at(14, -310), at(14, -50), at(150, -50)], fill="#c23a2a")
    pen.line((*at(6, -345), *at(6, 0)), "#4d3018", 10)
    pen.polygon([at(-190, -22), at(200, -22), at(140, 50), at(-140, 50)], fill="#16233c")
    pen.line((*at(-188, -14), *at(196, -14)), "#e0c15a", 8)
    ripple = texture(303, 2.4)
    for k in range(190):
        wx = (k * 97.0 + 26 * math.sin(t * 1.3 + k)) % W
        wy = 460 + ((k * 53) % 250)
        size = 14 + (wy - 450) * 0.2
        warm = float(sample(ripple, np.array([wx * 0.2 + t * 8], np.float32), np.array([float(wy)], np.float32))[0])
        near_sun = abs(wx - 960) < 120 + (wy - 450) * 0.2
        pen.line(
            (wx - size, wy, wx + size, wy),
            "#ffd694" if near_sun and warm > -1.2 else "#3f6288" if warm > 0 else "#1e3a59",
            5,
        )
    return image


Shot = tuple[Callable[[float], Image.Image], float, str]
SHOTS: tuple[Shot, ...] = (
    (title, 3.5, "This is one day on Harbour Street, told in half a minute."),
    (
        oven,
        5.0,
        "At half past ten in the evening the night bake begins. The oven needs forty minutes to "
        "reach two hundred and forty-five degrees.",
    ),
    (
        ride,
        5.0,
        "At a quarter to six the riders leave the yard. Each bicycle carries eighteen kilos in "
        "the basket, mind the setts when they are wet.",
    ),
    (beam, 4.5, "Two lights, one above the other, mean a storm: then somebody has to sleep beside the telephone."),
    (under, 5.0, "Down here the current turns eight blades ninety-two times a minute, whichever way the water runs."),
    (
        figures,
        4.5,
        "February was our best month, eight thousand eight hundred kilowatt hours, and December "
        "the worst because of one leaking seal.",
    ),
    (sail, 4.5, "And when the flour comes home under sail, the day is done. Good night from Oona and Tomasz."),
)


def spans() -> list[tuple[float, float]]:
    """Start and end of each shot in seconds."""
    ends = np.cumsum([seconds for _, seconds, _ in SHOTS])
    return [(float(end - seconds), float(end)) for end, (_, seconds, _) in zip(ends, SHOTS, strict=True)]


def frames(shots: tuple[Shot, ...] = SHOTS) -> Iterator[Image.Image]:
    for draw, seconds, _ in shots:
        for k in range(round(seconds * FPS)):
            yield draw(k / FPS).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _clock(seconds: float) -> str:
    return f"00:{int(seconds) // 60:02d}:{seconds % 60:06.3f}"


def make(folder: Path) -> None:
    """Writes the film and its subtitles."""
    with av.open(str(folder / f"{NAME}.mp4"), "w", options={"movflags": "+faststart"}) as film:
        stream = film.add_stream(
            "libx264", rate=FPS, options={"crf": "26", "preset": "slow", "g": "48", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for image in frames():
            film.mux(stream.encode(av.VideoFrame.from_image(image)))
        film.mux(stream.encode())
    lines = ["WEBVTT", ""]
    for (start, end), (_, _, words) in zip(spans(), SHOTS, strict=True):
        lines += [f"{_clock(start + 0.2)} --> {_clock(end - 0.2)}", words, ""]
    (folder / f"{NAME}.vtt").write_text("\n".join(lines), encoding="utf-8")
