"""The second half of the service manual: installing, wiring, faults, maintenance, the seal."""

from __future__ import annotations

from .manual_sheet import DEEP, LEFT, RED, RIGHT, SEA, STEEL, TOP, YELLOW, page, warning
from .paper import GREY, INK, PALE, WHITE, Paper, rgb, tint


def install(paper: Paper) -> None:
    page(paper, "4", "Putting it in the water")
    paper.columns(
        (LEFT, TOP, RIGHT, 440),
        (
            """<ol><li>Choose a slack of at least forty minutes. Tell the harbour master on channel
                12.</li><li>Check the oil: the sight glass MF-2221 must be filled to the red ring.</li>
        <li>Put in the locking pin MF-2212. Turn the wheel by hand: it must not move by more than 2 mm at
        the rim.</li><li>Hook the chain to both eyes. Lift 10 cm and wait one minute.</li>
        <li>Swing the davit out. Keep the cable on the upstream side.</li><li>Lower until the cradle's horns
        meet the housing. The white mark must stand at the level of the steel bollard.</li></ol>""",
            """<p>7. Tighten the four cradle bolts crosswise, in three steps (table 4.1).</p><p>8. Join
                the cable at the quay box. Measure the insulation: more than 2 megohms at 500 V.</p>
        <p>9. Draw the locking pin. Hang it on its hook in the marrow box: as long as the hook is empty the
        breaker does not close.</p><p>10. Close breaker Q1. Lamp H1 lights green when the wheel
        delivers.</p>
        <p>11. Write time, current and first reading in the wheel book.</p>""",
        ),
    )
    paper.text(LEFT, 344, "Table 4.1  Tightening torques", 10, DEEP, bold=True)
    end = paper.table(
        LEFT,
        352,
        (185, 80, 76, 76, 78),
        (
            ("Joint", "Bolt", "Step 1", "Step 2", "Final"),
            ("Flange to housing", "M12 A4-80", "20 Nm", "45 Nm", "74 Nm"),
            ("Cradle bolts", "M16 A4-70", "40 Nm", "90 Nm", "140 Nm"),
            ("Hub to shaft", "M20", "60 Nm", "120 Nm", "210 Nm"),
            ("Blade root", "M10 A4-80", "15 Nm", "30 Nm", "42 Nm"),
            ("Cable gland", "PG 29", "-", "-", "18 Nm"),
            ("Sight glass", "M6", "-", "-", "4 Nm"),
        ),
        head=DEEP,
        align="llrrr",
        size=9.2,
    )
    paper.box((LEFT, end + 22, RIGHT, 770), fill=rgb("#dff0f3"), round_=6)
    top, quay = end + 22, 250
    paper.box((LEFT, top + 96, RIGHT, 770), fill=rgb("#a9d5dc"), round_=0)
    paper.box((LEFT, top + 60, quay, 770), fill=rgb("#c9c2b5"), line=INK)
    for r in range(6):
        for c in range(4):
            paper.box(
                (
                    LEFT + c * 50 + (r % 2) * 12,
                    top + 62 + r * 25,
                    min(LEFT + c * 50 + 46 + (r % 2) * 12, quay),
                    top + 85 + r * 25,
                ),
                line=tint(INK, 0.4),
                width=0.5,
            )
    paper.curve([(220, top + 60), (220, top + 16), (330, top + 16), (340, top + 26)], DEEP, 5)
    paper.line((338, top + 26), (338, top + 112), INK, 1.2, dashes="[3 2] 0")
    paper.box((300, top + 112, 366, top + 148), fill=tint(YELLOW, 0.8), line=INK, round_=6)
    paper.box((370, top + 94, 386, top + 166), fill=SEA, line=INK, round_=4)
    paper.box((quay, top + 118, 300, top + 126), fill=STEEL, line=INK)
    paper.box((quay, top + 136, 300, top + 144), fill=STEEL, line=INK)
    paper.arrow((500, top + 130), (410, top + 130), SEA, 2.6, 11)
    for text, x, y in (
        ("davit", 246, top + 11),
        ("chain hoist", 345, top + 60),
        ("cradle", 256, top + 112),
        ("current", 440, top + 122),
        ("Lamp Quay", 70, top + 54),
        ("at least 1.5 m below low water", 392, top + 184),
    ):
        paper.text(x, y, text, 8.6, INK, bold=True)
    paper.text(
        LEFT, 786, "Figure 4.1  Davit, cradle and wheel at Lamp Quay, seen along the wall", 8.6, GREY, italic=True
    )


def wiring(paper: Paper) -> None:
    page(paper, "5", "Wiring of the marrow box")
    paper.box((LEFT, TOP, RIGHT, 420), fill=rgb("#f8f9fa"), line=PALE, round_=6)
    blocks = (
        ("Generator", "MF-2209", 70, 170),
        ("Rectifier", "V1", 180, 170),
        ("Breaker", "Q1", 290, 170),
        ("Inverter", "U1", 400, 170),
        ("Battery 96 kWh", "G2", 290, 300),
        ("Bakery mains", "X9", 400, 300),
    )
    for name, mark, x, y in blocks:
        paper.box((x, y, x + 84, y + 56), fill=WHITE, line=DEEP, width=1.3, round_=5)
        paper.text(x + 42, y + 24, name, 9.2, DEEP, bold=True, align="middle")
        paper.text(x + 42, y + 40, mark, 9, GREY, align="middle")
    for a, b in (
        ((154, 190), (180, 190)),
        ((264, 190), (290, 190)),
        ((374, 190), (400, 190)),
        ((332, 226), (332, 300)),
        ((442, 226), (442, 300)),
    ):
        paper.arrow(a, b, RED, 1.8)
    for a, b in (
        ((154, 208), (180, 208)),
        ((264, 208), (290, 208)),
        ((374, 208), (400, 208)),
        ((345, 226), (345, 300)),
        ((455, 226), (455, 300)),
    ):
        paper.line(a, b, rgb("#23408e"), 1.8)
    for k, (lamp, colour) in enumerate((("H1", rgb("#2e9e4f")), ("H2", RED), ("H3", YELLOW), ("H4", rgb("#2f6fd0")))):
        x = 96 + k * 40
        paper.circle(x, 330, 9, fill=colour, line=INK)
        paper.text(x, 354, lamp, 9, INK, bold=True, align="middle")
    paper.text(72, 306, "Lamps on the door", 8.6, GREY)
    for point, mark in (
        ((167, 186), "1"),
        ((167, 219), "2"),
        ((277, 186), "3"),
        ((277, 219), "4"),
        ((387, 186), "7"),
        ((387, 219), "8"),
        ((323, 268), "5"),
        ((354, 268), "6"),
    ):
        paper.text(point[0], point[1], mark, 8, INK, bold=True, align="middle")
    paper.text(LEFT, 436, "Figure 5.1  Red: positive, blue: negative. Numbers: terminals.", 8.6, GREY, italic=True)
    paper.text(LEFT, 464, "Table 5.1  Lamps", 10, DEEP, bold=True)
    end = paper.table(
        LEFT,
        472,
        (60, 80, 355),
        (
            ("Lamp", "Colour", "Meaning"),
            ("H1", "green", "The wheel delivers power"),
            ("H2", "red", "Direct current bus is live: do not open"),
            ("H3", "yellow", "Oil pressure in the Gallowglass below 0.15 bar: lift within one day"),
            ("H4", "blue", "The battery is full, the heat goes to the dough room"),
        ),
        head=DEEP,
        size=9.2,
    )
    paper.text(LEFT, end + 26, "Table 5.2  Terminals", 10, DEEP, bold=True)
    paper.table(
        LEFT,
        end + 34,
        (70, 165, 120, 140),
        (
            ("Terminal", "From, to", "Wire", "Should measure"),
            ("1, 2", "Generator to rectifier", "3 x 6 mm2", "0 to 290 V alternating"),
            ("3, 4", "Rectifier to breaker", "2 x 10 mm2", "0 to 410 V direct"),
            ("5, 6", "Breaker to battery", "2 x 16 mm2", "380 to 420 V direct"),
            ("7, 8", "Breaker to inverter", "2 x 10 mm2", "400 V direct"),
            ("9 to 13", "Inverter to mains", "5 x 6 mm2", "400 V, 50 Hz"),
        ),
        head=DEEP,
        size=9.2,
    )


def faults(paper: Paper) -> None:
    page(paper, "6", "Fault codes")
    paper.flow(
        (LEFT, TOP, RIGHT, 160),
        "<p>The display of the marrow box shows a code and sounds for ten seconds. Codes up to "
        "E-09 stop the wheel by its brake; the others only warn. "
        "Press the green key for three seconds to clear a code.</p>",
    )
    end = paper.table(
        LEFT,
        158,
        (48, 132, 148, 167),
        (
            ("Code", "What it says", "Likely cause", "What to do"),
            (
                "E-01",
                "Wheel overspeed",
                "Current above 3.6 m/s or inverter off",
                "Wait for slack water; check breaker Q1",
            ),
            (
                "E-02",
                "Generator too hot, above 130 degrees",
                "Ribs covered with weed or mussels",
                "Lift, brush the ribs, check anodes MF-2216",
            ),
            (
                "E-03",
                "Water in the gear housing",
                "Gallowglass lip worn",
                "Lift at once; replace MF-2207-C, change the oil (section 8)",
            ),
            ("E-04", "Insulation below 0.5 megohm", "Cable chafed at the sleeve", "Open Q1, replace MF-2211"),
            ("E-05", "No speed signal", "Sensor plug loose", "Re-seat plug X4 in the housing lid"),
            ("E-06", "Brake does not hold", "Lining below 2 mm", "Put in the locking pin; call the workshop"),
            (
                "E-07",
                "Bus voltage above 450 V",
                "Battery disconnected in full flow",
                "Open Q1, wait six minutes, check fuse F2",
            ),
            ("E-08", "Locking pin not on its hook", "Pin still in the wheel", "Draw the pin MF-2212"),
            ("E-09", "Vibration above 9 mm/s", "Blade bent or rope in the wheel", "Lift, clear, measure the blades"),
            ("E-11", "Oil pressure low", "Slow leak at the sight glass", "Tighten to 4 Nm, refill Harbourlube 46"),
            ("E-12", "Weed guard blocked", "Kelp", "Rake the guard from the quay"),
            ("E-14", "Clock lost", "Button cell empty", "Replace CR2032, set the time"),
            ("E-17", "Inverter asks for service", "Fan ran 20,000 hours", "Order fan set MF-2230"),
        ),
        head=RED,
        size=8.8,
        leading=2.1,
    )
    warning(
        paper,
        end + 20,
        "Note",
        "Three codes E-03 within a year mean that the shaft is scored at the lip. Do not fit "
        "another seal: send the shaft MF-2205 for grinding.",
        40,
    )


def service(paper: Paper) -> None:
    page(paper, "7", "Maintenance schedule")
    tasks = (
        ("Rake the weed guard", "x", "", "", "", "10 min"),
        ("Read oil level and pressure", "x", "", "", "", "5 min"),
        ("Brush the ribs, look at the blades", "", "x", "", "", "1 h"),
        ("Measure insulation at the quay box", "", "x", "", "", "15 min"),
        ("Replace zinc anodes MF-2216", "", "", "x", "", "40 min"),
        ("Change the oil, send a sample", "", "", "x", "", "1 h"),
        ("Grease the davit, test the chain", "", "", "x", "", "30 min"),
        ("Replace the Gallowglass seal", "", "", "", "x", "3 h"),
        ("Check blade roots with dye", "", "", "", "x", "2 h"),
        ("Test E-01 and E-08 by hand", "", "", "", "x", "20 min"),
    )
    end = paper.table(
        LEFT,
        TOP + 4,
        (205, 60, 60, 60, 60, 50),
        (("Task", "Fortnight", "Quarter", "Half year", "4,000 h", "Time"), *tasks),
        head=DEEP,
        align="lmmmmr",
        size=9.2,
        leading=2.1,
    )
    paper.text(
        LEFT, end + 32, "Figure 7.1  Wear of the seal's outer lip, mm, over hours of running", 10, DEEP, bold=True
    )
    plot = (LEFT + 34, end + 50, RIGHT - 60, end + 250)
    for k in range(6):
        y = plot[3] - (plot[3] - plot[1]) * k / 5
        paper.line((plot[0], y), (plot[2], y), PALE)
        paper.text(plot[0] - 5, y + 3, f"{k * 0.2:.1f}", 7.8, GREY, align="right")
        x = plot[0] + (plot[2] - plot[0]) * k / 5
        paper.text(x, plot[3] + 13, f"{k * 1000:,}", 7.8, GREY, align="middle")
    for colour, rate, bend, name in ((RED, 0.26, 0.06, "MF-2207-B"), (SEA, 0.09, 0.010, "MF-2207-C")):
        points = [
            (plot[0] + (plot[2] - plot[0]) * h / 5, plot[3] - (plot[3] - plot[1]) * min(1.0, rate * h + bend * h * h))
            for h in (k * 0.1 for k in range(51))
            if rate * h + bend * h * h <= 1
        ]
        paper.curve(points, colour, 2.2)
        paper.text(points[-1][0] + 6, points[-1][1] + 3, name, 8.8, colour, bold=True)
    limit = plot[3] - (plot[3] - plot[1]) * 0.8
    paper.line((plot[0], limit), (plot[2], limit), INK, 1, dashes="[5 3] 0")
    paper.text(plot[0] + 6, limit - 4, "limit 0.8 mm: replace", 8.2, INK, bold=True)
    paper.flow(
        (LEFT, plot[3] + 34, RIGHT, 800),
        """<p>The single lip of the old seal MF-2207-B reached the limit after 2,100 hours. The double
            lip has not reached it in the 5,000 hours of the bench test.
    The schedule still says 4,000 hours until two wheels have run for a winter.</p><p>Whoever does a task
    signs the wheel book. The wheel book hangs beside the Duchess in the crew room.</p>""",
    )


def seal(paper: Paper) -> None:
    page(paper, "8", "Replacing the Gallowglass seal")
    paper.flow(
        (LEFT, TOP, RIGHT, 150),
        "<p>Needs: seal MF-2207-C, 2.8 litres of Harbourlube 46, ten bolts MF-2213, puller T-4, "
        "mandrel T-9, two people, three hours. Do it under a roof.</p>",
    )
    steps = (
        ("Lift the wheel, put it on the trestle, drain the oil at the lowest plug.", "drain"),
        ("Undo the hub nut (210 Nm) and draw the wheel off with puller T-4.", "pull"),
        ("Take out the ten flange bolts crosswise. Keep the shims in their order.", "bolts"),
        ("Push the old cartridge out with mandrel T-9. Never lever at the shaft.", "push"),
        ("Oil the new lips. The side marked C faces the wheel. Press in to the shoulder.", "press"),
        ("Close, fill, turn ten times by hand, test at 0.5 bar for twenty minutes.", "test"),
    )
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
            paper.arrow(
                (cx + 48, cy + 32) if out else (cx + 92, cy + 32),
                (cx + 92, cy + 32) if out else (cx + 48, cy + 32),
                RED,
                2.4,
                9,
            )
            paper.text(cx + 62, cy + 50, "T-9" if out else "C", 10, RED, bold=True)
        else:
            paper.circle(cx - 35, cy - 44, 13, fill=WHITE, line=INK, width=1.4)
            paper.arrow((cx - 35, cy - 44), (cx - 28, cy - 52), RED, 1.2, 4)
            paper.text(cx - 16, cy - 46, "0.5 bar, 20 min", 9, INK, bold=True)
        paper.flow((x + 14, y + 138, x + 232, y + 180), f"<p>{text}</p>")
    paper.flow(
        (LEFT, 742, RIGHT, 802),
        "<p><b>After the first tide</b> look through the sight glass: milky oil means water, and "
        "the work begins again. Send the old seal to the workshop with its hours; it is cut open "
        "and measured.</p>",
    )
