"""Slides of the Marrowfen steering group: eight landscape pages."""

from __future__ import annotations

from pathlib import Path

from . import charts
from .paper import GREY, INK, PALE, WHITE, Paper, rgb, tint

NIGHT, SEA, SAND, CORAL, LIME = rgb("#101d36"), rgb("#1c8a95"), rgb("#f4ead7"), rgb("#e4572e"), rgb("#7fb13d")
CSS = """* {font-family: sans-serif; font-size: 17px; line-height: 1.4; color: #22282c} p {margin: 0 0 8px 0}
ul, ol {margin: 0; padding-left: 22px} li {margin-bottom: 9px} .light {color: #ffffff} b {font-weight: bold}"""


def _slide(paper: Paper, title: str) -> None:
    number = paper.new_page()
    paper.box((0, 0, 14, 540), fill=SEA)
    paper.text(52, 68, title, 30, NIGHT, bold=True)
    paper.box((52, 82, 128, 86), fill=CORAL)
    paper.text(52, 518, "Marrowfen steering group  |  16 September 2025", 10.5, GREY)
    paper.text(916, 518, str(number), 11, NIGHT, bold=True, align="right")


def make(folder: Path) -> None:
    """Writes `marrowfen-review-slides.pdf`; the pictures must be there."""
    paper = Paper(960, 540, CSS, "Project Marrowfen: review after the first year", "Marrowfen steering group")
    paper.new_page()
    paper.picture((0, 0, 960, 540), folder / "skyline-night.jpg", dpi=80)
    paper.box((0, 300, 960, 470), fill=NIGHT)
    paper.box((0, 300, 960, 305), fill=CORAL)
    paper.text(60, 366, "Project Marrowfen", 44, WHITE, bold=True)
    paper.text(60, 408, "Review after the first year, and the choice of the second wheel", 20, SAND)
    paper.text(60, 444, "Steering group, Port Hallam, 16 September 2025", 14, tint(SEA, 0.45))

    _slide(paper, "One wheel carries the night bake")
    for i, (big, what, colour) in enumerate(
        (
            ("61,400", "kWh from August to March", SEA),
            ("31 %", "of all our electricity", CORAL),
            ("£17,800", "of grid power not bought", LIME),
        )
    ):
        x = 52 + i * 292
        paper.box((x, 122, x + 276, 268), fill=tint(colour, 0.14), round_=10)
        paper.text(x + 138, 200, big, 46, colour, bold=True, align="middle")
        paper.text(x + 138, 238, what, 16, INK, align="middle")
    paper.flow(
        (52, 304, 908, 500),
        """<ul><li>The Bellows ran on the tide alone for the first whole night on 4 March.</li><li>The
            wheel stood for 347 hours: eleven days for the Gallowglass seal,
    most of the rest for weed.</li><li>Prototype P-3 with the double lip has been in the water since 2
    September.</li></ul>""",
    )

    _slide(paper, "Where we are")
    months = ("Q1 24", "Q2 24", "Q3 24", "Q4 24", "Q1 25", "Q2 25", "Q3 25", "Q4 25", "Q1 26", "Q2 26")
    for i, name in enumerate(months):
        x = 232 + i * 68
        paper.line((x, 120), (x, 446), PALE, 0.8)
        paper.text(x + 34, 114, name, 11, GREY, align="middle")
    rows = (
        ("Permits, berth 14", 0, 1.6, GREY),
        ("Quay works", 0.8, 2.2, SEA),
        ("P-2 in the water", 1.6, 4.4, SEA),
        ("Battery and marrow box", 2.0, 3.2, SEA),
        ("Seal redesign", 3.8, 5.4, CORAL),
        ("P-3 in the water", 6.7, 8.0, SEA),
        ("Order P-4", 7.7, 8.3, CORAL),
        ("Second wheel running", 8.6, 10, LIME),
    )
    for i, (name, start, end, colour) in enumerate(rows):
        y = 130 + i * 39
        paper.text(222, y + 19, name, 13, INK, align="right")
        paper.box((232 + start * 68, y + 3, 232 + end * 68, y + 27), fill=colour, round_=5)
    paper.line((232 + 6.85 * 68, 118), (232 + 6.85 * 68, 452), CORAL, 1.6, dashes="[5 3] 0")
    paper.text(232 + 6.85 * 68, 468, "today", 12, CORAL, bold=True, align="middle")

    _slide(paper, "Output beats the forecast except in December")
    charts.lines(
        paper,
        (52, 104, 908, 492),
        "Energy delivered",
        ("Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar"),
        ((6.8, 7.6, 8.2, 7.9, 6.1, 8.4, 8.8, 7.6), (6.6, 7.0, 7.3, 7.5, 7.6, 7.6, 7.4, 7.0)),
        (SEA, GREY),
        top=10,
        step=2,
        legends=("delivered", "forecast"),
        note="thousand kWh a month, prototype P-2",
        size=13,
        dashed=(1,),
    )

    _slide(paper, "£11,000 under budget")
    charts.bars(
        paper,
        (52, 100, 600, 492),
        "Budget and actual",
        ("Wheel", "Quay works", "Battery", "Marrow box", "Permits", "Team"),
        ((62, 58, 44, 23, 12, 26), (66, 47, 41, 21, 14, 25)),
        (tint(NIGHT, 0.3), SEA),
        top=80,
        step=20,
        legends=("budget", "actual"),
        note="£ thousand to 31 March 2025",
        size=12,
        values=True,
    )
    paper.flow(
        (632, 170, 908, 480),
        """<p><b>Wheel</b>: £4,000 over, the new seal.</p><p><b>Quay works</b>: £11,000 under, no
            blasting was needed.</p><p><b>Permits</b>: £2,000 over, second survey of eelgrass.</p><p>In
            all £214,000 of £225,000.</p>""",
    )

    _slide(paper, "One seal cost us most of the hours")
    charts.bars_across(
        paper,
        (52, 104, 640, 490),
        "Hours out of service by fault code",
        (
            "E-03 water in gear",
            "E-12 weed guard",
            "E-02 too hot",
            "E-09 vibration",
            "E-11 oil pressure",
            "E-05 no speed signal",
            "E-08 pin",
        ),
        (264, 41, 17, 12, 7, 4, 2),
        tint(SEA, 0.75),
        note="April 2024 to March 2025, 347 hours in all",
        unit=" h",
        size=13,
        label=166,
        strong=(0,),
        strong_colour=CORAL,
    )
    paper.picture((676, 120, 908, 300), folder / "prototype-p3.jpg", dpi=120)
    paper.flow(
        (676, 314, 908, 490),
        "<p>Three quarters of the loss is one leak. P-3 carries the seal <b>MF-2207-C</b>; its "
        "bench test passed 5,000 hours.</p>",
    )

    _slide(paper, "Three ways to the second wheel")
    paper.table(
        52,
        112,
        (236, 206, 206, 208),
        (
            ("", "A  Keep P-3", "B  Order P-4", "C  Wait a year"),
            ("Price", "£0", "£88,000", "£0"),
            ("Power at 2.4 m/s", "7.0 kW", "7.4 kW", "-"),
            ("Share of our electricity in 2026", "33 %", "55 %", "31 %"),
            ("Pays back in", "-", "6.1 years", "-"),
            ("Needs a second davit", "no", "yes, £9,500", "no"),
            ("Risk", "One wheel, no spare", "New blade form", "Permit lapses in May 2026"),
        ),
        head=NIGHT,
        size=14.5,
        leading=2.5,
    )
    paper.box((52, 404, 908, 478), fill=tint(LIME, 0.2), round_=8)
    paper.text(
        76, 448, "The workshop recommends B, if P-3 completes 1,000 hours without a fault.", 19, NIGHT, bold=True
    )

    _slide(paper, "What we ask you to decide")
    paper.flow(
        (52, 116, 560, 490),
        """<ol><li>Order P-4 on 1 December when P-3 has run 1,000 hours.</li><li>Release £97,500 from
            the wheel fund: £88,000 for the wheel, £9,500 for the davit.</li>
    <li>Extend the permit for berth 14 until 2031.</li><li>Name a keeper of the wheel book; the chair
    proposes Oona Ruane.</li></ol>""",
    )
    paper.picture((600, 120, 908, 330), folder / "mountain-lake.jpg", dpi=110)
    paper.flow(
        (600, 342, 908, 490),
        "<p>Next meeting: the autumn walk at Tarn Vell, 18 October, ten o'clock at the boat shed.</p>",
    )
    paper.save(folder / "marrowfen-review-slides.pdf")
