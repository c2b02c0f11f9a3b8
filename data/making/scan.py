"""A letter and a checked form as a scanner sees them: pictures of pages, a little askew, without any text layer."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image, ImageDraw, ImageFilter

from .lettering import font
from .noise import sample, texture
from .paper import BORN

WIDTH, HEIGHT = 1240, 1754  # A4 at 150 dpi
LETTER = """SKERROW HARBOUR BOARD
Customs House, Mole Road

Ref. SHB/1147/24                       14 February 2024

To the Harbour Street Bakery Co-operative
7 Harbour Street, Skerrow


PERMIT FOR A TIDAL WHEEL AT BERTH 14

Dear Mrs Okafor-Lund,

At its meeting of 12 February the Board resolved to let
you hang one water wheel, type KX-70, beneath Lamp Quay
at berth 14, for a rent of 640 pounds a year, until the
31st of May 2026, on these conditions:

 1. The wheel is lifted when the Old Sentinel shows two
    lights, one above the other.
 2. No part of it stands less than 1.5 metres below low
    water of spring tides.
 3. Eelgrass within 30 metres is surveyed before work
    begins and again after one year.
 4. The ferry has right of way. The davit is swung in by
    6.40 and from 17.10 to 18.00.
 5. A bond of 5,000 pounds is lodged with the Board.

The permit lapses if the wheel has not turned by the
1st of September 2024.

Yours faithfully,




A. Pettibone
Harbour Master"""


def _letter() -> Image.Image:
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(sheet)
    random = np.random.default_rng(51)
    face = font(27, typewriter=True)
    for row, line in enumerate(LETTER.split("\n")):
        bold = row in (0, 9)
        for column, letter in enumerate(line):
            x = 150 + column * 16.6 + random.normal(0, 0.5)
            y = 150 + row * 37 + random.normal(0, 0.7)
            pen.text(
                (x, y), letter, int(random.integers(25, 75)), font(28, bold=True, typewriter=True) if bold else face
            )
    points = [
        (170 + 34 * t + 26 * np.sin(t * 2.2), 150 + 34 * 37 + 20 + 30 * np.sin(t * 3.1 + 1) * np.exp(-t / 9))
        for t in np.linspace(0, 9, 120)
    ]
    pen.line([(float(x), float(y)) for x, y in points], 60, 4, joint="curve")
    stamp = Image.new("L", (360, 360), 0)
    mark = ImageDraw.Draw(stamp)
    mark.ellipse((10, 10, 350, 350), outline=200, width=7)
    mark.ellipse((62, 62, 298, 298), outline=200, width=3)
    for text, y, size in (("HARBOUR BOARD", 128, 25), ("14 FEB 2024", 166, 30), ("SKERROW", 212, 25)):
        mark.text((180 - mark.textlength(text, font(size, bold=True)) / 2, y), text, 200, font(size, bold=True))
    sheet.paste(96, (770, 1330), stamp.rotate(14))
    return sheet


def _form() -> Image.Image:
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(sheet)
    random = np.random.default_rng(52)
    pen.text((130, 130), "Inspection of the davit and chain hoist", 20, font(44, bold=True))
    pen.text((130, 192), "Skerrow Harbour Board, form 22, to be kept for ten years", 40, font(24))
    fields = (
        ("Place", "Lamp Quay, berth 14"),
        ("Owner", "Harbour Street Bakery"),
        ("Serial number", "DV-30918"),
        ("Date", "3 June 2024"),
        ("Inspector", "A. Pettibone"),
        ("Test load", "250 kg"),
    )
    for i, (name, value) in enumerate(fields):
        x, y = 130 + (i % 2) * 500, 260 + (i // 2) * 78
        pen.rectangle((x, y, x + 480, y + 64), outline=60, width=2)
        pen.text((x + 10, y + 6), name, 70, font(19))
        pen.text((x + 26, y + 24 + random.normal(0, 1)), value, 50, font(28))
    rows = (
        "Chain free of wear and rust",
        "Hook with working latch",
        "Brake holds the test load",
        "Bolts of the foot tight, 140 Nm",
        "Swing lock",
        "Rope guard",
        "Label of safe load readable",
        "Emergency lowering tried",
    )
    top = 530
    pen.rectangle((130, top, 1110, top + 60), fill=190, outline=60, width=2)
    for x, name in ((146, "Point"), (750, "good"), (880, "poor"), (990, "remark")):
        pen.text((x, top + 16), name, 20, font(26, bold=True))
    for i, name in enumerate(rows):
        y = top + 60 + i * 66
        pen.rectangle((130, y, 1110, y + 66), outline=60, width=2)
        pen.text((146, y + 18), f"{i + 1}. {name}", 30, font(26))
        bad = i == 6
        for k, x in enumerate((770, 900)):
            pen.rectangle((x, y + 18, x + 30, y + 48), outline=50, width=2)
            if bad == bool(k):
                wob = random.normal(0, 2.5, 4)
                pen.line((x + 2 + wob[0], y + 16, x + 30, y + 50 + wob[1]), 40, 5)
                pen.line((x + 30 + wob[2], y + 14, x + 1, y + 50 + wob[3]), 40, 5)
        if bad:
            pen.text((982, y + 18), "repaint", 45, font(28))
    pen.text((130, 1160), "Result", 30, font(28, bold=True))
    pen.text((130, 1206), "The davit may lift 250 kilograms. Next inspection: June 2026.", 40, font(28))
    pen.text((130, 1246), "The label of the safe load is to be painted anew within four weeks.", 40, font(28))
    points = [
        (700 + 40 * t + 22 * np.sin(t * 2.0), 1420 + 30 * np.sin(t * 2.8) * np.exp(-t / 8))
        for t in np.linspace(0, 8, 110)
    ]
    pen.line([(float(x), float(y)) for x, y in points], 60, 4, joint="curve")
    pen.line((690, 1470, 1100, 1470), 60, 2)
    pen.text((690, 1480), "Harbour Master", 60, font(22))
    return sheet


def _scanned(sheet: Image.Image, degrees: float, seed: int) -> bytes:
    """Turned a little, unevenly lit, with dust and blur; JPEG bytes in greys."""
    turned = sheet.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.7))
    values = np.asarray(turned, dtype=np.float32) / 255
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    paper = (
        0.93 + 0.012 * sample(texture(seed, 2.6), x * 0.4, y * 0.4) - 0.05 * (x / WIDTH) ** 6 - 0.10 * np.exp(-x / 22)
    )
    random = np.random.default_rng(seed)
    values = values * paper + random.normal(0, 0.008, values.shape)
    for px, py, r in zip(
        random.integers(0, WIDTH, 40), random.integers(0, HEIGHT, 40), random.integers(1, 3, 40), strict=True
    ):
        values[max(0, py - r) : py + r, max(0, px - r) : px + r] *= 0.7
    hole = np.hypot(x - 42, np.minimum(np.abs(y - 620), np.abs(y - 1134))) < 19
    values[hole] = 0.30
    data = io.BytesIO()
    Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8)).save(data, "JPEG", quality=62)
    return data.getvalue()


def make(folder: Path) -> None:
    """Writes `scan-berth-14-permit.pdf`."""
    document = pymupdf.open()
    document.set_metadata(
        {"title": "", "author": "", "creationDate": BORN, "modDate": BORN, "producer": "", "creator": ""}
    )
    for sheet, degrees, seed in ((_letter(), 0.9, 61), (_form(), -0.7, 62)):
        page = document.new_page(width=595, height=842)
        page.insert_image(page.rect, stream=_scanned(sheet, degrees, seed))
    document.save(folder / "scan-berth-14-permit.pdf", garbage=4, deflate=True, no_new_id=True)
    document.close()
