"""Scans: TIFF files of several pages, as scanners and fax machines make them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from ingest.image import DAMAGED, too_large, upright_rgb
from ingest.sniff import PILLOW_ERRORS, scan_frames
from ingest.types import DEFAULT_LIMITS, Kind, Limits, Page, PageError, PageRef, Refused, too_many_pages

LEAST_DPI = 50  # what says less does not know
MOST_SQUASHED = 4.0  # faxes have 204 dots across and 98, 196 or 391 down
CENTIMETRES = 3  # ResolutionUnit


class ScanReader:
    """Reads the pages of a TIFF; copies in lower resolution and masks are no pages."""

    def read(self, path: Path, limits: Limits = DEFAULT_LIMITS, start: int = 1) -> Iterator[Page | PageError]:
        """All pages from `start` on."""
        image = _open(path)
        try:
            frames = scan_frames(image, limits.max_pages + 1)
            if len(frames) > limits.max_pages:
                raise too_many_pages(f"more than {limits.max_pages:,} pages")
            for number, frame in enumerate(frames[start - 1 :], start):
                try:
                    page = _read_page(image, number, frame, limits)
                except PILLOW_ERRORS:
                    image.close()
                    image = _open(path)  # what a broken page leaves behind is not to be trusted
                    page = PageError(number, DAMAGED.reason)
                yield page
        finally:
            image.close()

    def picture(self, path: Path, page: PageRef, longest_px: int) -> Image.Image:
        try:
            with closing(_at(path, page)) as image:
                width, height = _size(image)  # once it is loaded, Pillow has turned it and forgets that it did
                image.load()
                picture = upright_rgb(image, longest_px)
        except (Refused, *PILLOW_ERRORS) as error:
            raise ValueError(f"page {page.number} cannot be drawn: {error}") from error
        scale = min(1.0, longest_px / max(width, height))
        return picture.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS)

    def pixels(self, path: Path, page: PageRef, dpi: int) -> int:
        """Pixels of the page's longest side at `dpi`; all that it has where it does not say how large it is. Raises
        ValueError."""
        try:
            with closing(_at(path, page)) as image:
                longest, finest = max(_size(image)), max(_dots(image))
        except (Refused, *PILLOW_ERRORS) as error:
            raise ValueError(f"page {page.number} cannot be opened: {error}") from error
        return max(1, round(longest * dpi / finest)) if finest >= LEAST_DPI else longest


def _open(path: Path) -> TiffImageFile:
    try:
        image = Image.open(path, formats=("TIFF",))
    except PILLOW_ERRORS:
        raise DAMAGED from None
    assert isinstance(image, TiffImageFile)
    return image


def _at(path: Path, page: PageRef) -> TiffImageFile:
    """The file, open at a page. Raises ValueError for a number that is not there."""
    image = _open(path)
    frames = scan_frames(image, page.number)
    if not 1 <= page.number <= len(frames):
        image.close()
        raise ValueError(f"there is no page {page.number} of {len(frames)}")
    image.seek(frames[page.number - 1])
    return image


def _read_page(image: TiffImageFile, number: int, frame: int, limits: Limits) -> Page | PageError:
    image.seek(frame)
    width, height = _size(image)
    if width * height > limits.max_pixels:
        return PageError(number, too_large(width, height, limits).reason)
    image.load()  # a truncated page is found out here
    return Page(number=number, kind=Kind.PAGE, width=width, height=height, wants_ocr=True)


def _size(image: TiffImageFile) -> tuple[int, int]:
    """Width and height in square pixels, as shown: a coarse fax has half as many rows as it should have."""
    width, height = image.size
    across, down = _dots(image)
    if across > 0 and down > 0 and 1 / MOST_SQUASHED <= across / down <= MOST_SQUASHED:
        finest = max(across, down)
        width, height = round(width * finest / across), round(height * finest / down)
    return width, height


def _dots(image: TiffImageFile) -> tuple[float, float]:
    """Dots an inch, across and down as shown; 0 where the file does not say."""
    tags = image.tag_v2
    inches = 2.54 if tags.get(ExifTags.Base.ResolutionUnit) == CENTIMETRES else 1.0
    across, down = (_number(tags.get(tag)) for tag in (ExifTags.Base.XResolution, ExifTags.Base.YResolution))
    if tags.get(ExifTags.Base.Orientation) in (5, 6, 7, 8):
        across, down = down, across
    return across * inches, down * inches


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if math.isfinite(number) else 0.0
