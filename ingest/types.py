"""The nouns of ingest. Read this first.

One unit for places: every `Box` is a fraction (0–1) of the page's picture, origin top left, as shown (rotation and EXIF
orientation applied). Page sizes are points for PDF pages and pixels for everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image


class Kind(StrEnum):
    """What one retrievable picture is."""

    PAGE = "page"
    PICTURE = "picture"
    MOMENT = "moment"


class FileKind(StrEnum):
    """What one file is; decided by its first bytes, never by its name."""

    PDF = "pdf"
    SCAN = "scan"  # a TIFF of several pages: what scanners and fax machines make
    IMAGE = "image"
    VIDEO = "video"
    TEXT = "text"  # a page-sized text from a benchmark's corpus.jsonl; never sniffed from a file

    @property
    def page_kind(self) -> Kind:
        return {FileKind.IMAGE: Kind.PICTURE, FileKind.VIDEO: Kind.MOMENT}.get(self, Kind.PAGE)

    @property
    def is_paged(self) -> bool:
        """Whether its pages have numbers that people know."""
        return self in (FileKind.PDF, FileKind.SCAN)


class Source(StrEnum):
    """Where the text of a passage came from."""

    TEXT = "text"
    OCR = "ocr"
    SUBTITLES = "subtitles"


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a page's picture, as fractions 0–1 of its width and height, origin top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    def union(self, other: Box) -> Box:
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    @property
    def area(self) -> float:
        return max(0.0, self.x1 - self.x0) * max(0.0, self.y1 - self.y0)

    def overlap(self, other: Box) -> float:
        """Area shared with `other`, in the same unit as `area`."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return width * height if width > 0 and height > 0 else 0.0

    def iou(self, other: Box) -> float:
        """Intersection over union, 0–1."""
        shared = self.overlap(other)
        total = self.area + other.area - shared
        return shared / total if total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text on a page: from the text layer (`score` 1) or from OCR (`score` 0–1, its confidence)."""

    text: str
    box: Box
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Passage:
    """About 110 words of one page, and the place they take. `text` is never empty."""

    text: str
    box: Box | None
    source: Source


@dataclass(frozen=True, slots=True)
class PageRef:
    """Names one page of a file: 1-based `number`; for a moment also the second its keyframe stands at."""

    number: int
    key_s: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One retrievable picture of a file.

    `number` is 1-based and gapless within the file (an unreadable page yields a `PageError` with its number instead).
    A moment stands for `start_s`–`end_s`; `picture` is its keyframe as JPEG bytes (at most 960 px), because seeking in
    a video is dear; other kinds are rendered on demand and leave it None. `wants_ocr` says that text may be on the
    picture which no text layer holds.
    """

    number: int
    kind: Kind
    width: float
    height: float
    passages: tuple[Passage, ...] = ()
    wants_ocr: bool = False
    start_s: float | None = None
    end_s: float | None = None
    key_s: float | None = None
    picture: bytes | None = None

    @property
    def ref(self) -> PageRef:
        return PageRef(self.number, self.key_s)


@dataclass(frozen=True, slots=True)
class PageError:
    """One page that could not be read; the others go on."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """One region of a page's layout: `label` is text, section-header, table, picture, caption, list-item, …

    `text` is what the text layer holds within it; empty for pictures and scans.
    """

    label: str
    box: Box
    text: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one file. Over a cap, the file is refused with the cap's name and the setting that raises it."""

    max_bytes: int = 2 * 1024**3
    max_pages: int = 5_000
    max_pixels: int = 200_000_000
    max_seconds: float = 4 * 3600.0
    memory_bytes: int = 3 * 1024**3  # address space of a parsing child beyond what it starts with
    page_cpu_s: float = 60.0  # so much CPU time without a page, a picture or an answer ends a child
    page_wall_s: float = 300.0  # and so much silence, which on a busy machine may hold little CPU time


DEFAULT_LIMITS = Limits()


class Refused(Exception):
    """A file that cannot be added: says why and what helps. The message is for people."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = remedy


def too_many_pages(pages: str) -> Refused:
    """For a file of more than `max_pages`."""
    return Refused(f"it has {pages}", "Split it, or raise max_pages.")


class Reader(Protocol):
    """Reads one kind of file. Runs in a child process; see `ingest.worker`."""

    def read(self, path: Path, limits: Limits) -> Iterator[Page | PageError]:
        """Pages in order, streaming, text only and fast. Raises Refused for a file that cannot be read at all."""
        ...

    def picture(self, path: Path, page: PageRef, longest_px: int) -> Image.Image:
        """RGB picture of one page, its longest side at most `longest_px`; raises ValueError when it cannot be made."""
        ...


class PagedReader(Reader, Protocol):
    """Reads a kind of file that is paged: it can begin at any page, and knows how large one is on paper."""

    def read(self, path: Path, limits: Limits, start: int = 1) -> Iterator[Page | PageError]:
        """All pages from `start` on."""
        ...

    def pixels(self, path: Path, page: PageRef, dpi: int) -> int:
        """Pixels of the page's longest side at `dpi`; raises ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class Sized:
    """Encoded picture bytes with their size in pixels."""

    data: bytes
    width: int
    height: int
    media_type: str = field(default="image/jpeg")


Refs = Sequence[PageRef]
