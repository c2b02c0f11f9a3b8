"""Pictures: everything that Pillow decodes by itself, and HEIC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pillow_heif
from PIL import ExifTags, Image

from ingest.sniff import PILLOW_ERRORS, readable_picture_formats
from ingest.types import DEFAULT_LIMITS, Kind, Limits, Page, PageError, PageRef, Refused

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # Limits.max_pixels is checked instead, before anything is decoded

CHECK_PX = 1024  # a JPEG is decoded at about this size when it is only checked: the whole file is still read
# What undoes each EXIF orientation but the upright 1; from 5 on width and height change places.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DAMAGED = Refused("it is damaged and cannot be read as a picture", "Open it in another program and save it again.")


class ImageReader:
    """Reads one picture. Animations and files of several pictures show their first; TIFFs of several are scans."""

    def read(self, path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Page | PageError]:
        try:
            with _open(path) as image:
                width, height = image.size
                if width * height > limits.max_pixels:
                    raise too_large(width, height, limits)
                if width < 1 or height < 1:
                    raise DAMAGED
                image.draft("RGB", (CHECK_PX, CHECK_PX))
                image.load()  # a truncated file is found out here
                turned = _orientation(image) >= 5  # a TIFF says how large it is shown, and is turned by now
        except PILLOW_ERRORS:
            raise DAMAGED from None
        if turned:
            width, height = height, width
        yield Page(number=1, kind=Kind.PICTURE, width=width, height=height, wants_ocr=True)

    def picture(self, path: Path, page: PageRef, longest_px: int) -> Image.Image:
        if page.number != 1:
            raise ValueError(f"a picture has one page, not a page {page.number}")
        try:
            with _open(path) as image:
                image.draft("RGB", (longest_px, longest_px))
                image.load()
                return upright_rgb(image, longest_px)
        except PILLOW_ERRORS as error:
            raise ValueError(f"the picture cannot be drawn: {error}") from error


def too_large(width: int, height: int, limits: Limits) -> Refused:
    """For a picture of more than `max_pixels`."""
    most = f"{limits.max_pixels / 1e6:,.0f}"
    return Refused(f"it has {width * height / 1e6:,.0f} million pixels, more than {most}", "Save it smaller.")


def upright_rgb(image: Image.Image, longest_px: int) -> Image.Image:
    """A decoded picture as people see it: turned by its EXIF orientation, RGB, transparency on white, not enlarged."""
    turn = _orientation(image)
    image = _rgb(image, longest_px)
    image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return image.transpose(TURNS[turn]) if turn in TURNS else image


def _open(path: Path) -> Image.Image:
    return Image.open(path, formats=readable_picture_formats())


def _rgb(image: Image.Image, longest_px: int) -> Image.Image:
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        image = _eight_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        return paper
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit greys have a white of 65,535; 32-bit and floating ones have none, so their range is stretched."""
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65_535.0
    wide = image.convert("F") if image.mode != "F" else image
    scale = 255.0 / (high - low) if high > low else 0.0
    return wide.point(lambda value: value * scale - low * scale).convert("L")


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1–8; 1 when there is none or it cannot be read."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except PILLOW_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
