"""Draws the guard set's pictures: `python -m retrieval.training.guard.draw` writes pictures/*.png beside this file.

They are plain on purpose: what a picture model knows of shapes, colours and common things must not be lost by a retrain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 260
Drawing = Callable[[ImageDraw.ImageDraw], object]


def _sea(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, 120), "skyblue")
    pen.rectangle((0, 120, SIDE, SIDE), "royalblue")


def _meadow(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, 160), "skyblue")
    pen.rectangle((0, 160, SIDE, SIDE), "forestgreen")


def _boat(pen: ImageDraw.ImageDraw) -> None:
    _sea(pen)
    pen.polygon([(60, 170), (200, 170), (175, 205), (85, 205)], "saddlebrown")
    pen.polygon([(128, 40), (128, 160), (60, 160)], "white")
    pen.polygon([(134, 60), (134, 160), (190, 160)], "gainsboro")


def _mountains(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "lightskyblue")
    for left, peak, right in ((-40, 70, 180), (90, 190, 300)):
        pen.polygon([(left, 230), ((left + right) // 2, peak - 20), (right, 230)], "slategray")
        pen.polygon(
            [
                ((left + right) // 2 - 30, peak + 35),
                ((left + right) // 2, peak - 20),
                ((left + right) // 2 + 30, peak + 35),
            ],
            "white",
        )
    pen.rectangle((0, 225, SIDE, SIDE), "darkgreen")


def _house(pen: ImageDraw.ImageDraw) -> None:
    _meadow(pen)
    pen.rectangle((70, 110, 190, 210), "moccasin")
    pen.polygon([(55, 110), (130, 45), (205, 110)], "firebrick")
    pen.rectangle((115, 150, 145, 210), "saddlebrown")
    for x in (80, 155):
        pen.rectangle((x, 125, x + 25, 150), "lightcyan", "black")


def _tree(pen: ImageDraw.ImageDraw) -> None:
    _meadow(pen)
    pen.rectangle((118, 130, 142, 215), "saddlebrown")
    for x, y in ((90, 70), (130, 45), (165, 75), (130, 95)):
        pen.ellipse((x - 45, y - 35, x + 45, y + 45), "green")


def _sunset(pen: ImageDraw.ImageDraw) -> None:
    for y in range(150):
        pen.line((0, y, SIDE, y), (255, 90 + y // 2, 40 + y // 3))
    pen.ellipse((95, 95, 165, 165), "gold")
    pen.rectangle((0, 150, SIDE, SIDE), "midnightblue")


def _night(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), (8, 8, 40))
    pen.ellipse((150, 40, 210, 100), "lightyellow")
    for number in range(60):
        x, y = (number * 97) % SIDE, (number * 61) % 180
        pen.ellipse((x, y, x + 2, y + 2), "white")


def _ball(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "limegreen")
    pen.ellipse((70, 70, 190, 190), "white", "black", 3)
    pen.regular_polygon((130, 130, 26), 5, fill="black")
    for turn in range(5):
        angle = math.radians(72 * turn - 90)
        pen.regular_polygon((130 + 52 * math.cos(angle), 130 + 52 * math.sin(angle), 12), 5, fill="black")


def _traffic_light(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "lightgray")
    pen.rectangle((95, 25, 165, 215), "black")
    for y, colour in ((35, "red"), (95, (60, 50, 0)), (155, (0, 50, 0))):
        pen.ellipse((105, y, 155, y + 50), colour)
    pen.rectangle((122, 215, 138, SIDE), "dimgray")


def _bars(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "white")
    pen.line((30, 20, 30, 230, 240, 230), "black", 3)
    for place, height in enumerate((60, 110, 90, 160, 190)):
        pen.rectangle((45 + 38 * place, 230 - height, 72 + 38 * place, 230), "steelblue")


def _pie(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "white")
    for start, end, colour in ((0, 130, "tomato"), (130, 220, "gold"), (220, 300, "seagreen"), (300, 360, "steelblue")):
        pen.pieslice((40, 40, 220, 220), start, end, colour, "white")


def _curve(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "white")
    pen.line((30, 20, 30, 230, 240, 230), "black", 3)
    pen.line([(30 + x, 130 - round(80 * math.sin(x / 30))) for x in range(0, 205, 3)], "crimson", 4)


def _clock(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "beige")
    pen.ellipse((35, 35, 225, 225), "white", "black", 6)
    for hour in range(12):
        x, y = math.cos(math.radians(30 * hour)), math.sin(math.radians(30 * hour))
        pen.line((130 + 78 * x, 130 + 78 * y, 130 + 90 * x, 130 + 90 * y), "black", 4)
    pen.line((130, 130, 130, 60), "black", 5)
    pen.line((130, 130, 175, 155), "black", 7)


def _snowman(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, 190), "lightsteelblue")
    pen.rectangle((0, 190, SIDE, SIDE), "white")
    for y, r in ((185, 52), (112, 38), (60, 26)):
        pen.ellipse((130 - r, y - r, 130 + r, y + r), "white", "gray", 2)
    pen.rectangle((108, 8, 152, 38), "black")
    pen.polygon([(130, 58), (165, 64), (130, 68)], "orange")
    for x in (121, 138):
        pen.ellipse((x, 48, x + 6, 54), "black")


def _fish(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "deepskyblue")
    pen.polygon([(190, 130), (240, 85), (240, 175)], "darkorange")
    pen.ellipse((45, 80, 210, 180), "orange")
    pen.ellipse((75, 112, 92, 129), "white", "black", 4)


def _road(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, 110), "skyblue")
    pen.rectangle((0, 110, SIDE, SIDE), "darkkhaki")
    pen.polygon([(120, 110), (140, 110), (230, SIDE), (30, SIDE)], "dimgray")
    for y in (125, 155, 195):
        pen.polygon([(128, y), (132, y), (134, y + 18), (126, y + 18)], "white")


def _apple(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "white")
    pen.ellipse((55, 75, 150, 215), "red")
    pen.ellipse((110, 75, 205, 215), "red")
    pen.line((130, 85, 142, 45), "saddlebrown", 8)
    pen.ellipse((142, 42, 195, 68), "green")


def _candle(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), (20, 12, 12))
    pen.ellipse((70, 20, 190, 140), (60, 40, 15))
    pen.rectangle((108, 110, 152, 230), "ivory")
    pen.ellipse((118, 50, 142, 105), "gold")


def _chess(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "saddlebrown")
    for row in range(8):
        for column in range(8):
            x, y = 18 + 28 * column, 18 + 28 * row
            pen.rectangle((x, y, x + 28, y + 28), "black" if (row + column) % 2 else "wheat")


def _rainbow(pen: ImageDraw.ImageDraw) -> None:
    _meadow(pen)
    for step, colour in enumerate(("red", "orange", "yellow", "green", "blue", "indigo", "violet")):
        pen.arc((20 + 9 * step, 50 + 9 * step, 240 - 9 * step, 270 - 9 * step), 180, 360, colour, 10)
    pen.rectangle((0, 162, SIDE, SIDE), "forestgreen")


def _umbrella(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "lightslategray")
    for number in range(70):
        x, y = (number * 53) % SIDE, (number * 89) % SIDE
        pen.line((x, y, x - 4, y + 12), "aliceblue", 2)
    pen.pieslice((40, 50, 220, 230), 180, 360, "crimson")
    pen.line((130, 140, 130, 225), "black", 6)
    pen.arc((106, 205, 133, 240), 0, 180, "black", 6)


def _flower(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "palegreen")
    pen.line((130, 130, 130, 250), "darkgreen", 8)
    for turn in range(10):
        x, y = 130 + 45 * math.cos(math.pi * turn / 5), 105 + 45 * math.sin(math.pi * turn / 5)
        pen.ellipse((x - 24, y - 24, x + 24, y + 24), "gold")
    pen.ellipse((98, 73, 162, 137), "saddlebrown")


def _map(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "lightblue")
    pen.polygon([(40, 60), (110, 30), (190, 60), (225, 130), (180, 210), (100, 225), (50, 170)], "khaki", "peru")
    pen.line([(60, 100), (110, 120), (150, 170), (190, 190)], "royalblue", 5)
    pen.ellipse((118, 88, 130, 100), "red")


PICTURES: dict[str, tuple[str, Drawing]] = {
    "boat": ("a sailing boat on the sea", _boat),
    "mountains": ("snow-covered mountain peaks", _mountains),
    "house": ("a house with a red roof", _house),
    "tree": ("a green tree in a meadow", _tree),
    "sunset": ("sunset over the ocean", _sunset),
    "night": ("the moon and stars in the night sky", _night),
    "ball": ("a football on the grass", _ball),
    "traffic-light": ("a traffic light showing red", _traffic_light),
    "bars": ("a bar chart with rising bars", _bars),
    "pie": ("a pie chart with four slices", _pie),
    "curve": ("a line graph of a wave", _curve),
    "clock": ("the face of a clock", _clock),
    "snowman": ("a snowman with a hat", _snowman),
    "fish": ("an orange goldfish in water", _fish),
    "road": ("a straight road to the horizon", _road),
    "apple": ("a red apple with a leaf", _apple),
    "candle": ("a burning candle in the dark", _candle),
    "chess": ("an empty chess board", _chess),
    "rainbow": ("a rainbow over a field", _rainbow),
    "umbrella": ("a red umbrella in the rain", _umbrella),
    "flower": ("a yellow sunflower", _flower),
    "map": ("a map of an island with a river", _map),
}


def main() -> None:
    folder = Path(__file__).parent / "pictures"
    folder.mkdir(exist_ok=True)
    lines = ["question\tpicture"]
    for name, (question, draw) in PICTURES.items():
        picture = Image.new("RGB", (SIDE, SIDE))
        draw(ImageDraw.Draw(picture))
        picture.quantize(64).save(folder / f"{name}.png", optimize=True)
        lines.append(f"{question}\t{name}.png")
    (Path(__file__).parent / "pictures.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
