"""Charts drawn as vectors on a `Paper`: bars, stacked bars, lines, rings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from .paper import GREY, INK, PALE, WHITE, Box, Colour, Paper


def _title(paper: Paper, box: Box, title: str, note: str, size: float) -> float:
    """Writes the chart's head; returns where the drawing may begin."""
    paper.text(box[0], box[1] + size * 1.1, title, size * 1.15, INK, bold=True)
    if note:
        paper.text(box[0], box[1] + size * 2.5, note, size * 0.88, GREY)
    return box[1] + size * (3.6 if note else 2.2)


def _grid(paper: Paper, box: Box, low: float, high: float, step: float, unit: str, size: float) -> None:
    value = low
    while value <= high + 1e-9:
        y = box[3] - (value - low) / (high - low) * (box[3] - box[1])
        paper.line((box[0], y), (box[2], y), PALE, 0.6)
        paper.text(box[0] - 4, y + size * 0.3, f"{value:,.0f}{unit}", size * 0.85, GREY, align="right")
        value += step


def legend(paper: Paper, x: float, y: float, names: Sequence[str], colours: Sequence[Colour], size: float = 8) -> None:
    for name, colour in zip(names, colours, strict=True):
        paper.box((x, y - size * 0.75, x + size * 0.9, y + size * 0.12), fill=colour)
        x += size * 1.3
        x += paper.text(x, y, name, size * 0.95) + size * 1.4


def bars(
    paper: Paper,
    box: Box,
    title: str,
    names: Sequence[str],
    series: Sequence[Sequence[float]],
    colours: Sequence[Colour],
    *,
    top: float,
    step: float,
    note: str = "",
    legends: Sequence[str] = (),
    stacked: bool = False,
    unit: str = "",
    size: float = 8,
    values: bool = False,
) -> None:
    """Upright bars: one group a name, one bar (or layer) a series; `top` and `step` set the scale."""
    start = _title(paper, box, title, note, size)
    if legends:
        legend(paper, box[0], start + size * 0.6, legends, colours, size)
        start += size * 1.6
    plot = (box[0] + size * 4, start + size * 0.6, box[2], box[3] - size * 1.8)
    _grid(paper, plot, 0, top, step, unit, size)
    slot = (plot[2] - plot[0]) / len(names)
    for i, name in enumerate(names):
        left = plot[0] + slot * i
        base = plot[3]
        for k, row in enumerate(series):
            high = row[i] / top * (plot[3] - plot[1])
            wide = slot * 0.7 if stacked else slot * 0.76 / len(series)
            x = left + (slot * 0.15 if stacked else slot * 0.12 + wide * k)
            floor = base if stacked else plot[3]
            paper.box((x, floor - high, x + wide, floor), fill=colours[k])
            if values:
                paper.text(
                    x + wide / 2, floor - high - 2.5, f"{row[i]:,.0f}", size * 0.85, INK, bold=True, align="middle"
                )
            base -= high
        paper.text(left + slot / 2, plot[3] + size * 1.25, name, size * 0.9, INK, align="middle")
    paper.line((plot[0], plot[3]), (plot[2], plot[3]), INK, 0.8)


def lines(
    paper: Paper,
    box: Box,
    title: str,
    names: Sequence[str],
    series: Sequence[Sequence[float]],
    colours: Sequence[Colour],
    *,
    low: float = 0,
    top: float,
    step: float,
    legends: Sequence[str],
    note: str = "",
    unit: str = "",
    size: float = 8,
    dashed: Sequence[int] = (),
    fill: bool = False,
) -> None:
    """One line a series; each is named at its right end. `dashed` are the series drawn dashed (plans)."""
    start = _title(paper, box, title, note, size)
    right = max(len(name) for name in legends) * size * 0.5 + 10
    plot = (box[0] + size * 4.2, start + size * 0.6, box[2] - right, box[3] - size * 1.8)
    _grid(paper, plot, low, top, step, unit, size)
    slot = (plot[2] - plot[0]) / (len(names) - 1)
    for i, name in enumerate(names):
        paper.text(plot[0] + slot * i, plot[3] + size * 1.25, name, size * 0.9, INK, align="middle")
    for k, row in enumerate(series):
        points = [
            (plot[0] + slot * i, plot[3] - (v - low) / (top - low) * (plot[3] - plot[1])) for i, v in enumerate(row)
        ]
        if fill and k == 0:
            under = [*points, (plot[2], plot[3]), (plot[0], plot[3])]
            light = tuple(1 - (1 - c) * 0.16 for c in colours[k])
            paper.curve(under, colours[k], 0, fill=(light[0], light[1], light[2]), close=True)
        if k in dashed:
            for a, b in itertools.pairwise(points):
                paper.line(a, b, colours[k], 1.3, dashes="[4 3] 0")
        else:
            paper.curve(points, colours[k], 2.0)
            for x, y in points:
                paper.circle(x, y, 2.3, fill=colours[k], line=WHITE, width=0.6)
        paper.text(points[-1][0] + 6, points[-1][1] + size * 0.3, legends[k], size * 0.95, colours[k], bold=True)
    paper.line((plot[0], plot[3]), (plot[2], plot[3]), INK, 0.8)


def bars_across(
    paper: Paper,
    box: Box,
    title: str,
    names: Sequence[str],
    row: Sequence[float],
    colour: Colour,
    *,
    note: str = "",
    unit: str = "",
    size: float = 8,
    label: float = 90,
    strong: Sequence[int] = (),
    strong_colour: Colour | None = None,
) -> None:
    """Lying bars with their names left and their values at the end."""
    start = _title(paper, box, title, note, size) + 2
    high = (box[3] - start) / len(names)
    most = max(row)
    for i, (name, value) in enumerate(zip(names, row, strict=True)):
        y = start + high * i
        paper.text(box[0] + label - 6, y + high / 2 + size * 0.3, name, size, INK, align="right")
        wide = value / most * (box[2] - box[0] - label - size * 5)
        paper.box(
            (box[0] + label, y + high * 0.16, box[0] + label + wide, y + high * 0.84),
            fill=strong_colour if strong_colour and i in strong else colour,
        )
        paper.text(box[0] + label + wide + 5, y + high / 2 + size * 0.3, f"{value:,.0f}{unit}", size, INK, bold=True)


def ring(
    paper: Paper,
    box: Box,
    title: str,
    names: Sequence[str],
    row: Sequence[float],
    colours: Sequence[Colour],
    *,
    note: str = "",
    middle: str = "",
    size: float = 8,
    unit: str = " %",
) -> None:
    """A ring of shares with its legend at the right."""
    start = _title(paper, box, title, note, size)
    radius = min(box[3] - start, (box[2] - box[0]) * 0.55) / 2 - 2
    cx, cy = box[0] + radius + 2, start + radius + 2
    total = sum(row)
    angle = -math.pi / 2
    for value, colour in zip(row, colours, strict=True):
        sweep = value / total * 2 * math.pi
        steps = max(3, int(sweep / 0.06))
        arc = [angle + sweep * k / steps for k in range(steps + 1)]
        outer = [(cx + radius * math.cos(a), cy + radius * math.sin(a)) for a in arc]
        inner = [(cx + radius * 0.58 * math.cos(a), cy + radius * 0.58 * math.sin(a)) for a in reversed(arc)]
        paper.curve([*outer, *inner], WHITE, 1.0, fill=colour, close=True)
        angle += sweep
    if middle:
        paper.text(cx, cy + size * 0.5, middle, size * 1.6, INK, bold=True, align="middle")
    x = cx + radius + 14
    y = cy - len(names) * size * 0.95 + size
    for name, value, colour in zip(names, row, colours, strict=True):
        paper.box((x, y - size * 0.75, x + size * 0.9, y + size * 0.15), fill=colour)
        paper.text(x + size * 1.4, y, f"{name}  {value:,.0f}{unit}", size)
        y += size * 1.9
