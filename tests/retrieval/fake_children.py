"""Readers without processes: what each file holds is said by the test."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from ingest.types import Block, Box, Kind, Line, Page, PageError, PageRef, Passage, Sized, Source
from ingest.worker import Children

_PDF = b"%PDF-1.7\n"
_VIDEO = b"\x00\x00\x00\x18ftypmp42"

Item = Page | PageError | Exception | Callable[[], object]


def page(number: int, text: str = "", *, wants_ocr: bool = False) -> Page:
    """A page of one passage, or of none."""
    passage = (Passage(text, Box(0.1, 0.1, 0.9, 0.2), Source.TEXT),) if text else ()
    return Page(number, Kind.PAGE, 600.0, 800.0, passage, wants_ocr)


def moment(number: int, start_s: float, end_s: float, text: str = "", *, picture: bytes = b"") -> Page:
    passage = (Passage(text, None, Source.SUBTITLES),) if text else ()
    picture = picture or f"keyframe {number}".encode()
    return Page(number, Kind.MOMENT, 64.0, 48.0, passage, False, start_s, end_s, start_s, picture)


class FakeChildren(Children):
    """`files`: a file's content (see `file`) → what `read` yields; an exception in it is raised, a function is called.

    `seen`: what OCR finds, by page number. Pictures are of one colour, a different one for each page.
    """

    def __init__(self, files: dict[str, Sequence[Item]], seen: dict[int, str] | None = None) -> None:
        super().__init__()
        self.files = files
        self.seen = seen or {}
        self.calls: list[str] = []
        self.blocks: list[Block] = []
        self.on_ocr: Callable[[], object] = lambda: None

    def read(self, path: Path) -> Iterator[Page | PageError]:
        self.calls.append(f"read {content_of(path)}")
        for item in self.files[content_of(path)]:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, Page | PageError):
                yield item
            else:
                item()

    def picture(self, path: Path, kind: object, ref: PageRef, longest_px: int) -> Image.Image:
        self.calls.append(f"picture {content_of(path)} {ref.number}")
        if ref.number == 13:
            raise ValueError("this page cannot be drawn")
        return Image.new("RGB", (8, 8), (40 * ref.number % 256, 100, 200))

    def encoded(self, path: Path, kind: object, ref: PageRef, longest_px: int) -> Sized:
        data = io.BytesIO()
        self.picture(path, kind, ref, longest_px).save(data, "JPEG", quality=80)
        return Sized(data.getvalue(), 8, 8)

    def ocr(self, path: Path, kind: object, ref: PageRef) -> list[Line]:
        self.calls.append(f"ocr {content_of(path)} {ref.number}")
        self.on_ocr()
        if ref.number == 13:
            raise ValueError("this page cannot be drawn")
        text = self.seen.get(ref.number, "")
        return [Line(text, Box(0.2, 0.2, 0.8, 0.3), 0.9)] if text else []

    def layout(self, path: Path, ref: PageRef) -> list[Block]:
        self.calls.append(f"layout {content_of(path)} {ref.number}")
        return self.blocks


def file(folder: Path, name: str, content: str = "") -> Path:
    """A file that is taken for a PDF (or, by its name, a video); without a `content` it holds its own name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    start = _VIDEO if path.suffix == ".mp4" else _PDF
    path.write_bytes(start + (content or path.name).encode("utf-8", "replace"))
    return path


def content_of(path: Path) -> str:
    """What was written, wherever the file is now. Raises ValueError when it is not there."""
    if not path.exists():
        raise ValueError("there is no such file")
    return path.read_bytes().removeprefix(_PDF).removeprefix(_VIDEO).decode()
