"""The second half of the annual report: people, accounts, outlook."""

from __future__ import annotations

from pathlib import Path

from . import charts
from .paper import GREY, Paper
from .report_sheet import CRUST, GOLD, LEFT, LOW, NAVY, RIGHT, TEAL, TOP, page


def people(paper: Paper, pictures: Path) -> None:
    page(paper, "People", "Members and crew")
    charts.ring(
        paper,
        (LEFT, TOP + 4, 320, 300),
        "Who works here",
        ("Bakers", "Shops", "Riders", "Office", "Workshop"),
        (31, 36, 17, 9, 7),
        (CRUST, NAVY, GOLD, TEAL, GREY),
        note="share of 74 people, March 2025",
        middle="74",
        size=8.6,
    )
    paper.flow(
        (345, TOP + 6, RIGHT, 310),
        """<h2>Pay</h2><p>The lowest wage is £13.40 an hour, 1.17 times the legal minimum. The highest
            earner has 2.9 times the lowest: the rules allow 3.5.</p>
    <h2>Training</h2><p>Each of us had 31 hours of training, paid. Four apprentices finished; three stayed.
    Every baker can now start and stop the Tidewheel.</p>""",
    )
    paper.text(LEFT, 330, "Table 4. The crew in five years", 10.4, NAVY, bold=True)
    end = paper.table(
        LEFT,
        338,
        (193, 58, 58, 58, 58, 58),
        (
            ("", "2021", "2022", "2023", "2024", "2025"),
            ("People at work", "52", "57", "63", "70", "74"),
            ("of them part time", "21", "23", "27", "30", "31"),
            ("Women, %", "48", "49", "52", "53", "54"),
            ("Left during the year", "9", "8", "7", "9", "5"),
            ("Days of sickness per person", "8.1", "9.4", "7.7", "6.9", "6.2"),
            ("Accidents with lost days", "4", "3", "5", "2", "1"),
            ("Hours of training per person", "14", "18", "22", "27", "31"),
        ),
        head=NAVY,
        align="lrrrrr",
        size=9,
    )
    paper.picture((LEFT, end + 24, 290, end + 24 + 180), pictures / "red-bicycle.jpg")
    paper.text(LEFT, end + 217, "A Rosie, loaded for the Tuppence Lane route.", 8.4, GREY, italic=True)
    paper.flow(
        (308, end + 20, RIGHT, LOW),
        """<h2>The riders' year</h2><p>Seventeen riders share eleven Rosies. Each bicycle was stripped
            and painted in the slow week of January, in the red that Rosie Malthouse
    chose for the first one in 1931. Brake pads now come from one maker and last twice as long: 4,100
    kilometres.</p><p>The single accident of the year was a fall on wet setts in Net Loft Alley. The board
    has paid for grip strips, and the alley is closed to bicycles when the yellow lamp is lit.</p><p>A
    Payday counted eleven times this year. By custom the crew stops for ten minutes and the Duchess is
    filled.</p>""",
    )


def income(paper: Paper) -> None:
    page(paper, "Income and expenditure", "Accounts")
    end = paper.table(
        LEFT,
        TOP + 6,
        (243, 60, 90, 90),
        (
            ("£", "Note", "2025", "2024"),
            ("Shop sales", "2", "1,328,000", "1,214,000"),
            ("Deliveries and standing orders", "2", "352,000", "318,000"),
            ("Schools, ferry and stalls", "2", "260,000", "248,000"),
            ("Turnover", "", "1,940,000", "1,780,000"),
            ("Flour, grain and other ingredients", "3", "(561,000)", "(498,000)"),
            ("Wages and social cost", "4", "(873,000)", "(806,000)"),
            ("Energy", "5", "(71,200)", "(94,600)"),
            ("Rent and rates", "", "(118,000)", "(104,000)"),
            ("Bicycles and vans", "", "(38,400)", "(41,900)"),
            ("Depreciation", "7", "(97,000)", "(71,500)"),
            ("Other costs", "", "(95,000)", "(89,000)"),
            ("Surplus before tax", "", "86,400", "75,000"),
            ("Tax", "8", "(16,400)", "(14,300)"),
            ("Surplus for the year", "", "70,000", "60,700"),
        ),
        head=NAVY,
        align="lmrr",
        size=9.4,
        strong=(4, 12, 14),
        leading=2.0,
    )
    paper.columns(
        (LEFT, end + 18, RIGHT, 600),
        (
            "<p><b>Note 3.</b> Flour cost £1,764 a tonne on average against £1,602 in 2024. A "
            "contract with Hallam Mill fixes the price for 60 per cent of next year's need.</p>",
            "<p><b>Note 5.</b> The energy bill fell by £23,400, of which £17,800 is grid "
            "electricity that the Tidewheel replaced and the rest the lined flue.</p>",
        ),
    )
    charts.bars(
        paper,
        (LEFT, 560, RIGHT, 776),
        "Where each pound of turnover went",
        ("Wages", "Ingredients", "Rent", "Depreciation", "Other", "Energy", "Bicycles", "Surplus"),
        ((45, 29, 6, 5, 5, 4, 2, 4),),
        (CRUST,),
        top=50,
        step=25,
        values=True,
        note="pence",
    )


def balance(paper: Paper) -> None:
    page(paper, "Balance sheet and waste", "Accounts")
    end = paper.table(
        LEFT,
        TOP + 6,
        (273, 105, 105),
        (
            ("£, at 31 March", "2025", "2024"),
            ("Ovens and machines", "318,000", "296,000"),
            ("Tidewheel and quay works", "198,000", "121,000"),
            ("Bicycles and vans", "44,000", "39,000"),
            ("Stock", "61,000", "57,000"),
            ("Money owed to us", "38,000", "42,000"),
            ("Cash", "172,000", "148,000"),
            ("Assets", "831,000", "703,000"),
            ("Bank loan", "(189,000)", "(142,000)"),
            ("Suppliers and tax", "(126,000)", "(119,000)"),
            ("Net assets", "516,000", "442,000"),
            ("Members' shares", "237,000", "224,000"),
            ("Reserves", "279,000", "218,000"),
        ),
        head=NAVY,
        align="lrr",
        size=9.4,
        strong=(7, 10),
        leading=1.95,
    )
    paper.flow(
        (LEFT, end + 16, RIGHT, 540),
        "<h2>Waste</h2><p>We threw away 5.2 tonnes of bread, 1.3 per cent of what we baked and a "
        "third of the figure of 2021. Unsold loaves go first to the Lifeboat kitchen, then into "
        "fennel rusk, and at last to the pigs at Vell Farm.</p>",
    )
    charts.bars(
        paper,
        (LEFT, 500, RIGHT, 776),
        "Bread not sold, by what became of it",
        ("2021", "2022", "2023", "2024", "2025"),
        ((3.1, 4.4, 5.2, 6.0, 6.6), (0, 0, 1.8, 4.4, 5.0), (4.9, 4.6, 4.1, 3.0, 2.2), (15.4, 12.1, 9.2, 7.1, 5.2)),
        (TEAL, GOLD, GREY, CRUST),
        top=24,
        step=8,
        stacked=True,
        legends=("Lifeboat kitchen", "Rusk", "Pigs", "Thrown away"),
        note="tonnes",
    )


def outlook(paper: Paper, pictures: Path) -> None:
    page(paper, "Risks, targets and next year", "Outlook")
    end = paper.table(
        LEFT,
        TOP + 6,
        (118, 60, 305),
        (
            ("Risk", "Weight", "What we do about it"),
            ("Price of flour", "high", "Contract with Hallam Mill for 60 per cent of the need until March 2027"),
            (
                "Storm damage at the quay",
                "medium",
                "The wheel can be lifted in forty minutes; insured for £180,000; watch rota when "
                "the Old Sentinel shows two lights",
            ),
            (
                "A seal fails again",
                "medium",
                "Double lip seal MF-2207-C in all wheels, two spares in the workshop, oil tested every quarter",
            ),
            ("Loss of skilled bakers", "medium", "Four apprentices a year, pay above the region's median"),
            ("Fall on the delivery round", "low", "Grip strips, new lamps, no riding in Net Loft Alley in rain"),
        ),
        head=CRUST,
        size=9,
        align="lml",
        leading=2.1,
    )
    paper.text(LEFT, end + 30, "Table 5. Targets for 2026", 10.4, NAVY, bold=True)
    end = paper.table(
        LEFT,
        end + 38,
        (223, 86, 86, 88),
        (
            ("Target", "2024", "2025", "2026 goal"),
            ("Loaves baked", "389,000", "412,600", "430,000"),
            ("Electricity from the tide", "0 %", "31 %", "55 %"),
            ("Bread thrown away, tonnes", "7.1", "5.2", "4.0"),
            ("Deliveries on time", "94.2 %", "95.7 %", "97 %"),
            ("Members", "1,118", "1,184", "1,300"),
            ("Apprentices in training", "3", "4", "5"),
        ),
        head=NAVY,
        align="lrrr",
        size=9,
    )
    end = paper.columns(
        (LEFT, end + 22, RIGHT, LOW),
        (
            "<h2>The second wheel</h2><p>Prototype P-3 of the KX-70 goes into the water at Lamp "
            "Quay in September 2025. If it runs for a thousand hours without a fault the board "
            "will order the series wheel, P-4, for £88,000, "
            "and both together should carry all three shops.</p>",
            "<h2>The Hive</h2><p>The lease of the net loft ends in 2027. Plans for a new "
            "bakehouse on the old ropewalk, called the Hive for its six-sided ovens room, hang in"
            " the Harbour Street shop. A vote is due in November.</p>",
        ),
    )
    wide = (LOW - end - 26) * 1200 / 820
    paper.picture((RIGHT - wide, end + 8, RIGHT, LOW - 18), pictures / "hive-floor-plan.png", dpi=150)
    paper.text(RIGHT, LOW - 5, "The Hive, proposal 3: ground floor", 8.4, GREY, italic=True, align="right")
