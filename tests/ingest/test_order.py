"""Reading order, on literal boxes."""

from __future__ import annotations

from ingest.order import reading_order
from ingest.types import Box, Line

PROSE = "a line of running text"


def line(text: str, x0: float, y0: float, x1: float, height: float = 0.02) -> Line:
    return Line(text, Box(x0, y0, x1, y0 + height))


def column(name: str, x0: float, x1: float, top: float, count: int) -> list[Line]:
    return [line(f"{name}{row} {PROSE}", x0, top + 0.03 * row, x1) for row in range(count)]


def test_nothing_and_one_line() -> None:
    assert reading_order([]) == []
    only = line("one", 0, 0, 1)
    assert reading_order([only]) == [only]


def test_columns_of_prose_below_a_title_are_read_one_after_the_other() -> None:
    title, foot = line("Title across the page", 0.1, 0.05, 0.9), line("Page 3", 0.4, 0.95, 0.6)
    left, right = column("L", 0.1, 0.45, 0.15, 6), column("R", 0.55, 0.9, 0.15, 5)
    mixed = [foot, *right, title, *left]
    assert reading_order(mixed) == [title, *left, *right, foot]


def test_a_table_is_read_row_by_row() -> None:
    rows = [
        (line(f"Country {r}", 0.1, 0.1 + 0.05 * r, 0.3), line(f"{r}0 %", 0.6, 0.101 + 0.05 * r, 0.7)) for r in range(8)
    ]
    expected = [cell for row in rows for cell in row]
    assert reading_order(expected[::-1]) == expected


def test_a_slightly_skewed_row_stays_one_row() -> None:
    left, right = line("left", 0.1, 0.106, 0.3), line("right", 0.6, 0.1, 0.8)
    assert reading_order([right, left]) == [left, right]


def test_every_line_comes_out_once() -> None:
    lines = [line(str(i), (i * 37 % 90) / 100, (i * 61 % 95) / 100, (i * 37 % 90) / 100 + 0.1) for i in range(200)]
    assert sorted(map(repr, reading_order(lines))) == sorted(map(repr, lines))
