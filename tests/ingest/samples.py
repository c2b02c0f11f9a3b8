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


def tiff(path: Path, words: Sequence[str] = ("INVOICE 4711", "RECEIPT 2290"), **save: object) -> Path:
    """A scan of A4 pages at 100 dots an inch, one for each of `words`, in black and white."""
    sheets = []
    for text in words:
        sheet = Image.new("1", (827, 1169), 1)
        ImageDraw.Draw(sheet).text((100, 150), text, fill=0, font_size=60)
        sheets.append(sheet)
    given = {"compression": "group4", "dpi": (100, 100), **save}
    sheets[0].save(path, "TIFF", save_all=True, append_images=sheets[1:], **given)
    return path


def bomb(path: Path, side: int = 60_000) -> Path:
    """A valid PNG of a few kilobytes that says it is `side` × `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * 64), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def endless(path: Path) -> Path:
    """A PDF of three pages; the second draws a form that draws another ten times, and so on: 10¹² lines of text."""
    document = pymupdf.open(pdf(path, ["one", "two", "three"]))
    deeper = 0
    for _ in range(12):
        form = document.get_new_xref()
        calls = b"/F Do " * 10 if deeper else b"BT /helv 1 Tf (ha) Tj ET"
        inner = f"/XObject << /F {deeper} 0 R >>" if deeper else ""
        document.update_object(
            form, f"<< /Type /XObject /Subtype /Form /BBox [0 0 200 400] /Resources << {inner} >> >>"
        )
        document.update_stream(form, calls)
        deeper = form
    document.xref_set_key(document[1].xref, "Resources", f"<< /XObject << /F {deeper} 0 R >> >>")
    contents = document.get_new_xref()
    document.update_object(contents, "<< >>")
    document.update_stream(contents, b"/F Do")
    document.xref_set_key(document[1].xref, "Contents", f"{contents} 0 R")
    data = document.tobytes()
    document.close()
    path.write_bytes(data)
    return path


def office(path: Path, member: str = "[Content_Types].xml") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return path
