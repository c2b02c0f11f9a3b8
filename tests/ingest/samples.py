"""Tiny files, made on the spot, whose content is known to the letter."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from ingest.mupdf import pymupdf


def pdf(path: Path, pages: Sequence[str] = ("Hello world",), rotation: int = 0, **save: object) -> Path:
    """A PDF of 200 × 400 points a page, its text from (20, 40) on, one line for each line of it."""
    document = pymupdf.open()
    for text in pages:
        page = document.new_page(width=200, height=400)
        page.insert_text((20, 40), text, fontsize=10)
        page.set_rotation(rotation)
    document.save(path, **save)
    document.close()
    return path


def scan(path: Path, text: str = "INVOICE 4711") -> Path:
    """A PDF of one page that is only a picture."""
    picture = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(picture).text((40, 100), text, fill="black", font_size=40)
    data = BytesIO()
    picture.save(data, "PNG")
    document = pymupdf.open()
    document.new_page(width=400, height=300).insert_image((0, 0, 400, 300), stream=data.getvalue())
    document.save(path)
    document.close()
    return path


def picture(path: Path, size: tuple[int, int] = (40, 20), mode: str = "RGB", **save: object) -> Path:
    """A red picture with a blue left half (where the mode has colours)."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, size[0] // 2, size[1]))
    image.convert(mode).save(path, **save)
    return path


def bomb(path: Path, side: int = 60_000) -> Path:
    """A valid PNG of a few kilobytes that says it is `side` × `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * 64), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def office(path: Path, member: str = "[Content_Types].xml") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return path
