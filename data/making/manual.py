"""The service manual of the KX-70 Tidewheel: nine A4 pages with part numbers, figures, fault codes."""

from __future__ import annotations

import math
from pathlib import Path

from .paper import GREY, INK, PALE, WHITE, Paper, rgb, tint

DEEP, SEA, YELLOW, RED, STEEL = rgb("#0e3a45"), rgb("#1f7f8c"), rgb("#e8a313"), rgb("#b3261e"), rgb("#aeb8bd")
CSS = """* {font-family: sans-serif; font-size: 9.4px; line-height: 1.42; color: #22282c} p {margin: 0 0 6px 0}
h2 {font-size: 12px; color: #0e3a45; margin: 6px 0 4px 0} ol, ul {margin: 0 0 6px 0; padding-left: 16px} li {margin-bottom: 3.5px}
.note {color: #6b737a; font-size: 8.2px} b {font-weight: bold}"""
LEFT, RIGHT, TOP = 50, 545, 112


def _page(paper: Paper, section: str, title: str) -> None:
    number = paper.new_page()
    paper.box((0, 0, 595, 56), fill=DEEP)
    paper.text(LEFT, 34, "KX-70 Tidewheel", 13, WHITE, bold=True)
    paper.text(RIGHT, 34, "Service manual  MF-SM-070  rev. D", 9, tint(DEEP, 0.25), align="right")
    paper.text(LEFT, 92, section, 18, YELLOW, bold=True)
    paper.text(LEFT + 34, 92, title, 18, DEEP, bold=True)
    paper.line((LEFT, 806), (RIGHT, 806), PALE, 0.8)
    paper.text(LEFT, 820, "Marrowfen workshop, Lamp Quay, Skerrow", 7.6, GREY)
    paper.text(RIGHT, 820, f"Page {number}", 8, INK, bold=True, align="right")


def _warning(paper: Paper, y: float, word: str, text: str, high: float = 44) -> float:
    paper.box((LEFT, y, RIGHT, y + high), fill=tint(RED, 0.08), line=RED, width=0.8, round_=4)
    paper.curve([(LEFT + 12, y + high / 2 + 11), (LEFT + 25, y + high / 2 - 11), (LEFT + 38, y + high / 2 + 11)], RED, 1.2, fill=YELLOW, close=True)
    paper.text(LEFT + 25, y + high / 2 + 8.5, "!", 15, RED, bold=True, align="middle")
    paper.flow((LEFT + 50, y + 7, RIGHT - 8, y + high), f"<p><b>{word}.</b> {text}</p>")
    return y + high


def _bubble(paper: Paper, number: int, at: tuple[float, float], to: tuple[float, float]) -> None:
    paper.line(at, to, INK, 0.6)
    paper.circle(to[0], to[1], 1.5, fill=INK)
    paper.circle(at[0], at[1], 8, fill=WHITE, line=INK, width=0.9)
    paper.text(at[0], at[1] + 3, str(number), 8.4, INK, bold=True, align="middle")


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
    _page(paper, "1", "Safety and main data")
    y = _warning(paper, TOP, "Danger", "The wheel turns without warning as soon as the current exceeds 0.7 m/s. Put in the locking pin MF-2212 and hang the red tag on the breaker before a hand goes near the blades.")
    y = _warning(paper, y + 8, "Warning", "The direct current bus keeps 400 volts for six minutes after shutdown. Wait until lamp H2 is dark, then measure between terminals 7 and 8.")
    y = paper.flow((LEFT, y + 14, RIGHT, y + 120), """<p>This manual is for crew who have passed the Marrowfen wheel course. Work over the water is done by two people, both with life jackets; one of them stays on the quay.
    Lifting is allowed only at slack water, with the chain hoist on the davit beneath the Old Sentinel, never with the van.</p>""")
    paper.text(LEFT, y + 16, "Table 1.1  Main data", 10, DEEP, bold=True)
    paper.table(LEFT, y + 24, (215, 140, 140), (
        ("Property", "P-3", "P-4 (series)"), ("Rated power at 2.4 m/s", "7.0 kW", "7.4 kW"), ("Starts at a current of", "0.7 m/s", "0.6 m/s"), ("Stops itself above", "3.6 m/s", "3.8 m/s"),
        ("Wheel diameter, blades", "1,160 mm, 8", "1,160 mm, 9"), ("Speed at rated power", "92 rpm", "88 rpm"), ("Gear ratio", "1 : 11.4", "1 : 11.4"), ("Mass without cradle", "186 kg", "171 kg"),
        ("Deepest place", "12 m", "18 m"), ("Oil, amount and kind", "2.8 l, Harbourlube 46", "2.6 l, Harbourlube 46"), ("Generator voltage", "400 V direct", "400 V direct"),
        ("Noise at one metre", "61 dB(A)", "58 dB(A)"), ("Protection of the housing", "IP68, 2 bar", "IP68, 2.5 bar"), ("Service life of the seal", "4,000 h", "6,000 h"),
    ), head=DEEP, size=9.2, leading=2.05)  # fmt: skip
    paper.flow((LEFT, y + 320, RIGHT, 800), """<h2>Names used in this manual</h2><ul><li><b>Gallowglass</b>: the sealing cartridge between wheel and gear, and by custom the whole prototype that first carried it.</li>
    <li><b>Cradle</b>: the steel frame on the quay wall that the wheel hangs in. <b>Davit</b>: the arm above it.</li><li><b>Marrow box</b>: the grey cabinet in the coal cellar with the inverter, the breaker and lamps H1 to H4.</li></ul>""")


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
        paper.line((x - 70 + 20 * math.cos(a), y - 16 + 20 * math.sin(a)), (x - 70 + 23.5 * math.cos(a), y - 16 + 23.5 * math.sin(a)), INK, 1.6)
    paper.box((x - 100, y - 5, x + 74, y + 5), fill=rgb("#d8dee0"), line=INK, width=0.8)  # shaft
    paper.box((x - 40, y - 20, x - 14, y + 20), fill=RED, line=INK, width=0.8)  # seal
    paper.box((x - 33, y - 20, x - 29, y + 20), fill=WHITE)
    paper.box((x - 25, y - 20, x - 21, y + 20), fill=WHITE)
    paper.box((x, y - 74, x + 10, y + 74), fill=tint(YELLOW, 0.8), line=INK, width=1)
    paper.box((x + 40, y - 24, x + 82, y + 24), fill=SEA, line=INK, width=1, round_=6)
    for side in (-1, 1):
        paper.curve([(x + 46, y + side * 24), (x + 40, y + side * 96), (x + 74, y + side * 100), (x + 78, y + side * 24)], INK, 0.8, fill=tint(SEA, 0.75), close=True)
        paper.box((x + 34, y + side * 103 - 4, x + 84, y + side * 103 + 4), fill=DEEP)
    paper.curve([(x - 190, y - 22), (x - 225, y - 22), (x - 238, y), (x - 238, y + 70)], INK, 5)
    for k in range(3):
        paper.arrow((x + 150, y - 60 + 60 * k), (x + 100, y - 60 + 60 * k), SEA, 2.4, 10)


def _works(paper: Paper) -> None:
    _page(paper, "2", "How it works")
    paper.flow((LEFT, TOP, RIGHT, 176), """<p>The current turns the wheel, either way. A planetary gear raises the speed from 92 to 1,049 turns a minute for the generator, whose
    current runs through the cable to the marrow box. The Gallowglass keeps sea water from the gear: two lips with an oil chamber between them, held at 0.3 bar above the water outside.</p>""")
    paper.box((LEFT, 180, RIGHT, 470), fill=rgb("#f3f6f7"), round_=6)
    _cutaway(paper, 318, 322)
    for number, at, to in ((1, (496, 240), (382, 262)), (2, (440, 440), (378, 330)), (3, (324, 440), (323, 392)), (4, (270, 210), (291, 304)), (5, (196, 440), (248, 340)),
                           (6, (150, 440), (184, 356)), (7, (90, 440), (81, 392)), (8, (150, 210), (170, 258))):
        _bubble(paper, number, at, to)
    paper.text(LEFT, 488, "Figure 2.1  The KX-70 cut open, seen from the side. Arrows: the current.", 8.6, GREY, italic=True)
    paper.columns((LEFT, 502, RIGHT, 610), (
        "<ol><li>Blade, eight in P-3</li><li>Hub and shaft, MF-2205</li><li>Flange with ten bolts M12</li><li>Gallowglass seal, MF-2207-C</li></ol>",
        "<p>5. Planetary gear, MF-2208<br/>6. Generator, MF-2209<br/>7. Cable with ballast sleeve, MF-2211<br/>8. Housing with cooling ribs, MF-2206</p>",
    ))
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
    _page(paper, "3", "Parts")
    paper.box((LEFT, TOP, RIGHT, 372), fill=rgb("#f3f6f7"), round_=6)
    y = 250
    paper.line((70, y), (530, y), STEEL, 0.8, dashes="[6 3 1 3] 0")
    paper.circle(112, y, 62, line=DEEP, width=6)
    for k in range(8):
        a = k * math.pi / 4 + 0.2
        paper.curve([(112 + 12 * math.cos(a - 0.5), y + 12 * math.sin(a - 0.5)), (112 + 57 * math.cos(a - 0.14), y + 57 * math.sin(a - 0.14)),
                     (112 + 57 * math.cos(a + 0.22), y + 57 * math.sin(a + 0.22)), (112 + 14 * math.cos(a + 0.5), y + 14 * math.sin(a + 0.5))], INK, 0.7, fill=tint(SEA, 0.7), close=True)  # fmt: skip
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
    for number, at, to in ((1, (70, 140), (90, 196)), (2, (223, 180), (223, 243)), (3, (278, 170), (278, 224)), (4, (334, 180), (334, 230)), (5, (384, 170), (384, 228)),
                           (6, (450, 180), (450, 226)), (7, (512, 160), (512, 212)), (8, (278, 330), (293, 269)), (9, (200, 330), (195, 262))):
        _bubble(paper, number, at, to)
    paper.text(LEFT, 388, "Figure 3.1  The parts in the order in which they come off", 8.6, GREY, italic=True)
    paper.text(LEFT, 412, "Table 3.1  Part numbers", 10, DEEP, bold=True)
    paper.table(LEFT, 420, (34, 92, 191, 52, 62, 64), (
        ("Item", "Part number", "Name", "Pieces", "Price", "In stock"), ("1", "MF-2201", "Wheel with rim, 8 blades", "1", "£1,420", "no"), ("2", "MF-2205", "Shaft, steel 1.4462", "1", "£388", "1"),
        ("3", "MF-2204", "Flange", "1", "£146", "1"), ("4", "MF-2207-C", "Gallowglass seal, double lip (was MF-2207-B)", "1", "£212", "2"), ("5", "MF-2208", "Planetary gear 1 : 11.4", "1", "£960", "no"),
        ("6", "MF-2209", "Generator, 7 kW", "1", "£1,850", "no"), ("7", "MF-2206", "Housing with ribs", "1", "£705", "no"), ("8", "MF-2213", "Bolt M12 x 60, A4-80", "10", "£2.10", "40"),
        ("9", "MF-2214", "Feather key 8 x 7", "1", "£3.40", "6"), ("-", "MF-2211", "Cable with ballast sleeve, 38 m", "1", "£540", "no"), ("-", "MF-2212", "Locking pin, red", "1", "£18", "2"),
        ("-", "MF-2216", "Zinc anode", "2", "£26", "8"), ("-", "MF-2219", "Weed guard, stainless", "1", "£118", "1"), ("-", "MF-2221", "Oil chamber sight glass", "1", "£33", "3"),
    ), head=DEEP, align="mllmrm", size=8.8, leading=1.95)  # fmt: skip


def _install(paper: Paper) -> None:
    _page(paper, "4", "Putting it in the water")
    paper.columns((LEFT, TOP, RIGHT, 440), (
        """<ol><li>Choose a slack of at least forty minutes. Tell the harbour master on channel 12.</li><li>Check the oil: the sight glass MF-2221 must be filled to the red ring.</li>
        <li>Put in the locking pin MF-2212. Turn the wheel by hand: it must not move by more than 2 mm at the rim.</li><li>Hook the chain to both eyes. Lift 10 cm and wait one minute.</li>
        <li>Swing the davit out. Keep the cable on the upstream side.</li><li>Lower until the cradle's horns meet the housing. The white mark must stand at the level of the steel bollard.</li></ol>""",
        """<p>7. Tighten the four cradle bolts crosswise, in three steps (table 4.1).</p><p>8. Join the cable at the quay box. Measure the insulation: more than 2 megohms at 500 V.</p>
        <p>9. Draw the locking pin. Hang it on its hook in the marrow box: as long as the hook is empty the breaker does not close.</p><p>10. Close breaker Q1. Lamp H1 lights green when the wheel delivers.</p>
        <p>11. Write time, current and first reading in the wheel book.</p>""",
    ))
    paper.text(LEFT, 344, "Table 4.1  Tightening torques", 10, DEEP, bold=True)
    end = paper.table(LEFT, 352, (185, 80, 76, 76, 78), (
        ("Joint", "Bolt", "Step 1", "Step 2", "Final"), ("Flange to housing", "M12 A4-80", "20 Nm", "45 Nm", "74 Nm"), ("Cradle bolts", "M16 A4-70", "40 Nm", "90 Nm", "140 Nm"),
        ("Hub to shaft", "M20", "60 Nm", "120 Nm", "210 Nm"), ("Blade root", "M10 A4-80", "15 Nm", "30 Nm", "42 Nm"), ("Cable gland", "PG 29", "-", "-", "18 Nm"), ("Sight glass", "M6", "-", "-", "4 Nm"),
    ), head=DEEP, align="llrrr", size=9.2)  # fmt: skip
    paper.box((LEFT, end + 22, RIGHT, 770), fill=rgb("#dff0f3"), round_=6)
    top, quay = end + 22, 250
    paper.box((LEFT, top + 96, RIGHT, 770), fill=rgb("#a9d5dc"), round_=0)
    paper.box((LEFT, top + 60, quay, 770), fill=rgb("#c9c2b5"), line=INK)
    for r in range(6):
        for c in range(4):
            paper.box((LEFT + c * 50 + (r % 2) * 12, top + 62 + r * 25, min(LEFT + c * 50 + 46 + (r % 2) * 12, quay), top + 85 + r * 25), line=tint(INK, 0.4), width=0.5)
    paper.curve([(220, top + 60), (220, top + 16), (330, top + 16), (340, top + 26)], DEEP, 5)
    paper.line((338, top + 26), (338, top + 112), INK, 1.2, dashes="[3 2] 0")
    paper.box((300, top + 112, 366, top + 148), fill=tint(YELLOW, 0.8), line=INK, round_=6)
    paper.box((370, top + 94, 386, top + 166), fill=SEA, line=INK, round_=4)
    paper.box((quay, top + 118, 300, top + 126), fill=STEEL, line=INK)
    paper.box((quay, top + 136, 300, top + 144), fill=STEEL, line=INK)
    paper.arrow((500, top + 130), (410, top + 130), SEA, 2.6, 11)
    for text, x, y in (("davit", 246, top + 11), ("chain hoist", 345, top + 60), ("cradle", 256, top + 112), ("current", 440, top + 122), ("Lamp Quay", 70, top + 54), ("at least 1.5 m below low water", 392, top + 184)):
        paper.text(x, y, text, 8.6, INK, bold=True)
    paper.text(LEFT, 786, "Figure 4.1  Davit, cradle and wheel at Lamp Quay, seen along the wall", 8.6, GREY, italic=True)


def _wiring(paper: Paper) -> None:
    _page(paper, "5", "Wiring of the marrow box")
    paper.box((LEFT, TOP, RIGHT, 420), fill=rgb("#f8f9fa"), line=PALE, round_=6)
    blocks = (("Generator", "MF-2209", 70, 170), ("Rectifier", "V1", 180, 170), ("Breaker", "Q1", 290, 170), ("Inverter", "U1", 400, 170), ("Battery 96 kWh", "G2", 290, 300), ("Bakery mains", "X9", 400, 300))
    for name, mark, x, y in blocks:
        paper.box((x, y, x + 84, y + 56), fill=WHITE, line=DEEP, width=1.3, round_=5)
        paper.text(x + 42, y + 24, name, 9.2, DEEP, bold=True, align="middle")
        paper.text(x + 42, y + 40, mark, 9, GREY, align="middle")
    for a, b in (((154, 190), (180, 190)), ((264, 190), (290, 190)), ((374, 190), (400, 190)), ((332, 226), (332, 300)), ((442, 226), (442, 300))):
        paper.arrow(a, b, RED, 1.8)
    for a, b in (((154, 208), (180, 208)), ((264, 208), (290, 208)), ((374, 208), (400, 208)), ((345, 226), (345, 300)), ((455, 226), (455, 300))):
        paper.line(a, b, rgb("#23408e"), 1.8)
    for k, (lamp, colour) in enumerate((("H1", rgb("#2e9e4f")), ("H2", RED), ("H3", YELLOW), ("H4", rgb("#2f6fd0")))):
        x = 96 + k * 40
        paper.circle(x, 330, 9, fill=colour, line=INK)
        paper.text(x, 354, lamp, 9, INK, bold=True, align="middle")
    paper.text(72, 306, "Lamps on the door", 8.6, GREY)
    for point, mark in (((167, 186), "1"), ((167, 219), "2"), ((277, 186), "3"), ((277, 219), "4"), ((387, 186), "7"), ((387, 219), "8"), ((323, 268), "5"), ((354, 268), "6")):
        paper.text(point[0], point[1], mark, 8, INK, bold=True, align="middle")
    paper.text(LEFT, 436, "Figure 5.1  Red: positive, blue: negative. Numbers: terminals.", 8.6, GREY, italic=True)
    paper.text(LEFT, 464, "Table 5.1  Lamps", 10, DEEP, bold=True)
    end = paper.table(LEFT, 472, (60, 80, 355), (
        ("Lamp", "Colour", "Meaning"), ("H1", "green", "The wheel delivers power"), ("H2", "red", "Direct current bus is live: do not open"), ("H3", "yellow", "Oil pressure in the Gallowglass below 0.15 bar: lift within one day"),
        ("H4", "blue", "The battery is full, the heat goes to the dough room"),
    ), head=DEEP, size=9.2)  # fmt: skip
    paper.text(LEFT, end + 26, "Table 5.2  Terminals", 10, DEEP, bold=True)
    paper.table(LEFT, end + 34, (70, 165, 120, 140), (
        ("Terminal", "From, to", "Wire", "Should measure"), ("1, 2", "Generator to rectifier", "3 x 6 mm2", "0 to 290 V alternating"), ("3, 4", "Rectifier to breaker", "2 x 10 mm2", "0 to 410 V direct"),
        ("5, 6", "Breaker to battery", "2 x 16 mm2", "380 to 420 V direct"), ("7, 8", "Breaker to inverter", "2 x 10 mm2", "400 V direct"), ("9 to 13", "Inverter to mains", "5 x 6 mm2", "400 V, 50 Hz"),
    ), head=DEEP, size=9.2)  # fmt: skip


def _faults(paper: Paper) -> None:
    _page(paper, "6", "Fault codes")
    paper.flow((LEFT, TOP, RIGHT, 160), "<p>The display of the marrow box shows a code and sounds for ten seconds. Codes up to E-09 stop the wheel by its brake; the others only warn. "
               "Press the green key for three seconds to clear a code.</p>")  # fmt: skip
    end = paper.table(LEFT, 158, (48, 132, 148, 167), (
        ("Code", "What it says", "Likely cause", "What to do"), ("E-01", "Wheel overspeed", "Current above 3.6 m/s or inverter off", "Wait for slack water; check breaker Q1"), ("E-02", "Generator too hot, above 130 degrees", "Ribs covered with weed or mussels", "Lift, brush the ribs, check anodes MF-2216"),
        ("E-03", "Water in the gear housing", "Gallowglass lip worn", "Lift at once; replace MF-2207-C, change the oil (section 8)"), ("E-04", "Insulation below 0.5 megohm", "Cable chafed at the sleeve", "Open Q1, replace MF-2211"),
        ("E-05", "No speed signal", "Sensor plug loose", "Re-seat plug X4 in the housing lid"), ("E-06", "Brake does not hold", "Lining below 2 mm", "Put in the locking pin; call the workshop"), ("E-07", "Bus voltage above 450 V", "Battery disconnected in full flow", "Open Q1, wait six minutes, check fuse F2"),
        ("E-08", "Locking pin not on its hook", "Pin still in the wheel", "Draw the pin MF-2212"), ("E-09", "Vibration above 9 mm/s", "Blade bent or rope in the wheel", "Lift, clear, measure the blades"), ("E-11", "Oil pressure low", "Slow leak at the sight glass", "Tighten to 4 Nm, refill Harbourlube 46"),
        ("E-12", "Weed guard blocked", "Kelp", "Rake the guard from the quay"), ("E-14", "Clock lost", "Button cell empty", "Replace CR2032, set the time"), ("E-17", "Inverter asks for service", "Fan ran 20,000 hours", "Order fan set MF-2230"),
    ), head=RED, size=8.8, leading=2.1)  # fmt: skip
    _warning(paper, end + 20, "Note", "Three codes E-03 within a year mean that the shaft is scored at the lip. Do not fit another seal: send the shaft MF-2205 for grinding.", 40)


def _service(paper: Paper) -> None:
    _page(paper, "7", "Maintenance schedule")
    tasks = (
        ("Rake the weed guard", "x", "", "", "", "10 min"), ("Read oil level and pressure", "x", "", "", "", "5 min"), ("Brush the ribs, look at the blades", "", "x", "", "", "1 h"), ("Measure insulation at the quay box", "", "x", "", "", "15 min"),
        ("Replace zinc anodes MF-2216", "", "", "x", "", "40 min"), ("Change the oil, send a sample", "", "", "x", "", "1 h"), ("Grease the davit, test the chain", "", "", "x", "", "30 min"), ("Replace the Gallowglass seal", "", "", "", "x", "3 h"),
        ("Check blade roots with dye", "", "", "", "x", "2 h"), ("Test E-01 and E-08 by hand", "", "", "", "x", "20 min"),
    )  # fmt: skip
    end = paper.table(LEFT, TOP + 4, (205, 60, 60, 60, 60, 50), (("Task", "Fortnight", "Quarter", "Half year", "4,000 h", "Time"), *tasks), head=DEEP, align="lmmmmr", size=9.2, leading=2.1)
    paper.text(LEFT, end + 32, "Figure 7.1  Wear of the seal's outer lip, mm, over hours of running", 10, DEEP, bold=True)
    plot = (LEFT + 34, end + 50, RIGHT - 60, end + 250)
    for k in range(6):
        y = plot[3] - (plot[3] - plot[1]) * k / 5
        paper.line((plot[0], y), (plot[2], y), PALE)
        paper.text(plot[0] - 5, y + 3, f"{k * 0.2:.1f}", 7.8, GREY, align="right")
        x = plot[0] + (plot[2] - plot[0]) * k / 5
        paper.text(x, plot[3] + 13, f"{k * 1000:,}", 7.8, GREY, align="middle")
    for colour, rate, bend, name in ((RED, 0.26, 0.06, "MF-2207-B"), (SEA, 0.09, 0.010, "MF-2207-C")):
        points = [(plot[0] + (plot[2] - plot[0]) * h / 5, plot[3] - (plot[3] - plot[1]) * min(1.0, rate * h + bend * h * h)) for h in (k * 0.1 for k in range(51)) if rate * h + bend * h * h <= 1]
        paper.curve(points, colour, 2.2)
        paper.text(points[-1][0] + 6, points[-1][1] + 3, name, 8.8, colour, bold=True)
    limit = plot[3] - (plot[3] - plot[1]) * 0.8
    paper.line((plot[0], limit), (plot[2], limit), INK, 1, dashes="[5 3] 0")
    paper.text(plot[0] + 6, limit - 4, "limit 0.8 mm: replace", 8.2, INK, bold=True)
    paper.flow((LEFT, plot[3] + 34, RIGHT, 800), """<p>The single lip of the old seal MF-2207-B reached the limit after 2,100 hours. The double lip has not reached it in the 5,000 hours of the bench test.
    The schedule still says 4,000 hours until two wheels have run for a winter.</p><p>Whoever does a task signs the wheel book. The wheel book hangs beside the Duchess in the crew room.</p>""")


def _seal(paper: Paper) -> None:
    _page(paper, "8", "Replacing the Gallowglass seal")
    paper.flow((LEFT, TOP, RIGHT, 150), "<p>Needs: seal MF-2207-C, 2.8 litres of Harbourlube 46, ten bolts MF-2213, puller T-4, mandrel T-9, two people, three hours. Do it under a roof.</p>")
    steps = (
        ("Lift the wheel, put it on the trestle, drain the oil at the lowest plug.", "drain"), ("Undo the hub nut (210 Nm) and draw the wheel off with puller T-4.", "pull"),
        ("Take out the ten flange bolts crosswise. Keep the shims in their order.", "bolts"), ("Push the old cartridge out with mandrel T-9. Never lever at the shaft.", "push"),
        ("Oil the new lips. The side marked C faces the wheel. Press in to the shoulder.", "press"), ("Close, fill, turn ten times by hand, test at 0.5 bar for twenty minutes.", "test"),
    )  # fmt: skip
    for i, (text, kind) in enumerate(steps):
        x, y = LEFT + (i % 2) * 252, 150 + (i // 2) * 196
        paper.box((x, y, x + 243, y + 182), fill=rgb("#f3f6f7"), round_=6)
        paper.circle(x + 20, y + 20, 11, fill=DEEP)
        paper.text(x + 20, y + 24.5, str(i + 1), 12, WHITE, bold=True, align="middle")
        cx, cy = x + 130, y + 72
        paper.box((cx - 70, cy - 30, cx, cy + 30), fill=tint(YELLOW, 0.5), line=INK, round_=6)
        paper.box((cx, cy - 38, cx + 8, cy + 38), fill=tint(YELLOW, 0.8), line=INK)
        paper.box((cx + 8, cy - 4, cx + 52, cy + 4), fill=STEEL, line=INK)
        if kind == "drain":
            paper.arrow((cx - 50, cy + 32), (cx - 50, cy + 60), rgb("#8a5a12"), 3, 10)
            paper.text(cx - 40, cy + 58, "2.8 l", 9, INK, bold=True)
        elif kind == "pull":
            paper.box((cx + 62, cy - 46, cx + 76, cy + 46), fill=SEA, line=INK, round_=3)
            paper.arrow((cx + 80, cy), (cx + 106, cy), RED, 2.4, 9)
            paper.text(cx + 84, cy - 12, "T-4", 9, RED, bold=True)
        elif kind == "bolts":
            for k in range(5):
                paper.box((cx + 10, cy - 34 + 16 * k, cx + 26, cy - 30 + 16 * k), fill=INK)
            paper.arrow((cx + 30, cy - 32), (cx + 58, cy - 32), RED, 2, 8)
        elif kind in ("push", "press"):
            out = kind == "push"
            paper.box((cx + 22, cy - 20, cx + 42, cy + 20), fill=RED, line=INK, round_=2)
            paper.box((cx + 28, cy - 20, cx + 31, cy + 20), fill=WHITE)
            paper.arrow((cx + 48, cy + 32) if out else (cx + 92, cy + 32), (cx + 92, cy + 32) if out else (cx + 48, cy + 32), RED, 2.4, 9)
            paper.text(cx + 62, cy + 50, "T-9" if out else "C", 10, RED, bold=True)
        else:
            paper.circle(cx - 35, cy - 44, 13, fill=WHITE, line=INK, width=1.4)
            paper.arrow((cx - 35, cy - 44), (cx - 28, cy - 52), RED, 1.2, 4)
            paper.text(cx - 16, cy - 46, "0.5 bar, 20 min", 9, INK, bold=True)
        paper.flow((x + 14, y + 138, x + 232, y + 180), f"<p>{text}</p>")
    paper.flow((LEFT, 742, RIGHT, 802), "<p><b>After the first tide</b> look through the sight glass: milky oil means water, and the work begins again. Send the old seal to the workshop with its hours; it is cut open and measured.</p>")


def make(folder: Path) -> None:
    """Writes `kx-70-tidewheel-manual.pdf`; the pictures must be there."""
    paper = Paper(595, 842, CSS, "KX-70 Tidewheel: service manual MF-SM-070", "Marrowfen workshop")
    _cover(paper, folder)
    for page in (_data, _works, _parts, _install, _wiring, _faults, _service, _seal):
        page(paper)
    paper.save(folder / "kx-70-tidewheel-manual.pdf")
