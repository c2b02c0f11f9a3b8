"""The service manual of the KX-70 Tidewheel: nine A4 pages with part numbers, figures, fault codes."""

from __future__ import annotations

import math
from pathlib import Path

from .manual_care import faults, install, seal, service, wiring
from .manual_sheet import CSS, DEEP, LEFT, RED, RIGHT, SEA, STEEL, TOP, YELLOW, bubble, page, warning
from .paper import GREY, INK, PALE, WHITE, Paper, rgb, tint


def _cover(paper: Paper, pictures: Path) -> None:
    paper.new_page()
    paper.box((0, 0, 595, 842), fill=DEEP)
    paper.box((0, 300, 595, 306), fill=YELLOW)
    paper.text(48, 96, "KX-70", 62, YELLOW, bold=True)
    paper.text(48, 154, "Tidewheel", 50, WHITE, bold=True)
    paper.text(48, 206, "Service manual", 20, WHITE)
    paper.text(48, 232, "Prototypes P-2 and P-3, series wheel P-4", 11, tint(DEEP, 0.3))
    paper.picture((0, 306, 595, 703), pictures / "prototype-p3.jpg", dpi=110)
    paper.text(48, 752, "MF-SM-070  rev. D", 12, WHITE, bold=True)
    paper.text(48, 772, "September 2025. Replaces rev. C. Keep it with the machine.", 9.5, tint(DEEP, 0.3))
    paper.text(547, 772, "Project Marrowfen", 12, YELLOW, bold=True, align="right")


def _data(paper: Paper) -> None:
    page(paper, "1", "Safety and main data")
    y = warning(
        paper,
        TOP,
        "Danger",
        "The wheel turns without warning as soon as the current exceeds 0.7 m/s. Put in the "
        "locking pin MF-2212 and hang the red tag on the breaker before a hand goes near the "
        "blades.",
    )
    y = warning(
        paper,
        y + 8,
        "Warning",
        "The direct current bus keeps 400 volts for six minutes after shutdown. Wait until lamp "
        "H2 is dark, then measure between terminals 7 and 8.",
    )
    y = paper.flow(
        (LEFT, y + 14, RIGHT, y + 120),
        """<p>This manual is for crew who have passed the Marrowfen wheel course. Work over the water
            is done by two people, both with life jackets; one of them stays on the quay.
    Lifting is allowed only at slack water, with the chain hoist on the davit beneath the Old Sentinel,
    never with the van.</p>""",
    )
    paper.text(LEFT, y + 16, "Table 1.1  Main data", 10, DEEP, bold=True)
    paper.table(
        LEFT,
        y + 24,
        (215, 140, 140),
        (
            ("Property", "P-3", "P-4 (series)"),
            ("Rated power at 2.4 m/s", "7.0 kW", "7.4 kW"),
            ("Starts at a current of", "0.7 m/s", "0.6 m/s"),
            ("Stops itself above", "3.6 m/s", "3.8 m/s"),
            ("Wheel diameter, blades", "1,160 mm, 8", "1,160 mm, 9"),
            ("Speed at rated power", "92 rpm", "88 rpm"),
            ("Gear ratio", "1 : 11.4", "1 : 11.4"),
            ("Mass without cradle", "186 kg", "171 kg"),
            ("Deepest place", "12 m", "18 m"),
            ("Oil, amount and kind", "2.8 l, Harbourlube 46", "2.6 l, Harbourlube 46"),
            ("Generator voltage", "400 V direct", "400 V direct"),
            ("Noise at one metre", "61 dB(A)", "58 dB(A)"),
            ("Protection of the housing", "IP68, 2 bar", "IP68, 2.5 bar"),
            ("Service life of the seal", "4,000 h", "6,000 h"),
        ),
        head=DEEP,
        size=9.2,
        leading=2.05,
    )
    paper.flow(
        (LEFT, y + 320, RIGHT, 800),
        """<h2>Names used in this manual</h2><ul><li><b>Gallowglass</b>: the sealing cartridge between
            wheel and gear, and by custom the whole prototype that first carried it.</li>
    <li><b>Cradle</b>: the steel frame on the quay wall that the wheel hangs in. <b>Davit</b>: the arm above
    it.</li><li><b>Marrow box</b>: the grey cabinet in the coal cellar with the inverter, the breaker and
    lamps H1 to H4.</li></ul>""",
    )


def _cutaway(paper: Paper, x: float, y: float) -> None:
    """The machine seen from the side, cut open; x, y is the middle of the axle at the flange."""
    paper.box((x - 190, y - 62, x, y + 62), fill=tint(YELLOW, 0.35), line=INK, width=1.2, round_=10)
    paper.box((x - 178, y - 50, x - 8, y + 50), fill=WHITE, line=INK, width=0.6, round_=6)
    for k in range(7):
        paper.box((x - 182 + k * 15, y - 68, x - 175 + k * 15, y - 62), fill=tint(YELLOW, 0.6), line=INK, width=0.5)
    paper.box((x - 168, y - 38, x - 100, y + 38), fill=tint(SEA, 0.35), line=INK, width=0.8)  # generator
    for k in range(6):
        paper.box((x - 164 + k * 10.5, y - 34, x - 158 + k * 10.5, y + 34), fill=rgb("#c77b3b"))
    paper.circle(x - 70, y - 16, 20, fill=STEEL, line=INK)
    paper.circle(x - 70, y + 17, 12, fill=STEEL, line=INK)
    for k in range(14):
        a = k / 14 * 2 * math.pi
        paper.line(
            (x - 70 + 20 * math.cos(a), y - 16 + 20 * math.sin(a)),
            (x - 70 + 23.5 * math.cos(a), y - 16 + 23.5 * math.sin(a)),
            INK,
            1.6,
        )
    paper.box((x - 100, y - 5, x + 74, y + 5), fill=rgb("#d8dee0"), line=INK, width=0.8)  # shaft
    paper.box((x - 40, y - 20, x - 14, y + 20), fill=RED, line=INK, width=0.8)  # seal
    paper.box((x - 33, y - 20, x - 29, y + 20), fill=WHITE)
    paper.box((x - 25, y - 20, x - 21, y + 20), fill=WHITE)
    paper.box((x, y - 74, x + 10, y + 74), fill=tint(YELLOW, 0.8), line=INK, width=1)
    paper.box((x + 40, y - 24, x + 82, y + 24), fill=SEA, line=INK, width=1, round_=6)
    for side in (-1, 1):
        paper.curve(
            [(x + 46, y + side * 24), (x + 40, y + side * 96), (x + 74, y + side * 100), (x + 78, y + side * 24)],
            INK,
            0.8,
            fill=tint(SEA, 0.75),
            close=True,
        )
        paper.box((x + 34, y + side * 103 - 4, x + 84, y + side * 103 + 4), fill=DEEP)
    paper.curve([(x - 190, y - 22), (x - 225, y - 22), (x - 238, y), (x - 238, y + 70)], INK, 5)
    for k in range(3):
        paper.arrow((x + 150, y - 60 + 60 * k), (x + 100, y - 60 + 60 * k), SEA, 2.4, 10)


def _works(paper: Paper) -> None:
    page(paper, "2", "How it works")
    paper.flow(
        (LEFT, TOP, RIGHT, 176),
        """<p>The current turns the wheel, either way. A planetary gear raises the speed from 92 to
            1,049 turns a minute for the generator, whose
    current runs through the cable to the marrow box. The Gallowglass keeps sea water from the gear: two
    lips with an oil chamber between them, held at 0.3 bar above the water outside.</p>""",
    )
    paper.box((LEFT, 180, RIGHT, 470), fill=rgb("#f3f6f7"), round_=6)
    _cutaway(paper, 318, 322)
    for number, at, to in (
        (1, (496, 240), (382, 262)),
        (2, (440, 440), (378, 330)),
        (3, (324, 440), (323, 392)),
        (4, (270, 210), (291, 304)),
        (5, (196, 440), (248, 340)),
        (6, (150, 440), (184, 356)),
        (7, (90, 440), (81, 392)),
        (8, (150, 210), (170, 258)),
    ):
        bubble(paper, number, at, to)
    paper.text(
        LEFT, 488, "Figure 2.1  The KX-70 cut open, seen from the side. Arrows: the current.", 8.6, GREY, italic=True
    )
    paper.columns(
        (LEFT, 502, RIGHT, 610),
        (
            "<ol><li>Blade, eight in P-3</li><li>Hub and shaft, MF-2205</li><li>Flange with ten "
            "bolts M12</li><li>Gallowglass seal, MF-2207-C</li></ol>",
            "<p>5. Planetary gear, MF-2208<br/>6. Generator, MF-2209<br/>7. Cable with ballast "
            "sleeve, MF-2211<br/>8. Housing with cooling ribs, MF-2206</p>",
        ),
    )
    xs, ys = (LEFT + 40, RIGHT - 20), (770, 620)
    paper.text(LEFT, 604, "Figure 2.2  Power over current speed", 10, DEEP, bold=True)
    for k in range(5):
        y = ys[0] - (ys[0] - ys[1]) * k / 4
        paper.line((xs[0], y), (xs[1], y), PALE)
        paper.text(xs[0] - 5, y + 3, f"{2 * k} kW", 7.6, GREY, align="right")
    for k in range(9):
        x = xs[0] + (xs[1] - xs[0]) * k / 8
        paper.text(x, ys[0] + 12, f"{k * 0.5:.1f}", 7.6, GREY, align="middle")
    for colour, start, top, name in ((SEA, 0.7, 7.0, "P-3"), (YELLOW, 0.6, 7.4, "P-4")):
        points = []
        for k in range(80):
            v = start + (3.6 - start) * k / 79
            power = min(top, top * ((v - start * 0.9) / (2.4 - start * 0.9)) ** 3)
            points.append((xs[0] + v / 4 * (xs[1] - xs[0]), ys[0] - power / 8 * (ys[0] - ys[1])))
        paper.curve(points, colour, 2.2)
        paper.text(points[-1][0] + 6, points[-1][1] + (6 if name == "P-3" else -1), name, 9, colour, bold=True)
    paper.text(xs[1], ys[0] + 24, "current, metres a second", 7.6, GREY, align="right")


def _parts(paper: Paper) -> None:
    page(paper, "3", "Parts")
    paper.box((LEFT, TOP, RIGHT, 372), fill=rgb("#f3f6f7"), round_=6)
    y = 250
    paper.line((70, y), (530, y), STEEL, 0.8, dashes="[6 3 1 3] 0")
    paper.circle(112, y, 62, line=DEEP, width=6)
    for k in range(8):
        a = k * math.pi / 4 + 0.2
        paper.curve(
            [
                (112 + 12 * math.cos(a - 0.5), y + 12 * math.sin(a - 0.5)),
                (112 + 57 * math.cos(a - 0.14), y + 57 * math.sin(a - 0.14)),
                (112 + 57 * math.cos(a + 0.22), y + 57 * math.sin(a + 0.22)),
                (112 + 14 * math.cos(a + 0.5), y + 14 * math.sin(a + 0.5)),
            ],
            INK,
            0.7,
            fill=tint(SEA, 0.7),
            close=True,
        )
    paper.circle(112, y, 15, fill=SEA, line=INK)
    paper.circle(112, y, 5, fill=WHITE, line=INK)
    paper.box((196, y - 6, 250, y + 6), fill=STEEL, line=INK, round_=2)
    paper.box((190, y - 12, 200, y + 12), fill=STEEL, line=INK)
    paper.circle(278, y, 30, fill=tint(YELLOW, 0.8), line=INK)
    paper.circle(278, y, 16, fill=WHITE, line=INK)
    for k in range(10):
        paper.circle(278 + 24 * math.cos(k * math.pi / 5), y + 24 * math.sin(k * math.pi / 5), 2.4, fill=INK)
    paper.box((322, y - 22, 346, y + 22), fill=RED, line=INK, round_=3)
    paper.box((328, y - 22, 331, y + 22), fill=WHITE)
    paper.box((337, y - 22, 340, y + 22), fill=WHITE)
    paper.circle(384, y, 26, fill=STEEL, line=INK)
    for k in range(3):
        paper.circle(384 + 14 * math.cos(k * 2.094), y + 14 * math.sin(k * 2.094), 9, fill=WHITE, line=INK)
    paper.circle(384, y, 6, fill=rgb("#d8dee0"), line=INK)
    paper.box((424, y - 26, 476, y + 26), fill=tint(SEA, 0.35), line=INK, round_=4)
    for k in range(4):
        paper.box((430 + k * 11, y - 22, 436 + k * 11, y + 22), fill=rgb("#c77b3b"))
    paper.box((492, y - 40, 532, y + 40), fill=tint(YELLOW, 0.5), line=INK, round_=8)
    for number, at, to in (
        (1, (70, 140), (90, 196)),
        (2, (223, 180), (223, 243)),
        (3, (278, 170), (278, 224)),
        (4, (334, 180), (334, 230)),
        (5, (384, 170), (384, 228)),
        (6, (450, 180), (450, 226)),
        (7, (512, 160), (512, 212)),
        (8, (278, 330), (293, 269)),
        (9, (200, 330), (195, 262)),
    ):
        bubble(paper, number, at, to)
    paper.text(LEFT, 388, "Figure 3.1  The parts in the order in which they come off", 8.6, GREY, italic=True)
    paper.text(LEFT, 412, "Table 3.1  Part numbers", 10, DEEP, bold=True)
    paper.table(
        LEFT,
        420,
        (34, 92, 191, 52, 62, 64),
        (
            ("Item", "Part number", "Name", "Pieces", "Price", "In stock"),
            ("1", "MF-2201", "Wheel with rim, 8 blades", "1", "£1,420", "no"),
            ("2", "MF-2205", "Shaft, steel 1.4462", "1", "£388", "1"),
            ("3", "MF-2204", "Flange", "1", "£146", "1"),
            ("4", "MF-2207-C", "Gallowglass seal, double lip (was MF-2207-B)", "1", "£212", "2"),
            ("5", "MF-2208", "Planetary gear 1 : 11.4", "1", "£960", "no"),
            ("6", "MF-2209", "Generator, 7 kW", "1", "£1,850", "no"),
            ("7", "MF-2206", "Housing with ribs", "1", "£705", "no"),
            ("8", "MF-2213", "Bolt M12 x 60, A4-80", "10", "£2.10", "40"),
            ("9", "MF-2214", "Feather key 8 x 7", "1", "£3.40", "6"),
            ("-", "MF-2211", "Cable with ballast sleeve, 38 m", "1", "£540", "no"),
            ("-", "MF-2212", "Locking pin, red", "1", "£18", "2"),
            ("-", "MF-2216", "Zinc anode", "2", "£26", "8"),
            ("-", "MF-2219", "Weed guard, stainless", "1", "£118", "1"),
            ("-", "MF-2221", "Oil chamber sight glass", "1", "£33", "3"),
        ),
        head=DEEP,
        align="mllmrm",
        size=8.8,
        leading=1.95,
    )


def make(folder: Path) -> None:
    """Writes `kx-70-tidewheel-manual.pdf`; the pictures must be there."""
    paper = Paper(595, 842, CSS, "KX-70 Tidewheel: service manual MF-SM-070", "Marrowfen workshop")
    _cover(paper, folder)
    for part in (_data, _works, _parts, install, wiring, faults, service, seal):
        part(paper)
    paper.save(folder / "kx-70-tidewheel-manual.pdf")
