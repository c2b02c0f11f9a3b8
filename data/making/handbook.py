"""The crew handbook: six small pages, the house's words among them."""

from __future__ import annotations

from pathlib import Path

from .paper import GREY, INK, WHITE, Paper, rgb, tint

PLUM, ROSE, LEAF = rgb("#4b2142"), rgb("#c8324a"), rgb("#3f7d4e")
CSS = """* {font-family: serif; font-size: 10px; line-height: 1.45; color: #22282c} p {margin: 0 0 5px
    0} h2 {font-family: sans-serif; font-size: 12px; color: #c8324a; margin: 9px 0 3px 0}
ul, ol {margin: 0 0 5px 0; padding-left: 13px} li {margin-bottom: 2.5px} b {font-family: serif; font-weight:
bold}"""
LEFT, RIGHT, TOP = 40, 380, 78

WORDS = (
    ("the Old Sentinel", "the lighthouse on the rock at the harbour mouth, red and white"),
    ("a Rosie", "any of our red delivery bicycles, after Rosie Malthouse, rider from 1931"),
    ("the Quire", "the bread shelves behind the counter, because they stand in rows and hum in the morning"),
    ("the Duchess", "the blue teapot with the flower band; she is filled on a Payday"),
    ("Brindle", "the fox who lives behind the flour store"),
    ("a Payday", "a rainbow: the only thing in Skerrow that pays for the rain"),
    ("the Dunlin", "the sailing boat with one red sail that brings flour across the bay"),
    ("Tarn Vell", "the mountain lake of the autumn walk"),
    ("Tuppence Lane", "the path through the beech wood on the farm route"),
    ("the Crescent", "the bathing beach beyond the mole; summer party in July"),
    ("Hallam Lights", "the skyline of Port Hallam at night, seen from the ferry"),
    ("the Splat board", "the whiteboard in the dough room"),
    ("the Hive", "the planned bakehouse on the ropewalk, and its floor plan"),
    ("Gallowglass", "the seal of the Tidewheel, and the yellow prototype that carries it"),
    ("the Bellows", "the main oven, 21 kW, never to be opened before the third ring"),
    ("marrow box", "the grey cabinet of the wheel, in the coal cellar"),
)


def _page(paper: Paper, title: str) -> None:
    number = paper.new_page()
    paper.box((LEFT, 34, RIGHT, 35.5), fill=PLUM)
    paper.text(LEFT, 28, "Crew handbook", 7.6, GREY, bold=True)
    paper.text(RIGHT, 28, f"{number}", 8.4, PLUM, bold=True, align="right")
    paper.text(LEFT, 60, title, 17, PLUM, bold=True, serif=True)


def make(folder: Path) -> None:
    """Writes `crew-handbook.pdf`; the pictures must be there."""
    paper = Paper(420, 595, CSS, "Crew handbook", "Harbour Street Bakery Co-operative")
    paper.new_page()
    paper.box((0, 0, 420, 595), fill=PLUM)
    paper.box((24, 24, 396, 571), line=tint(ROSE, 0.6), width=1.2)
    paper.text(210, 120, "Crew", 50, WHITE, serif=True, italic=True, align="middle")
    paper.text(210, 168, "handbook", 50, WHITE, serif=True, italic=True, align="middle")
    paper.picture((70, 214, 350, 401), folder / "teapot.jpg", dpi=120)
    paper.text(210, 452, "Hours, ovens, bicycles, money,", 12, tint(PLUM, 0.2), serif=True, align="middle")
    paper.text(210, 470, "and the words of the house", 12, tint(PLUM, 0.2), serif=True, align="middle")
    paper.text(
        210, 536, "Harbour Street Bakery Co-operative, edition 9, April 2025", 8.6, tint(PLUM, 0.3), align="middle"
    )

    _page(paper, "Hours and holidays")
    end = paper.flow(
        (LEFT, TOP, RIGHT, 400),
        """<h2>Hours</h2><p>A full week is 36 hours. The night bake runs from 22.30 to 6.00, the day
            bake from 5.30 to 13.00. Nobody works more than five nights in a row, and eleven hours lie
            between two shifts.</p>
    <h2>Holidays</h2><p>Everybody has 26 days of paid holiday and the eight public holidays. Ask six weeks
    ahead for July, August and December, two weeks ahead otherwise. Up to five days may be carried into the
    next year, until the end of March.</p>
    <h2>Illness</h2><p>Ring the crew room before your shift: extension 14. A doctor's note is needed from
    the fourth day. Whoever has had a stomach upset stays away from dough for 48 hours.</p>
    <h2>Parents</h2><p>Eighteen weeks at full pay, for either parent, and shifts of your choice for a year
    after that.</p>""",
    )
    paper.table(
        LEFT,
        end + 12,
        (130, 105, 105),
        (
            ("Extra pay", "Rate", "From"),
            ("Night bake", "+ 25 %", "22.00 to 6.00"),
            ("Sunday", "+ 40 %", "all day"),
            ("Wheel watch in a storm", "£60", "each night"),
            ("Called in on a free day", "+ 50 %", "at least 3 hours"),
        ),
        head=PLUM,
        size=9.2,
    )

    _page(paper, "Ovens and cleanliness")
    end = paper.flow(
        (LEFT, TOP, RIGHT, 390),
        """<p>Hair under a cap, no rings, no scent. Wash hands for twenty seconds when you come in,
            after the yard, and after eggs. Nut paste has its own blue table and never leaves it.</p>
    <h2>The Bellows</h2><p>The Bellows rings three times. At the first ring it is hot, at the second the
    steam is spent, at the third you may open it. Use the long gauntlets, stand to the left, and say
    "door".</p>
    <p>Before the tide turns, look at lamp H1 on the marrow box. If it is dark, set the switch to grid and
    write it on the Splat board.</p>""",
    )
    paper.text(LEFT, end + 14, "Baking times", 9.6, PLUM, bold=True)
    end = paper.table(
        LEFT,
        end + 20,
        (110, 62, 62, 52, 54),
        (
            ("Bread", "Code", "Oven", "Time", "Core"),
            ("Skerrow sour", "HS-01", "245 °C", "48 min", "97 °C"),
            ("Wharfman's rye", "HS-02", "220 °C", "62 min", "98 °C"),
            ("Tin white", "HS-04", "210 °C", "34 min", "95 °C"),
            ("Seeded quay loaf", "HS-07", "230 °C", "44 min", "97 °C"),
            ("Lantern bun", "HS-21", "200 °C", "16 min", "92 °C"),
            ("Saffron twist", "HS-24", "190 °C", "18 min", "92 °C"),
            ("Fennel rusk", "HS-30", "140 °C", "75 min", "dry"),
        ),
        head=ROSE,
        align="llrrr",
        size=9.2,
    )
    paper.flow(
        (LEFT, end + 12, RIGHT, 570),
        "<p><b>Small burns</b>: twenty minutes under cool running water, then the green box on "
        "the wall. <b>Large burns</b>: ring 999, then extension 14. Every burn goes into the "
        "accident book, however small.</p>",
    )

    _page(paper, "Rosies and the road")
    end = paper.flow(
        (LEFT, TOP, RIGHT, 560),
        """<p>A Rosie carries at most 32 kilograms: 18 in the basket, 14 on the rack. Test both brakes
            before the yard gate. Tyres: 4.5 bar in front, 5 at the back.</p>
    <ul><li>Lamps on from the yard to the last stop, in daylight too.</li><li>Walk the Rosie across the
    setts of Net Loft Alley when the yellow lamp is lit.</li><li>On Tuppence Lane walkers go first; ring
    once, early.</li><li>A helmet is yours for the asking, and asked of you in winter.</li></ul>
    <h2>When something breaks</h2><p>Ring the workshop: extension 22. A puncture is mended in the yard,
    anything else in the shed. Hang the red tag on the handlebar so that nobody takes the bicycle.</p>""",
    )
    paper.picture((LEFT, end + 10, 218, end + 130), folder / "red-bicycle.jpg", dpi=120)
    paper.table(
        230,
        end + 10,
        (90, 60),
        (
            ("Service of a Rosie", "Every"),
            ("Chain oiled", "week"),
            ("Brake pads", "4,100 km"),
            ("Chain", "3,000 km"),
            ("Tyres", "6,500 km"),
            ("Bearings", "January"),
        ),
        head=LEAF,
        align="lr",
        size=9.2,
    )
    paper.text(LEFT, end + 143, "Number 7, ready for the harbour route", 7.8, GREY, italic=True)

    _page(paper, "Money")
    end = paper.flow(
        (LEFT, TOP, RIGHT, 390),
        """<h2>Expenses</h2><p>Keep the receipt, fill in the yellow form, put it in Tomasz's tray by
            the 20th. It is paid with the wages. Above £150 ask first.</p>
    <h2>Staff bread</h2><p>Two loaves a shift are free, and everything from the Quire after closing.
    Whatever is left at 18.30 goes to the Lifeboat kitchen.</p>
    <h2>Shares</h2><p>After six months you may become a member with one share of £25. Members vote; one
    member, one vote, however many shares.</p>""",
    )
    end = paper.table(
        LEFT,
        end + 12,
        (200, 140),
        (
            ("What", "We pay up to"),
            ("Train, second class", "the ticket"),
            ("Own car", "45 pence a mile"),
            ("Own bicycle", "20 pence a mile"),
            ("Hotel, one night", "£95"),
            ("Meals on a course day", "£28"),
            ("Safety shoes", "£85 a year"),
        ),
        head=PLUM,
        align="lr",
        size=9.2,
    )
    paper.flow(
        (LEFT, end + 14, RIGHT, 570),
        """<h2>When you disagree</h2><ol><li>Talk to the person.</li><li>Talk to your shift leader, or
            to any other one.</li><li>Write to the crew council: three people, chosen every May. It
            answers within ten days.</li>
    <li>The board decides within a month. Nobody may suffer for having asked.</li></ol>""",
    )

    _page(paper, "Words of the house")
    y = TOP + 2.0
    for word, meaning in WORDS:
        paper.text(LEFT, y + 7, word, 8.8, ROSE, bold=True)
        y = paper.flow((LEFT + 96, y - 4, RIGHT, y + 34), f"<p>{meaning}</p>") + 4
        paper.line((LEFT, y - 2), (RIGHT, y - 2), tint(INK, 0.12), 0.5)
    paper.save(folder / "crew-handbook.pdf")
