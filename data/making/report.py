"""The bakery's annual report: ten A4 pages with text, tables and charts."""

from __future__ import annotations

from pathlib import Path

from . import charts
from .paper import GREY, INK, WHITE, Paper, tint
from .report_accounts import balance, income, outlook, people
from .report_sheet import CREAM, CRUST, CSS, GOLD, LEFT, LOW, MONTHS, NAVY, RIGHT, TEAL, TOP, page


def _cover(paper: Paper, pictures: Path) -> None:
    paper.new_page()
    paper.picture((0, 0, 595, 520), pictures / "bread-shelf.jpg", dpi=100)
    paper.box((0, 520, 595, 842), fill=NAVY)
    paper.box((0, 520, 595, 528), fill=GOLD)
    paper.text(48, 604, "Bread, tide", 46, WHITE, serif=True, bold=True)
    paper.text(48, 654, "and two wheels", 46, WHITE, serif=True, bold=True)
    paper.text(48, 702, "Annual report 2025", 19, GOLD, bold=True)
    paper.text(48, 726, "Year ended 31 March 2025", 11, tint(WHITE, 1))
    paper.text(48, 798, "Harbour Street Bakery Co-operative", 11, WHITE, bold=True)
    paper.text(48, 813, "7 Harbour Street, Skerrow", 9.5, tint(NAVY, 0.35))


def _glance(paper: Paper) -> None:
    page(paper, "The year at a glance", "Summary")
    facts = (
        ("412,600", "loaves baked", "+ 6 % on 2024"),
        ("£1.94 m", "turnover", "+ 9 % on 2024"),
        ("1,184", "members", "97 joined, 31 left"),
        ("£86,400", "surplus before tax", "4.5 % of turnover"),
        ("31 %", "of our power from the tide", "none in 2023"),
        ("48,300 km", "ridden by the Rosies", "11 bicycles, 3 routes"),
    )
    for i, (big, what, note) in enumerate(facts):
        x, y = LEFT + (i % 3) * 163, TOP + 8 + (i // 3) * 98
        paper.box((x, y, x + 157, y + 88), fill=CREAM, round_=6)
        paper.text(x + 12, y + 36, big, 23, CRUST, bold=True)
        paper.text(x + 12, y + 56, what, 9.6, INK, bold=True)
        paper.text(x + 12, y + 73, note, 8.4, GREY)
    charts.bars(
        paper,
        (LEFT, 336, 290, 540),
        "Turnover",
        ("2021", "2022", "2023", "2024", "2025"),
        ((1.12, 1.31, 1.58, 1.78, 1.94),),
        (NAVY,),
        top=2.0,
        step=1.0,
        unit=" m",
        note="£ million",
    )
    charts.lines(
        paper,
        (308, 336, RIGHT, 540),
        "Members",
        ("2021", "2022", "2023", "2024", "2025"),
        ((690, 842, 1010, 1118, 1184),),
        (TEAL,),
        top=1200,
        step=300,
        legends=("1,184",),
        note="at the end of the year",
        fill=True,
    )
    paper.text(LEFT, 578, "In this report", 13, CRUST, bold=True)
    contents = (
        ("From the chair", 3),
        ("What we baked", 4),
        ("Where the bread goes", 5),
        ("Project Marrowfen: baking by tide", 6),
        ("People", 7),
        ("Income and expenditure", 8),
        ("Balance sheet and waste", 9),
        ("Risks, targets and next year", 10),
    )
    for i, (name, number) in enumerate(contents):
        y = 602 + 20 * i
        paper.text(LEFT, y, name, 10.4, INK, serif=True)
        paper.line((LEFT, y + 5), (RIGHT, y + 5), tint(INK, 0.14), 0.5)
        paper.text(RIGHT, y, str(number), 10.4, NAVY, bold=True, align="right")


def _chair(paper: Paper, pictures: Path) -> None:
    page(paper, "From the chair", "Letter to the members")
    paper.flow(
        (LEFT, TOP, RIGHT, 176),
        "<p class=lead>Two years ago the meeting in the net loft voted, by eleven hands, to put a wheel under the quay. "
        "This spring the ovens ran on the tide for the first whole night.</p>",
    )
    left = """<p>When Captain Ruane lowered the first Tidewheel beside the Old Sentinel in May 2024 it
        rained so hard that nobody saw it go in.
    By August it turned at every tide, and by the winter it carried the Bellows, our main oven, through the
    night bake. Project Marrowfen, as the
    steering group named it, has cost £214,000 so far, £11,000 less than you allowed.</p>
    <p>The year was not all tide. Flour rose by 14 per cent in September. We put the price of a Skerrow sour
    up by ten pence, once, and explained it on
    the door; sales dipped for three weeks and came back.</p>
    <p>We opened our third shop, on Anchor Row, in October. It lost money until Christmas and has paid its
    way since February. The shop on the market square
    remains our best: one loaf in three is sold there.</p>"""
    right = """<p>Our riders covered 48,300 kilometres on eleven Rosies without one serious accident.
        The new route through Tuppence Lane saves them the
    climb over Gannet Hill and saves the bread nine minutes.</p>
    <p>We said goodbye to Maud Tarrant, who kept the accounts for twenty-two years and left them without a
    blot. Tomasz Bialek follows her. And Brindle,
    who is not on the payroll, raised three cubs behind the flour store; the yard gate stays shut after
    nine.</p>
    <p>The board proposes a dividend of 2.5 pence for each pound that members spent, and that £40,000 go to
    the fund for the second wheel. I ask for your vote.</p>
    <p><b>Ines Okafor-Lund</b><br/>Chair of the board, 12 June 2025</p>"""
    paper.columns((LEFT, 190, RIGHT, 470), (left, right))
    paper.picture((LEFT, 500, RIGHT, 742), pictures / "lighthouse-evening.jpg", dpi=110)
    paper.text(
        LEFT,
        757,
        "The Old Sentinel in May 2024, the evening before the first wheel went in. The cable "
        "comes ashore behind the keeper's house.",
        8.4,
        GREY,
        italic=True,
    )


def _baked(paper: Paper) -> None:
    page(paper, "What we baked", "Production")
    paper.flow(
        (LEFT, TOP, RIGHT, 190),
        "<p>We baked 412,600 loaves and 1.1 million small pieces. Skerrow sour remains the bread "
        "of the house with 38 per cent of all "
        "loaves; Wharfman's rye grew fastest, by 17 per cent. December was the best month we have"
        " had, July the weakest: the oven stood for six days while "
        "the flue was lined.</p>",
    )
    charts.bars(
        paper,
        (LEFT, 186, RIGHT, 420),
        "Loaves by month and kind",
        MONTHS,
        (
            (12.4, 12.9, 12.6, 9.1, 13.0, 13.2, 13.4, 13.6, 17.2, 12.8, 12.5, 14.1),
            (7.4, 7.6, 7.9, 5.9, 8.0, 8.2, 8.6, 9.0, 11.4, 8.8, 8.6, 9.4),
            (10.3, 10.5, 10.1, 7.8, 10.2, 10.4, 10.6, 10.5, 12.4, 10.3, 10.2, 11.0),
        ),
        (CRUST, NAVY, GOLD),
        top=45,
        step=15,
        stacked=True,
        legends=("Skerrow sour", "Wharfman's rye", "Tin white and others"),
        note="thousand loaves",
    )
    paper.text(LEFT, 452, "Table 1. Our range", 10.4, NAVY, bold=True)
    end = paper.table(
        LEFT,
        460,
        (122, 62, 66, 66, 72, 95),
        (
            ("Product", "Code", "Baked", "Price", "Change", "Margin per piece"),
            ("Skerrow sour, 800 g", "HS-01", "156,800", "£4.60", "+ 4 %", "£1.21"),
            ("Wharfman's rye, 700 g", "HS-02", "100,800", "£4.90", "+ 17 %", "£1.38"),
            ("Tin white, 600 g", "HS-04", "88,300", "£3.20", "- 2 %", "£0.74"),
            ("Seeded quay loaf, 750 g", "HS-07", "66,700", "£5.10", "+ 8 %", "£1.45"),
            ("Lantern bun", "HS-21", "642,000", "£1.60", "+ 11 %", "£0.58"),
            ("Saffron twist", "HS-24", "318,000", "£2.10", "+ 3 %", "£0.66"),
            ("Fennel rusk, 200 g", "HS-30", "141,500", "£2.80", "new", "£0.92"),
        ),
        head=CRUST,
        align="llrrrr",
        size=9,
    )
    paper.flow(
        (LEFT, end + 16, RIGHT, LOW),
        """<h2>Flour and grain</h2><p>We used 318 tonnes of flour, of which 64 per cent was milled
            within forty kilometres.
    The Dunlin, our share of the old ketch, brought 41 tonnes across the bay under sail and saved nineteen
    lorry journeys. The fennel rusk, made from bread that stayed
    on the Quire overnight, turned 9 tonnes of unsold loaves into £396,000 of sales over two years.</p>""",
    )


def _goes(paper: Paper) -> None:
    page(paper, "Where the bread goes", "Shops and deliveries")
    charts.bars_across(
        paper,
        (LEFT, TOP + 4, RIGHT, 290),
        "Sales by outlet",
        (
            "Market square shop",
            "Harbour Street shop",
            "Rosie deliveries",
            "Anchor Row shop",
            "Schools and ferry",
            "Saturday stalls",
        ),
        (643, 517, 352, 168, 159, 101),
        NAVY,
        note="£ thousand, year to March 2025",
        label=112,
        unit=" k",
        strong=(2,),
        strong_colour=CRUST,
        size=8.6,
    )
    paper.columns(
        (LEFT, 312, RIGHT, 424),
        (
            "<h2>Three routes</h2><p>Each morning seven Rosies leave the yard between 5.40 and "
            "6.15. The harbour route serves cafés and the ferry, the hill route "
            "the schools, and the Tuppence Lane route the farms beyond the wood.</p>",
            "<h2>One price</h2><p>Delivery costs £1.20 whatever the distance. 2,410 households "
            "have a standing order. A late loaf is a free loaf: we gave away 312, "
            "most of them in the storm week of January.</p>",
        ),
    )
    paper.text(LEFT, 440, "Table 2. Rosie routes", 10.4, NAVY, bold=True)
    end = paper.table(
        LEFT,
        448,
        (118, 60, 66, 66, 80, 93),
        (
            ("Route", "Length", "Stops", "Rosies", "On time", "Cost per drop"),
            ("Harbour", "6.2 km", "88", "3", "97.1 %", "£0.84"),
            ("Hill and schools", "9.8 km", "64", "2", "93.4 %", "£1.17"),
            ("Tuppence Lane", "14.5 km", "71", "2", "95.8 %", "£1.09"),
            ("All routes", "30.5 km", "223", "7", "95.7 %", "£1.01"),
        ),
        head=CRUST,
        align="lrrrrr",
        size=9,
        strong=(4,),
    )
    charts.lines(
        paper,
        (LEFT, end + 24, RIGHT, 776),
        "Kilometres ridden by the Rosies",
        MONTHS,
        (
            (3.4, 3.7, 3.9, 3.6, 4.0, 4.2, 4.3, 4.1, 4.9, 3.5, 4.1, 4.6),
            (3.0, 3.1, 3.3, 3.3, 3.4, 3.4, 3.3, 3.2, 3.9, 3.0, 3.1, 3.4),
        ),
        (CRUST, GREY),
        top=6,
        step=2,
        legends=("2024/25", "2023/24"),
        note="thousand km a month",
        dashed=(1,),
    )


def _tide(paper: Paper) -> None:
    page(paper, "Project Marrowfen: baking by tide", "Energy")
    paper.flow(
        (LEFT, TOP, RIGHT, 190),
        "<p class=lead>From August to March the KX-70 Tidewheel under Lamp Quay delivered 61,400 "
        "kilowatt hours: 31 per cent of all the electricity we used, "
        "and 58 per cent of what the night bake needs.</p>",
    )
    charts.lines(
        paper,
        (LEFT, 186, RIGHT, 420),
        "Electricity by source",
        MONTHS,
        (
            (0, 0.4, 1.1, 3.2, 6.8, 7.6, 8.2, 7.9, 6.1, 8.4, 8.8, 7.6),
            (17.8, 17.2, 16.4, 11.6, 10.9, 9.8, 9.2, 9.9, 14.2, 9.6, 8.8, 9.7),
        ),
        (TEAL, GREY),
        top=20,
        step=5,
        legends=("Tide", "Grid"),
        note="thousand kWh a month",
        fill=True,
    )
    paper.columns(
        (LEFT, 440, RIGHT, 640),
        (
            "<h2>What went well</h2><p>The wheel starts at a current of 0.7 metres a second, "
            "earlier than the maker's sheet says. The battery, 96 kWh in the old coal cellar, "
            "moves "
            "the afternoon tide into the night. The Bellows draws 21 kilowatts at its peak and "
            "has not once tripped the inverter.</p>",
            "<h2>What did not</h2><p>In December the Gallowglass seal of the prototype P-2 let "
            "water into the gear housing and the wheel stood for eleven days. The seal was made "
            "anew "
            "with a double lip (part MF-2207-C). Weed must be cut from the guard every second "
            "week from May to September.</p>",
        ),
    )
    paper.text(LEFT, 610, "Table 3. Marrowfen in figures", 10.4, NAVY, bold=True)
    paper.table(
        LEFT,
        618,
        (208, 92, 92, 91),
        (
            ("Measure", "Plan", "Result", "Difference"),
            ("Energy delivered, kWh", "58,000", "61,400", "+ 6 %"),
            ("Share of our electricity", "28 %", "31 %", "+ 3 points"),
            ("Hours out of service", "200", "347", "+ 147"),
            ("Cost to date", "£225,000", "£214,000", "- £11,000"),
            ("Grid cost avoided", "£15,100", "£17,800", "+ £2,700"),
            ("CO2 avoided, tonnes", "11.0", "12.7", "+ 1.7"),
        ),
        head=TEAL,
        align="lrrr",
        size=9,
    )


def make(folder: Path) -> None:
    """Writes `harbour-street-annual-report-2025.pdf`; the pictures must be there."""
    paper = Paper(595, 842, CSS, "Bread, tide and two wheels: annual report 2025", "Harbour Street Bakery Co-operative")
    _cover(paper, folder)
    _glance(paper)
    _chair(paper, folder)
    _baked(paper)
    _goes(paper)
    _tide(paper)
    people(paper, folder)
    income(paper)
    balance(paper)
    outlook(paper, folder)
    paper.save(folder / "harbour-street-annual-report-2025.pdf")
