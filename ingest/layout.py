"""The place on a page that is shown: its layout, and the one region of it that a match points at.

The analysis is PyMuPDF's own (.3 s a page, offline): too dear for every page, and no help to ranking. It runs in a child
process, and imports what it needs there; `narrow` is plain arithmetic and runs anywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.passages import join
from ingest.types import Block, Box, Line, PageRef, Refused

if TYPE_CHECKING:
    from ingest.pdf import PdfReader

MARGINS = frozenset({"page-header", "page-footer"})
SHOWN = frozenset({"table", "picture"})
NEAR = 0.04  # of the page's height: a caption or a heading so near belongs to its table or picture
CAPTION_WORDS = 30
WHOLE = 0.9  # of the page: marking that much marks nothing

# A region is likely the evidence when it holds words of the question, lies in the passage, is large, is a table or a
# picture: logistic regression on 293 questions with the evidence marked by people. Region found (IoU ≥ .3): .49 with the
# passage's own box, .66 with these weights, in eight-fold cross-validation by document; .83 is some region's on the page.
COVERS, INSIDE, SIZE, TABLE, PICTURE = 0.78, 0.79, 4.35, 2.82, 2.29

_WORD = re.compile(r"[^\W_]+(?:\.[0-9]+)?")


def blocks(path: Path, page: PageRef, reader: PdfReader | None = None) -> list[Block]:
    """Regions of a PDF page in the order they are read, with the text in them; boxes as the page is shown.

    `reader` may have the document open already. Raises ValueError when the page cannot be read, ImportError when the
    analysis is not installed, which PyMuPDF would pass over in silence.
    """
    from ingest.mupdf import ERRORS, pymupdf
    from ingest.pdf import PdfReader, because, fractions, text_lines

    import_module("pymupdf.layout")  # importing it switches it on
    if pymupdf._get_layout is None:
        raise ImportError("the layout analysis is missing: pip install pymupdf_layout onnxruntime")
    try:
        shown = (reader or PdfReader()).page(path, page)
        lines, _ = text_lines(shown)
        shown.get_layout()  # returns nothing; what it found is kept on the page
        turn, width, height = shown.rotation_matrix, shown.rect.width, shown.rect.height
        # the analysis works on the page before it is turned
        rows = [(row[4], pymupdf.Rect(row[:4]) * turn) for row in shown.layout_information or ()]
    except MemoryError:
        raise
    except (Refused, ZeroDivisionError, *ERRORS) as error:
        raise ValueError(f"the layout of page {page.number} cannot be analysed: {because(error)}") from error
    placed = ((str(label), fractions(tuple(rect), width, height)) for label, rect in rows)
    return [Block(label, box, text_within(box, lines)) for label, box in placed if box.area > 0]


def text_within(box: Box, lines: Iterable[Line]) -> str:
    """Text of the lines whose middle lies in the box."""
    return join([line.text for line in lines if _holds(box, line.box)])


def _holds(box: Box, other: Box) -> bool:
    """Whether the middle of `other` lies in `box`."""
    return 2 * box.x0 <= other.x0 + other.x1 <= 2 * box.x1 and 2 * box.y0 <= other.y0 + other.y1 <= 2 * box.y1


def narrow(passage: Box, blocks: Sequence[Block], terms: Sequence[str]) -> Box:
    """The table, picture or paragraph that a match points at; the passage's own box when no region is more likely.

    `passage`: the box of the text that matched; `terms`: the question's content words, in lower case.
    """
    body = [block for block in blocks if block.label not in MARGINS and block.box.area < WHOLE]
    candidates = body + [_with_caption(block, body) for block in body if block.label in SHOWN]
    wanted = {_stem(term) for term in terms}
    found = [len(wanted & _stems(block.text)) for block in candidates]
    most = max(found[: len(body)], default=0)
    within = " ".join(block.text for block in body if _holds(passage, block.box))
    candidates.append(Block("passage", passage, within))
    found.append(len(wanted & _stems(within)))
    likely = [
        _likely(block, count / most if most else 0.0, passage) for block, count in zip(candidates, found, strict=True)
    ]
    return candidates[max(range(len(likely)), key=likely.__getitem__)].box


def _likely(block: Block, covers: float, passage: Box) -> float:
    inside = block.box.overlap(passage) / block.box.area if block.box.area > 0 else 0.0
    kind = {"table": TABLE, "picture": PICTURE}.get(block.label, 0.0)
    return COVERS * covers + INSIDE * inside + SIZE * math.sqrt(block.box.area) + kind


def _with_caption(block: Block, body: Sequence[Block]) -> Block:
    """A table or picture together with what stands right above and below it: captions, headings, short notes."""
    box, texts = block.box, [block.text]
    for other in body:
        gap = min(abs(other.box.y1 - block.box.y0), abs(other.box.y0 - block.box.y1))
        aligned = min(other.box.x1, block.box.x1) > max(other.box.x0, block.box.x0)
        small = other.label in ("caption", "section-header") or len(other.text.split()) < CAPTION_WORDS
        if other.label not in SHOWN and gap < NEAR and aligned and small:
            box = box.union(other.box)
            texts.append(other.text)
    return Block(block.label, box, " ".join(texts))


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text.lower())}


def _stem(word: str) -> str:
    """A word without its English ending, so that "revenues" finds "revenue"."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
