"""The look of the service manual's pages."""

from __future__ import annotations

from .paper import GREY, INK, PALE, WHITE, Paper, rgb, tint

DEEP, SEA, YELLOW, RED, STEEL = rgb("#0e3a45"), rgb("#1f7f8c"), rgb("#e8a313"), rgb("#b3261e"), rgb("#aeb8bd")
CSS = """* {font-family: sans-serif; font-size: 9.4px; line-height: 1.42; color: #22282c} p {margin: 0 0 6px 0}
h2 {font-size: 12px; color: #0e3a45; margin: 6px 0 4px 0} ol, ul {margin: 0 0 6px 0; padding-left: 16px} li
{margin-bottom: 3.5px}
.note {color: #6b737a; font-size: 8.2px} b {font-weight: bold}"""
LEFT, RIGHT, TOP = 50, 545, 112


def page(paper: Paper, section: str, title: str) -> None:
    number = paper.new_page()
    paper.box((0, 0, 595, 56), fill=DEEP)
    paper.text(LEFT, 34, "KX-70 Tidewheel", 13, WHITE, bold=True)
    paper.text(RIGHT, 34, "Service manual  MF-SM-070  rev. D", 9, tint(DEEP, 0.25), align="right")
    paper.text(LEFT, 92, section, 18, YELLOW, bold=True)
    paper.text(LEFT + 34, 92, title, 18, DEEP, bold=True)
    paper.line((LEFT, 806), (RIGHT, 806), PALE, 0.8)
    paper.text(LEFT, 820, "Marrowfen workshop, Lamp Quay, Skerrow", 7.6, GREY)
    paper.text(RIGHT, 820, f"Page {number}", 8, INK, bold=True, align="right")


def warning(paper: Paper, y: float, word: str, text: str, high: float = 44) -> float:
    paper.box((LEFT, y, RIGHT, y + high), fill=tint(RED, 0.08), line=RED, width=0.8, round_=4)
    paper.curve(
        [(LEFT + 12, y + high / 2 + 11), (LEFT + 25, y + high / 2 - 11), (LEFT + 38, y + high / 2 + 11)],
        RED,
        1.2,
        fill=YELLOW,
        close=True,
    )
    paper.text(LEFT + 25, y + high / 2 + 8.5, "!", 15, RED, bold=True, align="middle")
    paper.flow((LEFT + 50, y + 7, RIGHT - 8, y + high), f"<p><b>{word}.</b> {text}</p>")
    return y + high


def bubble(paper: Paper, number: int, at: tuple[float, float], to: tuple[float, float]) -> None:
    paper.line(at, to, INK, 0.6)
    paper.circle(to[0], to[1], 1.5, fill=INK)
    paper.circle(at[0], at[1], 8, fill=WHITE, line=INK, width=0.9)
    paper.text(at[0], at[1] + 3, str(number), 8.4, INK, bold=True, align="middle")
