"""Reading order of lines found on a picture: columns of prose one after the other, everything else row by row."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ingest.types import Box, Line

COLUMN_LINES = 4  # fewer lines do not make a column
COLUMN_CHARACTERS = 18  # shorter ones are the cells of a table or the labels of a chart: those are read row by row


def reading_order(lines: Sequence[Line]) -> list[Line]:
    """`lines` in the order in which a person reads them."""
    left, right = _columns(lines)
    if right:
        return reading_order(left) + reading_order(right)
    above, below = _bands(lines)
    if below and (len(above) >= COLUMN_LINES or len(below) >= COLUMN_LINES):
        return reading_order(above) + reading_order(below)
    return _rows(lines)


def _columns(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Splits at an empty vertical strip that has prose on both sides; right is empty when there is none."""
    by_left = sorted(lines, key=lambda line: line.box.x0)
    reach = 0.0
    for index, line in enumerate(by_left):
        left, right = by_left[:index], by_left[index:]
        if line.box.x0 > reach and _is_prose(left) and _is_prose(right):
            return left, right
        reach = max(reach, line.box.x1)
    return list(lines), []


def _is_prose(lines: Sequence[Line]) -> bool:
    return len(lines) >= COLUMN_LINES and median(len(line.text) for line in lines) >= COLUMN_CHARACTERS


def _bands(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Splits at the highest empty horizontal strip, if it is higher than half a line."""
    by_top = sorted(lines, key=lambda line: line.box.y0)
    height = median(line.box.y1 - line.box.y0 for line in lines) if lines else 0.0
    reach, widest, cut = 1.0, height / 2, 0
    for index, line in enumerate(by_top):
        if line.box.y0 - reach > widest:
            widest, cut = line.box.y0 - reach, index
        reach = max(reach, line.box.y1) if index else line.box.y1
    return (by_top[:cut], by_top[cut:]) if cut else (by_top, [])


def _rows(lines: Sequence[Line]) -> list[Line]:
    """Row by row: lines whose middles lie within half a line of the row's first one share its row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box.y0 + line.box.y1):
        if rows and _same_row(rows[-1][0].box, line.box):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box.x0)]


def _same_row(first: Box, other: Box) -> bool:
    lower_by = (other.y0 + other.y1 - first.y0 - first.y1) / 2
    return lower_by < min(first.y1 - first.y0, other.y1 - other.y0) / 2
