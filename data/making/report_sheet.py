"""The look of the annual report's pages."""

from __future__ import annotations

from .paper import GREY, INK, Paper, rgb, tint

NAVY, CRUST, TEAL, GOLD, CREAM = rgb("#16324f"), rgb("#b5561d"), rgb("#2a7f7a"), rgb("#e0a526"), rgb("#faf4e8")
MONTHS = ("Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar")
CSS = """* {font-family: serif; font-size: 10.2px; line-height: 1.42; color: #22282c}
p {margin: 0 0 7px 0; text-align: justify} h2 {font-family: sans-serif; font-size: 13px; color: #b5561d;
margin: 4px 0 4px 0}
.lead {font-size: 12.4px; color: #16324f; text-align: left} .quote {font-size: 15px; font-style: italic;
color: #b5561d; text-align: left}
ul {margin: 0 0 6px 0; padding-left: 12px} li {margin-bottom: 3px} .small {font-size: 8.4px; color: #6b737a;
text-align: left}
b {font-family: serif; font-weight: bold}"""
LEFT, RIGHT, TOP, LOW = 56, 539, 118, 782


def page(paper: Paper, title: str, kicker: str) -> None:
    number = paper.new_page()
    paper.box((0, 0, 595, 8), fill=CRUST)
    paper.text(LEFT, 44, "HARBOUR STREET BAKERY CO-OPERATIVE", 7.2, GREY, bold=True)
    paper.text(RIGHT, 44, "Annual report 2025", 7.6, GREY, align="right")
    paper.line((LEFT, 51), (RIGHT, 51), tint(INK, 0.25), 0.6)
    paper.text(LEFT, 76, kicker.upper(), 8, CRUST, bold=True)
    paper.text(LEFT, 99, title, 21, NAVY, bold=True)
    paper.text(RIGHT, 816, str(number), 9, NAVY, bold=True, align="right")
    paper.text(LEFT, 816, "Year ended 31 March 2025", 7.6, GREY)
