"""A sheet to lay documents out on: text, flowing columns, tables, pictures. All lengths in points, origin top left."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pymupdf
from PIL import Image

Colour = tuple[float, float, float]
Box = tuple[float, float, float, float]
BORN = "D:20251103090000Z"


def rgb(code: str) -> Colour:
    """'#b5561d' to fractions."""
    return (int(code[1:3], 16) / 255, int(code[3:5], 16) / 255, int(code[5:7], 16) / 255)


def tint(colour: Colour, strength: float) -> Colour:
    """The colour thinned with white: 0 white, 1 itself."""
    return (1 - (1 - colour[0]) * strength, 1 - (1 - colour[1]) * strength, 1 - (1 - colour[2]) * strength)


INK = rgb("#22282c")
GREY = rgb("#6b737a")
PALE = rgb("#dfe3e6")
WHITE = (1.0, 1.0, 1.0)


@lru_cache(maxsize=16)
def _face(name: str) -> pymupdf.Font:
    return pymupdf.Font(name)


def _length(text: str, name: str, size: float) -> float:
    return float(_face(name).text_length(text, size))  # get_text_length is wrong beyond ASCII


class Paper:
    """One document being laid out; `page` is the sheet that is written on."""

    def __init__(self, width: float, height: float, css: str, title: str, author: str) -> None:
        self.width, self.height, self.css = width, height, css
        self.document = pymupdf.open()
        self.document.set_metadata(
            {"title": title, "author": author, "creationDate": BORN, "modDate": BORN, "producer": "", "creator": ""}
        )
        self.page: Any = None  # a pymupdf.Page once new_page was called

    def new_page(self) -> int:
        """Starts a page; returns its number, 1-based."""
        self.page = self.document.new_page(width=self.width, height=self.height)
        return int(self.document.page_count)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 10,
        colour: Colour = INK,
        *,
        bold: bool = False,
        serif: bool = False,
        italic: bool = False,
        align: str = "left",
        turn: int = 0,
    ) -> float:
        """One line with its baseline at `y`; `x` is its left, middle or right end. Returns its width."""
        name = {
            (0, 0, 0): "helv",
            (0, 1, 0): "hebo",
            (0, 0, 1): "heit",
            (0, 1, 1): "hebi",
            (1, 0, 0): "tiro",
            (1, 1, 0): "tibo",
            (1, 0, 1): "tiit",
            (1, 1, 1): "tibi",
        }[(int(serif), int(bold), int(italic))]
        wide = _length(text, name, size)
        shift = {"left": 0.0, "middle": wide / 2, "right": wide}[align]
        point = (x - shift, y) if turn == 0 else (x, y + shift)
        self.page.insert_text(point, text, fontname=name, fontsize=size, color=colour, rotate=turn)
        return wide

    def flow(self, box: Box, html: str) -> float:
        """Fills a box with HTML in the document's style; returns where it ends. Raises ValueError when it is too long."""
        spare, scale = self.page.insert_htmlbox(box, html, css=self.css, scale_low=1)
        if spare < 0 or scale != 1:
            raise ValueError(f"page {self.document.page_count}: the text does not fit its box {box}: {html[:60]!r}")
        return box[3] - float(spare)

    def columns(self, box: Box, html: Sequence[str], gap: float = 18) -> float:
        """One piece of HTML per column; returns the lowest end."""
        wide = (box[2] - box[0] - gap * (len(html) - 1)) / len(html)
        return max(
            self.flow((box[0] + i * (wide + gap), box[1], box[0] + i * (wide + gap) + wide, box[3]), piece)
            for i, piece in enumerate(html)
        )

    def box(
        self, box: Box, fill: Colour | None = None, line: Colour | None = None, width: float = 0.8, round_: float = 0
    ) -> None:
        share = round_ / min(box[2] - box[0], box[3] - box[1]) if round_ else None
        self.page.draw_rect(pymupdf.Rect(box), color=line, fill=fill, width=width if line else 0, radius=share)

    def line(
        self,
        a: tuple[float, float],
        b: tuple[float, float],
        colour: Colour = INK,
        width: float = 0.8,
        dashes: str | None = None,
    ) -> None:
        self.page.draw_line(a, b, color=colour, width=width, dashes=dashes)

    def curve(
        self,
        points: Sequence[tuple[float, float]],
        colour: Colour,
        width: float = 1.6,
        fill: Colour | None = None,
        close: bool = False,
    ) -> None:
        shape = self.page.new_shape()
        shape.draw_polyline([pymupdf.Point(*p) for p in points])
        shape.finish(color=colour if width else None, fill=fill, width=width, closePath=close, lineJoin=1, lineCap=1)
        shape.commit()

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        fill: Colour | None = None,
        line: Colour | None = None,
        width: float = 0.8,
    ) -> None:
        self.page.draw_circle((x, y), radius, color=line, fill=fill, width=width if line else 0)

    def arrow(
        self, a: tuple[float, float], b: tuple[float, float], colour: Colour = INK, width: float = 1.0, head: float = 6
    ) -> None:
        """A line from `a` with an arrow head at `b`."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        length = (dx * dx + dy * dy) ** 0.5
        ux, uy = dx / length, dy / length
        base = (b[0] - ux * head, b[1] - uy * head)
        self.line(a, base, colour, width)
        left = (base[0] - uy * head * 0.42, base[1] + ux * head * 0.42)
        right = (base[0] + uy * head * 0.42, base[1] - ux * head * 0.42)
        self.curve([b, left, right], colour, 0, fill=colour, close=True)

    def picture(self, box: Box, source: Path | Image.Image, quality: int = 80, dpi: int = 110) -> None:
        """Fills the box with a picture, cropped to its shape and no finer than `dpi`."""
        image = (Image.open(source) if isinstance(source, Path) else source).convert("RGB")
        wide, high = box[2] - box[0], box[3] - box[1]
        if image.width * high > image.height * wide:
            cut = round(image.height * wide / high)
            image = image.crop(((image.width - cut) // 2, 0, (image.width + cut) // 2, image.height))
        else:
            cut = round(image.width * high / wide)
            image = image.crop((0, (image.height - cut) // 2, image.width, (image.height + cut) // 2))
        most = round(wide / 72 * dpi)
        if image.width > most:
            image = image.resize((most, round(most * high / wide)), Image.Resampling.LANCZOS)
        data = io.BytesIO()
        image.save(data, "JPEG", quality=quality)
        self.page.insert_image(pymupdf.Rect(box), stream=data.getvalue())

    def table(
        self,
        x: float,
        y: float,
        widths: Sequence[float],
        rows: Sequence[Sequence[str]],
        *,
        head: Colour,
        size: float = 8.6,
        align: str = "",
        strong: Sequence[int] = (),
        leading: float = 1.9,
        stripes: bool = True,
    ) -> float:
        """Rows of cells, the first is the head; returns where it ends. `align` is a letter l, m or r a column;
        `strong` are the rows set bold with a line above. Long cells wrap."""
        align = align or "l" * len(widths)
        full = sum(widths)
        top = y
        for number, row in enumerate(rows):
            bold = number == 0 or number in strong
            cells = [self._wrapped(cell, w - 10, size, bold) for cell, w in zip(row, widths, strict=True)]
            high = size * leading + (max(len(c) for c in cells) - 1) * size * 1.22
            if number == 0:
                self.box((x, top, x + full, top + high), fill=head)
            elif stripes and number % 2 == 0:
                self.box((x, top, x + full, top + high), fill=tint(head, 0.07))
            if number in strong:
                self.line((x, top), (x + full, top), head, 1.0)
            left = x
            for lines, wide, where in zip(cells, widths, align, strict=True):
                for k, line in enumerate(lines):
                    place = {"l": left + 5, "m": left + wide / 2, "r": left + wide - 5}[where]
                    self.text(
                        place,
                        top + size * (leading / 2 + 0.35) + k * size * 1.22,
                        line,
                        size,
                        WHITE if number == 0 else INK,
                        bold=bold,
                        align={"l": "left", "m": "middle", "r": "right"}[where],
                    )
                left += wide
            top += high
        self.line((x, top), (x + full, top), head, 0.8)
        return top

    def _wrapped(self, text: str, wide: float, size: float, bold: bool) -> list[str]:
        lines = [""]
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and _length(longer, "hebo" if bold else "helv", size) > wide:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def save(self, path: Path) -> None:
        self.document.subset_fonts()
        self.document.save(path, garbage=4, deflate=True, no_new_id=True)
        self.document.close()
