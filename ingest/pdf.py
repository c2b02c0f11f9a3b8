"""PDF pages: text with boxes from the text layer, pictures rendered on demand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from ingest.mupdf import ERRORS, pymupdf
from ingest.passages import clean, passages
from ingest.types import (
    DEFAULT_LIMITS,
    Box,
    Kind,
    Limits,
    Line,
    Page,
    PageError,
    PageRef,
    Refused,
    Source,
    too_many_pages,
)

# Ligatures become letters; characters that no font names become U+FFFD instead of made-up ones.
FLAGS = pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_PRESERVE_WHITESPACE
FEW = 20  # letters and digits: fewer than this are a page number or a watermark, not a text layer
GARBAGE = 0.3  # share of meaningless characters from which a text layer is worthless
MEANINGLESS = re.compile("[\ufffd\ue000-\uf8ff\x80-\x9f]")  # no character known, private use, control
HUGE_PT = 1e6  # PDF itself ends at 14,400
LOOK_PX = 400


class PdfReader:
    """Reads PDF documents. Keeps the last one open, since pictures are asked for page by page."""

    def __init__(self) -> None:
        self._open: tuple[tuple[str, int, int], Any] | None = None

    def read(self, path: Path, limits: Limits = DEFAULT_LIMITS, start: int = 1) -> Iterator[Page | PageError]:
        """All pages from `start` on."""
        document = self._document(path)
        count = document.page_count
        if count == 0 and document.is_repaired:
            raise Refused(
                "it is damaged, or was not downloaded completely", "Download or copy it again, and drop that."
            )
        if count == 0:
            raise Refused("it has no pages", "Save it again from the program that made it.")
        if count > limits.max_pages:
            raise too_many_pages(f"{count:,} pages, more than {limits.max_pages:,}")
        for number in range(start, count + 1):
            yield _read_page(document, number)

    def picture(self, path: Path, page: PageRef, longest_px: int) -> Image.Image:
        try:
            shown = self.page(path, page)
            longest_pt = max(shown.rect.width, shown.rect.height)
            scale = longest_px / longest_pt
            pixmap = shown.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False)
            picture = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
        except (Refused, ZeroDivisionError, *ERRORS) as error:
            raise ValueError(f"page {page.number} cannot be drawn: {because(error)}") from error
        if max(picture.size) > longest_px:  # rounding may add a pixel
            picture.thumbnail((longest_px, longest_px))
        return picture

    def pixels(self, path: Path, page: PageRef, dpi: int) -> int:
        """Pixels of the page's longest side at `dpi`; raises ValueError."""
        try:
            shown = self.page(path, page).rect
        except (Refused, *ERRORS) as error:
            raise ValueError(f"page {page.number} cannot be opened: {because(error)}") from error
        return max(1, round(max(shown.width, shown.height) * dpi / 72))

    def page(self, path: Path, page: PageRef) -> Any:
        """PyMuPDF's page. Raises ValueError for a number that is not there, Refused for a broken file."""
        document = self._document(path)
        if not 1 <= page.number <= document.page_count:
            raise ValueError(f"there is no page {page.number} of {document.page_count}")
        return document[page.number - 1]

    def _document(self, path: Path) -> Any:
        try:
            found = path.stat()
        except OSError as error:
            raise Refused(f"it cannot be opened ({error.strerror})", "Check that it is still there.") from None
        key = (str(path), found.st_mtime_ns, found.st_size)
        if self._open is not None:
            if self._open[0] == key:
                return self._open[1]
            self._open[1].close()
            self._open = None
            pymupdf.TOOLS.store_shrink(100)  # pictures of the last document are of no more use
        document = _open(path)
        self._open = (key, document)
        return document


def _open(path: Path) -> Any:
    try:
        # MuPDF wants names in UTF-8, which Linux does not
        encodable = str(path).isascii() or not any("\ud800" <= letter <= "\udfff" for letter in str(path))
        where = {"filename": str(path)} if encodable else {"stream": path.read_bytes()}
        document = pymupdf.open(**where, filetype="pdf")
        # an owner's password forbids printing and copying, not reading; only a user's password locks the text
        if document.needs_pass:
            raise Refused("it is locked with a password", "Save an unlocked copy and drop it again.")
        _ = document.page_count
    except MemoryError:
        raise
    except ERRORS:
        raise Refused(
            "it is damaged and cannot be read as a PDF", "Open it in another program and save it as a new PDF."
        ) from None
    return document


def _read_page(document: Any, number: int) -> Page | PageError:
    try:
        page = document[number - 1]
        width, height = _size(page)
        lines, unreadable = text_lines(page)
    except MemoryError:
        raise
    except ERRORS as error:
        return PageError(number, because(error))
    useful = sum(letter.isalnum() for line in lines for letter in line.text)
    believed = unreadable <= GARBAGE * (useful + unreadable)
    return Page(
        number=number,
        kind=Kind.PAGE,
        width=width,
        height=height,
        passages=passages(lines, Source.TEXT) if believed else (),
        wants_ocr=not believed or (useful < FEW and _shows_something(page)),
    )


def text_lines(page: Any) -> tuple[list[Line], int]:
    """Lines of a page's text layer in the document's order, and how many characters in it mean nothing."""
    width, height = _size(page)
    turn = page.rotation_matrix if page.rotation else None
    lines: list[Line] = []
    unreadable = 0
    for block in page.get_text("dict", flags=FLAGS)["blocks"]:
        for line in block.get("lines", ()):
            raw = "".join(span["text"] for span in line["spans"])
            if not raw.isascii():
                unreadable += len(MEANINGLESS.findall(raw))
            text = clean(raw)
            if not text:
                continue
            x0, y0, x1, y1 = line["bbox"] if turn is None else pymupdf.Rect(line["bbox"]) * turn
            if 0 <= x0 + x1 <= 2 * width and 0 <= y0 + y1 <= 2 * height:  # its middle is on the page
                lines.append(Line(text, fractions((x0, y0, x1, y1), width, height)))
    return lines, unreadable


def _size(page: Any) -> tuple[float, float]:
    """Width and height in points, as shown."""
    width, height = float(page.rect.width), float(page.rect.height)
    if not (0 < width < HUGE_PT and 0 < height < HUGE_PT):
        raise ValueError("it has no size")
    return width, height


def fractions(rect: tuple[float, float, float, float], width: float, height: float) -> Box:
    """A rectangle in points of the shown page as a Box, cut at the page's edges."""
    x0, y0, x1, y1 = rect
    return Box(_share(x0, width), _share(y0, height), _share(x1, width), _share(y1, height))


def _share(part: float, whole: float) -> float:
    return min(max(round(part / whole, 5), 0.0), 1.0)


def _shows_something(page: Any) -> bool:
    """Whether a page holds, beside its text, a picture, or drawings that are more than one even colour."""
    try:
        drawn = {kind for kind, _ in page.get_bboxlog() if not kind.endswith("text")}
        if not drawn or any("image" in kind for kind in drawn):
            return bool(drawn)
        scale = LOOK_PX / max(page.rect.width, page.rect.height)
        look = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False)
        return not look.is_unicolor
    except MemoryError:
        raise
    except ERRORS:
        return True  # OCR looks at it, and tells


def because(error: BaseException) -> str:
    """One short line of what PyMuPDF said."""
    said = " ".join(str(error).split())
    return (said or type(error).__name__)[:200]
